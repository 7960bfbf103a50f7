/** What the command line touches outside itself: streams, environment, clock, disk. */
import { randomBytes } from 'node:crypto';
import { addAbortSignal } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
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
  /** A promise, because help must not load the engine. */
  disk(): Promise<Disk>;
  /** Asks the person at the terminal; absent where nobody sits at one. Only y and yes are yes. */
  ask?(question: string): Promise<boolean>;
  /** Aborted with an `Interruption` as its reason. */
  interruption: AbortSignal;
}

/** The Io of the process itself. */
export function processIo(interruption: AbortSignal): Io {
  return {
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    stdin: () => addAbortSignal(interruption, process.stdin),
    env: process.env,
    now: () => Date.now(),
    random: () => randomBytes(8).toString('hex'),
    sleep: (ms) => wait(ms, undefined, { signal: interruption }).catch(() => {}),
    disk: async () => (await import('../engine/index.js')).nodeDisk,
    ...(process.stdin.isTTY && process.stdout.isTTY
      ? { ask: (question: string) => askTerminal(question, interruption) }
      : {}),
    interruption,
  };
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
