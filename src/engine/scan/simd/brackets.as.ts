/** brackets: the only part of the grammar that needs a stack, and how deep each byte lies. */
import { above, maskOf } from './bits.as';
import { stackAt, stackLevels } from './layout.as';

/** Opening and closing brackets outside strings, and those of objects among them. */
export let openers: u64 = 0;
export let closers: u64 = 0;
export let braces: u64 = 0;
/** Bytes whose innermost container, before they take effect, is an object. */
export let inObject: u64 = 0;
/** Bytes that lie one and two levels deep, before they take effect. */
export let depth1: u64 = 0;
export let depth2: u64 = 0;

/** Levels open behind the block, and whether the innermost is an object (1). */
let depth: i32 = 0;
let container: u64 = 0;

export function resetBrackets(): void {
  depth = 0;
  container = 0;
  // No bracket closes level 0: the line begins with the one that opens level 1.
  store<u8>(stackAt, 2);
}

/** True where another block might nest deeper than the stack reaches. */
@inline
export function isTooDeep(): bool {
  return depth > stackLevels - 64;
}

/** Finds the brackets of the block and follows them; gives those that close nothing of theirs. */
@inline
export function findBrackets(
  p: usize,
  a: v128,
  b: v128,
  c: v128,
  d: v128,
  outside: u64,
): u64 {
  // Bit 5 is all that [ and {, and ] and }, differ in.
  const bit5 = i8x16.splat(0x20);
  const opening = i8x16.splat(0x7b);
  const closing = i8x16.splat(0x7d);
  const e = v128.or(a, bit5);
  const f = v128.or(b, bit5);
  const g = v128.or(c, bit5);
  const h = v128.or(d, bit5);
  openers =
    outside &
    maskOf(
      i8x16.eq(e, opening),
      i8x16.eq(f, opening),
      i8x16.eq(g, opening),
      i8x16.eq(h, opening),
    );
  closers =
    outside &
    maskOf(
      i8x16.eq(e, closing),
      i8x16.eq(f, closing),
      i8x16.eq(g, closing),
      i8x16.eq(h, closing),
    );
  return follow(p);
}

@inline
function follow(p: usize): u64 {
  let level = depth;
  let errors: u64 = 0;
  let objects: u64 = 0;
  let within = 0 - container;
  let at1 = 0 - <u64>(level == 1);
  let at2 = 0 - <u64>(level == 2);
  for (let rest = openers | closers; rest != 0; rest &= rest - 1) {
    const bit = rest & (0 - rest);
    const byte = <i32>load<u8>(p + <usize>ctz(rest));
    const opens = (byte >> 1) & 1;
    const isObject = (byte >> 5) & 1;
    level += opens;
    const slot = stackAt + level;
    errors |= bit & (0 - <u64>((<i32>load<u8>(slot) != isObject) & (opens ^ 1)));
    store<u8>(slot, <u8>isObject);
    level -= opens ^ 1;
    objects |= bit & (0 - <u64>isObject);
    const higher = above(bit);
    within = (within & ~higher) | ((0 - <u64>(load<u8>(stackAt + level) & 1)) & higher);
    at1 = (at1 & ~higher) | ((0 - <u64>(level == 1)) & higher);
    at2 = (at2 & ~higher) | ((0 - <u64>(level == 2)) & higher);
  }
  depth = level;
  container = <u64>(load<u8>(stackAt + level) & 1);
  braces = objects;
  inObject = within;
  depth1 = at1;
  depth2 = at2;
  return errors;
}
