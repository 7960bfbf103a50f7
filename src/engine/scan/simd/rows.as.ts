/** rows: what a line is, by rules over the types of its slots; one row of the batch each. */
import {
  columnsAt,
  keysAt,
  keysEnd,
  rowsMax,
  ruleBytes,
  ruleEndPlaceAt,
  ruleKeyAt,
  ruleKeyPlaceAt,
  ruleKindAt,
  ruleOpAt,
  ruleProblemAt,
  rulesAt,
  ruleStateAt,
  ruleValueAt,
  ruleValuePlaceAt,
  ruleWordAt,
  slotEndsAt,
  slotNumbersAt,
  slotStartsAt,
  slotTypesAt,
  sumsAt,
  TYPE_BIT,
} from './layout.as';
import { dataStart, offsetOf } from './data.as';
import { clearPatterns } from './patterns.as';
import { clearTally, tallyRow } from './tally.as';
import {
  doubtful,
  isKeyStashed,
  keyAt,
  keyLength,
  topEnd,
  topStart,
  word,
} from './members.as';

/** The value slot of a line that is a value as a whole. */
export const wholeLine: i32 = -2;

/** Rows filled, and those with a problem. */
export let rows: i32 = 0;
export let odd: i32 = 0;
/** Checksums to compare. */
let sums: i32 = 0;
/** First byte that is no valid UTF-8, as an address; none: the highest. */
export let badAt: usize = usize.MAX_VALUE;

const noNumberAt: usize = memory.data<f64>([NaN]);
/** Of the line being read: see findNumbers. */
const numbersAt: usize = memory.data<u32>([0, 0, 0]);

let ruleCount: i32 = 0;
let timeSlot: i32 = -1;
let otherTimeSlot: i32 = -1;
let seqSlot: i32 = -1;
let clockSlot: i32 = -1;
let hasSums: bool = false;
/** Bytes of keys in the batch. */
let keysTop: usize = 0;

export function setRules(count: i32, checksums: bool): void {
  ruleCount = count;
  hasSums = checksums;
  clearPatterns();
}

/** Slots of what is a number in a row; -1: none. */
export function setNumberSlots(time: i32, otherTime: i32, seq: i32, clock: i32): void {
  timeSlot = time;
  otherTimeSlot = otherTime;
  seqSlot = seq;
  clockSlot = clock;
}

export function setBadAt(at: usize): void {
  badAt = at;
}

/** Number of the file, and the line of row 0. */
export let file: u32 = 0;
export let firstLine: u32 = 1;
/** The last row is a whole state. */
export let isState: bool = false;
const kindState: u8 = 3;

/** Begins a batch of rows of this file, the first of them at `line`. */
export function clearRows(fileNumber: u32, line: u32): void {
  file = fileNumber;
  firstLine = line;
  rows = odd = sums = 0;
  keysTop = keysAt;
  clearTally();
}

/** Takes the sums to check: how many there are in `sumsAt`. */
export function takeSums(): i32 {
  const taken = sums;
  sums = 0;
  return taken;
}

/** A row was added from outside, with `keyBytes` of keys. */
export function addForeignRow(isOdd: bool, keyBytes: usize): void {
  rows++;
  if (isOdd) odd++;
  keysTop += keyBytes;
}

/** One of the rows proved to have a problem. */
export function noteOddRow(): void {
  odd++;
}

/** Where the next key would go. */
export function nextKeyAt(): usize {
  return keysTop;
}

/** The rule that the types and the word of the line fit; 0: none. */
export function ruleOf(): usize {
  const types = v128.load(slotTypesAt);
  for (let k = 0; k < ruleCount; k++) {
    const rule = rulesAt + <usize>k * ruleBytes;
    if (<i32>load<u8>(rule, ruleWordAt) != word) continue;
    if (i8x16.all_true(v128.and(types, v128.load(rule)))) return rule;
  }
  return 0;
}

/** Adds the row of the line from `lineStart` (in the file) to `end` (in memory). False: doubt. */
export function addRow(lineStart: i64, end: usize): bool {
  if (doubtful || end > badAt) return false;
  const rule = ruleOf();
  return rule != 0 && fillRow(rule, lineStart, end);
}

/** Adds the row of a line whose slots fit this rule; false where it is for the reference. */
function fillRow(rule: usize, lineStart: i64, end: usize): bool {
  if (isKeyStashed && load<u8>(rule, ruleKeyPlaceAt) != 0) return false;
  const slot = <i32>load<i8>(rule, ruleValueAt);
  let from: i64 = 0;
  let to: i64 = 0;
  if (slot >= 0) {
    from = load<i64>(slotStartsAt + ((<usize>slot) << 3));
    to = load<i64>(slotEndsAt + ((<usize>slot) << 3));
  } else if (slot == wholeLine) {
    from = topStart;
    to = topEnd;
  }
  findNumbers(numbersAt);
  return putRow(rule, lineStart, end, keyAt, keyLength, from, to, numbersAt);
}

