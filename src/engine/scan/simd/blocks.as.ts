/** blocks: the masks that one pass over a group of blocks leaves the next, and its lists. */
import { groupBytes, groupMax, reserve } from './layout.as';

/** Bytes of one mask for all blocks of a group, and one more: what is behind the last bracket. */
const stride: usize = (<usize>groupMax + 2) << 3;

/** Where the masks of each kind begin; two blocks behind each other are read as a vector. */
export namespace MASK {
  export const quotes: usize = 0;
  export const inside: usize = 1 * stride;
  export const colons: usize = 2 * stride;
  export const commas: usize = 3 * stride;
  export const brackets: usize = 4 * stride;
  export const digits: usize = 5 * stride;
  export const zeros: usize = 6 * stride;
  export const lineFeeds: usize = 7 * stride;
  /** Where numbers and literals begin. */
  export const scalarStarts: usize = 8 * stride;
  export const openers: usize = 9 * stride;
  /** From which bytes on it changes whether the innermost container is an object, */
  export const objectFlips: usize = 10 * stride;
  /** and whether they lie one level deep. */
  export const depth1Flips: usize = 11 * stride;
  /** Escapes that are none; and all that is wrong. */
  export const wrongEscapes: usize = 12 * stride;
  export const errors: usize = 13 * stride;
  /** Whitespace, line feeds aside, and control bytes. Only filled where a group has any. */
  export const white: usize = 14 * stride;
  export const control: usize = 15 * stride;
  export const bytes: usize = 16 * stride;
}

let masksAt: usize = 0;
/** Addresses of the group's brackets, of what may be odd in scalars, and of its events. */
export let bracketsAt: usize = 0;
export let odditiesAt: usize = 0;
export let eventsAt: usize = 0;

/** Takes the memory for a group. Behind a list there is room for what no bit stands for. */
export function setBlocks(): void {
  masksAt = reserve(MASK.bytes);
  bracketsAt = reserve((groupBytes + 4) << 2);
  odditiesAt = reserve((groupBytes + 4) << 2);
  eventsAt = reserve((groupBytes + 4) << 2);
}

/** Where a block's masks are: each at its place in MASK from here. */
@inline
export function masksOf(block: usize): usize {
  return masksAt + (block << 3);
}

/**
 * Appends the addresses of the bytes in `bits` to a list; gives the list's new end. Most blocks
 * have `usual` of them at most, 1 or 2, and so many are written without asking how many there are.
 */
@inline
export function listBits(bits: u64, p: usize, end: usize, usual: i32): usize {
  const newEnd = end + ((<usize>popcnt(bits)) << 2);
  let rest = bits;
  store<u32>(end, <u32>(p + <usize>ctz(rest)));
  rest &= rest - 1;
  if (usual == 2) {
    store<u32>(end, <u32>(p + <usize>ctz(rest)), 4);
    rest &= rest - 1;
  }
  for (let at = end + ((<usize>usual) << 2); rest != 0; at += 4) {
    store<u32>(at, <u32>(p + <usize>ctz(rest)));
    rest &= rest - 1;
  }
  return newEnd;
}
