/** bits: masks over a block of 64 bytes, one bit a byte, the first byte the lowest bit. */

/** Bit k of the mask: the sign bit of byte k of the four vectors. */
@inline
export function maskOf(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = <u32>(i8x16.bitmask(a) | (i8x16.bitmask(b) << 16));
  const high = <u32>(i8x16.bitmask(c) | (i8x16.bitmask(d) << 16));
  return (<u64>low) | ((<u64>high) << 32);
}

/** Where the block's bytes equal `byte`. */
@inline
export function equal(a: v128, b: v128, c: v128, d: v128, byte: i32): u64 {
  const wanted = i8x16.splat(<i8>byte);
  return maskOf(
    i8x16.eq(a, wanted),
    i8x16.eq(b, wanted),
    i8x16.eq(c, wanted),
    i8x16.eq(d, wanted),
  );
}

/** `equal` for the block at `p`: for masks that few blocks need. */
@inline
export function equalAt(p: usize, byte: i32): u64 {
  return equal(v128.load(p), v128.load(p, 16), v128.load(p, 32), v128.load(p, 48), byte);
}

/** Where bytes are at most `most`, as unsigned numbers. */
@inline
export function atMost(a: v128, b: v128, c: v128, d: v128, most: v128): u64 {
  return maskOf(
    i8x16.eq(i8x16.min_u(a, most), a),
    i8x16.eq(i8x16.min_u(b, most), b),
    i8x16.eq(i8x16.min_u(c, most), c),
    i8x16.eq(i8x16.min_u(d, most), d),
  );
}

/** All bits above the lowest set bit `bit`. */
@inline
export function above(bit: u64): u64 {
  return ~(bit ^ (bit - 1));
}
