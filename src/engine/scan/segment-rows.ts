/** segment-rows: the rows of one part of a file, in memory that threads share. */
import { BatchTally, tallyWords } from './batch-tally.js';
import type { LineBatch } from './kernel.js';

/** The columns that are copied as they are. With `keyStart` they are all in which rows differ. */
const copied = [
  ...(['offset', 'length', 'time', 'seq', 'valueOffset', 'valueLength'] as const),
  ...(['keyLength', 'kind', 'op'] as const),
];
const rowBytes = 6 * 8 + 3 * 4 + 2;

/** What the columns stand behind: numbers of 8 bytes, see `SegmentRows`. */
const HEAD = { count: 0, start: 1, end: 2, keysEnd: 3, checksummed: 4, unhashed: 5, tally: 6 };
const headWords = HEAD.tally + tallyWords;
const headBytes = 8 * headWords;

/** Shorter lines on average fill the rows before their part ends: the rest is read in order. */
const lineBytesMin = 32;
const rowsIn = (partBytes: number): number => 8 * Math.ceil(partBytes / lineBytesMin / 8);
const keysIn = (partBytes: number): number => 8 * Math.ceil(partBytes / 8);
const slotBytes = (partBytes: number): number =>
  headBytes + rowsIn(partBytes) * rowBytes + keysIn(partBytes);

/** Memory for so many slots. Where nothing is written it costs none. */
export const sharedRows = (slotCount: number, partBytes: number): SharedArrayBuffer =>
  new SharedArrayBuffer(slotCount * slotBytes(partBytes));

/** All slots of the memory that `sharedRows` made. */
export function slotsIn(shared: SharedArrayBuffer, partBytes: number): SegmentRows[] {
  const same = new SameColumns(rowsIn(partBytes));
  const length = shared.byteLength / slotBytes(partBytes);
  return Array.from({ length }, (_, slot) => {
    return new SegmentRows(shared, slot * slotBytes(partBytes), partBytes, same);
  });
}

/** What plain rows do not differ in, for all slots. It takes memory as far as there are rows. */
class SameColumns {
  readonly columns;
  private filled = 0;

  constructor(rows: number) {
    this.columns = {
      problem: new Uint16Array(rows),
      errorAt: new Float64Array(rows),
      clock: new Float64Array(rows),
      writer: new Uint16Array(rows),
    };
  }

  /** So many rows are going to be looked at. */
  reach(count: number): void {
    if (count <= this.filled) return;
    this.columns.errorAt.fill(-1, this.filled, count);
    this.columns.clock.fill(NaN, this.filled, count);
    this.filled = count;
  }
}

/** Fills `sums` with the numbers plus `addend`. */
function addTo(sums: Uint32Array, numbers: Uint32Array, addend: number): void {
  for (let k = 0; k < sums.length; k++) sums[k] = numbers[k] + addend;
}

/** The rows of the part that is in one slot: plain ones, without problem, clock and writer. */
export class SegmentRows {
  /** Its `count` is that of whoever called `begin`, `append` or `open` last. */
  readonly batch: LineBatch;
  private readonly head: Float64Array;
  private readonly tally: BatchTally;
  private readonly hash: Uint32Array;

  constructor(
    shared: SharedArrayBuffer,
    at: number,
    partBytes: number,
    private readonly same: SameColumns,
  ) {
    this.head = new Float64Array(shared, at, headWords);
    this.tally = new BatchTally(this.head.subarray(HEAD.tally));
    const rows = rowsIn(partBytes);
    let next = at + headBytes;
    const place = (bytes: number) => (next += bytes) - bytes;
    const wide = () => new Float64Array(shared, place(8 * rows), rows);
    const half = () => new Uint32Array(shared, place(4 * rows), rows);
    const narrow = () => new Uint8Array(shared, place(rows), rows);
    this.batch = {
      ...{ count: 0, odd: 0, ...same.columns },
      ...{ offset: wide(), length: wide(), time: wide(), seq: wide() },
      ...{ valueOffset: wide(), valueLength: wide(), keyStart: half(), keyLength: half() },
      ...{ kind: narrow(), op: narrow() },
      keys: new Uint8Array(shared, place(keysIn(partBytes)), keysIn(partBytes)),
    };
    this.hash = half();
  }

  /** Offset in the file of the first line. */
  get start(): number {
    return this.head[HEAD.start];
  }

  /** Offset in the file behind the last line. */
  get end(): number {
    return this.head[HEAD.end];
  }

  /** Lines whose checksum was there and matched. */
  get checksummed(): number {
    return this.head[HEAD.checksummed];
  }

  /** Takes over what another thread has left here. */
  open(): this {
    this.batch.count = this.head[HEAD.count];
    this.batch.hash = this.head[HEAD.unhashed] === 0 ? this.hash : undefined;
    this.batch.tally = this.tally.isKnown ? this.tally : undefined;
    this.same.reach(this.batch.count);
    return this;
  }

  /** Begins with a line at this offset. */
  begin(start: number): void {
    this.head.fill(0);
    this.head[HEAD.start] = start;
    this.batch.count = 0;
    this.tally.clear();
  }

  /** Copies a batch of rows behind those that are here; false, and none, where there is no room. */
  append(rows: LineBatch): boolean {
    const { batch, head } = this;
    const [from, { count }, keysAt] = [batch.count, rows, head[HEAD.keysEnd]];
    const last = count - 1;
    const keysLength = count === 0 ? 0 : rows.keyStart[last] + rows.keyLength[last];
    if (from + count > batch.kind.length || keysAt + keysLength > batch.keys.length) return false;
    for (const name of copied) batch[name].set(rows[name].subarray(0, count) as never, from);
    addTo(batch.keyStart.subarray(from, from + count), rows.keyStart, keysAt);
    batch.keys.set(rows.keys.subarray(0, keysLength), keysAt);
    batch.count += count;
    this.tally.add(rows.tally);
    if (rows.hash === undefined) head[HEAD.unhashed] = 1;
    else this.hash.set(rows.hash, from);
    // Copies into shared memory take eight bytes at once where both ends are aligned, else one.
    head[HEAD.keysEnd] += 8 * Math.ceil(keysLength / 8);
    return true;
  }

  /** No more rows: the last line ends before `end`. True where there are any. */
  close(end: number, checksummed: number): boolean {
    this.head[HEAD.count] = this.batch.count;
    this.head[HEAD.end] = end;
    this.head[HEAD.checksummed] = checksummed;
    return this.batch.count > 0;
  }
}
