/** strings: escapes in them, and what goes on from block to block. */
import { equal, equalAt, maskOf } from './bits.as';

const backslash: i32 = 0x5c;
const letterU: i32 = 0x75;
const oddBits: u64 = 0xaaaaaaaaaaaaaaaa;

/** 1 where the block before ended with a backslash that escapes. */
export let escapeCarry: u64 = 0;
/** Bytes of this block that are digits of a \u in the block before. */
export let digitCarry: u64 = 0;

export function resetStrings(): void {
  escapeCarry = 0;
  digitCarry = 0;
}

/**
 * The bytes behind a backslash that is not escaped itself. Source: simdjson, "find_escaped": in a
 * run of backslashes every other one escapes, and subtraction finds where runs end.
 */
export function findEscaped(p: usize): u64 {
  const slashes = equalAt(p, backslash);
  const free = slashes & ~escapeCarry;
  const ends = (((free << 1) | oddBits) - free) ^ oddBits;
  const escaped = ends ^ (slashes | escapeCarry);
  escapeCarry = (ends & slashes) >> 63;
  return escaped;
}

/** Escaped bytes that begin no escape, and bytes that should be digits of a \u escape. */
export function wrongEscapes(p: usize, escaped: u64): u64 {
  const a = v128.load(p);
  const b = v128.load(p, 16);
  const c = v128.load(p, 32);
  const d = v128.load(p, 48);
  const letters = maskOf(isLetter(a), isLetter(b), isLetter(c), isLetter(d));
  const long = equal(a, b, c, d, letterU) & escaped;
  const digits = (long << 1) | (long << 2) | (long << 3) | (long << 4) | digitCarry;
  digitCarry = (long >> 63) | (long >> 62) | (long >> 61) | (long >> 60);
  let errors = escaped & ~letters;
  if (digits != 0) errors |= digits & ~maskOf(isHex(a), isHex(b), isHex(c), isHex(d));
  return errors;
}

/** Sign bits of the bytes that may stand behind a backslash: by both halves, as tables. */
@inline
function isLetter(bytes: v128): v128 {
  // Bits: 1 for `"` and `/`, 2 for the backslash, 4 for b f n, 8 for r t u.
  const low = i8x16(0, 0, 13, 0, 8, 8, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
  const high = i8x16(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
  const half = i8x16.splat(15);
  const byLow = i8x16.swizzle(low, v128.and(bytes, half));
  const byHigh = i8x16.swizzle(high, v128.and(i16x8.shr_u(bytes, 4), half));
  return i8x16.ne(v128.and(byLow, byHigh), i8x16.splat(0));
}

/** Sign bits of hexadecimal digits. */
@inline
function isHex(bytes: v128): v128 {
  const digit = i8x16.sub(bytes, i8x16.splat(0x30));
  const letter = i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61));
  return v128.or(i8x16.le_u(digit, i8x16.splat(9)), i8x16.le_u(letter, i8x16.splat(5)));
}