/**
 * Adds a row by this rule; false where the line is for the reference. The value lies from `from` to
 * `to` in the file; `numbers` is what `findNumbers` wrote for such a line.
 */
@inline
export function putRow(
  rule: usize,
  lineStart: i64,
  end: usize,
  key: usize,
  keyBytes: i32,
  from: i64,
  to: i64,
  numbers: usize,
): bool {
  const keyMode = <i32>load<u8>(rule, ruleKeyAt);
  if (keyMode == 2 && keyBytes == 0) return false;
  if (!isInPlace(rule, lineStart, end, key, keyBytes, from)) return false;
  const length = keyMode == 0 ? 0 : keyBytes;
  if (keysTop + <usize>length > keysEnd) return false;
  const row = <usize>rows;
  const stride = <usize>rowsMax;
  const wide = columnsAt + (row << 3);
  store<f64>(wide, <f64>lineStart);
  store<f64>(wide + (stride << 3), <f64>(offsetOf(end) - lineStart));
  const time = load<f64>(<usize>load<u32>(numbers));
  const number = load<f64>(<usize>load<u32>(numbers, 4));
  const seq = number > 0 ? number : NaN;
  store<f64>(wide + ((3 * stride) << 3), time);
  store<f64>(wide + ((4 * stride) << 3), seq);
  store<f64>(wide + ((5 * stride) << 3), load<f64>(<usize>load<u32>(numbers, 8)));
  store<f64>(wide + ((6 * stride) << 3), <f64>from);
  store<f64>(wide + ((7 * stride) << 3), <f64>(to - from));
  const narrow = columnsAt + ((8 * stride) << 3);
  store<u32>(narrow + (row << 2), <u32>(keysTop - keysAt));
  store<u32>(narrow + ((stride + row) << 2), <u32>length);
  const half = narrow + ((2 * stride) << 2);
  const problem = load<u16>(rule, ruleProblemAt);
  store<u16>(half + (row << 1), problem);
  const bytes = half + ((2 * stride) << 1);
  const kind = load<u8>(rule, ruleKindAt);
  isState = kind == kindState;
  store<u8>(bytes + row, kind);
  const op = load<u8>(rule, ruleOpAt);
  store<u8>(bytes + stride + row, op);
  tallyRow(kind, op, time, seq);
  copyKey(key, length);
  if (hasSums && isFramed(end)) noteSum(lineStart, end);
  if (problem != 0) odd++;
  rows++;
  return true;
}

/** True where key, value and end are as far apart as the rule wants them. */
@inline
function isInPlace(
  rule: usize,
  lineStart: i64,
  end: usize,
  key: usize,
  keyBytes: i32,
  from: i64,
): bool {
  const keyPlace = <i64>load<u8>(rule, ruleKeyPlaceAt);
  if (keyPlace == 0) return true;
  if (offsetOf(key) - lineStart != keyPlace) return false;
  const behind = key + <usize>keyBytes;
  const endPlace = <usize>load<u8>(rule, ruleEndPlaceAt);
  if (endPlace != 0 && end - behind != endPlace) return false;
  const valuePlace = <i64>load<u8>(rule, ruleValuePlaceAt);
  return valuePlace == 0 || from - offsetOf(behind) == valuePlace;
}

@inline
function copyKey(key: usize, length: i32): void {
  if (length == 0) return;
  if (length <= 16) v128.store(keysTop, v128.load(key));
  else memory.copy(keysTop, key, <usize>length);
  keysTop += <usize>length;
}

/** Writes where time, sequence number and clock of lines with slots like these are, 4 bytes each. */
export function findNumbers(at: usize): void {
  const isText = timeSlot >= 0 && load<u8>(slotTypesAt + <usize>timeSlot) == TYPE_BIT.text;
  store<u32>(at, numberAt(isText ? timeSlot : otherTimeSlot, TYPE_BIT.text));
  store<u32>(at, numberAt(seqSlot, TYPE_BIT.number), 4);
  store<u32>(at, numberAt(clockSlot, TYPE_BIT.number), 8);
}

/** Where the number of a slot is, or a NaN. */
@inline
function numberAt(slot: i32, type: u8): u32 {
  if (slot < 0 || load<u8>(slotTypesAt + <usize>slot) != type) return <u32>noNumberAt;
  return <u32>(slotNumbersAt + ((<usize>slot) << 3));
}

/** True where the line ends like one with a checksum, `,"???":"????????"}`, or its end is gone. */
@inline
function isFramed(end: usize): bool {
  const mark = end - 18;
  if (mark < dataStart) return true;
  if (load<u16>(end - 2) != 0x7d22) return false;
  return load<u16>(mark) == 0x222c && load<u16>(mark + 5) == 0x3a22 && load<u8>(mark + 7) == 0x22;
}

@inline
function noteSum(lineStart: i64, end: usize): void {
  const at = sumsAt + ((<usize>sums) << 4);
  store<u32>(at, rows);
  store<u32>(at, <u32>end, 4);
  store<f64>(at, <f64>lineStart, 8);
  sums++;
}
