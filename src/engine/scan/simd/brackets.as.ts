/** brackets: the only part of the grammar that needs a stack, and how deep each byte lies. */
import { above } from './bits.as';
import { bracketsAt, MASK, recordOf } from './blocks.as';
import { stackAt, stackLevels } from './layout.as';

/** Levels open behind the group, and before it. */
let depth: i32 = 0;
let depthBefore: i32 = 0;
/** All bits set where the group begins in an object, and one level deep. */
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
 * that close nothing of theirs, and where the container and the depth change.
 */
export function followBrackets(from: usize, end: usize): void {
  let level = depth;
  depthBefore = level;
  let within = load<u8>(stackAt + level) & 1;
  objectBefore = 0 - <u64>within;
  depth1Before = 0 - <u64>(level == 1);
  for (let item = bracketsAt; item < end; item += 4) {
    const at = <usize>load<u32>(item);
    const record = recordOf((at - from) >> 6);
    const bit = (<u64>1) << (at - from);
    // What a bracket changes is so from the next byte on, which may be of the next block.
    const next = recordOf((at + 1 - from) >> 6);
    const onward = (~(<u64>0)) << (at + 1 - from);
    const byte = load<u8>(at);
    const opens = (byte >> 1) & 1;
    const isObject = (byte >> 5) & 1;
    const wasDepth1 = level == 1;
    level += opens;
    const slot = stackAt + level;
    const isWrong = (opens ^ 1) & <u8>(load<u8>(slot) != isObject);
    if (isWrong) store<u64>(record, load<u64>(record, MASK.errors) | bit, MASK.errors);
    store<u8>(slot, isObject);
    level -= opens ^ 1;
    const container = load<u8>(stackAt + level) & 1;
    flip(next + MASK.objectFlips, within ^ container, onward);
    flip(next + MASK.depth1Flips, <u8>wasDepth1 ^ <u8>(level == 1), onward);
    within = container;
  }
  depth = level;
}

/** Turns the bits over where `isSo` is 1, and leaves them where it is 0. */
@inline
function flip(mask: usize, isSo: u8, bits: u64): void {
  store<u64>(mask, load<u64>(mask) ^ (bits & (0 - <u64>isSo)));
}

/** How deep the first byte of the group lies. */
export function groupDepth(): i32 {
  return depthBefore;
}

/** How deep the first byte behind a block lies, whose own first lies `level` deep. */
export function depthBehind(record: usize, level: i32): i32 {
  const opened = <i32>popcnt(load<u64>(record, MASK.openers));
  return level + opened - <i32>popcnt(load<u64>(record, MASK.closers));
}

/** Bytes of a block that lie `wanted` levels deep, before they take effect. */
export function bytesAtDepth(wanted: i32, record: usize, levelBefore: i32): u64 {
  const openers = load<u64>(record, MASK.openers);
  let level = levelBefore;
  let found = 0 - <u64>(level == wanted);
  for (let rest = openers | load<u64>(record, MASK.closers); rest != 0; rest &= rest - 1) {
    const bit = rest & (0 - rest);
    level += (openers & bit) != 0 ? 1 : -1;
    const higher = above(bit);
    found = (found & ~higher) | ((0 - <u64>(level == wanted)) & higher);
  }
  return found;
}
