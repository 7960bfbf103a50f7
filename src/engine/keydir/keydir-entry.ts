/** keydir-entry: how one entry of the keydir lies in memory, and what it says. */

/** Which of the two answers. */
export type Semantics = 'documented' | 'upstream';

/** The live value of one key. Offsets and lengths in bytes; `line` from 1. */
export interface LiveRange {
  file: number;
  offset: number;
  length: number;
  line: number;
  /** Times the key was set since it was last created. */
  versions: number;
}

/** `file` of a value that lies in no file: `offset` and `length` are in `literals`. */
export const literalFile = 0xffff;

/** An entry's words of 32 bits; the two 64-bit numbers are at the end, for a view of doubles. */
export const WORD = {
  hash: 0,
  keyAt: 1,
  keyLength: 2,
  /** Generation in which it is alive; 0: a free entry. */
  alive: 3,
  born: 4,
  bornUpstream: 5,
  versions: 6,
  line: 7,
  file: 8,
  /** Bytes of the key as JSON, quotes included. */
  jsonLength: 9,
} as const;
/** 32-bit words and 64-bit numbers per entry; where the two numbers are. */
export const entryWords = 14;
/** The same bytes as 64-bit numbers. */
export const entryDoubles = 7;
/** Place of the value's offset among them. */
export const offsetDouble = 5;
/** Place of the value's length. */
export const lengthDouble = 6;
