/** brackets: the only part of the grammar that needs a stack, and how deep each byte lies. */
import { above } from './bits.as';
import { bracketsAt, MASK, masksOf } from './blocks.as';
import { stackAt, stackLevels } from './layout.as';

/** Levels open behind the group, and before it. */
let depth: i32 = 0;
let depthBefore: i32 = 0;
/** 1 where the group begins in an object, and one level deep. */
export let objectBefore: u64 = 0;
export let depth1Before: u64 = 0;

export function resetBrackets(): void {
  depth = 0;
  // No bracket closes level 0: the line begins with the one that opens level 1.
  store<u8>(stackAt, 2);
}

/** True where another group might nest deeper than the stack reaches. */
@inline
export function isTooDeep(): bool {
  return depth > stackLevels;
}

/**
 * Follows the brackets in the list up to `end`, of the group that begins at `from`. Notes those
 * that close nothing of theirs, which of them open, and where the container and the depth change.
 *
 * Lines resemble each other, so processors guess well here which bracket comes next.
 */
export function followBrackets(from: usize, end: usize): void {
  const stack = stackAt;
  let level = depth;
  depthBefore = level;
  let within = load<u8>(stack + level) & 1;
  objectBefore = <u64>within;
  depth1Before = <u64>(level == 1);
  for (let item = bracketsAt; item < end; item += 4) {
    const at = <usize>load<u32>(item);
    const byte = load<u8>(at);
    const isObject = (byte >> 5) & 1;
    const place = at - from;
    const masks = masksOf(place >> 6);
    const bit = (<u64>1) << <u64>place;
    const wasDepth1 = level == 1;
    let container: u8;
    // Bits 1 and 2 tell an opening from a closing one; with others it is no bracket.
    if ((byte & 6) == 2) {
      store<u64>(masks, load<u64>(masks, MASK.openers) | bit, MASK.openers);
      container = isObject;
      store<u8>(stack + ++level, container);
    } else {
      const isWrong = ((byte & 6) != 4) | <u8>(load<u8>(stack + level) != isObject);
      if (isWrong) store<u64>(masks, load<u64>(masks, MASK.errors) | bit, MASK.errors);
      container = load<u8>(stack + --level) & 1;
    }
    if (within != container) flip(MASK.objectFlips, place + 1);
    if (wasDepth1 != (level == 1)) flip(MASK.depth1Flips, place + 1);
    within = container;
  }
  depth = level;
}

/** Turns over the bits from the byte at `place` in the group on, which may be behind its end. */
@inline
function flip(mask: usize, place: usize): void {
  const at = masksOf(place >> 6) + mask;
  store<u64>(at, load<u64>(at) ^ ((~(<u64>0)) << <u64>place));
}

/** How deep the first byte of the group lies. */
export function groupDepth(): i32 {
  return depthBefore;
}

/** The brackets of a block that close. */
@inline
export function closersOf(masks: usize): u64 {
  return load<u64>(masks, MASK.brackets) ^ load<u64>(masks, MASK.openers);
}

/** How deep the first byte behind a block lies, whose own first lies `level` deep. */
export function depthBehind(masks: usize, level: i32): i32 {
  const opened = <i32>popcnt(load<u64>(masks, MASK.openers));
  return level + opened - <i32>popcnt(closersOf(masks));
}

/** Bytes of a block that lie `wanted` levels deep, before they take effect. */
export function bytesAtDepth(wanted: i32, masks: usize, levelBefore: i32): u64 {
  const openers = load<u64>(masks, MASK.openers);
  let level = levelBefore;
  let found = 0 - <u64>(level == wanted);
  for (let rest = openers | closersOf(masks); rest != 0; rest &= rest - 1) {
    const bit = rest & (0 - rest);
    level += (openers & bit) != 0 ? 1 : -1;
    const higher = above(bit);
    found = (found & ~higher) | ((0 - <u64>(level == wanted)) & higher);
  }
  return found;
}
