/** batch-tally: what the rows of a batch are together, so that nobody has to look at each. */
import { KIND, type LineBatch } from './kernel.js';

/** Numbers of a tally, as simd/tally.as.ts has them too; rows per operation stand behind them. */
const WORD = { others: 0, drops: 1, numbered: 2, firstTime: 3, lastTime: 4, unknown: 5, ops: 6 };
/** Operations that a tally which other code fills has room for. */
export const tallyOpsMax = 16;
const allOps = 256;

/** Numbers that a tally takes. */
export const tallyWords = WORD.ops + tallyOpsMax;

/** A tally over memory that others may fill: the SIMD module, or another thread. */
export class BatchTally {
  /** Rows per operation. */
  readonly ops: Float64Array;

  constructor(private readonly words: Float64Array) {
    this.ops = words.subarray(WORD.ops);
  }

  /** Rows that are neither puts nor deletions. */
  get others(): number {
    return this.words[WORD.others];
  }

  /** Rows whose time is before that of a row above them. */
  get drops(): number {
    return this.words[WORD.drops];
  }

  /** Rows with a sequence number. */
  get numbered(): number {
    return this.words[WORD.numbered];
  }

  /** Milliseconds since 1970 UTC of the first row that has a time; NaN where none has. */
  get firstTime(): number {
    return this.words[WORD.firstTime];
  }

  /** Of the last row that has a time. */
  get lastTime(): number {
    return this.words[WORD.lastTime];
  }

  /** False where rows were added of which there is no tally. */
  get isKnown(): boolean {
    return this.words[WORD.unknown] === 0;
  }

  /** Of no rows. */
  clear(): this {
    this.words.fill(0);
    this.words[WORD.firstTime] = this.words[WORD.lastTime] = NaN;
    return this;
  }

  /** Adds the rows that come behind those that are here; `tally` is undefined where it has none. */
  add(tally: BatchTally | undefined): void {
    const { words, ops } = this;
    if (tally === undefined) {
      words[WORD.unknown] = 1;
      return;
    }
    const drops = tally.firstTime < this.lastTime ? tally.drops + 1 : tally.drops;
    words[WORD.others] += tally.others;
    words[WORD.drops] += drops;
    words[WORD.numbered] += tally.numbered;
    if (Number.isNaN(this.firstTime)) words[WORD.firstTime] = tally.firstTime;
    if (!Number.isNaN(tally.lastTime)) words[WORD.lastTime] = tally.lastTime;
    for (let op = 0; op < tally.ops.length; op++) ops[op] += tally.ops[op];
  }

  /** Adds a row. */
  count(kind: number, op: number, time: number, seq: number): void {
    const { words } = this;
    if (kind !== KIND.put && kind !== KIND.delete) words[WORD.others]++;
    if (time < this.lastTime) words[WORD.drops]++;
    if (Number.isNaN(this.firstTime)) words[WORD.firstTime] = time;
    if (!Number.isNaN(time)) words[WORD.lastTime] = time;
    if (!Number.isNaN(seq)) words[WORD.numbered]++;
    this.ops[op]++;
  }
}

/** The tally of a batch, where the kernel has none: a look at each row. */
export function tallyOf({ count, kind, op, time, seq }: LineBatch): BatchTally {
  const tally = new BatchTally(new Float64Array(WORD.ops + allOps)).clear();
  for (let row = 0; row < count; row++) tally.count(kind[row], op[row], time[row], seq[row]);
  return tally;
}
