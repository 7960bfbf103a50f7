/** segment-reader: reads one part of a file through a kernel, in a thread of its own. */
import type { SourceFile } from '../disk.js';
import { KIND, type Kernel, type LineBatch } from './kernel.js';
import type { SegmentBoard } from './segment-board.js';
import { slotsIn, type SegmentRows } from './segment-rows.js';

const LF = 0x0a;
/** A line longer than this is for the thread that reads in order. */
const lineBytesMax = 4 << 20;
/** Where a line starts is looked for in steps of so many bytes. */
const windowBytes = 1 << 12;

/** What every thread is told of the file whose parts they share. */
export interface SharedParts {
  /** Bytes of a part. */
  partBytes: number;
  /** Parts that may be read ahead. */
  partCount: number;
  /** Memory for a SegmentBoard, and for the slots of `slotsIn`. */
  board: SharedArrayBuffer;
  rows: SharedArrayBuffer;
}

/** Reads parts that a thread has taken from the board. The kernel is not to fold. */
export class SegmentReader {
  private readonly slots: readonly SegmentRows[];
  private readonly window = new Uint8Array(windowBytes);

  constructor(
    private readonly source: SourceFile,
    private readonly kernel: Kernel,
    private readonly board: SegmentBoard,
    private readonly shared: SharedParts,
  ) {
    this.slots = slotsIn(shared.rows, shared.partBytes);
  }

  /** The slot of a part. */
  rowsOf(number: number): SegmentRows {
    return this.slots[number % this.slots.length];
  }

  /** Reads a part, and says so on the board. */
  async read(number: number): Promise<void> {
    const { partBytes } = this.shared;
    // A disk that fails is for who reads in order to say: it reads this part again.
    const reading = this.readLines(number * partBytes, (number + 1) * partBytes, number);
    this.board.give(number, await reading.catch(() => false));
  }

  /**
   * Reads the lines that begin in `[from, to)`, as far as there is room for their rows. False where
   * they are anything but plain entries.
   */
  private async readLines(from: number, to: number, number: number): Promise<boolean> {
    const { source, kernel } = this;
    const rows = this.rowsOf(number);
    const before = kernel.checksummed;
    const start = await this.firstLineFrom(from);
    if (start === undefined || start >= to) return false;
    kernel.start({ file: 0, offset: start });
    rows.begin(start);
    for (let end = start; ;) {
      const length = await source.read(kernel.chunk, end);
      const used = lengthUpTo(kernel.chunk.subarray(0, length), to - 1 - end);
      end += used;
      const isWhole = end >= to && kernel.chunk[used - 1] === LF;
      // The file's last line is not complete until whoever reads in order says so.
      if (length === 0 || (!isWhole && end > to + lineBytesMax)) return false;
      const ended = this.keepRows(rows, used, isWhole, before);
      if (ended !== undefined) return ended;
      // What a kernel goes back to is for who reads in order.
      if (kernel.position !== end) return false;
      if (isWhole) return rows.close(end, kernel.checksummed - before);
    }
  }

  /** Scans a chunk and keeps its rows. Undefined: there may be more; else as `readLines`. */
  private keepRows(rows: SegmentRows, length: number, last: boolean, before: number) {
    const { kernel } = this;
    do {
      const { checksummed, batch } = kernel;
      kernel.scan(length, last);
      if (!isPlain(batch) || kernel.held !== undefined) return false;
      if (!rows.append(batch)) return rows.close(batch.offset[0], checksummed - before);
    } while (kernel.pending);
    return undefined;
  }

  /** Where the first line begins at or behind `from`; undefined where none does soon. */
  private async firstLineFrom(from: number): Promise<number | undefined> {
    if (from === 0) return 0;
    const { source, window } = this;
    for (let at = from - 1; at < from + lineBytesMax;) {
      const length = await source.read(window, at);
      const newline = window.subarray(0, length).indexOf(LF);
      if (newline >= 0) return at + newline + 1;
      if (length === 0) return undefined;
      at += length;
    }
    return undefined;
  }
}

/** True where the rows have nothing but what a slot has room for. */
function isPlain({ count, odd, kind }: LineBatch): boolean {
  const kinds = kind.subarray(0, count);
  return odd === 0 && !kinds.includes(KIND.state) && !kinds.includes(KIND.bad);
}

/** How much of a chunk to take: up to the first newline at or behind `index`, else all of it. */
export function lengthUpTo(chunk: Uint8Array, index: number): number {
  if (index >= chunk.length) return chunk.length;
  // As a Buffer: it searches ten times as fast, and the line may be a gigabyte.
  const { buffer, byteOffset, length } = chunk;
  const newline = Buffer.from(buffer, byteOffset, length).indexOf(LF, Math.max(0, index));
  return newline < 0 ? chunk.length : newline + 1;
}
