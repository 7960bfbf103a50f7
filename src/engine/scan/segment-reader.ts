/** segment-reader: reads one part of a file through a kernel, in a thread of its own. */
import type { SourceFile } from '../disk.js';
import { KIND, type Kernel, type LineBatch } from './kernel.js';
import type { SegmentRows } from './segment-rows.js';

const LF = 0x0a;
/** A line longer than this is for the thread that reads in order. */
const lineBytesMax = 4 << 20;
/** Where a line starts is looked for in steps of so many bytes. */
const stepBytes = 1 << 12;

/**
 * Reads the lines that begin in `[from, to)`, as far as there is room for their rows. False where
 * they are anything but plain entries.
 */
export async function readSegment(
  source: SourceFile,
  kernel: Kernel,
  { from, to }: { from: number; to: number },
  rows: SegmentRows,
): Promise<boolean> {
  const before = kernel.checksummed;
  const start = await firstLineFrom(source, kernel.chunk, from);
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
    do {
      const { checksummed, batch } = kernel;
      kernel.scan(used, isWhole);
      if (!isPlain(batch) || kernel.held !== undefined) return false;
      if (!rows.append(batch)) return rows.close(batch.offset[0], checksummed - before);
    } while (kernel.pending);
    if (isWhole) return rows.close(end, kernel.checksummed - before);
  }
}

const isPlain = ({ count, odd, kind }: LineBatch): boolean =>
  odd === 0 && !kind.subarray(0, count).includes(KIND.state);

/** Where the first line begins at or behind `from`; undefined where none does soon. */
async function firstLineFrom(source: SourceFile, window: Uint8Array, from: number) {
  if (from === 0) return 0;
  for (let at = from - 1; at < from + lineBytesMax;) {
    const step = window.subarray(0, stepBytes);
    const length = await source.read(step, at);
    const newline = step.subarray(0, length).indexOf(LF);
    if (newline >= 0) return at + newline + 1;
    if (length === 0) return undefined;
    at += length;
  }
  return undefined;
}

/** How much of a chunk to take: up to the first newline at or behind `index`, else all of it. */
export function lengthUpTo(chunk: Uint8Array, index: number): number {
  if (index >= chunk.length) return chunk.length;
  const newline = chunk.indexOf(LF, Math.max(0, index));
  return newline < 0 ? chunk.length : newline + 1;
}
