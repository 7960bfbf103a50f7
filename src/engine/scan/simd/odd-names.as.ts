/** odd-names: may whole lines hold a member name that begins with `$` or has a dot in it? */

const quote: u8 = 0x22;
const backslash: u8 = 0x5c;

/** Dots before this address are in a string, or before one, that was looked at. */
let seenTo: usize = 0;

/**
 * False is certain. `to` is behind a line feed, so that every string ends before it; a few bytes
 * beyond it may be read. Names may be spelled with escapes: one of `$` or of a dot is odd too.
 */
export function hasOddNames(from: usize, to: usize): bool {
  seenTo = from;
  for (let at = from; at < to; at += 16) {
    const bytes = v128.load(at);
    const marks = v128.or(
      i8x16.eq(bytes, i8x16.splat(0x2e)),
      v128.or(i8x16.eq(bytes, i8x16.splat(0x24)), i8x16.eq(bytes, i8x16.splat(0x5c))),
    );
    for (let mask = i8x16.bitmask(marks); mask != 0; mask &= mask - 1) {
      const mark = at + <usize>ctz(mask);
      if (mark < to && isOdd(mark, from, to)) return true;
    }
  }
  return false;
}

@inline
function isOdd(mark: usize, from: usize, to: usize): bool {
  const byte = load<u8>(mark);
  // Behind the backslash: `u002`.
  if (byte == backslash) return load<u32>(mark, 1) == 0x32303075;
  if (byte == 0x24) return mark > from && load<u8>(mark - 1) == quote;
  return mark >= seenTo && isInName(mark, to);
}

/** Does a colon follow the next string end? */
function isInName(dot: usize, to: usize): bool {
  let end = quoteFrom(dot, to);
  // An escaped quote ends no string: look behind it.
  while (end < to && load<u8>(end - 1) == backslash) end = quoteFrom(end + 1, to);
  seenTo = end;
  if (end >= to) return true;
  let behind = end + 1;
  while (load<u8>(behind) == 0x20 || load<u8>(behind) == 0x09) behind++;
  return load<u8>(behind) == 0x3a;
}

/** The next quote; `to` or behind it where there is none. */
@inline
function quoteFrom(at: usize, to: usize): usize {
  while (at < to) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(quote)));
    if (found != 0) return at + <usize>ctz(found);
    at += 16;
  }
  return to;
}
