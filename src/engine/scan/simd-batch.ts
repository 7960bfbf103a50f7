/** simd-batch: the memory of the SIMD module as others see it: its rows as a batch, the chunk. */
import { BatchTally, tallyWords } from './batch-tally.js';
import type { LineBatch } from './kernel.js';
import { SimdMemory } from './simd-memory.js';
import type { SimdExports } from './simd-module.js';

/** What is scanned behind the file's end: the scanner wants to look beyond its blocks. */
const paddingBytes = 136;
const space = 0x20;

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

/** A module's rows as a batch, and its chunk. What is read of them is never a view of before. */
export class SimdBatch {
  private readonly memory: SimdMemory;
  private readonly rows: LineBatch;
  private chunkView!: Uint8Array;
  /** The keys of the module's own rows, and their tally. */
  private keys!: Uint8Array;
  private tally!: BatchTally;
  /** Rows were added that are not the module's own. */
  private hasForeign = false;

  constructor(private readonly module: SimdExports) {
    this.memory = SimdMemory.of(module);
    this.rows = { count: 0, odd: 0, ...columnsIn(module) };
    this.look();
    this.memory.onGrowth(() => this.look());
    this.clearForeign();
  }

  /** One object for as long as the module lives. */
  get batch(): LineBatch {
    this.memory.follow();
    return this.rows;
  }

  get chunk(): Uint8Array {
    this.memory.follow();
    return this.chunkView;
  }

  get bytes(): Uint8Array {
    return this.memory.bytes;
  }

  private look(): void {
    const { module, rows } = this;
    const { count, odd, keys, hash } = rows;
    const columns = columnsIn(module);
    const isForeign = this.keys !== undefined && keys !== this.keys;
    Object.assign(rows, columns, { count, odd, keys: isForeign ? keys : columns.keys });
    this.keys = columns.keys;
    const words = new Float64Array(module.memory.buffer, module.tallyAt.value, tallyWords);
    this.tally = new BatchTally(words);
    if (rows.tally !== undefined) rows.tally = this.tally;
    if (hash !== undefined) rows.hash = this.hashes();
    const start = module.chunkAt.value;
    this.chunkView = new Uint8Array(module.memory.buffer, start, module.chunkBytes.value);
  }

  /** Puts blanks behind a chunk of `length` bytes that ends the file; gives where they end. */
  padded(length: number): number {
    const end = this.module.chunkAt.value + length;
    this.memory.bytes.fill(space, end, end + paddingBytes);
    return end + paddingBytes;
  }

  /** Begins an empty batch of rows of this file, the first of them at `line`. */
  clear(file: number, line: number): void {
    const { batch } = this;
    if (this.hasForeign) this.clearForeign();
    batch.count = batch.odd = 0;
    batch.tally = this.tally;
    batch.hash = undefined;
    this.module.clearRows(file, line);
  }

  /** Puts back what every row of the module's own has in the columns that it never writes. */
  private clearForeign(): void {
    const { batch } = this;
    batch.errorAt.fill(-1);
    batch.writer.fill(0);
    batch.keys = this.keys;
    this.hasForeign = false;
  }

  /** Has the module hash the keys of the batch, unless they are in a copy. */
  hashKeys(): void {
    const { batch, module } = this;
    if (batch.keys !== this.keys) return;
    module.hashKeys();
    batch.hash = this.hashes();
  }

  private hashes(): Uint32Array {
    const { memory, hashesAt } = this.module;
    return new Uint32Array(memory.buffer, hashesAt.value, this.rows.count);
  }

  /** Takes over how many rows the module has made. */
  count(): void {
    const { batch, module } = this;
    batch.count = module.rows.value;
    batch.odd = module.odd.value;
  }

  /**
   * Copies the first row of another batch to the end of this one. False where no other row may
   * follow: there is no room, or its key did not fit and the keys are in a copy now.
   */
  addRowOf(from: LineBatch): boolean {
    const { batch, module } = this;
    const keyAt = module.nextKeyAt() - module.keysAt.value;
    const start = from.keyStart[0];
    const key = from.keys.subarray(start, start + from.keyLength[0]);
    const isOdd = from.odd > 0;
    copyRow(from, batch, batch.count++, keyAt);
    if (isOdd) batch.odd++;
    module.addForeignRow(isOdd ? 1 : 0, key.length);
    this.hasForeign = true;
    batch.tally = undefined;
    const fits = keyAt + key.length <= batch.keys.length;
    if (!fits) batch.keys = Buffer.concat([batch.keys.subarray(0, keyAt), key]);
    else batch.keys.set(key, keyAt);
    return fits && batch.count < batch.kind.length;
  }
}

/** Copies row 0 of `from` to row `row` of `to`, whose key is to lie at `keyAt`. */
function copyRow(from: LineBatch, to: LineBatch, row: number, keyAt: number): void {
  to.offset[row] = from.offset[0];
  to.length[row] = from.length[0];
  to.kind[row] = from.kind[0];
  to.op[row] = from.op[0];
  to.problem[row] = from.problem[0];
  to.errorAt[row] = from.errorAt[0];
  to.time[row] = from.time[0];
  to.seq[row] = from.seq[0];
  to.clock[row] = from.clock[0];
  to.writer[row] = from.writer[0];
  to.valueOffset[row] = from.valueOffset[0];
  to.valueLength[row] = from.valueLength[0];
  to.keyStart[row] = keyAt;
  to.keyLength[row] = from.keyLength[0];
}
