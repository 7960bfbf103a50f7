/** texts: what short texts say: words, times, whole numbers. */
import { wordBytes, wordLengthAt, wordMaskAt, wordsAt } from './layout.as';

let wordCount: i32 = 0;

/** The words are in the memory: `count` of them. */
export function setWordCount(count: i32): void {
  wordCount = count;
}

/** Number of the word that the text is, from 1; 0 for none. */
@inline
export function wordOf(at: usize, length: i32): i32 {
  const text = v128.load(at);
  for (let k = 0; k < wordCount; k++) {
    const word = wordsAt + <usize>k * wordBytes;
    if (<i32>load<u8>(word, wordLengthAt) != length) continue;
    const other = v128.and(v128.xor(text, v128.load(word)), v128.load(word, wordMaskAt));
    if (!v128.any_true(other)) return k + 1;
  }
  return 0;
}

/** True where a backslash is among the bytes. */
@inline
export function hasEscape(at: usize, length: i32): bool {
  const slash = i8x16.splat(0x5c);
  for (let k = 0; k < length; k += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at + <usize>k), slash));
    if (found != 0 && k + ctz(found) < length) return true;
  }
  return false;
}

/** A number of up to 15 digits and nothing else; NaN for others. */
export function plainInteger(at: usize, length: i32): f64 {
  if (length > 15) return NaN;
  let value: i64 = 0;
  for (let k = 0; k < length; k++) {
    const digit = <u32>load<u8>(at + <usize>k) - 0x30;
    if (digit > 9) return NaN;
    value = value * 10 + <i64>digit;
  }
  return <f64>value;
}

/** The first 16 bytes of the last time, `2026-11-21T09:45`, and their milliseconds. */
let minuteText: v128 = i64x2(0, 0);
let minuteMs: f64 = 0;

/** Milliseconds since 1970 of `YYYY-MM-DDTHH:mm:ss.sssZ`, a real moment; NaN for other texts. */
export function timeOf(at: usize, length: i32): f64 {
  if (length != 24) return NaN;
  const minute = v128.load(at);
  if (v128.any_true(v128.xor(minute, minuteText))) {
    const ms = minuteOf(at, minute);
    if (ms != ms) return NaN;
    minuteText = minute;
    minuteMs = ms;
  }
  // `:ss.sssZ`, each byte between its bounds.
  const rest = load<u64>(at, 16);
  const bytes = i64x2(<i64>rest, 0);
  const low = i8x16(0x3a, 0x30, 0x30, 0x2e, 0x30, 0x30, 0x30, 0x5a, 0, 0, 0, 0, 0, 0, 0, 0);
  const high = i8x16(0x3a, 0x35, 0x39, 0x2e, 0x39, 0x39, 0x39, 0x5a, 0, 0, 0, 0, 0, 0, 0, 0);
  if (!i8x16.all_true(v128.and(i8x16.ge_u(bytes, low), i8x16.le_u(bytes, high)))) return NaN;
  const seconds = pair(at + 17);
  return minuteMs + <f64>(seconds * 1000 + digit(at + 20) * 100 + pair(at + 21));
}

@inline
function digit(at: usize): i32 {
  return <i32>load<u8>(at) - 0x30;
}

@inline
function pair(at: usize): i32 {
  return digit(at) * 10 + digit(at + 1);
}

/** Milliseconds of the minute that the 16 bytes at `at` name; NaN where there is none. */
function minuteOf(at: usize, text: v128): f64 {
  // `0000-00-00T00:00` to `9999-19-39T29:59`; what else is no date is found below.
  const low = i8x16(
    0x30, 0x30, 0x30, 0x30, 0x2d, 0x30, 0x30, 0x2d, 0x30, 0x30, 0x54, 0x30, 0x30, 0x3a, 0x30, 0x30,
  );
  const high = i8x16(
    0x39, 0x39, 0x39, 0x39, 0x2d, 0x31, 0x39, 0x2d, 0x33, 0x39, 0x54, 0x32, 0x39, 0x3a, 0x35, 0x39,
  );
  if (!i8x16.all_true(v128.and(i8x16.ge_u(text, low), i8x16.le_u(text, high)))) return NaN;
  const year = pair(at) * 100 + pair(at + 2);
  const month = pair(at + 5);
  const day = pair(at + 8);
  const hour = pair(at + 11);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23) return NaN;
  const minutes = <i64>daysFrom1970(year, month, day) * 1440 + hour * 60 + pair(at + 14);
  return <f64>(minutes * 60000);
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function daysFrom1970(civilYear: i32, month: i32, day: i32): i32 {
  const year = month <= 2 ? civilYear - 1 : civilYear;
  const era = (year >= 0 ? year : year - 399) / 400;
  const yearOfEra = year - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}
