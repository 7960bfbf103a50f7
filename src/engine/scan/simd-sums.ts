/** SimdSums: the checksums of lines that the SIMD module read, long ones part by part. */
import { CrcWatch } from './crc-watch.js';
import { KIND, PROBLEM, type LineBatch } from './kernel.js';
import { SimdMemory } from './simd-memory.js';
import type { SimdExports } from './simd-module.js';

/** One per kernel. Offsets are in the file, `addressOf` gives where they are in the memory. */
export class SimdSums {
  /** Lines whose checksum was there and matched. */
  matching = 0;
  private readonly crc = new CrcWatch();
  /** Offset of a line whose first bytes are gone, and up to where they were taken; -1: none. */
  private line = -1;
  private fedTo = -1;

  constructor(
    private readonly module: SimdExports,
    private readonly addressOf: (offset: number) => number,
  ) {}

  /** The bytes before `to` of the line that begins at `line` are about to go. */
  feed(line: number, to: number): void {
    if (this.line !== line) this.crc.begin(line === 0);
    const from = this.line === line ? this.fedTo : line;
    const { bytes } = SimdMemory.of(this.module);
    this.crc.feed(bytes.subarray(this.addressOf(from), this.addressOf(to)));
    this.line = line;
    this.fedTo = to;
  }

  /** Compares the checksums of the rows that end in one: where one differs, its row is bad. */
  check(batch: LineBatch): void {
    const { module } = this;
    const count = module.takeSums();
    if (count === 0) return;
    const { bytes, buffer } = SimdMemory.of(module);
    const words = new Uint32Array(buffer, module.sumsAt.value, count * 4);
    const offsets = new Float64Array(buffer, module.sumsAt.value, count * 2);
    for (let k = 0; k < count; k++) {
      const line = offsets[2 * k + 1];
      if (this.line !== line) this.crc.begin(line === 0);
      const from = this.addressOf(this.line === line ? this.fedTo : line);
      const verdict = this.crc.check(bytes, from, words[4 * k + 1]);
      this.line = -1;
      if (verdict === 'matches') this.matching++;
      if (verdict === 'differs') this.spoil(batch, words[4 * k]);
    }
  }

  /** The row is not what the module said of it. */
  private spoil(batch: LineBatch, row: number): void {
    if (batch.problem[row] === 0) {
      batch.odd++;
      this.module.noteOddRow();
    }
    batch.kind[row] = KIND.bad;
    batch.problem[row] |= PROBLEM.crc;
    batch.tally = undefined;
  }
}
