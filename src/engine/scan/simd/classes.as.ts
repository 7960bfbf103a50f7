/** classes: which bytes of a group have which value, in strings or outside. */
import { atMost, equal, equalAt } from './bits.as';
import { MASK, masksOf } from './blocks.as';
import { blockBytes, reserve } from './layout.as';
import { digitCarry, escapeCarry, findEscaped, wrongEscapes } from './strings.as';

/** Vectors that bytes are compared with. As constants they would be made anew for each block. */
namespace WANTED {
  export const quote: usize = 0;
  export const backslash: usize = 16;
  export const colon: usize = 32;
  export const comma: usize = 48;
  /** The bits in which `[`, `]`, `{`, `}` differ, and what they are with these set. */
  export const bracketBits: usize = 64;
  export const bracket: usize = 80;
  /** Added to digits gives the greatest signed numbers, and what lies just below those. */
  export const toDigit: usize = 96;
  export const belowDigit: usize = 112;
  export const zero: usize = 128;
  export const lineFeed: usize = 144;
  export const bytes: usize = 160;
}
let wantedAt: usize = 0;

export function setClasses(): void {
  wantedAt = reserve(WANTED.bytes);
  v128.store(wantedAt, i8x16.splat(0x22), WANTED.quote);
  v128.store(wantedAt, i8x16.splat(0x5c), WANTED.backslash);
  v128.store(wantedAt, i8x16.splat(0x3a), WANTED.colon);
  v128.store(wantedAt, i8x16.splat(0x2c), WANTED.comma);
  v128.store(wantedAt, i8x16.splat(0x26), WANTED.bracketBits);
  v128.store(wantedAt, i8x16.splat(0x7f), WANTED.bracket);
  v128.store(wantedAt, i8x16.splat(0x7f - 0x39), WANTED.toDigit);
  v128.store(wantedAt, i8x16.splat(0x7f - 10), WANTED.belowDigit);
  v128.store(wantedAt, i8x16.splat(0x30), WANTED.zero);
  v128.store(wantedAt, i8x16.splat(0x0a), WANTED.lineFeed);
}

/**
 * Fills the masks of `count` blocks from `from` on, of bytes anywhere: only quotes are those that
 * begin or end strings. True where there are control bytes besides line feeds.
 *
 * A mask is stored as its four parts, which later passes read as one: putting them together here
 * would take as long as comparing does.
 */
export function classify(from: usize, count: i32): bool {
  const quote = v128.load(wantedAt, WANTED.quote);
  const backslash = v128.load(wantedAt, WANTED.backslash);
  const colon = v128.load(wantedAt, WANTED.colon);
  const comma = v128.load(wantedAt, WANTED.comma);
  const bracketBits = v128.load(wantedAt, WANTED.bracketBits);
  const bracket = v128.load(wantedAt, WANTED.bracket);
  const toDigit = v128.load(wantedAt, WANTED.toDigit);
  const belowDigit = v128.load(wantedAt, WANTED.belowDigit);
  const zero = v128.load(wantedAt, WANTED.zero);
  const lineFeed = v128.load(wantedAt, WANTED.lineFeed);
  let unfinished = escapeCarry | digitCarry;
  let least = i8x16.splat(-1);
  for (let block: usize = 0; block < <usize>count; block++) {
    const p = from + block * blockBytes;
    const masks = masksOf(block);
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    storeEqual(masks + MASK.quotes, a, b, c, d, quote);
    const slashes = v128.or(
      v128.or(i8x16.eq(a, backslash), i8x16.eq(b, backslash)),
      v128.or(i8x16.eq(c, backslash), i8x16.eq(d, backslash)),
    );
    let errors: u64 = 0;
    if ((<u64>i8x16.bitmask(slashes) | unfinished) != 0) {
      const escaped = findEscaped(p);
      store<u64>(masks, equal(a, b, c, d, 0x22) & ~escaped, MASK.quotes);
      errors = wrongEscapes(p, escaped);
      unfinished = escapeCarry | digitCarry;
    }
    store<u64>(masks, errors, MASK.wrongEscapes);
    storeEqual(masks + MASK.colons, a, b, c, d, colon);
    storeEqual(masks + MASK.commas, a, b, c, d, comma);
    storeMask(
      masks + MASK.brackets,
      i8x16.eq(v128.or(a, bracketBits), bracket),
      i8x16.eq(v128.or(b, bracketBits), bracket),
      i8x16.eq(v128.or(c, bracketBits), bracket),
      i8x16.eq(v128.or(d, bracketBits), bracket),
    );
    storeMask(
      masks + MASK.digits,
      i8x16.gt_s(i8x16.add(a, toDigit), belowDigit),
      i8x16.gt_s(i8x16.add(b, toDigit), belowDigit),
      i8x16.gt_s(i8x16.add(c, toDigit), belowDigit),
      i8x16.gt_s(i8x16.add(d, toDigit), belowDigit),
    );
    storeEqual(masks + MASK.zeros, a, b, c, d, zero);
    const e = i8x16.eq(a, lineFeed);
    const f = i8x16.eq(b, lineFeed);
    const g = i8x16.eq(c, lineFeed);
    const h = i8x16.eq(d, lineFeed);
    storeMask(masks + MASK.lineFeeds, e, f, g, h);
    // A line feed with all bits set is no control byte.
    least = i8x16.min_u(least, i8x16.min_u(v128.or(a, e), v128.or(b, f)));
    least = i8x16.min_u(least, i8x16.min_u(v128.or(c, g), v128.or(d, h)));
  }
  return v128.any_true(i8x16.lt_u(least, i8x16.splat(0x20)));
}

/** Stores the sign bits of four vectors: a block's mask, in parts. */
@inline
function storeMask(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  store<u16>(at, <u16>i8x16.bitmask(a));
  store<u16>(at, <u16>i8x16.bitmask(b), 2);
  store<u16>(at, <u16>i8x16.bitmask(c), 4);
  store<u16>(at, <u16>i8x16.bitmask(d), 6);
}

/** Stores where a block's bytes equal those of `wanted`. */
@inline
function storeEqual(at: usize, a: v128, b: v128, c: v128, d: v128, wanted: v128): void {
  storeMask(
    at,
    i8x16.eq(a, wanted),
    i8x16.eq(b, wanted),
    i8x16.eq(c, wanted),
    i8x16.eq(d, wanted),
  );
}

/** Finds whitespace and control bytes, of which most groups have none but line feeds. */
export function findWhite(from: usize, count: i32): void {
  for (let block: usize = 0; block < <usize>count; block++) {
    const p = from + block * blockBytes;
    const masks = masksOf(block);
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const spaces = equal(a, b, c, d, 0x20);
    const control = atMost(a, b, c, d, i8x16.splat(0x1f));
    const breaks = control != 0 ? equalAt(p, 0x09) | equalAt(p, 0x0d) : 0;
    store<u64>(masks, spaces | breaks, MASK.white);
    store<u64>(masks, control, MASK.control);
  }
}
