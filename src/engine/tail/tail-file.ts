/** tail-file: one file of a followed log: how far it was read, and its whole lines since. */
import { candidateAt, type Candidate } from '../entries.js';
import type { SyncSource } from '../disk.js';
import type { Log } from '../log.js';
import { KIND, PROBLEM, type Kernel } from '../scan/kernel.js';
import { lastLineEnd, readNow } from '../bytes/sync-read.js';

const markBytes = 64;
const headBytes = 4_096;
const RETURN = 0x0d;

/** A whole line: an entry, or damage where `entry` is undefined. Bytes. */
export interface TailLine {
  line: number;
  offset: number;
  length: number;
  entry?: Candidate;
  /** An operation that replay ignores. */
  isNote: boolean;
  /** A checkpoint with which the head of the file goes on, or ends; undefined for others. */
  head?: 'goes on' | 'ends';
}

/** A place between two lines. `line`: number of the one that comes. */
export interface TailPlace {
  offset: number;
  line: number;
}

/** One open file and the place up to which it was read. The caller closes it. */
export class FollowedFile {
  place: TailPlace = { offset: 0, line: 1 };
  /** Up to here there is no newline behind the place. */
  private searched = 0;
  /** The last bytes before the place: they show whether the file was rewritten in place. */
  private mark: Buffer = Buffer.alloc(0);
  private head: Buffer = Buffer.alloc(0);
  readonly id: string;

  constructor(readonly source: SyncSource) {
    this.id = source.stat().id;
  }

  get size(): number {
    return this.source.stat().size;
  }

  /** False when what was read is no longer there. */
  get isIntact(): boolean {
    const { offset } = this.place;
    if (this.size < offset) return false;
    return readNow(this.source, offset - this.mark.length, offset).equals(this.mark);
  }

  /** True when it was only cut at its end: what is left of it was read before. */
  get isCut(): boolean {
    const { size } = this;
    const length = Math.min(this.head.length, size);
    if (size === 0 || size >= this.place.offset) return false;
    return readNow(this.source, 0, length).equals(this.head.subarray(0, length));
  }

  /** Goes to a place without reading what lies before it. */
  moveTo(place: TailPlace): void {
    const { offset } = place;
    this.place = place;
    this.searched = offset;
    this.mark = readNow(this.source, Math.max(0, offset - markBytes), offset);
    this.head = readNow(this.source, 0, Math.min(headBytes, offset));
  }

  /** The end of the last whole line; an unfinished one is held back until its newline is there. */
  wholeEnd(): number {
    const { size } = this;
    // An unfinished line that was taken away again.
    if (size < this.searched) this.searched = this.place.offset;
    const end = lastLineEnd(this.source, this.searched, size);
    if (end > this.searched) return end;
    this.searched = Math.max(this.searched, size);
    return this.place.offset;
  }

  /** Yields the whole lines from the place up to `end`; the place moves with them. */
  async *lines(kernel: Kernel, log: Log, end = this.wholeEnd()): AsyncGenerator<TailLine> {
    const from = this.place;
    kernel.start({ file: 0, ...from });
    try {
      for (let at = from.offset; at < end;) {
        const room = Math.min(kernel.chunk.length, end - at);
        const got = await this.source.read(kernel.chunk.subarray(0, room), at);
        // Cut while we read: the next look sees it.
        if (got === 0) return;
        // A line end of two bytes stays in one piece: a return waits for what follows it.
        const isSplit = got > 1 && kernel.chunk[got - 1] === RETURN && at + got < end;
        const length = isSplit ? got - 1 : got;
        at += length;
        do {
          kernel.scan(length, at >= end);
          yield* this.rows(kernel, log);
        } while (kernel.pending);
      }
    } finally {
      if (this.place.offset > from.offset) this.moveTo(this.place);
    }
  }

  private *rows({ batch }: Kernel, log: Log): Generator<TailLine> {
    const { path } = this.source;
    for (let row = 0; row < batch.count; row++) {
      const { line } = this.place;
      const offset = batch.offset[row];
      const length = batch.length[row];
      const kind = batch.kind[row];
      this.place = { offset: offset + length + 1, line: line + 1 };
      if (kind === KIND.blank) continue;
      const entry = kind === KIND.bad ? undefined : candidateAt(batch, row, { path, line, log });
      const isHead = entry !== undefined && log.dialect.checkpointOps.includes(entry.op);
      // One for readers that merge stands before the one for those that replace.
      const goesOn = (batch.problem[row] & PROBLEM.upstreamOnly) !== 0;
      const head = isHead ? (goesOn ? 'goes on' : 'ends') : undefined;
      yield { line, offset, length, entry, isNote: kind === KIND.meta, head };
    }
  }
}
