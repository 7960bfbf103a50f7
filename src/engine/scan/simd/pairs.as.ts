/** pairs: masks of two blocks behind each other as one vector, the first block the lower half. */

/** The masks `x` of this pair moved up by one bit; the first comes from `before`, the last pair's. */
@inline
export function behindPair(x: v128, before: v128): v128 {
  return v128.or(i64x2.shl(x, 1), topBits(x, before));
}

/** The highest bit of the block before, as the lowest bit, for each block of a pair. */
@inline
export function topBits(x: v128, before: v128): v128 {
  return i64x2.shr_u(v128.shuffle<i64>(before, x, 1, 2), 63);
}

/**
 * `runs + starts`, through both blocks: where bits of `starts` begin a run of bits of `runs`, the
 * bit behind the run is set, and those of the run are not. `before`: `runCarry` of the last pair.
 */
@inline
export function behindRuns(runs: v128, starts: v128, before: v128): v128 {
  const sum = i64x2.add(runs, starts);
  const carry = runCarry(runs, sum);
  const whole = i64x2.add(sum, topBits(carry, before));
  // A run of 64 and more bits hands on the carry that it got: once more, with that.
  const again = runCarry(runs, whole);
  if (i64x2.bitmask(v128.xor(carry, again)) == 0) return whole;
  return i64x2.add(sum, topBits(again, before));
}

/** The highest bit is set where a run that was begun reaches the block's end: `sum` has lost it. */
@inline
export function runCarry(runs: v128, sum: v128): v128 {
  return v128.andnot(runs, sum);
}

/** A vector whose last bit is `carry` (0 or 1): what stands before the first pair of a group. */
@inline
export function carried(carry: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(0), 1, <i64>(carry << 63));
}

/** The last bit of a pair, 0 or 1: for the next group. */
@inline
export function carryOf(x: v128): u64 {
  return <u64>i64x2.extract_lane(x, 1) >> 63;
}

/**
 * Turns flips into what they flip: a byte's bit is that of the byte before it, and the other where
 * a flip says so from there on. `before`: the result of the last pair.
 */
@inline
export function signs(flips: v128, before: v128): v128 {
  const none = i64x2.splat(0);
  // A block's last bit goes on through all of the next block.
  const last = i64x2.sub(none, i64x2.shr_u(v128.shuffle<i64>(before, before, 1, 1), 63));
  const first = i64x2.sub(none, i64x2.shr_u(v128.shuffle<i64>(none, flips, 0, 2), 63));
  return v128.xor(flips, v128.xor(last, first));
}

/** Bit k: how many bits of its block up to k are set is odd. From quotes it makes strings. */
@inline
export function oddUpTo(x: v128): v128 {
  x = v128.xor(x, i64x2.shl(x, 1));
  x = v128.xor(x, i64x2.shl(x, 2));
  x = v128.xor(x, i64x2.shl(x, 4));
  x = v128.xor(x, i64x2.shl(x, 8));
  x = v128.xor(x, i64x2.shl(x, 16));
  return v128.xor(x, i64x2.shl(x, 32));
}
