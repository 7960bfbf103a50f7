/** flock and leases by calling libc through koffi: a microsecond each, no compiler. */
import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { pause } from '../disk.js';
import { ERRNO, FCNTL, FLOCK, LEASE, type KernelCalls } from './calls.js';

const require = createRequire(import.meta.url);

// A lease is refused while a writer has the log open, about 0.2 ms per entry: these many tries run
// at full speed before the polling begins to sleep.
const eagerTries = 200;
const pollMs = 0.05;

/**
 * Loads koffi, an optional dependency. Undefined when it is not installed, has no build for this
 * system or finds no flock: then another way is tried.
 */
export function loadKoffiCalls(): KernelCalls | undefined {
  if (platform() === 'win32') return undefined;
  try {
    return callsOf(require('koffi') as typeof import('koffi'));
  } catch {
    // Not installed, no build for this libc, or a symbol is missing: one answer for all.
    return undefined;
  }
}

function callsOf(koffi: typeof import('koffi')): KernelCalls {
  const libc = koffi.load(null);
  const flock = libc.func('int flock(int fd, int operation)');
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  const errnoAfter = (result: number) => (result === -1 ? koffi.errno() : 0);
  const tryLease = (fd: number, type: number) =>
    errnoAfter(fcntl(fd, FCNTL.setLease, 'int', type) as number);
  // macOS has it with another signature, and no leases: nothing is replaced there beside writers.
  const attributes = platform() === 'linux' ? attributeLister(libc) : undefined;
  return {
    via: 'koffi',
    attributes,
    leases: platform() === 'linux',
    flockSliceMs: 0,
    flock: (fd, held) =>
      errnoAfter(flock(fd, held ? FLOCK.exclusive | FLOCK.now : FLOCK.unlock) as number),
    setLease(fd, type, waitMs) {
      const errno = poll(() => tryLease(fd, type), waitMs);
      // The kernel made us the one to signal when the lease is broken: nobody shall be.
      if (errno === 0 && type !== LEASE.none) fcntl(fd, FCNTL.setOwn, 'int', 0);
      return errno;
    },
    getLease(fd) {
      const type = fcntl(fd, FCNTL.getLease, 'int', 0) as number;
      return type === -1 ? -koffi.errno() : type;
    },
  };
}

/** Source: flistxattr(2): names that end in NUL each, 64 KiB of them at most. */
function attributeLister(libc: ReturnType<typeof import('koffi').load>) {
  const list = libc.func('long flistxattr(int fd, _Out_ uint8_t *names, size_t size)');
  return (fd: number): string[] => {
    const names = Buffer.alloc(65_536);
    const length = Number(list(fd, names, names.length));
    // A filesystem without attributes answers ENOTSUP.
    return names.toString('utf8', 0, Math.max(0, length)).split('\0').filter(Boolean);
  };
}

function poll(attempt: () => number, waitMs: number): number {
  const deadline = performance.now() + waitMs;
  for (let tries = 1; ; tries += 1) {
    const errno = attempt();
    if (errno !== ERRNO.EAGAIN || performance.now() >= deadline) return errno;
    if (tries > eagerTries) pause(pollMs);
  }
}
