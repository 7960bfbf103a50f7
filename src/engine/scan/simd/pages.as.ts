/** pages: memory for the keydir, in pages of 256 KiB that are used again. */
import { memoryTop } from './layout.as';

/** Bytes of a page, and 8-byte words as a power of two: a handle is page and word. */
export const pageBytes: usize = 1 << 18;
export const pageWordBits: u32 = 15;
export const pageWords: u32 = 1 << 15;
/** More pages than 4 GiB hold, since numbers are not used again at once. */
export const pagesMax: u32 = 1 << 17;

const wasmPage: usize = 65536;
/**
 * The memory grows by this much at least, and by half: V8 collects garbage for memory that grows
 * often, and what is never used costs none.
 */
const growthBytes: usize = 1 << 22;

/** Set before the trap where there is no more memory. */
export let isExhausted: bool = false;
/** The memory grows up to this size, in pages of 64 KiB. */
let limit: i32 = 65536;

/** Addresses of free pages, a stack. */
let freeAt: usize = 0;
let freeCount: u32 = 0;
/** First byte that was never given out. */
let top: usize = 0;

/** `stackAt`: room for the addresses of all free pages. */
export function setPages(stackAt: usize): void {
  freeAt = stackAt;
  freeCount = 0;
  top = (memoryTop() + pageBytes - 1) & ~(pageBytes - 1);
}

export function setMemoryLimit(wasmPages: i32): void {
  limit = wasmPages;
}

/** Takes pages that lie together; what is in them is anything. Traps where none is left. */
export function takePages(count: u32): usize {
  if (count == 1 && freeCount > 0) return load<u32>(freeAt + (<usize>(--freeCount) << 2));
  const at = top;
  const bytes = <u64>count * pageBytes;
  // Whole vectors may be read at a page's end.
  const end = <u64>at + bytes + 64;
  if (end > <u64>memory.size() * wasmPage) growTo(end);
  top = <usize>(<u64>at + bytes);
  return at;
}

function growTo(end: u64): void {
  const current = memory.size();
  const wanted = <i32>min(<u64>limit + 1, (end + wasmPage - 1) / wasmPage);
  const step = max(<i32>(growthBytes / wasmPage), current >> 1);
  const roomy = min(limit, max(wanted, current + step));
  if (wanted <= limit && memory.grow(roomy - current) >= 0) return;
  if (wanted <= limit && memory.grow(wanted - current) >= 0) return;
  isExhausted = true;
  unreachable();
}

/** Gives a run of pages back. */
export function freePages(at: usize, count: u32): void {
  for (let k: u32 = 0; k < count; k++) {
    store<u32>(freeAt + (<usize>(freeCount++) << 2), <u32>(at + <usize>k * pageBytes));
  }
}
