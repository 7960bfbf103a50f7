/** disk: the real disk behind the file port, and the only import of node:fs. */
import * as fs from 'node:fs';
import { errnoOf, translate } from './disk-errors.js';
import type {
  Disk,
  DiskReader,
  FileStat,
  ScratchFile,
  SyncSource,
  TargetFile,
} from './disk-port.js';
import { LogctlError } from './errors.js';

export type * from './disk-port.js';

const { O_RDONLY, O_RDWR, O_NONBLOCK, O_NOFOLLOW, O_CREAT, O_EXCL, O_APPEND } = fs.constants;
const createFlags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | (O_NOFOLLOW ?? 0);
const { O_DSYNC } = fs.constants as { O_DSYNC?: number };
const leaseRetryMs = 2_000;

/** The real disk. */
export const nodeDisk: Disk = {
  open(path, { noLinks = false } = {}) {
    const noFollow = noLinks ? (O_NOFOLLOW ?? 0) : 0;
    return regularFile(path, O_RDONLY | (O_NONBLOCK ?? 0) | noFollow);
  },
  stat: (path) => lookUp(() => fs.statSync(path, { bigint: true }), path),
  lstat: (path) => lookUp(() => fs.lstatSync(path, { bigint: true }), path),
  list: (path) =>
    lookUp(
      () => fs.readdirSync(path).sort(),
      path,
      (names) => names,
    ),
  readLink(path) {
    if (nodeDisk.lstat(path)?.kind !== 'symlink') return undefined;
    return guard(path, () => fs.readlinkSync(path));
  },
  freeBytes(path) {
    const { bavail, bsize } = guard(path, () => fs.statfsSync(path, { bigint: true }));
    return Number(bavail * bsize);
  },
  // Unsigned: a 32-bit kernel shows cifs (0xff534d42) as a negative number.
  fsType: (path) => guard(path, () => fs.statfsSync(path).type) >>> 0,
  watch: watchPath,
  create: (path) => regularFile(path, createFlags),
  createSynced:
    O_DSYNC === undefined ? undefined : (path) => regularFile(path, createFlags | O_DSYNC),
  // Linux appends whatever the position where a file was opened with O_APPEND.
  createScratch: (path) => regularFile(path, createFlags & ~O_APPEND),
  openAppend: (path) => regularFile(path, O_RDWR | O_APPEND | (O_NOFOLLOW ?? 0)),
  makeDirectory: (path) => guard(path, () => fs.mkdirSync(path)),
  removeDirectory: (path) => guard(path, () => fs.rmdirSync(path)),
  setModified: (path, ms) => guard(path, () => fs.utimesSync(path, ms / 1000, ms / 1000)),
  rename: (from, to) => guard(to, () => fs.renameSync(from, to)),
  link: (from, to) => guard(to, () => fs.linkSync(from, to)),
  unlink: (path) => guard(path, () => fs.unlinkSync(path)),
  syncDirectory(path) {
    const fd = guard(path, () => fs.openSync(path, O_RDONLY));
    try {
      guard(path, () => fs.fsyncSync(fd));
    } finally {
      guard(path, () => fs.closeSync(fd));
    }
  },
};

/** fsync of a file, the event loop left free where the disk can do that. */
export async function syncFile(file: TargetFile): Promise<void> {
  if (file.syncAsync === undefined) file.sync();
  else await file.syncAsync();
}

/**
 * Bytes of one write to a large new file. For a larger one the kernel takes its largest pages;
 * where a machine is virtual those are what its host takes back when they are free, and to get
 * them again made 700 MB take 1.5 s instead of 0.2 (measured 2026-11-21).
 */
const writtenBytesMax = 1 << 17;

/** Appends to a file that nobody else sees yet. */
export function appendInParts(file: TargetFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += writtenBytesMax) {
    file.append(bytes.subarray(at, at + writtenBytesMax));
  }
}

/** Reads a small file whole, as UTF-8; undefined when it is missing or longer than `bytesMax`. */
export function readSmallText(disk: DiskReader, path: string, bytesMax = 65_536) {
  return smallText(disk, path, { bytesMax, noLinks: false });
}

/** The same of what lies beside a log: undefined too when the path is a symbolic link. */
export function readSmallPlain(disk: DiskReader, path: string, bytesMax = 65_536) {
  if (disk.lstat(path)?.kind !== 'file') return undefined;
  return smallText(disk, path, { bytesMax, noLinks: true });
}

