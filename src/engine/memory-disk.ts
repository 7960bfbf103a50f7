/** memory-disk: a disk in memory with its own locks, for the tests of programs that keep a log. */
import { posix } from 'node:path';
import type { Disk, FileStat, TargetFile } from './disk.js';
import { LogctlError, type ErrorCode } from './errors.js';
import type { KernelLocks } from './kernel-locks.js';

interface MemoryInode {
  number: number;
  bytes: Uint8Array;
  length: number;
  mode: number;
  owner: { uid: number; gid: number };
  mtimeMs: number;
  links: number;
}

/** What `memoryDisk` gives: a Disk, its locks, and its files as text. */
export interface MemoryDisk extends Disk {
  readonly locks: KernelLocks;
  /** A file's text; undefined where there is none. */
  text(path: string): string | undefined;
}

/**
 * A disk in memory with these files. Directories are there as soon as a file is named in them;
 * paths are as `node:path/posix` resolves them. It keeps everything, as a disk without power cuts.
 */
export function memoryDisk(files: Readonly<Record<string, string | Uint8Array>> = {}): MemoryDisk {
  const disk = new InMemory();
  for (const [path, content] of Object.entries(files)) {
    const file = disk.create(path);
    file.setMode(0o644);
    file.append(Buffer.from(content as string));
    file.close();
  }
  return disk;
}

class InMemory implements MemoryDisk {
  private readonly names = new Map<string, MemoryInode>();
  private lastInode = 0;
  /** Who holds the lock of an inode. */
  private readonly holders = new Map<string, TargetFile>();
  private clockMs = 0;

  readonly locks: KernelLocks = {
    via: 'none',
    leases: 'none',
    tryLock: (file) => this.takeLock(file as TargetFile),
    lock: async (file, { waitMs }) => {
      for (let waited = 0; !this.takeLock(file as TargetFile); waited += 2) {
        if (waited >= waitMs) return false;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return true;
    },
    unlock: (file) => {
      const { id } = file.stat();
      if (this.holders.get(id) === file) this.holders.delete(id);
    },
    lease: () => 'unsupported',
    leaseOf: () => 'none',
    release: () => undefined,
    attributes: () => [],
    mounts: () => [],
    exchange: () => false,
    holders: () => ({ holders: [], hidden: 0 }),
    shield: () => () => undefined,
    pause: () => undefined,
    clockMs: () => performance.now(),
  };

  open = (path: string): TargetFile => this.fileOf(this.found(path), path, false);

  openAppend = (path: string): TargetFile => this.fileOf(this.found(path), path, true);

  create(path: string): TargetFile {
    const name = posix.resolve(path);
    if (this.names.has(name)) throw refuse('io', path, 'EEXIST');
    const inode: MemoryInode = {
      ...{ number: ++this.lastInode, bytes: new Uint8Array(256), length: 0, mode: 0o600 },
      ...{ owner: { uid: 0, gid: 0 }, mtimeMs: ++this.clockMs, links: 1 },
    };
    this.names.set(name, inode);
    return this.fileOf(inode, path, true);
  }

  rename(from: string, to: string): void {
    const inode = this.found(from);
    if (this.names.get(posix.resolve(to)) === inode) return;
    this.link(from, to, true);
    this.unlink(from);
  }

  link(from: string, to: string, over = false): void {
    const inode = this.found(from);
    const there = this.names.get(posix.resolve(to));
    if (there !== undefined && !over) throw refuse('io', to, 'EEXIST');
    if (there !== undefined) there.links--;
    inode.links++;
    this.names.set(posix.resolve(to), inode);
  }

  unlink(path: string): void {
    this.found(path).links--;
    this.names.delete(posix.resolve(path));
  }

  syncDirectory(): void {}

  stat(path: string): FileStat | undefined {
    const inode = this.names.get(posix.resolve(path));
    if (inode !== undefined) return statOf(inode);
    if (this.list(path) === undefined) return undefined;
    const directory = { size: 0, mtimeMs: 0, mode: 0o755, uid: 0, gid: 0, links: 2 };
    return { id: `directory ${posix.resolve(path)}`, kind: 'directory', ...directory };
  }

  lstat = (path: string): FileStat | undefined => this.stat(path);

  list(path: string): string[] | undefined {
    const prefix = posix.join(posix.resolve(path), '/');
    const inside = [...this.names.keys()].filter((name) => name.startsWith(prefix));
    if (inside.length === 0) return undefined;
    return [...new Set(inside.map((name) => name.slice(prefix.length).split('/')[0]))].sort();
  }

  readLink(): undefined {}

  freeBytes = (): number => 2 ** 40;

  fsType = (): number => 0;

  text(path: string): string | undefined {
    const inode = this.names.get(posix.resolve(path));
    return inode && Buffer.from(inode.bytes.subarray(0, inode.length)).toString('utf8');
  }

  private found(path: string): MemoryInode {
    const inode = this.names.get(posix.resolve(path));
    if (inode === undefined) throw refuse('not-found', path, 'ENOENT');
    return inode;
  }

  private takeLock(file: TargetFile): boolean {
    const { id } = file.stat();
    const holder = this.holders.get(id);
    if (holder !== undefined && holder !== file) return false;
    this.holders.set(id, file);
    return true;
  }

  private fileOf(inode: MemoryInode, path: string, writes: boolean): TargetFile {
    const file: TargetFile = {
      path,
      stat: () => statOf(inode),
      read(target, position) {
        const part = inode.bytes.subarray(
          position,
          Math.min(inode.length, position + target.length),
        );
        target.set(part);
        return part.length;
      },
      append: (bytes) => {
        if (!writes) throw refuse('io', path, 'EBADF');
        grow(inode, bytes);
        inode.mtimeMs = ++this.clockMs;
      },
      sync: () => undefined,
      setOwner: ({ uid, gid }) => void (inode.owner = { uid, gid }),
      setMode: (mode) => void (inode.mode = mode),
      close: () => {
        if (this.holders.get(statOf(inode).id) === file) this.holders.delete(statOf(inode).id);
      },
    };
    return file;
  }
}

function grow(inode: MemoryInode, bytes: Uint8Array): void {
  const length = inode.length + bytes.length;
  if (length > inode.bytes.length) {
    const roomier = new Uint8Array(Math.max(length, 2 * inode.bytes.length));
    roomier.set(inode.bytes.subarray(0, inode.length));
    inode.bytes = roomier;
  }
  inode.bytes.set(bytes, inode.length);
  inode.length = length;
}

function statOf({ number, length, mode, owner, mtimeMs, links }: MemoryInode): FileStat {
  return { id: `memory:${number}`, kind: 'file', size: length, mtimeMs, mode, ...owner, links };
}

function refuse(code: ErrorCode, path: string, errno: string): LogctlError {
  return new LogctlError(code, `${path}: ${errno}, on a disk in memory`, 'seed the file', { path });
}
