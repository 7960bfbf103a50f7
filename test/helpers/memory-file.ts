/** An open file of the disk in memory, and how that disk shows and refuses things. */
import type { FileStat, TargetFile } from '../../src/engine/disk.js';
import { LogctlError, type ErrorCode } from '../../src/engine/errors.js';
import type { Attributes, Inode } from './memory-inode.js';
import type { RecordingDisk } from './recording-disk.js';

/** An open file of a RecordingDisk. */
export class MemoryFile implements TargetFile {
  constructor(
    private readonly disk: RecordingDisk,
    readonly inode: Inode,
    readonly path: string,
    readonly writes: boolean,
    readonly ofWriter: boolean,
  ) {}

  get isOpen(): boolean {
    return this.disk.files.has(this);
  }

  stat(): FileStat {
    return statOf(this.opened().inode);
  }

  read(target: Uint8Array, position: number): number {
    const part = this.opened()
      .inode.content.view()
      .subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }

  append(bytes: Uint8Array): void {
    if (!this.opened().writes) throw refuse('io', this.path, 'EBADF');
    if (bytes.length > 0) this.disk.appendTo(this.inode, this.path, bytes);
  }

  sync(): void {
    this.disk.record({ do: 'sync', path: this.path, inode: this.opened().inode });
  }

  setOwner({ uid, gid }: { uid: number; gid: number }): void {
    this.setAttributes({ uid, gid });
  }

  setMode(mode: number): void {
    this.setAttributes({ mode });
  }

  close(): void {
    this.disk.files.delete(this);
  }

  private setAttributes(change: Partial<Attributes>): void {
    const { inode, path } = this.opened();
    const attributes = { ...inode.attributes, ...change };
    this.disk.record({ do: 'attributes', path, inode, attributes });
    inode.attributes = attributes;
  }

  private opened(): this {
    if (!this.isOpen) throw new Error(`${this.path} is used after it was closed`);
    return this;
  }
}

/** What lstat shows of an inode. */
export function statOf({ ino, kind, content, attributes, mtimeMs, links }: Inode): FileStat {
  return { id: `1:${ino}`, kind, size: content.length, mtimeMs, ...attributes, links };
}

/** A file's bytes as UTF-8. */
export const textOf = ({ content }: Inode) => Buffer.from(content.view()).toString('utf8');

/** The error the real disk would throw for this errno. */
export function refuse(code: ErrorCode, path: string, errno: string): LogctlError {
  return new LogctlError(code, `${path}: refused by the disk in memory (${errno})`, 'a test', {
    path,
  });
}
