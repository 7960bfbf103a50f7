/**
 * hash: SipHash-1-3, keyed as keys come from outside; ../../keydir/key-hash.ts has the form for
 * machines of 32 bits. Source: Aumasson and Bernstein, "SipHash", with one compression and three
 * finalisation rounds.
 */

let seed0: u64 = 0;
let seed1: u64 = 0;

export function setSeed(first: u64, second: u64): void {
  seed0 = first;
  seed1 = second;
}

/** The upper half of the hash of the bytes at `at`. Reads up to 8 bytes behind them. */
export function hashOf(at: usize, length: u32): u32 {
  let a = seed0 ^ 0x736f6d6570736575;
  let b = seed1 ^ 0x646f72616e646f6d;
  let c = seed0 ^ 0x6c7967656e657261;
  let d = seed1 ^ 0x7465646279746573;
  // One round per word, the last of them the rest and the length.
  for (let words = length >> 3; ; words--) {
    let word = load<u64>(at);
    if (words == 0) {
      word &= ((<u64>1) << (<u64>(length & 7) << 3)) - 1;
      word |= <u64>length << 56;
    }
    at += 8;
    d ^= word;
    a += b;
    c += d;
    b = rotl<u64>(b, 13) ^ a;
    d = rotl<u64>(d, 16) ^ c;
    a = rotl<u64>(a, 32) + d;
    c += b;
    b = rotl<u64>(b, 17) ^ c;
    d = rotl<u64>(d, 21) ^ a;
    c = rotl<u64>(c, 32);
    a ^= word;
    if (words == 0) break;
  }
  return finished(a, b, c ^ 0xff, d);
}

/** Three more rounds, one below the other: a loop of them takes a tenth longer. */
@inline
function finished(a: u64, b: u64, c: u64, d: u64): u32 {
  a += b;
  c += d;
  b = rotl<u64>(b, 13) ^ a;
  d = rotl<u64>(d, 16) ^ c;
  a = rotl<u64>(a, 32) + d;
  c += b;
  b = rotl<u64>(b, 17) ^ c;
  d = rotl<u64>(d, 21) ^ a;
  c = rotl<u64>(c, 32);
  a += b;
  c += d;
  b = rotl<u64>(b, 13) ^ a;
  d = rotl<u64>(d, 16) ^ c;
  a = rotl<u64>(a, 32) + d;
  c += b;
  b = rotl<u64>(b, 17) ^ c;
  d = rotl<u64>(d, 21) ^ a;
  c = rotl<u64>(c, 32);
  a += b;
  c += d;
  b = rotl<u64>(b, 13) ^ a;
  d = rotl<u64>(d, 16) ^ c;
  a = rotl<u64>(a, 32) + d;
  c += b;
  b = rotl<u64>(b, 17) ^ c;
  d = rotl<u64>(d, 21) ^ a;
  c = rotl<u64>(c, 32);
  return <u32>((a ^ b ^ c ^ d) >> 32);
}
