/** segment-rows: the rows of one part of a file, as one thread hands them to another. */
import type { LineBatch } from './kernel.js';

/** The columns that differ between plain rows; all exactly as long as there are rows. */
type PlainColumns = Pick<
  LineBatch,
  | 'count'
  | 'offset'
  | 'length'
  | 'kind'
  | 'op'
  | 'time'
  | 'seq'
  | 'valueOffset'
  | 'valueLength'
  | 'keyStart'
  | 'keyLength'
  | 'keys'
>;

/** A part of a file to read. Offsets in bytes; `fd` is open in the whole process. */
export interface SegmentRequest {
  path: string;
  fd: number;
  /** Lines that begin in `[from, to)` belong to it, whole. */
  from: number;
  to: number;
}

/**
 * What another thread read. `start`: where its first line begins, `end`: behind its last line.
 * Undefined where it has anything but plain entries: then it is read again, in order.
 */
export interface SegmentRows {
  start: number;
  end: number;
  batches: PlainColumns[];
  /** Lines whose checksum was there and matched. */
  checksummed: number;
  /** What it took, in ms. */
  ms: number;
}

export type SegmentAnswer = SegmentRows | undefined;

/** A copy of the rows, no longer than they are. */
export function packed(batch: LineBatch): PlainColumns {
  const { count } = batch;
  let keysEnd = 0;
  for (let row = 0; row < count; row++) {
    keysEnd = Math.max(keysEnd, batch.keyStart[row] + batch.keyLength[row]);
  }
  return {
    count,
    offset: batch.offset.slice(0, count),
    length: batch.length.slice(0, count),
    kind: batch.kind.slice(0, count),
    op: batch.op.slice(0, count),
    time: batch.time.slice(0, count),
    seq: batch.seq.slice(0, count),
    valueOffset: batch.valueOffset.slice(0, count),
    valueLength: batch.valueLength.slice(0, count),
    keyStart: batch.keyStart.slice(0, count),
    keyLength: batch.keyLength.slice(0, count),
    keys: batch.keys.slice(0, keysEnd),
  };
}

/** The memory of packed rows, to be given away and not copied. */
export function memoryOf(batches: readonly PlainColumns[]): ArrayBuffer[] {
  return batches.flatMap((columns) => {
    return Object.values(columns).flatMap((column) => {
      return typeof column === 'number' ? [] : [column.buffer as ArrayBuffer];
    });
  });
}

/** The batch a kernel would have given: plain rows have no problem, no clock and no writer. */
export function unpacked(columns: PlainColumns): LineBatch {
  const { count } = columns;
  return {
    ...columns,
    odd: 0,
    problem: new Uint16Array(count),
    errorAt: new Float64Array(count).fill(-1),
    clock: new Float64Array(count).fill(NaN),
    writer: new Uint16Array(count),
  };
}
