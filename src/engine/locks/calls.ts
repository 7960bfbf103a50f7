/** What every way into the kernel offers: flock and leases on an open descriptor, by errno. */
import { constants } from 'node:os';

/** The system's own numbers: EAGAIN is 11 on Linux and 35 on macOS. */
export const ERRNO = constants.errno;

/** `flock` is flock(1): it knows no leases. */
export type LockVia = 'koffi' | 'perl' | 'flock' | 'none';

/** Values of F_RDLCK, F_WRLCK, F_UNLCK. Source: linux, include/uapi/asm-generic/fcntl.h. */
export const LEASE = { read: 0, write: 1, none: 2 } as const;

/** Source: linux, include/uapi/linux/fcntl.h and asm-generic/fcntl.h (F_SETOWN). */
export const FCNTL = { setOwn: 8, setLease: 1024, getLease: 1025 } as const;

/** Source: flock(2), the same on Linux and macOS. */
export const FLOCK = { exclusive: 2, now: 4, unlock: 8 } as const;

/**
 * One way into the kernel. Every call answers 0 or an errno and never throws for a refusal.
 * The locks belong to the open file description of `fd`, so a helper process that inherited it
 * locks for us, and the kernel frees them when our last descriptor of it goes: on close, on exit,
 * on kill -9.
 */
export interface KernelCalls {
  readonly via: LockVia;
  /** False where leases do not exist: not Linux, or flock(1) alone. */
  readonly leases: boolean;
  /** The longest a single flock may wait inside the call; 0 where a call costs microseconds. */
  readonly flockSliceMs: number;
  /** Tries for `waitMs`, which blocks the event loop; EAGAIN when another holds it. */
  flock(fd: number, held: boolean, waitMs: number): number;
  /** Tries for `waitMs`, which blocks the event loop; EAGAIN when another has the file open. */
  setLease(fd: number, type: number, waitMs: number): number;
  /** The type now held (`LEASE`), or a negative errno. A lease being broken is `LEASE.none`. */
  getLease(fd: number): number;
  /** Names of the file's extended attributes, ACLs among them; undefined where it cannot tell. */
  attributes(fd: number): string[] | undefined;
  /**
   * Lets two names of one directory change places, in one step: 0 or an errno. Relative paths are
   * meant from the working directory. Undefined where the system has no such call.
   */
  exchange(left: string, right: string): number | undefined;
}

/** Numbers of system calls that perl makes without a library. */
interface CallNumbers {
  flistxattr: number;
  renameat2: number;
}

/** Source: linux, arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h. */
export const CALL_NUMBERS: Readonly<Record<string, CallNumbers>> = {
  x64: { flistxattr: 196, renameat2: 316 },
  arm64: { flistxattr: 13, renameat2: 276 },
  riscv64: { flistxattr: 13, renameat2: 276 },
};

/** Source: linux, include/uapi/linux/fcntl.h and fs.h. */
export const RENAME = { atWorkingDirectory: -100, exchange: 2 } as const;

/** Room for the names of all attributes of a file. Source: linux, XATTR_LIST_MAX. */
export const attributeBytesMax = 65_536;

/** The names in the first bytes of what flistxattr(2) filled: each ends in NUL. */
export const attributeNames = (bytes: Buffer): string[] =>
  bytes.toString('utf8').split('\0').filter(Boolean);
