/** segment-reader: reads one part of a file through a kernel, in a thread of its own. */
import type { SourceFile } from '../disk.js';
import { KIND, type Kernel } from './kernel.js';
import { packed, type SegmentAnswer, type SegmentRequest } from './segment-rows.js';

const LF = 0x0a;
/** A line longer than this is for the thread that reads in order. */
const lineBytesMax = 4 << 20;

/** Reads the lines that begin in `[from, to)`. Gives undefined for whatever is not plain. */
export async function readSegment(
  source: SourceFile,
  kernel: Kernel,
  { from, to }: SegmentRequest,
): Promise<SegmentAnswer> {
  const startedAt = performance.now();
  const { checksummed } = kernel;
  const start = await firstLineFrom(source, kernel.chunk, from);
  if (start === undefined || start >= to) return undefined;
  kernel.start({ file: 0, offset: start });
  const batches: ReturnType<typeof packed>[] = [];
  let end = start;
  for (let isWhole = false; !isWhole;) {
    const length = await source.read(kernel.chunk, end);
    const used = lengthUpTo(kernel.chunk.subarray(0, length), to - 1 - end);
    end += used;
    isWhole = end >= to && kernel.chunk[used - 1] === LF;
    // The file's last line is not complete until whoever reads in order says so.
    if (length === 0 || (!isWhole && end > to + lineBytesMax)) return undefined;
    do {
      kernel.scan(used, isWhole);
      const { batch } = kernel;
      const hasState = batch.kind.subarray(0, batch.count).includes(KIND.state);
      if (batch.odd > 0 || hasState || kernel.held !== undefined) return undefined;
      if (batch.count > 0) batches.push(packed(batch));
    } while (kernel.pending);
  }
  const ms = performance.now() - startedAt;
  return { start, end, batches, checksummed: kernel.checksummed - checksummed, ms };
}

/** Where the first line begins at or behind `from`; undefined where none does soon. */
async function firstLineFrom(source: SourceFile, window: Uint8Array, from: number) {
  if (from === 0) return 0;
  for (let at = from - 1; at < from + lineBytesMax;) {
    const length = await source.read(window, at);
    const newline = window.subarray(0, length).indexOf(LF);
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
