/** blocks: the masks that one pass over a group of blocks leaves the next, and its lists. */
import { groupBytes, groupMax, reserve } from './layout.as';

/** Where each mask of a block lies in its record. */
export namespace MASK {
  export const quotes: usize = 0;
  export const inside: usize = 8;
  export const colons: usize = 16;
  export const commas: usize = 24;
  export const openers: usize = 32;
  export const closers: usize = 40;
  export const digits: usize = 48;
  export const zeros: usize = 56;
  /** Bytes outside strings that are nothing else: letters, or what is no JSON at all. */
  export const letters: usize = 64;
  /** Where numbers and literals begin. */
  export const scalarStarts: usize = 72;
  /** From here on masks are empty in most blocks, or filled by later passes. */
  export const firstCleared: usize = 80;
  export const errors: usize = 80;
  /** From which bytes on it changes whether the innermost container is an object, */
  export const objectFlips: usize = 88;
  /** and whether they lie one level deep. */
  export const depth1Flips: usize = 96;
  export const minus: usize = 104;
  export const points: usize = 112;
  export const lineFeeds: usize = 120;
  /** Whitespace outside strings, line feeds aside. */
  export const white: usize = 128;
}
const recordBytes: usize = 144;

let recordsAt: usize = 0;
/** Addresses of the group's brackets, and of its events, 4 bytes each. */
export let bracketsAt: usize = 0;
export let eventsAt: usize = 0;

/** Takes the memory for a group. A list is written four addresses at a time. */
export function setBlocks(): void {
  // A bracket at the group's end changes what lies behind it.
  recordsAt = reserve((<usize>groupMax + 1) * recordBytes);
  bracketsAt = reserve((groupBytes + 4) << 2);
  eventsAt = reserve((groupBytes + 4) << 2);
}

/** Empties the masks that a block may not fill. */
@inline
export function clearMasks(record: usize): void {
  const none = i64x2.splat(0);
  v128.store(record, none, MASK.firstCleared);
  v128.store(record, none, MASK.firstCleared + 16);
  v128.store(record, none, MASK.firstCleared + 32);
  v128.store(record, none, MASK.firstCleared + 48);
}

/** The record of a block. */
@inline
export function recordOf(block: usize): usize {
  return recordsAt + block * recordBytes;
}

/**
 * Appends the addresses of the bytes in `bits` to a list; gives the list's new end. Most blocks
 * have `usual` of them at most, and so many are written without asking how many there are.
 */
@inline
export function listBits(bits: u64, p: usize, end: usize, usual: i32): usize {
  const newEnd = end + ((<usize>popcnt(bits)) << 2);
  let at = end;
  let rest = bits;
  do {
    for (let k = 0; k < usual; k++) {
      store<u32>(at, <u32>(p + <usize>ctz(rest)));
      rest &= rest - 1;
      at += 4;
    }
  } while (rest != 0);
  return newEnd;
}
