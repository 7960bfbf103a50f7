/**
 * patterns: lines that are written like one of the last, read without looking for their members.
 *
 * A pattern is a text with gaps: `{"timestamp":"????????????????????????","op":"SET","key":` _
 * `,"value":` _ `}`. Times and words stand in the text, since their length is known. Where the text
 * is the same, the line's members are: all before it was read the same way, and a gap holds one
 * whole value. So the line's commas are those of the pattern.
 */
import { addressIn, dataStart, offsetOf } from './data.as';
import {
  guessesAt,
  reserve,
  ROLE,
  ruleValueAt,
  slotEndsAt,
  slotNumbersAt,
  slotsMax,
  slotStartsAt,
  slotTypesAt,
  typesAt,
  TYPE_BIT,
} from './layout.as';
import { place, roleOf, stateSlot, topEnd, topStart } from './members.as';
import { badAt, findNumbers, putRow, ruleOf, wholeLine } from './rows.as';
import { hasEscape, plainInteger, timeOf } from './texts.as';

const patternsMax: i32 = 4;
const partsMax: i32 = 8;
const textMax: i32 = 96;
const timeLength: i32 = 24;

/** A pattern: see findNumbers; rule; commas; parts; where in the line its object lies. */
namespace PATTERN {
  export const numbers: usize = 0;
  export const rule: usize = 12;
  export const commas: usize = 16;
  export const parts: usize = 20;
  export const topStart: usize = 24;
  export const topBehind: usize = 28;
  export const firstPart: usize = 32;
}

/** A part: text, mask of the bytes that count, what is in the text, and the value behind it. */
namespace PART {
  export const text: usize = 0;
  export const mask: usize = 96;
  export const length: usize = 192;
  /** Where in the text a time is, -1: nowhere; and its slot. */
  export const time: usize = 196;
  export const timeSlot: usize = 200;
  /** Slot of the value behind it, its role, which types it may have; is it the row's value? */
  export const slot: usize = 204;
  export const role: usize = 208;
  export const types: usize = 209;
  export const isRowValue: usize = 210;
  /** Which of the line's commas and its line feed the value ends before, and how far. */
  export const event: usize = 212;
  export const gap: usize = 216;
}
const partBytes: usize = 224;
const patternBytes: usize = PATTERN.firstPart + <usize>partsMax * partBytes;

let patternsAt: usize = 0;
let patternCount: i32 = 0;
/** The pattern of the last line, and the one learnt last. */
let current: i32 = 0;
let newest: i32 = 0;

/** Learning costs this much of what lines earn that are like none: not each of them is learnt. */
const learningCost: i32 = 16;
const creditMax: i32 = 256;
let credit: i32 = creditMax;

export function setPatterns(): void {
  // One more for the pattern that is being learnt.
  patternsAt = reserve(<usize>(patternsMax + 1) * patternBytes);
}

/** Forgets all patterns. */
export function clearPatterns(): void {
  patternCount = current = newest = 0;
  credit = creditMax;
}

@inline
function patternOf(number: i32): usize {
  return patternsAt + <usize>number * patternBytes;
}

/**
 * Adds the row of the line from `at` on if it is like one of the last. Its commas and its line
 * feed are in the list from `events` to `end`. Gives how many they are, 0 where it is unlike all.
 */
@inline
export function takeAlike(at: usize, events: usize, end: usize): i32 {
  for (let k = 0; k < patternCount; k++) {
    const number = k == 0 ? current : k <= current ? k - 1 : k;
    const pattern = patternOf(number);
    const commas = load<i32>(pattern, PATTERN.commas);
    const lineFeed = events + (<usize>commas << 2);
    if (lineFeed >= end || !fits(pattern, at, events, <usize>load<u32>(lineFeed))) continue;
    current = number;
    return commas + 1;
  }
  return 0;
}

