/** hash: HalfSipHash-1-3 of keys, which come from outside, as ../../keydir/key-hash.ts has it. */

let seed0: u32 = 0;
let seed1: u32 = 0;

export function setSeed(first: u32, second: u32): void {
  seed0 = first;
  seed1 = second;
}


/** Hash of the bytes at `at`. Reads up to 3 bytes behind them. */
export function hashOf(at: usize, length: u32): u32 {
  let a = seed0;
  let b = seed1;
  let c = a ^ 0x6c796765;
  let d = b ^ 0x74656462;
  const words = length >> 2;
  // One round per word, then the length and the rest, then three rounds more.
  for (let round: u32 = 0; round < words + 4; round++) {
    let word: u32 = 0;
    if (round < words) word = load<u32>(at + (<usize>round << 2));
    else if (round == words) {
      const rest = length & 3;
      const tail = load<u32>(at + (<usize>words << 2)) & ((1 << (rest << 3)) - 1);
      word = (length << 24) | tail;
    } else if (round == words + 1) c ^= 0xff;
    d ^= word;
    a += b;
    b = rotl<u32>(b, 5) ^ a;
    a = rotl<u32>(a, 16);
    c += d;
    d = rotl<u32>(d, 8) ^ c;
    a += d;
    d = rotl<u32>(d, 7) ^ a;
    c += b;
    b = rotl<u32>(b, 13) ^ c;
    c = rotl<u32>(c, 16);
    a ^= word;
  }
  return b ^ d;
}
