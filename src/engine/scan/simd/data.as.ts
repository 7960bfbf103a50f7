/** data: the bytes in memory and where they lie in the file. */
import { chunkAt } from './layout.as';

/** Bytes in memory: from `dataStart` up to `dataEnd`; offset in the file of the chunk's first. */
export let dataStart: usize = 0;
export let dataEnd: usize = 0;
let chunkOffset: i64 = 0;

export function setData(start: usize, end: usize, offset: i64): void {
  dataStart = start;
  dataEnd = end;
  chunkOffset = offset;
}

/** Offset in the file of a byte in memory. */
@inline
export function offsetOf(at: usize): i64 {
  return chunkOffset + (<i64>at - <i64>chunkAt);
}

/** The address of a byte at this offset in the file, which is in memory. */
@inline
export function addressIn(offset: i64): usize {
  return chunkAt + <usize>(offset - chunkOffset);
}

@inline
export function isWhite(byte: i32): bool {
  return byte == 0x20 || byte == 0x09 || byte == 0x0d;
}

/** The first byte from `at` on that is no whitespace, or the data's end. */
@inline
export function skipWhite(at: usize): usize {
  while (at < dataEnd && isWhite(<i32>load<u8>(at))) at++;
  return at;
}
