/** What the command line touches outside itself: streams, environment, clock, disk. */
import type { Disk } from '../engine/index.js';

/** Where text and bytes go. A promise means: wait before the next write. */
export interface OutputStream {
  isTTY: boolean;
  /** Width of the terminal; undefined where there is none. */
  columns: number | undefined;
  write(chunk: string | Uint8Array): void | Promise<void>;
  /** The stream itself, for a spinner; tests have none. */
  stream?: NodeJS.WritableStream;
}

/** Why a run is to end early: SIGINT or SIGTERM. The reason of the abort signal. */
export type Interruption = 'interrupted' | 'terminated';

/** The world around a run. Tests pass their own. */
export interface Io {
  out: OutputStream;
  err: OutputStream;
  /** The bytes of standard input, to the end. */
  stdin(): AsyncIterable<Uint8Array>;
  env: Record<string, string | undefined>;
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Hex digits for the name of a temporary file. */
  random(): string;
  /** Waits; ends early, without an error, when interrupted. */
  sleep(ms: number): Promise<void>;
  disk(): Disk;
  /** Asks the person at the terminal; absent where nobody sits at one. Only y and yes are yes. */
  ask?(question: string): Promise<boolean>;
  /** Aborted with an `Interruption` as its reason. */
  interruption: AbortSignal;
}

/** The Io of the process itself. What few commands need is imported by them: start-up counts. */
export function processIo(interruption: AbortSignal, disk: () => Disk): Io {
  return {
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    stdin: () => readStdin(interruption),
    env: process.env,
    now: () => Date.now(),
    random: () => Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    sleep: (ms) => sleep(ms, interruption),
    disk,
    // In this order, for making process.stdin takes time, and cron has no terminal to write to.
    ...(process.stdout.isTTY && process.stdin.isTTY
      ? { ask: (question: string) => askTerminal(question, interruption) }
      : {}),
    interruption,
  };
}

/** The disk, and as whom this process uses it. */
export function ownDisk(disk: Disk): Disk {
  return { ...disk, user: process.geteuid?.(), umask: process.umask() };
}

async function* readStdin(interruption: AbortSignal): AsyncGenerator<Uint8Array> {
  const { addAbortSignal } = await import('node:stream');
  yield* addAbortSignal(interruption, process.stdin);
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const { setTimeout: wait } = await import('node:timers/promises');
  await wait(ms, undefined, { signal }).catch(() => {});
}

async function askTerminal(question: string, signal: AbortSignal): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(question, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    // Ctrl-C and Ctrl-D at the question are a no.
    if ((error as Error).name === 'AbortError') return false;
    throw error;
  } finally {
    terminal.close();
  }
}

function outputOf(stream: NodeJS.WriteStream): OutputStream {
  return {
    isTTY: stream.isTTY === true,
    // A pseudo terminal that nobody has sized says 0.
    columns: stream.columns || undefined,
    stream,
    write(chunk) {
      if (stream.write(chunk)) return;
      return new Promise((resolve) => stream.once('drain', resolve));
    },
  };
}
