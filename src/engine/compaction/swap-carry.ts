/** swap-carry: lines that came behind the prefix, copied from the old file to the new one. */
import { createHash } from 'node:crypto';
import type { SyncSource, TargetFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { lastLineEnd, readNow } from '../bytes/sync-read.js';
import type { Stretch } from './swap-late.js';

const windowBytes = 1 << 20;
const guardBytes = 4_096;
const newline = 0x0a;

/** The end of the old file that no newline ends. Bytes. */
export interface Rest {
  offset: number;
  length: number;
  carried: boolean;
}

/** Both ends of the first `length` bytes: what shows that a file was rewritten in place. */
export function prefixEnds(file: SyncSource, length: number): Buffer {
  const bytes = Math.min(length, guardBytes);
  return Buffer.concat([readNow(file, 0, bytes), readNow(file, length - bytes, length)]);
}

/** sha-256, hex, over both ends of a file's first `length` bytes. */
export const endsHash = (file: SyncSource, length: number): string =>
  createHash('sha256').update(prefixEnds(file, length)).digest('hex');

/** The error of a log that is not the one that was read. */
export function rewritten(path: string, how: string): LogctlError {
  const hint = 'switch off what else compacts or rewrites it, and try again';
  return new LogctlError('changed', `${path} ${how} while it was compacted`, hint, { path });
}

/** Copies whole lines as they come, byte for byte and each once. */
export class Carrier {
  /** Bytes and lines copied. */
  bytes = 0;
  lines = 0;
  /** Where the old file was copied up to. */
  private position: number;
  /** Size of the old file at the last look. */
  private sizeSeen = 0;

  constructor(
    private readonly old: SyncSource,
    private readonly fresh: TargetFile,
    prefixLength: number,
  ) {
    this.position = prefixLength;
  }

  /** True when the old file has grown since the last look. */
  get isBehind(): boolean {
    return this.old.stat().size !== this.sizeSeen;
  }

  /** Copies all whole lines there are; true when there were any. Throws LogctlError `changed`. */
  carryLines(): boolean {
    const { size } = this.old.stat();
    if (size < this.position) throw rewritten(this.old.path, 'shrank');
    this.sizeSeen = size;
    const end = lastLineEnd(this.old, this.position, size);
    const isAny = end > this.position;
    this.copy(end);
    return isAny;
  }

  /** What follows the last newline; undefined where nothing does. */
  get rest(): Stretch | undefined {
    const { size } = this.old.stat();
    return size === this.position ? undefined : { from: this.position, to: size };
  }

  /** Settles that rest: a whole entry is copied and ended with a newline, others are left out. */
  settleRest({ from, to }: Stretch, carried: boolean): Rest {
    if (carried) {
      this.copy(to);
      this.append(Uint8Array.of(newline));
    }
    this.position = to;
    return { offset: from, length: to - from, carried };
  }

  private copy(end: number): void {
    while (this.position < end) {
      const part = readNow(this.old, this.position, Math.min(end, this.position + windowBytes));
      if (part.length === 0) throw rewritten(this.old.path, 'shrank');
      this.append(part);
      this.position += part.length;
    }
  }

  private append(part: Uint8Array): void {
    this.fresh.append(part);
    this.bytes += part.length;
    for (let at = part.indexOf(newline); at >= 0; at = part.indexOf(newline, at + 1)) this.lines++;
  }
}
