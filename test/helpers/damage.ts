/** Named damage: what crashes, disks and other writers do to a log's bytes. */

/** Every prefix of the bytes, the empty one first and the whole last. */
export function* prefixesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length <= bytes.length; length++) yield bytes.subarray(0, length);
}

/** A copy with one bit turned over; `bit` counts from the first byte's lowest. */
export function withBitFlipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
}
