/** line-batch: the columns into which a kernel puts its rows. */
import type { LineBatch } from './kernel.js';

/** Rows of a batch at most; with more lines in a chunk the kernel is called again. */
export const rowsMax = 8192;

/** An empty batch for chunks of `chunkBytes`. */
export function emptyBatch(chunkBytes: number): LineBatch {
  // A chunk of n bytes ends n lines at most, and the file's end one more.
  const rows = Math.min(rowsMax, chunkBytes + 1);
  const column = () => new Float64Array(rows);
  return {
    count: 0,
    odd: 0,
    offset: column(),
    length: column(),
    kind: new Uint8Array(rows),
    op: new Uint8Array(rows),
    problem: new Uint16Array(rows),
    errorAt: column(),
    time: column(),
    seq: column(),
    clock: column(),
    writer: new Uint16Array(rows),
    valueOffset: column(),
    valueLength: column(),
    keyStart: new Uint32Array(rows),
    keyLength: new Uint32Array(rows),
    keys: new Uint8Array(rows * 24),
  };
}
