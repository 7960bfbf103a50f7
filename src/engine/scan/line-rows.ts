/** LineRows: the judged line becomes a row of the batch. */
import { canonicalKey, keyToString } from '../keydir/key-bytes.js';
import { emptyBatch } from './line-batch.js';
import { KIND, TYPE, WHOLE_LINE, type LineBatch, type LineShape } from './kernel.js';
import { WholeLine } from './whole-line.js';

/** Puts lines into columns, in the order in which they are judged. */
export abstract class LineRows extends WholeLine {
  readonly batch: LineBatch;
  readonly writers: string[] = [''];
  protected errorAt = -1;
  /** Bytes of `batch.keys` in use. */
  protected keysEnd = 0;
  private readonly writerNumbers = new Map<string, number>();

  constructor(chunkBytes: number, shape: LineShape) {
    super(chunkBytes, shape);
    this.batch = emptyBatch(chunkBytes);
  }

  /** Adds the line that was judged last. `length`: its bytes, newline excluded. */
  protected addRow(length: number): void {
    const { batch } = this;
    const row = batch.count++;
    batch.offset[row] = this.lineStart;
    batch.length[row] = length;
    batch.kind[row] = this.kind;
    batch.op[row] = this.op;
    batch.problem[row] = this.problem;
    if (this.problem !== 0) batch.odd++;
    batch.errorAt[row] = this.errorAt;
    batch.time[row] = this.time;
    batch.seq[row] = this.seq;
    batch.clock[row] = this.clock;
    batch.writer[row] = this.writerNumber();
    this.addValue(row);
    batch.keyStart[row] = this.keysEnd;
    batch.keyLength[row] = this.keyLength;
    this.addKey();
  }

  private addValue(row: number): void {
    const { batch, valueSlot: slot } = this;
    // A line that breaks off has no end of its value.
    const isWhole = slot === WHOLE_LINE && this.topType !== TYPE.absent && this.kind !== KIND.bad;
    // A slot that is absent still has the range of an older line.
    const hasValue = slot >= 0 && this.type[slot] !== TYPE.absent;
    const start = isWhole ? this.topStart : hasValue ? this.valueStart[slot] : 0;
    const end = isWhole ? this.topEnd : hasValue ? this.valueEnd[slot] : 0;
    batch.valueOffset[row] = start;
    batch.valueLength[row] = end - start;
  }

  /** The number of the line's writer; names are few and numbered as they come. */
  private writerNumber(): number {
    const slot = this.shape.writerSlot ?? -1;
    if (slot < 0 || this.type[slot] !== TYPE.string) return 0;
    const name = keyToString(canonicalKey(this.slotText(slot)));
    let number = this.writerNumbers.get(name);
    // Past what the column holds all names are one: a log with so many writers is an attack.
    if (number === undefined && this.writers.length > 0xffff) return 0;
    if (number === undefined) {
      number = this.writers.push(name) - 1;
      this.writerNumbers.set(name, number);
    }
    return number;
  }

  private addKey(): void {
    const { batch, keyBytes, keyStart, keyLength } = this;
    const wanted = this.keysEnd + keyLength;
    if (wanted > batch.keys.length) {
      const bigger = new Uint8Array(Math.ceil(wanted * 1.5));
      bigger.set(batch.keys.subarray(0, this.keysEnd));
      batch.keys = bigger;
    }
    const { keys } = batch;
    for (let k = 0; k < keyLength; k++) keys[this.keysEnd + k] = keyBytes[keyStart + k];
    this.keysEnd = wanted;
  }
}
