/** hash-seed: what keys the hash of keys, so that nobody can prepare a log of colliding ones. */

/**
 * Fresh random words of 32 bits, from V8's own generator: it begins with the system's entropy, and
 * nobody outside sees its numbers. node:crypto would take a megabyte and 3 ms of each start.
 */
export const hashSeed = (words: number): Uint32Array<ArrayBuffer> =>
  Uint32Array.from({ length: words }, () => Math.random() * 2 ** 32);
