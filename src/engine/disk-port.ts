/** disk-port: the file port as types: reading and writing are different ones. */
/** What a path or an open file is. `id` is device and inode: equal exactly for the same file. */
export interface FileStat {
  id: string;
  kind: 'file' | 'directory' | 'symlink' | 'other';
  size: number;
  mtimeMs: number;
  /** Permission bits only (07777). */
  mode: number;
  uid: number;
  gid: number;
  links: number;
}

/** An open file, for reading. `fd` is there on real disks, for locks and leases. */
export interface SourceFile {
  readonly path: string;
  readonly fd?: number;
  stat(): FileStat;
  /**
   * Fills `target` from byte `position` on, as far as the file goes; gives the bytes read, 0 only
   * at the end. A promise where bytes must be made first (gzip, a pipe). Throws LogctlError.
   */
  read(target: Uint8Array, position: number): number | Promise<number>;
  close(): void;
}

/** An open file whose bytes are there: reading answers at once. What a disk opens is one. */
export interface SyncSource extends SourceFile {
  read(target: Uint8Array, position: number): number;
}

/** An open file that may grow. */
export interface TargetFile extends SyncSource {
  /** Appends every byte (short writes are continued). Throws LogctlError. */
  append(bytes: Uint8Array): void;
  sync(): void;
  /** The same without holding up the event loop; absent where there is nothing to wait for. */
  syncAsync?(): Promise<void>;
  /** fdatasync: the bytes, and of the rest only what reading them back needs. */
  syncData?(): void;
  setOwner(owner: { uid: number; gid: number }): void;
  setMode(mode: number): void;
}

/** An open file whose bytes may be written in place: never a log. */
export interface ScratchFile extends TargetFile {
  syncData(): void;
  overwrite(bytes: Uint8Array, position: number): void;
}

/** What reading commands hold. Nothing here changes a disk. */
export interface DiskReader {
  /** The user as whom we read; absent where nobody tells: then owners are not looked at. */
  readonly user?: number;
  /**
   * Opens a regular file for reading. Throws LogctlError; directories and devices are refused, and
   * with `noLinks` a last symbolic link (`refused`).
   */
  open(path: string, how?: { noLinks?: boolean }): SyncSource;
  /** Follows symbolic links; undefined when nothing is there. */
  stat(path: string): FileStat | undefined;
  /** Does not follow the last symbolic link; undefined when nothing is there. */
  lstat(path: string): FileStat | undefined;
  /** Names in a directory, sorted by code unit; undefined when it is not there. */
  list(path: string): string[] | undefined;
  /** The target of a symbolic link; undefined when it is none. */
  readLink(path: string): string | undefined;
  /** Bytes an unprivileged process may still write to the filesystem of `path`. */
  freeBytes(path: string): number;
  /** The type number of the filesystem of `path`, as statfs(2) has it; `kernel-locks` names it. */
  fsType(path: string): number;
  /**
   * Calls `changed` soon after something happens in this directory or to this file, and perhaps
   * at other times. Gives what ends it; undefined where the system cannot tell.
   */
  watch?(path: string, changed: () => void): (() => void) | undefined;
}

/** What `apply`, `swap` and `writer` hold besides. */
export interface Disk extends DiskReader {
  /** Permission bits that new files do not get; absent where nobody tells: 022. */
  readonly umask?: number;
  /** A new file, exclusively, mode 0600, never through a link. */
  create(path: string): TargetFile;
  /** The same; every append returns when its bytes are durable (O_DSYNC). Absent without it. */
  createSynced?(path: string): TargetFile;
  /** The same, for bytes that are written in place. Absent on disks in memory. */
  createScratch?(path: string): ScratchFile;
  /** An existing regular file, appended to, never through a link. */
  openAppend(path: string): TargetFile;
  /** A new directory. Absent on disks in memory, which have every directory. */
  makeDirectory?(path: string): void;
  /** Removes an empty directory. Absent on disks in memory. */
  removeDirectory?(path: string): void;
  /** Sets when a file or directory was last changed, ms since 1970. Absent on disks in memory. */
  setModified?(path: string, ms: number): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  unlink(path: string): void;
  syncDirectory(path: string): void;
}
