/** A disk in memory that records every effect; `crash-states` makes from it what a crash leaves. */
import { dirname, posix } from 'node:path';
import type { Disk, FileStat, TargetFile } from '../../src/engine/disk.js';
import { MemoryFile, refuse, statOf, textOf } from './memory-file.js';
import { Content, newInode, type Attributes, type Effect, type Inode } from './memory-inode.js';

/** A file's text or bytes, or the target of a symbolic link. */
export type FileSeed = string | Uint8Array | { link: string } | { same: string };

export interface RecordingOptions {
  /** Directories that exist besides those of the files. */
  directories?: string[];
  /** `reused`: a new file gets the lowest free inode number, as on ext4. Default `fresh`. */
  inodes?: 'fresh' | 'reused';
  freeBytes?: number;
  fsType?: number;
}

/** Thrown into the engine by `killAt`: nothing it does afterwards reaches the disk. */
export class Killed extends Error {}

/**
 * A Disk whose files live in memory.
 *
 * Everything there at the start is durable; `effects` holds all that was done since, by the engine
 * and by writers. Ids are stable: rename and link keep the inode, a crash state keeps the numbers.
 * Refusals are the LogctlErrors of the real disk.
 */
export class RecordingDisk implements Disk {
  readonly effects: Effect[] = [];
  readonly files = new Set<MemoryFile>();
  /** Called before an effect of the engine, with its number; throw to refuse it (EIO, ENOSPC). */
  before?: (effect: Effect, index: number) => void;
  /** Called before that: other processes act here, see FakeLocks. */
  otherProcesses?: () => void;
  /** Called before the engine opens a file: the simulated leases refuse a deadlock here. */
  beforeOpen?: (inode: Inode, writes: boolean) => void;
  /** The engine dies before its first effect from this number on (all effects are counted). */
  killAt?: number;
  private killed = false;
  private writerActs = false;
  private clock = 1_700_000_000_000;
  private lastIno: number;
  readonly bornNames: ReadonlyMap<string, Inode>;

  constructor(
    readonly names: Map<string, Inode>,
    readonly directories: ReadonlySet<string>,
    readonly options: RecordingOptions = {},
  ) {
    this.bornNames = new Map(names);
    this.lastIno = 10;
    for (const inode of names.values()) {
      inode.links += 1;
      this.lastIno = Math.max(this.lastIno, inode.ino);
    }
  }

  open(path: string, { noLinks = false } = {}): TargetFile {
    const isLink = this.names.get(path)?.kind === 'symlink';
    if (noLinks && isLink) throw refuse('refused', path, 'ELOOP');
    return this.openInode(this.found(path), path, false);
  }

  openAppend(path: string): TargetFile {
    if (this.names.get(path)?.kind === 'symlink') throw refuse('refused', path, 'ELOOP');
    return this.openInode(this.found(path), path, true);
  }

  /** Opens an inode that a path led to earlier: an open(2) that waited goes on like this. */
  openInode(inode: Inode, path: string, writes: boolean): MemoryFile {
    if (!this.writerActs) this.beforeOpen?.(inode, writes);
    const file = new MemoryFile(this, inode, path, writes, this.writerActs);
    this.files.add(file);
    return file;
  }

  create(path: string): TargetFile {
    this.mustHaveRoom(path);
    const inode = newInode(this.freeIno(), new Content(new Uint8Array()), ownAttributes);
    this.record({ do: 'create', path, inode });
    this.setName(path, inode);
    return this.openInode(inode, path, true);
  }

  rename(from: string, to: string): void {
    const inode = this.names.get(from);
    if (!inode) throw refuse('not-found', from, 'ENOENT');
    if (!this.directories.has(dirname(to))) throw refuse('not-found', to, 'ENOENT');
    // POSIX: two names of one file are both left as they are.
    if (this.names.get(to) === inode) return;
    this.record({ do: 'rename', path: to, from, inode });
    this.setName(from, undefined);
    this.setName(to, inode);
  }

  /** renameat2(2) with RENAME_EXCHANGE. */
  exchange(from: string, to: string): void {
    const [inode, displaced] = [from, to].map((path) => this.names.get(path));
    if (!inode) throw refuse('not-found', from, 'ENOENT');
    if (!displaced) throw refuse('not-found', to, 'ENOENT');
    this.record({ do: 'rename', path: to, from, inode, displaced });
    // Asked again: other processes acted before it.
    const [left, right] = [from, to].map((path) => this.names.get(path));
    this.setName(to, left);
    this.setName(from, right);
  }

  link(from: string, to: string): void {
    const inode = this.names.get(from);
    if (!inode) throw refuse('not-found', from, 'ENOENT');
    this.mustHaveRoom(to);
    this.record({ do: 'link', path: to, inode });
    this.setName(to, inode);
  }

  unlink(path: string): void {
    const inode = this.names.get(path);
    if (!inode) throw refuse('not-found', path, 'ENOENT');
    this.record({ do: 'unlink', path, inode });
    this.setName(path, undefined);
  }

  syncDirectory(path: string): void {
    if (!this.directories.has(path)) throw refuse('not-found', path, 'ENOENT');
    this.record({ do: 'sync-directory', path });
  }

  /** Truncates and writes in place: nothing of ours may, but other programs do. */
  overwrite(path: string, text: string): void {
    const inode = this.found(path);
    const content = new Content(new Uint8Array());
    this.record({ do: 'truncate', path, inode, content });
    inode.content = content;
    this.appendTo(inode, path, Buffer.from(text));
  }

