// Runs the command line in this process: arguments in; stdout, stderr and exit code out.
import { nodeDisk, type Disk } from '../../src/engine/index.js';
import { ownDisk, type Interruption, type Io, type OutputStream } from '../../src/cli/io.js';
import { runCli, type Commands } from '../../src/cli/program.js';

export interface CliOptions {
  /** Relative paths are meant from here; default is the directory of the test run. */
  cwd?: string;
  env?: Record<string, string>;
  /** Which streams are terminals; default none. */
  tty?: { out?: boolean; err?: boolean };
  /** Width of both terminals; undefined where there is none. */
  columns?: number;
  stdin?: string | Uint8Array;
  /** Answers a question; nobody sits at the terminal unless given. */
  ask?: Io['ask'];
  disk?: Disk;
  /** Milliseconds since 1970 UTC; default the real clock. */
  now?: () => number;
  /** As if this signal had come before the start. */
  interrupted?: Interruption;
  /** Waits, instead of the real clock. */
  sleep?: Io['sleep'];
  /** Aborted by the test while the command runs, with an `Interruption` as its reason. */
  interruption?: AbortController;
}

export interface CliResult {
  /** UTF-8 decoded; `outBytes` has what was really written. */
  out: string;
  outBytes: Buffer;
  err: string;
  exitCode: number;
}

let temporaries = 0;
const loadCommands = (): Promise<Commands> => import('../../src/cli/arguments.js');

/** Runs `logctl` with `args`. The environment is empty unless given, so colours stay off. */
export async function cli(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const { tty = {}, columns, env = {}, disk = ownDisk(nodeDisk), now = Date.now } = options;
  const out = collector(tty.out, columns);
  const err = collector(tty.err, columns);
  const { interruption = new AbortController() } = options;
  if (options.interrupted !== undefined) interruption.abort(options.interrupted);
  const io: Io = {
    ...{ out, err, env, now },
    stdin: () => oneChunk(options.stdin ?? ''),
    // Of the same length each time, and never twice: temporary files are made exclusively.
    random: () => (temporaries += 1).toString(16).padStart(16, '0'),
    sleep: options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    disk: () => disk,
    ...(options.ask === undefined ? {} : { ask: options.ask }),
    interruption: interruption.signal,
  };
  const exitCode = await inDirectory(options.cwd, () => runCli(args, io, loadCommands));
  const outBytes = out.bytes();
  return { out: outBytes.toString(), outBytes, err: err.bytes().toString(), exitCode };
}

function collector(isTTY = false, columns: number | undefined) {
  const chunks: Uint8Array[] = [];
  const stream: OutputStream & { bytes(): Buffer } = {
    isTTY,
    columns,
    // Copied, because a writer may use its buffer again.
    write: (chunk) => void chunks.push(Buffer.from(chunk as string)),
    bytes: () => Buffer.concat(chunks),
  };
  return stream;
}

async function* oneChunk(data: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(data as string);
}

async function inDirectory<T>(cwd: string | undefined, act: () => Promise<T>): Promise<T> {
  if (cwd === undefined) return act();
  const before = process.cwd();
  process.chdir(cwd);
  try {
    return await act();
  } finally {
    process.chdir(before);
  }
}
