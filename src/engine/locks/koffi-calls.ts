/** flock and leases by calling libc through koffi: a microsecond each, no compiler. */
import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { pause } from '../disk.js';
import {
  attributeBytesMax,
  attributeNames,
  ERRNO,
  FCNTL,
  FLOCK,
  LEASE,
  RENAME,
  type KernelCalls,
} from './calls.js';

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

function callsOf(koffi: Koffi): KernelCalls {
  const libc = koffi.load(null);
  const flock = libc.func('int flock(int fd, int operation)');
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  const errnoAfter = (result: number) => (result === -1 ? koffi.errno() : 0);
  const tryLease = (fd: number, type: number) =>
    errnoAfter(fcntl(fd, FCNTL.setLease, 'int', type) as number);
  return {
    via: 'koffi',
    attributes: attributeLister(koffi, libc),
    exchange: exchanger(koffi, libc),
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

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;

/** Source: flistxattr(2); macOS has a fourth argument, its options. */
function attributeLister(koffi: Koffi, libc: Library): KernelCalls['attributes'] {
  const isLinux = platform() === 'linux';
  const more = isLinux ? '' : ', int options';
  const list = libc.func(`long flistxattr(int fd, _Out_ uint8_t *names, size_t size${more})`);
  return (fd) => {
    const names = Buffer.alloc(attributeBytesMax);
    const length = Number(list(fd, names, names.length, ...(isLinux ? [] : [0])));
    if (length >= 0) return attributeNames(names.subarray(0, length));
    // A filesystem without attributes answers ENOTSUP. Any other refusal says nothing.
    return koffi.errno() === ERRNO.EOPNOTSUPP || koffi.errno() === ERRNO.ENOTSUP ? [] : undefined;
  };
}

/** Source: renameat2(2). Older C libraries and musl do not have it. */
function exchanger(koffi: Koffi, libc: Library): KernelCalls['exchange'] {
  if (platform() !== 'linux') return () => undefined;
  const { atWorkingDirectory: here, exchange } = RENAME;
  try {
    const rename = libc.func(
      'int renameat2(int fromFd, const char *from, int toFd, const char *to, unsigned int flags)',
    );
    return (left, right) =>
      (rename(here, left, here, right, exchange) as number) === -1 ? koffi.errno() : 0;
  } catch {
    return () => undefined;
  }
}

function poll(attempt: () => number, waitMs: number): number {
  const deadline = performance.now() + waitMs;
  for (let tries = 1; ; tries += 1) {
    const errno = attempt();
    if (errno !== ERRNO.EAGAIN || performance.now() >= deadline) return errno;
    if (tries > eagerTries) pause(pollMs);
  }
}
