/** swap-refusals: what may not be replaced by a new file, and who is in the way. */
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { WriteContext } from '../context.js';
import type { DiskReader, FileStat, SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { filesystemOf, type KernelLocks, type LeaseAnswer } from '../kernel-locks.js';
import { shellQuote } from '../shell-quote.js';

const sharedHint = 'run it where the file really lies, or stop every writer and give --offline';

/**
 * Looks at everything that forbids a swap before a byte is written. Gives whether leases work
 * here; without them only `offline` goes on. Throws LogctlError.
 */
export function checkSwappable(
  context: WriteContext,
  { path, old, offline }: { path: string; old: SourceFile; offline: boolean },
): { leases: boolean } {
  const { disk, locks } = context;
  const named = disk.lstat(path);
  const opened = old.stat();
  if (named?.kind === 'symlink') {
    const hint = `name the file itself: ${shellQuote(linkTarget(disk, path))}`;
    throw new LogctlError('refused', `${path} is a symbolic link`, hint, { path });
  }
  if (named === undefined || named.kind !== 'file' || named.id !== opened.id) {
    const hint = 'try again';
    throw new LogctlError('changed', `${path} is another file now`, hint, { path });
  }
  if (named.links > 1) {
    const message = `${path} has ${named.links} names: a writer could use another one`;
    const [folder, file] = [dirname(path), path].map(shellQuote);
    const hint = `find ${folder} -samefile ${file}, and remove the other names`;
    throw new LogctlError('refused', message, hint, { path });
  }
  checkMounts(locks, old, offline);
  checkAttributes(locks, old);
  const { name, shared, layered } = filesystemOf(disk.fsType(path));
  if (layered === true) {
    context.say?.(0, `${path} lies on ${name}: a writer that opens it below that cannot be seen`);
  }
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

/** A path that leads where the link at `path` leads, from where `path` is meant from. */
export function linkTarget(disk: DiskReader, path: string): string {
  const target = disk.readLink(path);
  if (target === undefined) return path;
  return isAbsolute(target) ? target : join(dirname(path), target);
}

/** Through a mount of the file itself a writer would go on with the old file for ever. */
function checkMounts(locks: KernelLocks, old: SourceFile, offline: boolean): void {
  const { path } = old;
  const points = locks.mounts(old);
  if (points?.length === 0) return;
  if (points !== undefined) {
    const message = `${path} is mounted as a single file at ${points.join(', ')}`;
    const hint = 'mount its directory instead: a writer there would not see the new file';
    throw new LogctlError('refused', message, hint, { path });
  }
  if (offline) return;
  const message = `${path}: nobody can tell whether it is mounted elsewhere as a single file`;
  const hint = 'run it where /proc/self/mountinfo can be read, or stop every writer: --offline';
  throw new LogctlError('refused', message, hint, { path });
}

/** The new file would not have them: an ACL may be what lets the bot write its log. */
function checkAttributes(locks: KernelLocks, old: SourceFile): void {
  const { path } = old;
  const names = locks.attributes(old);
  if (names === undefined) {
    const message = `${path}: nobody can tell whether it has an ACL or attributes`;
    const hint = 'install the npm package koffi, or perl: a new file would lack them';
    throw new LogctlError('refused', message, hint, { path });
  }
  const kept = names.filter((name) => !replacedByItself.test(name));
  if (kept.length === 0) return;
  const message = `${path} has attributes that a new file would lack: ${kept.join(', ')}`;
  const file = shellQuote(path);
  const hint = `remove them: setfacl -b ${file}, setfattr -x NAME ${file}`;
  throw new LogctlError('refused', message, hint, { path });
}

/** What a security module keeps there it gives a new file by its own rules; so does macOS. */
const replacedByItself = /^(security\.|com\.apple\.provenance$)/;

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
    const hint = `try again later; fuser -v ${shellQuote(path)}`;
    return new LogctlError('busy', message, hint, { path });
  }
  const names = writers.map(({ pid, command, append }) => {
    return `pid ${pid} (${command}) keeps it open for ${append ? 'appending' : 'writing'}`;
  });
  const hint = `stop pid ${first.pid}, or let it open the file for each entry`;
  return new LogctlError('busy', `${path}: ${names.join(', ')}`, hint, { path });
}
