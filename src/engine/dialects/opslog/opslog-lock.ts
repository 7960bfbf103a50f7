/** opslog-lock: the library's two locks, each a file that holds the number of a process. */
import { join } from 'node:path';
import type { Context, WriteContext } from '../../context.js';
import { readSmallPlain, type Disk } from '../../disk.js';
import { LogctlError } from '../../errors.js';
import type { HeldLock, LockState } from '../dialect.js';

/** Held by the one writer of a store without agents, for as long as it is open. */
export const writerLock = '.lock';
/** Held by an agent while it compacts; the library never takes it for stale. */
export const compactLock = '.compact-lock';
/** Between a lock's making and its number; what is blank for longer was left by a death. */
const writtenMs = 50;

/** What a lock file says. `words` are for people. */
export interface LockLook {
  name: string;
  state: LockState;
  /** The number in it; undefined where it holds none. */
  pid?: number;
  words: string;
}

/**
 * Looks at one lock. Like the library, a file without a number is stale; unlike it, a process of
 * another user is alive. A number cut short (`55` of `5512`) cannot be told from a whole one.
 * Source: lock.js and backend.js of 0.8.1.
 */
export function lookAtLock(context: Context, directory: string, name: string): LockLook {
  const path = join(directory, name);
  if (context.disk.lstat(path) === undefined) return { name, state: 'free', words: 'not there' };
  const text = readSmallPlain(context.disk, path);
  const isGone = text === undefined && context.disk.lstat(path) === undefined;
  if (isGone) return { name, state: 'free', words: 'not there' };
  const pid = Number.parseInt(text ?? '', 10);
  if (!(pid > 0)) return { name, state: 'stale', words: `${path} names no process` };
  if (!isAlive(context, pid)) {
    return { name, state: 'stale', pid, words: `${path} names process ${pid}, which is gone` };
  }
  const doubt = pid === 1 ? ': in a container that may be whoever started last' : '';
  return { name, state: 'live', pid, words: `${path} names process ${pid}, which runs${doubt}` };
}

/** The same, a moment later where no number is in it: the library makes the file first. */
export async function lookAgain(context: Context, directory: string, name: string) {
  const look = lookAtLock(context, directory, name);
  if (look.state !== 'stale' || look.pid !== undefined) return look;
  await context.sleep(writtenMs);
  return lookAtLock(context, directory, name);
}

function isAlive({ processes, disk }: Context, pid: number): boolean {
  if (processes !== undefined) return processes.isAlive(pid);
  return disk.stat('/proc') === undefined || disk.stat(`/proc/${pid}`) !== undefined;
}

/**
 * Takes locks of the library: the first so that no writer can open the store, the second so that no
 * agent compacts it. A stale one is put aside first. Throws LogctlError `busy` where one is held.
 */
export function takeLocks(
  context: WriteContext,
  directory: string,
  names: readonly string[],
): HeldLock {
  const held: string[] = [];
  const release = () => {
    for (const path of held.splice(0)) {
      if (isOurs(context, path)) context.disk.unlink(path);
    }
  };
  try {
    for (const name of names) {
      takeLock(context, directory, name);
      held.push(join(directory, name));
    }
  } catch (error) {
    release();
    throw error;
  }
  const check = () => {
    if (held.every((path) => isOurs(context, path))) return;
    const hint = 'nothing was changed; find out who removed it, and try again';
    throw new LogctlError('busy', `${directory}: our lock was taken away`, hint, {
      path: directory,
    });
  };
  return { check, release };
}

const isOurs = ({ disk, processes }: WriteContext, path: string): boolean =>
  readSmallPlain(disk, path) === String(processes?.self);

function takeLock(context: WriteContext, directory: string, name: string): void {
  const { disk, processes } = context;
  if (processes === undefined) {
    const hint = 'run it on the machine that has the store';
    throw new LogctlError('unsupported', 'processes cannot be looked at here', hint);
  }
  const path = join(directory, name);
  const look = lookAtLock(context, directory, name);
  if (look.state === 'live') throw busyWith(look);
  if (look.state === 'stale') putAside(context, path, look);
  // Linked with its content: the library takes an empty lock for a stale one and removes it.
  const temporary = join(directory, `${name}.tmp-${context.random()}`);
  const file = disk.create(temporary);
  try {
    file.append(Buffer.from(String(processes.self)));
    file.setMode(0o644);
    file.close();
    linkLock(context, directory, name, temporary);
  } finally {
    disk.unlink(temporary);
  }
}

function linkLock(context: WriteContext, directory: string, name: string, temporary: string) {
  try {
    context.disk.link(temporary, join(directory, name));
  } catch (error) {
    // Somebody was first: it is theirs.
    const look = lookAtLock(context, directory, name);
    if (look.state === 'free') throw error;
    throw busyWith(look);
  }
}

/** Renamed and not removed at once: two that find it stale must not take each other's new lock. */
function putAside(context: WriteContext, path: string, look: LockLook): void {
  const { disk } = context;
  const aside = `${path}.tmp-${context.random()}`;
  if (!renamed(disk, path, aside)) return;
  const pid = Number.parseInt(readSmallPlain(disk, aside) ?? '', 10);
  const isSame = look.pid === undefined ? !(pid > 0) : pid === look.pid;
  if (!isSame && disk.lstat(path) === undefined) disk.link(aside, path);
  disk.unlink(aside);
  if (!isSame) throw busyWith({ ...look, pid, words: `${path} was taken by process ${pid}` });
}

/** False where it is gone: whoever had it let it go, or put it aside. */
function renamed(disk: Disk, from: string, to: string): boolean {
  try {
    disk.rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof LogctlError && error.code === 'not-found') return false;
    throw error;
  }
}

/** The error for a store that somebody has open. */
export function busyWith({ words, pid }: LockLook): LogctlError {
  const who = pid === undefined ? 'its program' : `process ${pid}`;
  const hint = `stop ${who}; where that is not the store's program, remove the lock file`;
  return new LogctlError('busy', words, hint);
}
