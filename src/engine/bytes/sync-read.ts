/** sync-read: plain files read at once, where nothing else may run in between. */
import type { SyncSource } from '../disk.js';

const windowBytes = 1 << 16;

/** Bytes `[from, to)` of a plain file, fewer where it ends before. */
export function readNow(file: Pick<SyncSource, 'read'>, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
  return bytes.subarray(0, file.read(bytes, from));
}

/**
 * The offset behind the last newline in `[from, to)`; `from` when there is none. `returns`: a bare
 * carriage return ends a line too.
 */
export function lastLineEnd(
  file: SyncSource,
  from: number,
  to: number,
  { returns = false } = {},
): number {
  for (let end = to; end > from;) {
    const start = Math.max(from, end - windowBytes);
    const bytes = readNow(file, start, end);
    const last = Math.max(bytes.lastIndexOf(0x0a), returns ? bytes.lastIndexOf(0x0d) : -1);
    if (last >= 0) return start + last + 1;
    end = start;
  }
  return from;
}
