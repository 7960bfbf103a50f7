/**
 * HalfSipHash-1-3: a keyed 32-bit hash of short byte strings.
 *
 * Keyed, because keys come from outside: with a fixed hash somebody could prepare a log whose keys
 * all fall into one slot. Source: Aumasson and Bernstein, "SipHash", and the authors' reference
 * code halfsiphash.c, with one compression and three finalisation rounds.
 */

/** Hashes `bytes[start, start + length)` with the two words of `seed`. */
export function hashKey(
  bytes: Uint8Array,
  start: number,
  length: number,
  seed: Uint32Array,
): number {
  let v0 = seed[0] | 0;
  let v1 = seed[1] | 0;
  let v2 = v0 ^ 0x6c796765;
  let v3 = v1 ^ 0x74656462;
  const words = length >> 2;
  // One round per word, then the length and the rest, then three rounds more.
  for (let round = 0; round < words + 4; round++) {
    let word = 0;
    if (round < words) {
      const at = start + (round << 2);
      word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    } else if (round === words) {
      word = length << 24;
      const at = start + (words << 2);
      const rest = length & 3;
      if (rest > 2) word |= bytes[at + 2] << 16;
      if (rest > 1) word |= bytes[at + 1] << 8;
      if (rest > 0) word |= bytes[at];
    } else if (round === words + 1) {
      v2 ^= 0xff;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}
