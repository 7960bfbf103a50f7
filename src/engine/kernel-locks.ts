/** Locks the kernel keeps: flock, file leases, and who holds a file open. */
import { platform } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { pause, type DiskReader, type SourceFile } from './disk.js';
import { LogctlError } from './errors.js';
import { ERRNO, LEASE, type KernelCalls, type LockVia } from './locks/calls.js';
import { findFlockCalls, findPerlCalls } from './locks/helper-calls.js';
import { findHolders, type HolderSearch } from './locks/holders.js';
import { fileMounts } from './locks/mounts.js';
import { loadKoffiCalls } from './locks/koffi-calls.js';
import { ignoreStops, surviveSigio } from './locks/signals.js';

export { filesystemOf } from './locks/filesystems.js';
export { findHolders, type HolderSearch } from './locks/holders.js';
export type { LockVia } from './locks/calls.js';

/** `read`: nobody writes the file. `write`: nobody else has it open at all. */
export type LeaseKind = 'read' | 'write';

/**
 * `held`: another open file stands against it, for `write` our own second descriptor too.
 * `no-permission`: we are neither the file's owner nor have CAP_LEASE.
 * `unsupported`: no leases on this system or filesystem.
 */
export type LeaseAnswer = 'granted' | 'held' | 'no-permission' | 'unsupported';

/** How long to wait for a lock, and what happens meanwhile. */
export interface LockWait {
  waitMs: number;
  /** Real time unless a test brings its own. */
  sleep?: (ms: number) => Promise<unknown>;
  /** Called between tries; throws when the user interrupted. */
  checkpoint?: () => void | Promise<void>;
}

/**
 * What the kernel does to keep processes apart. A port: `loadKernelLocks` gives the real one, the
 * crash tests one over a disk in memory. Both locks belong to the open file and end with it.
 * On Linux a lock taken through koffi, perl or flock(1) is the same lock.
 */
export interface KernelLocks {
  /** For `--version`. */
  readonly via: LockVia;
  /** `none` where leases do not exist: then a writer that takes no lock cannot be worked beside. */
  readonly leases: 'kernel' | 'none';
  /** Takes the exclusive flock; false when another open file has it. Throws `unsupported`. */
  tryLock(file: SourceFile): boolean;
  /** The same, trying for `waitMs` while the event loop lives. */
  lock(file: SourceFile, wait: LockWait): Promise<boolean>;
  unlock(file: SourceFile): void;
  /**
   * Takes a lease, trying for `waitMs` (default 0); the event loop stands still meanwhile.
   * `read` needs a file opened for reading only. Never open the file again under its lease: this
   * process would wait for itself, 45 s.
   */
  lease(file: SourceFile, kind: LeaseKind, waitMs?: number): LeaseAnswer;
  /** The lease now held. `none` too when an opener is waiting for its end: it is being broken. */
  leaseOf(file: SourceFile): LeaseKind | 'none';
  /** Ends the lease: openers that waited go on. Without a lease nothing happens. */
  release(file: SourceFile): void;
  /** Who has the file with this `FileStat.id` open. Names for a message, never a proof. */
  holders(id: string): HolderSearch;
  /** Names of a file's extended attributes, ACLs among them; undefined where it cannot be told. */
  attributes(file: SourceFile): string[] | undefined;
  /**
   * Where the open file is a mount point by itself, so that a writer may know it by another name;
   * undefined where it cannot be told.
   */
  mounts(file: SourceFile): string[] | undefined;
  /**
   * Lets two names change places in one step, so that nothing is replaced unseen. False, and
   * nothing was done, where this system or filesystem cannot. Throws LogctlError.
   */
  exchange(left: string, right: string): boolean;
  /** Survives SIGIO and ignores Ctrl-Z until the function it gives is called. */
  shield(): () => void;
  /** Sleeps without the event loop: between a lease and its rename nothing else may run. */
  pause(ms: number): void;
  /** Milliseconds on a clock that never goes back. */
  clockMs(): number;
}

/** What to load, for tests; the product takes the first that is there. */
export interface LoadOptions {
  use?: LockVia;
}

/**
 * Finds the best way into the kernel: koffi, else perl, else flock(1), else none.
 * With none, every lock is refused with `unsupported`: a lock is never pretended.
 */
export async function loadKernelLocks(
  disk: DiskReader,
  { use }: LoadOptions = {},
): Promise<KernelLocks> {
  const wanted = (via: LockVia) => use === undefined || use === via;
  const calls =
    (wanted('koffi') ? loadKoffiCalls() : undefined) ??
    (wanted('perl') ? findPerlCalls(disk) : undefined) ??
    (wanted('flock') ? findFlockCalls(disk) : undefined);
  return calls === undefined ? noLocks(disk) : kernelLocks(calls, disk);
}

function kernelLocks(calls: KernelCalls, disk: DiskReader): KernelLocks {
  return {
    via: calls.via,
    leases: calls.leases ? 'kernel' : 'none',
    tryLock: (file) => flock(calls, file, 0),
    lock: (file, options) => lockPatiently(calls, file, options),
    unlock: (file) => expect(calls.flock(fdOf(file), false, 0), file, 'unlock'),
    lease: (file, kind, waitMs = 0) => lease(calls, file, kind, waitMs),
    leaseOf: (file) => leaseOf(calls, file),
    attributes: (file) => calls.attributes(fdOf(file)),
    exchange: (left, right) => exchange(calls, left, right),
    release(file) {
      if (!calls.leases) return;
      const errno = calls.setLease(fdOf(file), LEASE.none, 0);
      if (!NO_LEASE.includes(errno)) expect(errno, file, 'release the lease');
    },
    ...surroundings(disk),
  };
}

