/** RowFold: puts the rows of a batch into the keydir, many at a time. */
import type { Keydir } from '../keydir/keydir.js';
import { KIND, type LineBatch } from './kernel.js';

/** Rows folded at a time: enough for their cache misses to overlap. */
const foldedTogether = 32;

/** One per kernel. Rows wait for each other, since many at once miss the cache less. */
export class RowFold {
  private readonly hashes = new Uint32Array(foldedTogether);
  private readonly liveRange = { file: 0, offset: 0, length: 0, line: 0, versions: 1 };

  constructor(
    private readonly keydir: Keydir,
    private readonly batch: LineBatch,
  ) {}

  /** Folds the rows from `from` on. `firstLine`: the line of row 0. */
  fold(from: number, file: number, firstLine: number): void {
    const { batch, hashes } = this;
    if (this.keydir.foldRows(batch, from, file, firstLine)) return;
    this.liveRange.file = file;
    for (let row = from; row < batch.count; row += foldedTogether) {
      const end = Math.min(batch.count, row + foldedTogether);
      const { keys: bytes, keyStart: start, keyLength: length } = batch;
      this.keydir.prepare({ bytes, start, length }, row, end, hashes);
      for (let k = row; k < end; k++) this.foldRow(k, hashes[k - row], firstLine + k);
    }
  }

  private foldRow(row: number, hash: number, line: number): void {
    const { batch, liveRange: value } = this;
    const start = batch.keyStart[row];
    const length = batch.keyLength[row];
    if (batch.kind[row] === KIND.put) {
      value.offset = batch.valueOffset[row];
      value.length = batch.valueLength[row];
      value.line = line;
      this.keydir.put(batch.keys, start, length, value, hash);
    } else if (batch.kind[row] === KIND.delete) {
      this.keydir.delete(batch.keys, start, length);
    }
  }
}
