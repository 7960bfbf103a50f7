/** calm-rows: whole columns of a batch at a glance: whether any row needs a look of its own. */
import { KIND, type LineBatch } from '../scan/kernel.js';

/** True where all rows are puts and deletions without a problem. */
export function areCalm({ count, odd, kind }: LineBatch): boolean {
  if (odd > 0) return false;
  for (let row = 0; row < count; row++) {
    if (kind[row] !== KIND.put && kind[row] !== KIND.delete) return false;
  }
  return true;
}

/**
 * The last of `count` numbers that never go down, `before` and those left out (NaN) aside; NaN
 * where all are left out, undefined where one is lower than the one before it.
 */
export function lastOfRising(
  numbers: Float64Array,
  count: number,
  before: number,
): number | undefined {
  let last = before;
  let seen = NaN;
  for (let row = 0; row < count; row++) {
    const number = numbers[row];
    if (number < last) return undefined;
    if (number === number) seen = last = number;
  }
  return seen;
}

/** True where the numbers go up by one each; NaN is no number. */
export function areConsecutive(numbers: Float64Array, count: number): boolean {
  for (let row = 1; row < count; row++) if (numbers[row] !== numbers[row - 1] + 1) return false;
  return count > 0 && numbers[0] === numbers[0];
}

/** True where none of them is a number. */
export function areAbsent(numbers: Float64Array, count: number): boolean {
  for (let row = 0; row < count; row++) if (numbers[row] === numbers[row]) return false;
  return true;
}

/** Calls `give` with each run of one operation, and how many rows it is long. */
export function eachRunOf(
  ops: Uint8Array,
  count: number,
  give: (op: number, rows: number) => void,
) {
  for (let from = 0, to = 1; from < count; from = to++) {
    while (to < count && ops[to] === ops[from]) to++;
    give(ops[from], to - from);
  }
}