/** Adds the row of the line up to its line feed by the pattern; false where it is not like it. */
function fits(pattern: usize, lineAt: usize, events: usize, lineFeed: usize): bool {
  if (load<u8>(lineFeed) != 0x0a || lineFeed > badAt) return false;
  const rule = <usize>load<u32>(pattern, PATTERN.rule);
  let key = lineAt;
  let keyBytes: i32 = 0;
  let from: i64 = 0;
  let to: i64 = 0;
  let at = lineAt;
  let part = pattern + PATTERN.firstPart;
  const last = part + <usize>(load<i32>(pattern, PATTERN.parts) - 1) * partBytes;
  for (; ; part += partBytes) {
    if (!isTextAt(part, at)) return false;
    const time = load<i32>(part, PART.time);
    if (time >= 0 && !takeNumber(part, PART.timeSlot, timeOf(at + time, timeLength))) return false;
    at += load<i32>(part, PART.length);
    if (part == last) break;
    const event = events + (<usize>load<i32>(part, PART.event) << 2);
    const end = <usize>load<u32>(event) - <usize>load<i32>(part, PART.gap);
    if (!isValue(part, at, end)) return false;
    if (load<u8>(part, PART.isRowValue) != 0) {
      from = offsetOf(at);
      to = offsetOf(end);
    }
    const role = load<u8>(part, PART.role);
    if (role == ROLE.key) {
      key = at + 1;
      keyBytes = <i32>(end - key) - 1;
      if (hasEscape(key, keyBytes)) return false;
    } else if (role == ROLE.integer) {
      if (!takeNumber(part, PART.slot, plainInteger(at, <i32>(end - at)))) return false;
    }
    at = end;
  }
  const start = offsetOf(lineAt);
  if (load<i8>(rule, ruleValueAt) == wholeLine) {
    from = start + <i64>load<i32>(pattern, PATTERN.topStart);
    to = offsetOf(at) - <i64>load<i32>(pattern, PATTERN.topBehind);
  }
  return putRow(rule, start, lineFeed, key, keyBytes, from, to, pattern + PATTERN.numbers);
}

@inline
function isTextAt(part: usize, at: usize): bool {
  const length = <usize>load<i32>(part, PART.length);
  let differs = i8x16.splat(0);
  for (let k: usize = 0; k < length; k += 16) {
    const other = v128.xor(v128.load(at + k), v128.load(part + k));
    differs = v128.or(differs, v128.and(other, v128.load(part + k, PART.mask)));
  }
  return !v128.any_true(differs);
}

/** True where a value of one of the part's types lies from `at` to `end`. */
@inline
function isValue(part: usize, at: usize, end: usize): bool {
  const type = load<u8>(typesAt + <usize>load<u8>(at));
  // Whitespace around the value is not for this place.
  return (type & load<u8>(part, PART.types)) != 0 && load<u8>(end - 1) > 0x20;
}

@inline
function takeNumber(part: usize, slot: usize, value: f64): bool {
  store<f64>(slotNumbersAt + (<usize>load<i32>(part + slot) << 3), value);
  return value == value;
}

/** Learns the pattern of the line from `lineStart` (in the file) to `lineFeed`: it has its row. */
export function learn(lineStart: i64, lineFeed: usize): void {
  credit = min(creditMax, credit + 1);
  const isThere = lineStart >= offsetOf(dataStart);
  if (credit < learningCost || stateSlot >= 0 || !isThere) return;
  const lineAt = addressIn(lineStart);
  credit -= learningCost;
  const draft = patternOf(patternsMax);
  const rule = ruleOf();
  const parts = learnParts(draft + PATTERN.firstPart, rule, lineAt, lineFeed);
  if (parts == 0) return;
  findNumbers(draft + PATTERN.numbers);
  store<u32>(draft, <u32>rule, PATTERN.rule);
  store<i32>(draft, place, PATTERN.commas);
  store<i32>(draft, parts, PATTERN.parts);
  store<i32>(draft, <i32>(topStart - lineStart), PATTERN.topStart);
  store<i32>(draft, <i32>(offsetOf(lineFeed) - topEnd), PATTERN.topBehind);
  newest = patternCount < patternsMax ? patternCount++ : (newest + 1) % patternsMax;
  memory.copy(patternOf(newest), draft, patternBytes);
}

