/** A writer without locks as single steps: open by path, append, fsync, close, per entry. */
import type { Actor, FakeLocks } from './fake-locks.js';
import type { MemoryFile } from './memory-file.js';
import type { Inode } from './memory-inode.js';
import type { RecordingDisk } from './recording-disk.js';

export interface WriterOptions {
  path: string;
  /** Lines without their newline, written in order. */
  lines: string[];
  /** Keeps one descriptor open for ever, as some programs do. */
  keepsOpen?: boolean;
}

/**
 * A writer of a log beside the engine.
 *
 * Each entry takes five steps: look the path up, open what was found, append, fsync, close. The
 * first two are apart because the kernel has them apart: an open that waits for a lease goes on
 * with the inode it found before the rename. After the close the entry is acknowledged: its line
 * becomes a note of the disk, and stands in `acknowledged`.
 */
export class ScriptedWriter implements Actor {
  locks?: FakeLocks;
  readonly acknowledged: string[] = [];
  private inode?: Inode;
  private file?: MemoryFile;
  private todo: 'look up' | 'open' | 'append' | 'sync' | 'close' = 'look up';
  private written = 0;

  constructor(
    private readonly disk: RecordingDisk,
    private readonly options: WriterOptions,
  ) {}

  /** True when a step was done; false while an open waits, and after the last line. */
  step(): boolean {
    const { path, lines } = this.options;
    const line = lines[this.written];
    if (line === undefined) return false;
    switch (this.todo) {
      case 'look up':
        this.inode = this.disk.names.get(path);
        if (!this.inode) this.disk.create(path).close();
        else this.todo = this.file ? 'append' : 'open';
        return true;
      case 'open':
        if (this.locks && !this.locks.mayOpen(this.inode!, true)) return false;
        this.file = this.disk.openInode(this.inode!, path, true);
        this.todo = 'append';
        return true;
      case 'append':
        this.file!.append(Buffer.from(`${line}\n`));
        this.todo = 'sync';
        return true;
      case 'sync':
        this.file!.sync();
        this.todo = 'close';
        return true;
      case 'close':
        this.finishLine(line);
        return true;
    }
  }

  private finishLine(line: string): void {
    if (!this.options.keepsOpen) {
      this.file!.close();
      this.file = undefined;
    }
    this.disk.note(line);
    this.acknowledged.push(line);
    this.written += 1;
    this.todo = 'look up';
  }
}