  stat(path: string): FileStat | undefined {
    return this.lstat(this.follow(path));
  }

  lstat(path: string): FileStat | undefined {
    const inode = this.names.get(path);
    if (inode) return statOf(inode);
    if (!this.directories.has(path)) return undefined;
    const owner = { uid: 0, gid: 0, mode: 0o755, mtimeMs: 0, links: 2, size: 4096 };
    return { id: `1:directory ${path}`, kind: 'directory', ...owner };
  }

  list(path: string): string[] | undefined {
    if (!this.directories.has(path)) return undefined;
    const inside = [...this.names.keys(), ...this.directories].filter((name) => {
      return name !== '/' && dirname(name) === path;
    });
    return inside.map((name) => posix.basename(name)).sort();
  }

  readLink(path: string): string | undefined {
    const inode = this.names.get(path);
    return inode?.kind === 'symlink' ? textOf(inode) : undefined;
  }

  freeBytes(): number {
    return this.options.freeBytes ?? 2 ** 40;
  }

  fsType(): number {
    return this.options.fsType ?? 0xef53;
  }

  /** A file's text; undefined when it is not there. */
  text(path: string): string | undefined {
    const inode = this.names.get(this.follow(path));
    return inode && textOf(inode);
  }

  /** Marks a moment, say an acknowledgement: crash states tell which notes lie before them. */
  note(text: string): void {
    this.effects.push({ do: 'note', path: text });
  }

  /** Does something as another process: neither `before` nor `killAt` see it. */
  asWriter<T>(act: () => T): T {
    const before = this.writerActs;
    this.writerActs = true;
    try {
      return act();
    } finally {
      this.writerActs = before;
    }
  }

  /** After `Killed`: the dead process's files are closed, its memory is gone, the disk goes on. */
  restart(): void {
    this.killed = false;
    this.killAt = undefined;
    for (const file of this.files) if (!file.ofWriter) file.close();
  }

  /** For MemoryFile: every effect passes here first. */
  record(effect: Effect): void {
    if (!this.writerActs) {
      if (this.effects.length >= (this.killAt ?? Infinity)) this.killed = true;
      if (this.killed) throw new Killed(`killed before effect ${this.killAt}`);
      this.otherProcesses?.();
      this.before?.(effect, this.effects.length);
    }
    this.effects.push(effect);
  }

  /** For MemoryFile. */
  appendTo(inode: Inode, path: string, bytes: Uint8Array): void {
    const effect: Effect = { do: 'append', path, inode, length: 0 };
    this.record(effect);
    inode.content.append(bytes);
    // Known only now: writers that acted before it may have made the file longer.
    effect.length = inode.content.length;
    this.clock += 1;
    inode.mtimeMs = this.clock;
  }

  private found(path: string): Inode {
    const inode = this.names.get(this.follow(path));
    if (inode) return inode;
    if (this.directories.has(path)) throw refuse('io', path, 'EISDIR');
    throw refuse('not-found', path, 'ENOENT');
  }

  private follow(path: string): string {
    for (let hops = 0; hops < 8; hops += 1) {
      const target = this.readLink(path);
      if (target === undefined) return path;
      path = posix.resolve(dirname(path), target);
    }
    throw refuse('refused', path, 'ELOOP');
  }

  private mustHaveRoom(path: string): void {
    if (this.names.has(path) || this.directories.has(path)) throw refuse('io', path, 'EEXIST');
    if (!this.directories.has(dirname(path))) throw refuse('not-found', path, 'ENOENT');
  }

  private setName(path: string, inode: Inode | undefined): void {
    const before = this.names.get(path);
    if (before) before.links -= 1;
    if (!inode) this.names.delete(path);
    else {
      this.names.set(path, inode);
      inode.links += 1;
    }
  }

  private freeIno(): number {
    if (this.options.inodes !== 'reused') return (this.lastIno += 1);
    const used = new Set([...this.names.values()].map(({ ino }) => ino));
    for (const { inode } of this.files) used.add(inode.ino);
    let ino = 11;
    while (used.has(ino)) ino += 1;
    return ino;
  }
}

const ownAttributes: Attributes = { mode: 0o600, uid: 0, gid: 0 };

/** A disk in memory with these files, all durable: `{ same: path }` is a hard link. */
export function memoryDisk(
  files: Record<string, FileSeed>,
  options: RecordingOptions = {},
): RecordingDisk {
  const names = new Map<string, Inode>();
  const directories = new Set<string>(['/']);
  for (const path of options.directories ?? []) addDirectories(directories, path);
  let ino = 10;
  for (const [path, seed] of Object.entries(files)) {
    addDirectories(directories, dirname(path));
    names.set(path, seedInode(seed, names, (ino += 1)));
  }
  return new RecordingDisk(names, directories, options);
}

function seedInode(seed: FileSeed, names: Map<string, Inode>, ino: number): Inode {
  const attributes = { mode: 0o644, uid: 1000, gid: 1000 };
  if (typeof seed === 'string' || seed instanceof Uint8Array) {
    return newInode(ino, new Content(Uint8Array.from(Buffer.from(seed as string))), attributes);
  }
  if ('link' in seed) {
    return newInode(ino, new Content(Buffer.from(seed.link)), attributes, 'symlink');
  }
  const same = names.get(seed.same);
  if (!same) throw new Error(`${seed.same} must stand before its hard link`);
  return same;
}

function addDirectories(directories: Set<string>, path: string): void {
  for (let at = path; !directories.has(at); at = dirname(at)) directories.add(at);
}
