/** tally: what the rows of a batch are together, as ../batch-tally.ts reads it. */
import { reserve } from './layout.as';

/** Its numbers, 8 bytes each; rows per operation stand behind them. */
namespace TALLY {
  export const others: usize = 0;
  export const drops: usize = 8;
  export const numbered: usize = 16;
  export const firstTime: usize = 24;
  export const lastTime: usize = 32;
  export const ops: usize = 48;
}
const opsMax: usize = 16;
const tallyBytes: usize = TALLY.ops + 8 * opsMax;
const kindPut: u8 = 1;
const kindDelete: u8 = 2;

export let tallyAt: usize = 0;

export function setTally(): void {
  tallyAt = reserve(tallyBytes);
}

/** Of no rows. */
export function clearTally(): void {
  memory.fill(tallyAt, 0, tallyBytes);
  store<f64>(tallyAt, NaN, TALLY.firstTime);
  store<f64>(tallyAt, NaN, TALLY.lastTime);
}

/** Adds a row; `time` and `seq` are NaN where it has none. */
@inline
export function tallyRow(kind: u8, op: u8, time: f64, seq: f64): void {
  if (kind != kindPut && kind != kindDelete) add(tallyAt + TALLY.others);
  if (time == time) {
    const last = load<f64>(tallyAt, TALLY.lastTime);
    if (time < last) add(tallyAt + TALLY.drops);
    if (last != last) store<f64>(tallyAt, time, TALLY.firstTime);
    store<f64>(tallyAt, time, TALLY.lastTime);
  }
  if (seq == seq) add(tallyAt + TALLY.numbered);
  add(tallyAt + TALLY.ops + ((<usize>op) << 3));
}

@inline
function add(at: usize): void {
  store<f64>(at, load<f64>(at) + 1);
}
