/** simd-batch: the rows of the SIMD module as the columns of a batch, in its own memory. */
import { KIND, PROBLEM, type LineBatch } from './kernel.js';
import type { CrcWatch } from './crc-watch.js';
import type { SimdExports } from './simd-module.js';

/** Views of the columns; see simd/rows.as.ts for where each lies. */
export function columnsIn(module: SimdExports): Omit<LineBatch, 'count' | 'odd'> {
  const { buffer } = module.memory;
  const rows = module.rowsMax.value;
  let at = module.columnsAt.value;
  const place = (bytes: number) => (at += bytes * rows) - bytes * rows;
  const wide = () => new Float64Array(buffer, place(8), rows);
  return {
    offset: wide(),
    length: wide(),
    errorAt: wide(),
    time: wide(),
    seq: wide(),
    clock: wide(),
    valueOffset: wide(),
    valueLength: wide(),
    keyStart: new Uint32Array(buffer, place(4), rows),
    keyLength: new Uint32Array(buffer, place(4), rows),
    problem: new Uint16Array(buffer, place(2), rows),
    writer: new Uint16Array(buffer, place(2), rows),
    kind: new Uint8Array(buffer, place(1), rows),
    op: new Uint8Array(buffer, place(1), rows),
    keys: new Uint8Array(buffer, module.keysAt.value, module.keysEnd.value - module.keysAt.value),
  };
}

/** Puts back what every row of the module's own has in the columns that it never writes. */
export function clearForeign(batch: LineBatch): void {
  batch.errorAt.fill(-1);
  batch.writer.fill(0);
}

/**
 * Copies the first row of another batch to the end of this one, its key to `keyAt`. False where
 * the keys are in a copy now, because that one did not fit: no other row may follow.
 */
export function addRowOf(from: LineBatch, batch: LineBatch, keyAt: number): boolean {
  const row = batch.count++;
  batch.offset[row] = from.offset[0];
  batch.length[row] = from.length[0];
  batch.kind[row] = from.kind[0];
  batch.op[row] = from.op[0];
  batch.problem[row] = from.problem[0];
  batch.errorAt[row] = from.errorAt[0];
  batch.time[row] = from.time[0];
  batch.seq[row] = from.seq[0];
  batch.clock[row] = from.clock[0];
  batch.writer[row] = from.writer[0];
  batch.valueOffset[row] = from.valueOffset[0];
  batch.valueLength[row] = from.valueLength[0];
  batch.keyStart[row] = keyAt;
  batch.keyLength[row] = from.keyLength[0];
  const start = from.keyStart[0];
  const key = from.keys.subarray(start, start + from.keyLength[0]);
  const fits = keyAt + key.length <= batch.keys.length;
  if (!fits) batch.keys = Buffer.concat([batch.keys.subarray(0, keyAt), key]);
  else batch.keys.set(key, keyAt);
  return fits;
}

/** Compares the checksums of the rows that end in one. Gives how many match. */
export function checkSums(
  module: SimdExports,
  batch: LineBatch,
  crc: CrcWatch,
  addressOf: (offset: number) => number,
): number {
  const count = module.takeSums();
  if (count === 0) return 0;
  const { buffer } = module.memory;
  const bytes = new Uint8Array(buffer);
  const words = new Uint32Array(buffer, module.sumsAt.value, count * 4);
  const offsets = new Float64Array(buffer, module.sumsAt.value, count * 2);
  let matching = 0;
  for (let k = 0; k < count; k++) {
    const row = words[4 * k];
    const verdict = crc.check(bytes, addressOf(offsets[2 * k + 1]), words[4 * k + 1]);
    crc.reset();
    if (verdict === 'matches') matching++;
    if (verdict !== 'differs') continue;
    if (batch.problem[row] === 0) batch.odd++;
    batch.kind[row] = KIND.bad;
    batch.problem[row] |= PROBLEM.crc;
  }
  return matching;
}