/** Fills the parts; gives how many there are, 0 where the line is too odd for it. */
function learnParts(first: usize, rule: usize, lineAt: usize, lineFeed: usize): i32 {
  let part = first;
  let textAt = lineAt;
  if (!areDistinct()) return 0;
  store<i32>(part, -1, PART.time);
  for (let k = 0; k <= place; k++) {
    const slot = <i32>load<u8>(guessesAt + <usize>k);
    const role = roleOf(slot);
    // Who folds reads these members one by one, whoever learns the line.
    if (role == ROLE.members) return 0;
    const isText = load<u8>(slotTypesAt + <usize>slot) == TYPE_BIT.text;
    const isRowValue = slot == <i32>load<i8>(rule, ruleValueAt);
    // Where these lie in a line, its pattern does not say.
    if (isRowValue && isText && (role == ROLE.word || role == ROLE.time)) return 0;
    const from = addressIn(load<i64>(slotStartsAt + ((<usize>slot) << 3)));
    if (role == ROLE.word && isText) continue;
    if (role == ROLE.time && isText) {
      if (load<i32>(part, PART.time) >= 0) return 0;
      store<i32>(part, <i32>(from + 1 - textAt), PART.time);
      store<i32>(part, slot, PART.timeSlot);
      continue;
    }
    if (!learnText(part, textAt, from)) return 0;
    textAt = addressIn(load<i64>(slotEndsAt + ((<usize>slot) << 3)));
    const stop = k == place ? lineFeed : commaFrom(textAt);
    store<i32>(part, slot, PART.slot);
    store<i32>(part, k, PART.event);
    store<i32>(part, <i32>(stop - textAt), PART.gap);
    store<u8>(part, <u8>isRowValue, PART.isRowValue);
    learnValue(part, rule, slot, role);
    part += partBytes;
    if (part == first + <usize>(partsMax - 1) * partBytes) return 0;
    store<i32>(part, -1, PART.time);
  }
  // Without a gap nothing would say where the line ends.
  if (part == first || !learnText(part, textAt, lineFeed)) return 0;
  return <i32>((part - first) / partBytes) + 1;
}

/** True where all members of the line have slots, and no two the same. */
function areDistinct(): bool {
  if (place >= slotsMax) return false;
  let seen: u32 = 0;
  for (let k = 0; k <= place; k++) {
    const slot = <u32>load<u8>(guessesAt + <usize>k);
    if (slot >= <u32>slotsMax || ((seen >> slot) & 1) != 0) return false;
    seen |= (<u32>1) << slot;
  }
  return true;
}

/** The text from `from` to `to`, of which a time does not count; false where it is too long. */
function learnText(part: usize, from: usize, to: usize): bool {
  const length = <i32>(to - from);
  const time = load<i32>(part, PART.time);
  if (length > textMax) return false;
  memory.copy(part + PART.text, from, <usize>length);
  memory.fill(part + PART.mask, 0, <usize>textMax);
  memory.fill(part + PART.mask, 0xff, <usize>length);
  if (time >= 0) memory.fill(part + PART.mask + time, 0, <usize>timeLength);
  store<i32>(part, length, PART.length);
  return true;
}

/** What the value of a slot may be. */
function learnValue(part: usize, rule: usize, slot: i32, role: u8): void {
  const at = slotTypesAt + <usize>slot;
  const own = load<u8>(at);
  const isKey = role == ROLE.key && own == TYPE_BIT.text;
  const isInteger = role == ROLE.integer && own == TYPE_BIT.number;
  store<u8>(part, isKey || isInteger ? role : ROLE.none, PART.role);
  store<u8>(part, own, PART.types);
  if (role != ROLE.none || load<u8>(part, PART.isRowValue) == 0) return;
  // Values of other types are all the same to most rules.
  let types: u8 = 0;
  for (let type: i32 = TYPE_BIT.text; type <= 0x80; type <<= 1) {
    store<u8>(at, <u8>type);
    if (ruleOf() == rule) types |= <u8>type;
  }
  store<u8>(at, own);
  store<u8>(part, types, PART.types);
}

/** The first comma from `at` on: behind a value there is nothing else but whitespace. */
function commaFrom(at: usize): usize {
  let comma = at;
  while (load<u8>(comma) != 0x2c) comma++;
  return comma;
}
