/** classes: what each byte of a group is: by its value, and by whether it is inside a string. */
import { atMost, equal, equalAt } from './bits.as';
import { bracketsAt, clearMasks, listBits, MASK, recordOf } from './blocks.as';
import { blockBytes } from './layout.as';
import { findStrings, inside, quotes } from './strings.as';

/** Whitespace outside strings, line feeds aside, stands in the group. */
export let isSpaced: bool = false;

/** Fills the records of `count` blocks from `from` on; gives the end of the list of brackets. */
export function classify(from: usize, count: i32): usize {
  let brackets = bracketsAt;
  isSpaced = false;
  for (let block: usize = 0; block < <usize>count; block++) {
    const p = from + block * blockBytes;
    brackets = listBits(classifyBlock(p, recordOf(block)), p, brackets, 4);
  }
  return brackets;
}

/** Fills a block's record; gives its brackets. */
@inline
function classifyBlock(p: usize, record: usize): u64 {
  const a = v128.load(p);
  const b = v128.load(p, 16);
  const c = v128.load(p, 32);
  const d = v128.load(p, 48);
  const errors = findStrings(p, a, b, c, d);
  const outside = ~inside;
  const colons = equal(a, b, c, d, 0x3a) & outside;
  const commas = equal(a, b, c, d, 0x2c) & outside;
  // Bit 5 is all that [ and {, and ] and }, differ in.
  const bit5 = i8x16.splat(0x20);
  const e = v128.or(a, bit5);
  const f = v128.or(b, bit5);
  const g = v128.or(c, bit5);
  const h = v128.or(d, bit5);
  const openers = equal(e, f, g, h, 0x7b) & outside;
  const closers = equal(e, f, g, h, 0x7d) & outside;
  const zero = i8x16.splat(0x30);
  const nine = i8x16.splat(9);
  const digits =
    atMost(i8x16.sub(a, zero), i8x16.sub(b, zero), i8x16.sub(c, zero), i8x16.sub(d, zero), nine) &
    outside;
  store<u64>(record, quotes, MASK.quotes);
  store<u64>(record, inside, MASK.inside);
  store<u64>(record, colons, MASK.colons);
  store<u64>(record, commas, MASK.commas);
  store<u64>(record, openers, MASK.openers);
  store<u64>(record, closers, MASK.closers);
  store<u64>(record, digits, MASK.digits);
  store<u64>(record, equal(a, b, c, d, 0x30), MASK.zeros);
  clearMasks(record);
  if (errors != 0) store<u64>(record, errors, MASK.errors);
  const others = outside & ~(quotes | colons | commas | openers | closers | digits);
  store<u64>(record, others, MASK.letters);
  if (others != 0 || hasControl(a, b, c, d)) classifyOthers(p, record, others);
  return openers | closers;
}

/** True where control bytes are among these. */
@inline
function hasControl(a: v128, b: v128, c: v128, d: v128): bool {
  const least = i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d));
  return v128.any_true(i8x16.eq(i8x16.min_u(least, i8x16.splat(0x1f)), least));
}

/** The bytes outside strings that are of no other class, and control bytes anywhere. */
@inline
function classifyOthers(p: usize, record: usize, others: u64): void {
  const a = v128.load(p);
  const b = v128.load(p, 16);
  const c = v128.load(p, 32);
  const d = v128.load(p, 48);
  const control = atMost(a, b, c, d, i8x16.splat(0x1f));
  const minus = equal(a, b, c, d, 0x2d) & others;
  const points = equal(a, b, c, d, 0x2e) & others;
  const spaces = equal(a, b, c, d, 0x20) & others;
  store<u64>(record, minus, MASK.minus);
  store<u64>(record, points, MASK.points);
  store<u64>(record, others & ~(control | minus | points | spaces), MASK.letters);
  let errors = control & ~others;
  let white = spaces;
  if (control != 0) {
    const lineFeeds = equal(a, b, c, d, 0x0a) & others;
    store<u64>(record, lineFeeds, MASK.lineFeeds);
    const breaks = control & others & ~lineFeeds;
    if (breaks != 0) errors |= breaks & ~(equalAt(p, 0x09) | equalAt(p, 0x0d));
    white |= breaks;
  }
  store<u64>(record, white, MASK.white);
  if (white != 0) isSpaced = true;
  if (errors != 0) store<u64>(record, load<u64>(record, MASK.errors) | errors, MASK.errors);
}
