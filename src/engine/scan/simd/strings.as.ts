/** strings: which quotes count, what is inside them, and escapes. */
import { equal, equalAt, oddUpTo } from './bits.as';

const quote: i32 = 0x22;
const backslash: i32 = 0x5c;
const letterU: i32 = 0x75;
const oddBits: u64 = 0xaaaaaaaaaaaaaaaa;

/** Quotes of this block that open or close a string. */
export let quotes: u64 = 0;
/** Bytes inside strings: from the opening quote up to the byte before the closing one. */
export let inside: u64 = 0;

/** The block before ended inside a string (all bits set), or with a backslash that escapes. */
let insideCarry: u64 = 0;
let escapeCarry: u64 = 0;

export function resetStrings(): void {
  insideCarry = 0;
  escapeCarry = 0;
}

/** Finds the strings of the block at `p`; gives where escapes are wrong. */
@inline
export function findStrings(p: usize, a: v128, b: v128, c: v128, d: v128): u64 {
  let errors: u64 = 0;
  let found = equal(a, b, c, d, quote);
  const slash = i8x16.splat(<i8>backslash);
  const any = v128.or(
    v128.or(i8x16.eq(a, slash), i8x16.eq(b, slash)),
    v128.or(i8x16.eq(c, slash), i8x16.eq(d, slash)),
  );
  if (v128.any_true(any) || escapeCarry != 0) {
    const escaped = findEscaped(p);
    found &= ~escaped;
    errors = wrongEscapes(p, escaped);
  }
  quotes = found;
  inside = oddUpTo(found) ^ insideCarry;
  insideCarry = <u64>(<i64>inside >> 63);
  return errors;
}

/**
 * The bytes behind a backslash that is not escaped itself. Source: simdjson, "find_escaped": in a
 * run of backslashes every other one escapes, and subtraction finds where runs end.
 */
function findEscaped(p: usize): u64 {
  const slashes = equalAt(p, backslash);
  const free = slashes & ~escapeCarry;
  const ends = (((free << 1) | oddBits) - free) ^ oddBits;
  const escaped = ends ^ (slashes | escapeCarry);
  escapeCarry = (ends & slashes) >> 63;
  return escaped;
}

/** Escaped bytes that are no escape, and the u of those without four digits behind it. */
function wrongEscapes(p: usize, escaped: u64): u64 {
  let errors: u64 = 0;
  for (let rest = escaped; rest != 0; rest &= rest - 1) {
    const at = p + <usize>ctz(rest);
    const byte = <i32>load<u8>(at);
    const isFine = byte == letterU ? fourHexDigits(load<u32>(at + 1)) : isShortEscape(byte);
    if (!isFine) errors |= rest & (0 - rest);
  }
  return errors;
}

@inline
function isShortEscape(byte: i32): bool {
  if (byte == quote || byte == backslash || byte == 0x2f) return true;
  // b, f, n, r, t: bits counted from b.
  const place = <u32>(byte - 0x62);
  return place < 32 && ((1 << place) & 0x51011) != 0;
}

function fourHexDigits(word: u32): bool {
  for (let k = 0; k < 4; k++, word >>= 8) {
    const byte = word & 0xff;
    if (byte - 0x30 > 9 && (byte | 0x20) - 0x61 > 5) return false;
  }
  return true;
}
