/** What a running command holds: the engine's context, made from the world and the options. */
import { availableParallelism } from 'node:os';
import { findHolders, LogctlError } from '../engine/reading.js';
import type { Context, Disk, TargetOptions } from '../engine/index.js';
import { escape } from './escape.js';
import type { Globals } from './globals.js';
import type { Interruption, Io } from './io.js';
import { openProgress, type ProgressLine } from './progress.js';
import { readStdin } from './stdin.js';
import { version } from './version.js';

export interface Session {
  io: Io;
  disk: Disk;
  context: Context;
  /** The report is to be the only thing on stdout. */
  json: boolean;
  /** The target options among the global ones. */
  where: TargetOptions;
  progress: ProgressLine;
}

/** More than two gain little: one thread folds what the others read. */
const threadsDefault = Math.min(2, availableParallelism());
/** How long the engine may go on before signals and timers get their turn. */
const breathEveryMs = 50;

/** Opens a session. Reads standard input to its end when `-` is among the targets. */
export async function openSession(io: Io, globals: Globals, targets: string[]): Promise<Session> {
  const { json = false } = globals;
  const disk = io.disk();
  const progress = openProgress(io, globals.progress ?? (globals.quiet ? 'none' : 'auto'));
  const talk = Math.max(globals.verbose ?? 0, globals.quiet ? -1 : 0);
  const context = contextOf(io, disk, talk, progress);
  context.threads = globals.threads ?? threadsDefault;
  if (targets.includes('-')) {
    const source = await readStdin(io, () => throwIfInterrupted(io));
    context.stdin = () => source;
  }
  return { io, disk, context, json, where: whereOf(globals), progress };
}

/** What the options say about targets and their formats, whatever else was said. */
function whereOf(globals: Globals): TargetOptions {
  const { dialect, backupDir, mirror } = globals;
  const { keyAt, valueAt, timeAt, deleteAt, decode, archive, includeArchived } = globals;
  const format = { keyAt, valueAt, timeAt, deleteAt, decode, archive, includeArchived };
  return { dialect, backupDir, mirror, ...format };
}

function contextOf(io: Io, disk: Disk, talk: number, progress: ProgressLine): Context {
  return {
    ...testSettings(io),
    disk,
    version,
    now: io.now,
    progress: (at) => progress.show(at),
    holders: holdersOf(disk),
    processes: { self: process.pid, isAlive },
    checkpoint: breathe(io),
    async sleep(ms) {
      await io.sleep(ms);
      throwIfInterrupted(io);
    },
    say(level, text) {
      if (talk < level) return;
      progress.clear();
      void io.err.write(`${escape(text)}\n`);
    },
  };
}

/** For tests of whole commands: chunks and parts of these sizes, and this kernel whatever pays. */
function testSettings({ env }: Io): Pick<Context, 'chunkBytes' | 'segmentBytes' | 'kernel'> {
  const { LOGCTL_TEST_CHUNK_BYTES: chunk, LOGCTL_TEST_SEGMENT_BYTES: segment } = env;
  const { LOGCTL_TEST_KERNEL: kernel } = env;
  return {
    ...(chunk && { chunkBytes: Number(chunk) }),
    ...(segment && { segmentBytes: Number(segment) }),
    ...((kernel === 'simd' || kernel === 'reference') && { kernel }),
  };
}

/** Undefined where the system has no /proc to look into. */
function holdersOf(disk: Disk): Context['holders'] {
  const isThere = disk.stat('/proc/self/fd') !== undefined;
  return isThere ? (id) => findHolders(disk, id) : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be signalled: it is there all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Signals are only heard while the event loop turns, so a long read must let it turn. */
function breathe(io: Io): () => void | Promise<void> {
  let breathedAt = runningMs();
  return () => {
    throwIfInterrupted(io);
    if (runningMs() - breathedAt < breathEveryMs) return;
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      breathedAt = runningMs();
      throwIfInterrupted(io);
    });
  };
}

/** A clock that never goes back; `performance` would load a module for it. */
function runningMs(): number {
  return process.uptime() * 1_000;
}

function throwIfInterrupted({ interruption }: Io): void {
  if (!interruption.aborted) return;
  const reason = interruption.reason as Interruption;
  throw new LogctlError(reason, `${reason}, the logs are as they were`, '');
}
