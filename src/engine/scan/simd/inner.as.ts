/** inner: the members of a whole state while it is read: into the keydir's table for them. */
import { stashAt, stashBytes } from './layout.as';
import { flush, queuePut } from './queue.as';
import { beginState, sideTable } from './states.as';
import { unescape } from './keys.as';
import { dataEnd, dataStart, isWhite, offsetOf, skipWhite } from './data.as';

/** The scanner is inside the object of a whole state. */
export let inState: bool = false;

/** First byte of the member, behind the bracket or the comma. */
let innerAt: usize = 0;
/** The key is known, and where the value begins in the file. */
let isOpen: bool = false;
let keyAt: usize = 0;
let keyLength: u32 = 0;
/** The key lies in the stash: the data may move. */
let isStashed: bool = false;
let valueOffset: i64 = 0;
/** Where the next decoded key goes. */
let decodedTop: usize = 0;

/** A whole state begins with the bracket before `at`. */
export function enterState(at: usize): void {
  // Members of an earlier one in the same line may still wait.
  flush();
  beginState();
  inState = true;
  innerAt = at;
  isOpen = false;
  decodedTop = stashAt + stashBytes;
}

export function leaveState(): void {
  inState = false;
}

/** The bytes in memory move down by `distance`. */
export function moveInner(distance: usize): void {
  innerAt -= distance;
  if (!isStashed) keyAt -= distance;
}

/**
 * A member ended before the comma or the closing bracket at `end`. False where the reference must
 * look at the line.
 */
export function closeInner(end: usize, isLast: bool, file: u32, line: u32): bool {
  if (!isOpen && !openInner()) {
    // Nothing but whitespace: an empty state, if its bracket is what ends it.
    const isEmpty = isLast && skipWhite(innerAt) == end;
    if (isLast) inState = false;
    return isEmpty;
  }
  let stop = end;
  while (stop > dataStart && isWhite(<i32>load<u8>(stop - 1))) stop--;
  if (stop == dataStart) return false;
  queuePut(sideTable, keyAt, keyLength, 0, file, valueOffset, offsetOf(stop) - valueOffset, line);
  isOpen = isStashed = false;
  innerAt = end + 1;
  if (isLast) inState = false;
  return true;
}

/** Reads the key and where the value begins; false where the data runs out before. */
function openInner(): bool {
  const at = skipWhite(innerAt);
  if (at >= dataEnd || load<u8>(at) != 0x22) return false;
  const start = at + 1;
  let stop = start;
  let isEscaped = false;
  for (;;) {
    stop = findStop(stop);
    if (stop >= dataEnd) return false;
    if (load<u8>(stop) == 0x22) break;
    isEscaped = true;
    stop += 2;
  }
  const colon = skipWhite(stop + 1);
  const value = skipWhite(colon + 1);
  if (colon >= dataEnd || value >= dataEnd) return false;
  isStashed = false;
  keyAt = start;
  keyLength = <u32>(stop - start);
  if (isEscaped && !decode()) return false;
  valueOffset = offsetOf(value);
  isOpen = true;
  return true;
}

/** The first quote or backslash from `at` on; at or behind the data's end where there is none. */
@inline
function findStop(at: usize): usize {
  for (; at < dataEnd; at += 16) {
    const bytes = v128.load(at);
    const stops = v128.or(
      i8x16.eq(bytes, i8x16.splat(0x22)),
      i8x16.eq(bytes, i8x16.splat(0x5c)),
    );
    const found = i8x16.bitmask(stops);
    if (found != 0) return at + <usize>ctz(found);
  }
  return at;
}

/** Decodes the key behind the stash, where keys wait until the queue is flushed; false: no room. */
function decode(): bool {
  const room = stashAt + 3 * stashBytes;
  if (decodedTop + <usize>keyLength > room) {
    flush();
    decodedTop = stashAt + stashBytes;
  }
  if (decodedTop + <usize>keyLength > room) return false;
  keyLength = unescape(keyAt, keyLength, decodedTop);
  keyAt = decodedTop;
  decodedTop += <usize>keyLength;
  return true;
}

/** What of the data the member being read still needs, from `from` on at least; 0: too much. */
export function keepInner(from: usize): usize {
  if (!isOpen && !openInner()) return min(from, innerAt);
  if (isStashed) return from;
  if (<usize>keyLength > stashBytes) return 0;
  memory.copy(stashAt, keyAt, <usize>keyLength);
  keyAt = stashAt;
  isStashed = true;
  return from;
}
