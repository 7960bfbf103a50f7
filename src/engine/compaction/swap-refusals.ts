/** swap-refusals: what may not be replaced by a new file, and who is in the way. */
import { basename, dirname } from 'node:path';
import type { WriteContext } from '../context.js';
import type { FileStat, SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { filesystemOf, type KernelLocks, type LeaseAnswer } from '../kernel-locks.js';

const sharedHint = 'run it where the file really lies, or stop every writer and give --offline';

/**
 * Looks at everything that forbids a swap before a byte is written. Gives whether leases work
 * here; without them only `offline` goes on. Throws LogctlError.
 */
export function checkSwappable(
  { disk, locks }: WriteContext,
  { path, old, offline }: { path: string; old: SourceFile; offline: boolean },
): { leases: boolean } {
  const named = disk.lstat(path);
  const opened = old.stat();
  if (named?.kind === 'symlink') {
    const hint = `name the file itself: ${disk.readLink(path) ?? 'where the link leads'}`;
    throw new LogctlError('refused', `${path} is a symbolic link`, hint, { path });
  }
  if (named === undefined || named.kind !== 'file' || named.id !== opened.id) {
    const hint = 'try again';
    throw new LogctlError('changed', `${path} is another file now`, hint, { path });
  }
  if (named.links > 1) {
    const message = `${path} has ${named.links} names: a writer could use another one`;
    const hint = `find ${dirname(path)} -samefile ${path}, and remove the other names`;
    throw new LogctlError('refused', message, hint, { path });
  }
  checkAttributes(locks, old);
  const { name, shared } = filesystemOf(disk.fsType(path));
  if (shared === true && !offline) {
    const message = `${path} lies on ${name}: writers on other machines cannot be seen`;
    throw new LogctlError('refused', message, sharedHint, { path });
  }
  const answer = locks.lease(old, 'read');
  locks.release(old);
  if (answer === 'granted' || answer === 'held') return { leases: true };
  if (answer === 'unsupported' && offline) return { leases: false };
  throw leaseRefused({ path, answer });
}

/** The new file would not have them: an ACL may be what lets the bot write its log. */
function checkAttributes(locks: KernelLocks, old: SourceFile): void {
  const { path } = old;
  // What a security module keeps there it gives a new file by its own rules.
  const kept = (locks.attributes?.(old) ?? []).filter((name) => !name.startsWith('security.'));
  if (kept.length === 0) return;
  const message = `${path} has attributes that a new file would lack: ${kept.join(', ')}`;
  const hint = `remove them: setfacl -b ${path}, setfattr -x NAME ${path}`;
  throw new LogctlError('refused', message, hint, { path });
}

/**
 * Refuses to work with another user's rights than the owner's in a directory where a third user
 * could put something else under our names. `fresh`: a file we made there. Throws LogctlError.
 */
export function checkDirectory(
  { disk }: WriteContext,
  path: string,
  log: FileStat,
  fresh: FileStat,
) {
  if (fresh.uid === log.uid) return;
  const directory = disk.stat(dirname(path));
  const isOpen = directory === undefined || (directory.mode & 0o002) !== 0;
  const isTheirs = directory !== undefined && [log.uid, fresh.uid].includes(directory.uid);
  if (!isOpen && isTheirs) return;
  const message = `${dirname(path)} can be changed by others than the owner of ${basename(path)}`;
  throw new LogctlError('refused', message, `run as the owner of ${path}`, { path });
}

/** The error for a read lease that was not granted. */
export function leaseRefused({ path, answer }: { path: string; answer: LeaseAnswer }): LogctlError {
  if (answer === 'no-permission') {
    const message = `${path} belongs to another user: only its owner can see whether it is written`;
    return new LogctlError('refused', message, `run as the owner of ${path}`, { path });
  }
  const message = `${path}: this system cannot tell whether a program is writing it (no leases)`;
  const hint = 'stop every writer, then give --offline';
  return new LogctlError('busy', message, hint, { path });
}

/** The error for a log that somebody keeps open for writing, by pid and command. */
export function heldByWriter({ locks }: WriteContext, old: SourceFile): LogctlError {
  const { path } = old;
  const { holders, hidden } = locks.holders(old.stat().id);
  const writers = holders.filter(({ writes }) => writes);
  const [first] = writers;
  if (first === undefined) {
    const who = hidden > 0 ? 'a process of another user' : 'a program';
    const message = `${path}: ${who} writes it without a pause`;
    return new LogctlError('busy', message, `try again later; fuser -v ${path}`, { path });
  }
  const names = writers.map(({ pid, command, append }) => {
    return `pid ${pid} (${command}) keeps it open for ${append ? 'appending' : 'writing'}`;
  });
  const hint = `stop pid ${first.pid}, or let it open the file for each entry`;
  return new LogctlError('busy', `${path}: ${names.join(', ')}`, hint, { path });
}