function smallText(
  disk: DiskReader,
  path: string,
  { bytesMax, noLinks }: { bytesMax: number; noLinks: boolean },
): string | undefined {
  const stat = disk.stat(path);
  if (stat?.kind !== 'file' || stat.size > bytesMax) return undefined;
  const file = openedIfThere(disk, path, noLinks);
  if (file === undefined) return undefined;
  try {
    const bytes = new Uint8Array(bytesMax);
    const length = file.read(bytes, 0);
    return Buffer.from(bytes.subarray(0, length)).toString('utf8');
  } finally {
    file.close();
  }
}

function openedIfThere(disk: DiskReader, path: string, noLinks: boolean): SyncSource | undefined {
  try {
    return disk.open(path, { noLinks });
  } catch (error) {
    if (error instanceof LogctlError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** The same disk but for what is given. */
export function diskWith(disk: DiskReader, own: Partial<DiskReader>): DiskReader {
  return Object.assign(Object.create(disk) as DiskReader, own);
}

/** A file that is open in this process, for reading. Whoever opened it closes it. */
export function openedFile(path: string, fd: number): SyncSource {
  return { ...nodeFile(path, fd), close: () => undefined };
}

function regularFile(path: string, flags: number): ScratchFile {
  const fd = openPatiently(path, flags);
  const file = nodeFile(path, fd);
  if (file.stat().kind === 'file') return file;
  fs.closeSync(fd);
  throw new LogctlError('io', `${path} is not a regular file`, 'name a log file', { path });
}

function openPatiently(path: string, flags: number): number {
  // With O_NONBLOCK an open of a file somebody holds a lease on answers EAGAIN instead of waiting.
  // Asked for when it is needed: `performance` loads a module of Node's.
  let deadline: number | undefined;
  for (;;) {
    try {
      return fs.openSync(path, flags, 0o600);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw translate(error, path);
      deadline ??= performance.now() + leaseRetryMs;
      if (performance.now() > deadline) throw translate(error, path);
      pause(2);
    }
  }
}

function nodeFile(path: string, fd: number): ScratchFile {
  return {
    path,
    fd,
    stat: () => statOf(guard(path, () => fs.fstatSync(fd, { bigint: true }))),
    read(target, position) {
      let length = 0;
      while (length < target.length) {
        const room = target.length - length;
        const got = guard(path, () => fs.readSync(fd, target, length, room, position + length));
        if (got === 0) break;
        length += got;
      }
      return length;
    },
    append(bytes) {
      let done = 0;
      while (done < bytes.length) {
        done += guard(path, () => fs.writeSync(fd, bytes, done, bytes.length - done));
      }
    },
    overwrite(bytes, position) {
      let done = 0;
      while (done < bytes.length) {
        const at = position + done;
        done += guard(path, () => fs.writeSync(fd, bytes, done, bytes.length - done, at));
      }
    },
    sync: () => guard(path, () => fs.fsyncSync(fd)),
    syncData: () => guard(path, () => fs.fdatasyncSync(fd)),
    syncAsync() {
      return new Promise((resolve, reject) => {
        fs.fsync(fd, (error) => (error === null ? resolve() : reject(translate(error, path))));
      });
    },
    setOwner: ({ uid, gid }) => guard(path, () => fs.fchownSync(fd, uid, gid)),
    setMode: (mode) => guard(path, () => fs.fchmodSync(fd, mode)),
    close: () => guard(path, () => fs.closeSync(fd)),
  };
}

function watchPath(path: string, changed: () => void): (() => void) | undefined {
  try {
    const watcher = fs.watch(path, { persistent: false }, changed);
    // Removed, or the system's watches are used up: whoever watches also looks by itself.
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // Whatever the reason (no inotify, no watches left, no such path): there is no watching here.
    return undefined;
  }
}

/** Sleeps without the event loop: under a lease nothing else may run in between. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function lookUp<Raw, Out = FileStat>(
  look: () => Raw,
  path: string,
  shape: (raw: Raw) => Out = (raw) => statOf(raw as fs.BigIntStats) as Out,
): Out | undefined {
  try {
    return shape(look());
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw translate(error, path);
  }
}

function guard<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw translate(error, path);
  }
}

function statOf(raw: fs.BigIntStats): FileStat {
  return {
    id: `${raw.dev}:${raw.ino}`,
    kind: raw.isFile()
      ? 'file'
      : raw.isDirectory()
        ? 'directory'
        : raw.isSymbolicLink()
          ? 'symlink'
          : 'other',
    size: Number(raw.size),
    mtimeMs: Number(raw.mtimeMs),
    mode: Number(raw.mode) & 0o7777,
    uid: Number(raw.uid),
    gid: Number(raw.gid),
    links: Number(raw.nlink),
  };
}