/** What the kernel answers to a release where no lease is held, or none can be. */
const NO_LEASE: readonly number[] = [
  ...[ERRNO.EAGAIN, ERRNO.EACCES, ERRNO.EPERM],
  ...[ERRNO.EINVAL, ERRNO.ENOSYS, ERRNO.EOPNOTSUPP, ERRNO.ENOLCK],
];

function noLocks(disk: DiskReader): KernelLocks {
  const refuse = (file: SourceFile): never => {
    const hint = 'install the npm package koffi, or perl, or flock of util-linux';
    throw unsupported(`${file.path}: this system gives no way to lock a file`, file, hint);
  };
  return {
    via: 'none',
    leases: 'none',
    tryLock: refuse,
    lock: async (file) => refuse(file),
    unlock: refuse,
    lease: () => 'unsupported',
    leaseOf: () => 'none',
    release: () => {},
    attributes: () => undefined,
    exchange: () => false,
    ...surroundings(disk),
  };
}

function surroundings(disk: DiskReader) {
  return {
    holders: (id: string) => findHolders(disk, id),
    // Only Linux mounts single files.
    mounts: (file: SourceFile) => (platform() === 'linux' ? fileMounts(disk, file) : []),
    shield() {
      surviveSigio();
      return ignoreStops();
    },
    pause,
    clockMs: () => performance.now(),
  };
}

/** What a kernel answers that has no such call, or whose filesystem has not. */
const NO_EXCHANGE: readonly number[] = [ERRNO.ENOSYS, ERRNO.EINVAL, ERRNO.EPERM];

function exchange(calls: KernelCalls, left: string, right: string): boolean {
  const errno = calls.exchange(left, right);
  if (errno === undefined || NO_EXCHANGE.includes(errno)) return false;
  if (errno !== 0) throw failedOn(errno, right, `exchange it with ${left}`);
  return true;
}

function flock(calls: KernelCalls, file: SourceFile, waitMs: number): boolean {
  const errno = calls.flock(fdOf(file), true, waitMs);
  if (errno === ERRNO.EAGAIN) return false;
  if (errno === ERRNO.EINVAL || errno === ERRNO.ENOLCK || errno === ERRNO.EOPNOTSUPP) {
    const hint = 'keep it on a filesystem that has locks';
    throw unsupported(`${file.path}: its filesystem has no locks (errno ${errno})`, file, hint);
  }
  expect(errno, file, 'lock');
  return true;
}

// Between two tries through koffi. Short, because a busy writer leaves the lock for moments only.
const pollMs = 2;

async function lockPatiently(calls: KernelCalls, file: SourceFile, options: LockWait) {
  const { waitMs, sleep = wait, checkpoint } = options;
  const deadline = performance.now() + waitMs;
  // Starting a helper costs about as much as many tries, so it tries for a while itself; short
  // enough that Ctrl-C is heard in between.
  const slice = () => Math.min(calls.flockSliceMs, Math.max(0, deadline - performance.now()));
  for (let first = true; ; first = false) {
    if (flock(calls, file, first ? 0 : slice())) return true;
    if (performance.now() >= deadline) return false;
    await checkpoint?.();
    await sleep(pollMs);
  }
}

function lease(calls: KernelCalls, file: SourceFile, kind: LeaseKind, waitMs: number): LeaseAnswer {
  if (!calls.leases) return 'unsupported';
  surviveSigio();
  const errno = calls.setLease(fdOf(file), LEASE[kind], waitMs);
  switch (errno) {
    case 0:
      return 'granted';
    case ERRNO.EAGAIN:
      return 'held';
    case ERRNO.EACCES:
    case ERRNO.EPERM:
      return 'no-permission';
    // EINVAL: nfs, 9p, and fs.leases-enable = 0. ENOSYS: system call filters.
    case ERRNO.EINVAL:
    case ERRNO.ENOSYS:
    case ERRNO.EOPNOTSUPP:
    case ERRNO.ENOLCK:
      return 'unsupported';
  }
  throw failed(errno, file, 'take a lease');
}

function leaseOf(calls: KernelCalls, file: SourceFile): LeaseKind | 'none' {
  if (!calls.leases) return 'none';
  const type = calls.getLease(fdOf(file));
  if (type < 0) expect(-type, file, 'read the lease');
  return type === LEASE.read ? 'read' : type === LEASE.write ? 'write' : 'none';
}

function fdOf(file: SourceFile): number {
  if (file.fd === undefined) {
    throw unsupported(`${file.path} is not a file of a real disk`, file, 'name a file on a disk');
  }
  return file.fd;
}

function expect(errno: number, file: SourceFile, action: string): void {
  if (errno !== 0) throw failed(errno, file, action);
}

const failed = (errno: number, { path }: SourceFile, action: string): LogctlError =>
  failedOn(errno, path, action);

function failedOn(errno: number, path: string, action: string): LogctlError {
  const name = Object.entries(ERRNO).find(([, number]) => number === errno)?.[0] ?? errno;
  const hint = 'nothing was changed; run with -vv and look at the kernel log';
  return new LogctlError('io', `${path}: could not ${action} (${name})`, hint, { path });
}

function unsupported(message: string, { path }: SourceFile, hint: string): LogctlError {
  return new LogctlError('unsupported', message, hint, { path });
}
