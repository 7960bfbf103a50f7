/**
 * The SIMD scanner: validates JSON lines 64 bytes at a time and fills rows.
 *
 * Exact on lines it accepts; whatever it doubts it hands back. See ../README.md.
 */
import { above, atMost, equal, equalAt } from './bits.as';
import { closers, depth1, depth2, openers } from './brackets.as';
import { findBrackets, isTooDeep, resetBrackets } from './brackets.as';
import { judge, resetGrammar } from './grammar.as';
import { setEntries } from './entries.as';
import { setSeed } from './hash.as';
import { layOut, reserve, rowsMax as batchRows } from './layout.as';
import { pagesMax, setPages } from './pages.as';
import { flush, queueBytes, setQueue } from './queue.as';
import { setTables, tablesBytes } from './states.as';
import { dataEnd, dataStart, offsetOf, setData } from './data.as';
import { closeInner, inState } from './inner.as';
import {
  beginLine,
  doubtful,
  isOpen,
  keepMembers,
  lastMember,
  moveMembers,
  nextMember,
  openMember,
} from './members.as';
import { addRow, file, firstLine, isState, rows } from './rows.as';
import { findScalars, resetScalars } from './scalars.as';
import { findStrings, inside, quotes, resetStrings } from './strings.as';

export * from './fold.as';
export { beginState, clearTable, commitState, mainTable } from './states.as';
export { isExhausted, setMemoryLimit } from './pages.as';
export { chunkAt, chunkBytes, columnsAt, guessesAt, keptAt, keysAt, keysEnd } from './layout.as';
export { rowsMax, rulesAt, slotsAt, sumsAt, typesAt, wordsAt } from './layout.as';
export { setSlotCount, setStates } from './members.as';
export { addForeignRow, clearRows, nextKeyAt, odd, rows } from './rows.as';
export { setBadAt, setNumberSlots, setRules, takeSums } from './rows.as';
export { setWordCount } from './texts.as';

/** How a scan ended. */
namespace STATUS {
  /** The data is used up, but for less than a block. */
  export const more: i32 = 0;
  /** The batch is full. */
  export const full: i32 = 1;
  /** The line at `lineStart` is for the reference. */
  export const doubt: i32 = 2;
  /** The last row is a whole state, whose members are in the keydir's table for them. */
  export const state: i32 = 3;
  export const goOn: i32 = 4;
}

/** Lays out the memory. Called once, before anything else. `seed`: keys the hash of keys. */
export function configure(chunk: usize, kept: usize, rows: i32, seed0: u64, seed1: u64): void {
  layOut(chunk, kept, rows);
  const pages = <usize>pagesMax;
  setEntries(reserve(pages << 2), reserve(pages << 2), reserve(pages));
  setTables(reserve(tablesBytes));
  setQueue(reserve(queueBytes));
  setPages(reserve(16384 << 2));
  setSeed(seed0, seed1);
}

const blockBytes: usize = 64;
/** Literals and escapes are looked at as a whole, up to this far behind a block. */
const lookAhead: usize = 8;

/** First byte of the line being read, as an offset in the file. */
export let lineStart: i64 = 0;
/** First byte that was not scanned yet, in memory. */
export let cursor: usize = 0;

/** The line at the cursor is looked at when scanning goes on: a whole state may still be taken. */
let isFresh: bool = true;

/** A line begins at `at`, in memory; everything before it is forgotten. */
export function restart(at: usize): void {
  resetStrings();
  resetScalars();
  resetBrackets();
  resetGrammar();
  cursor = at;
  lineStart = offsetOf(at);
  isFresh = true;
}

/** What is in memory: from `start`, of it the chunk up to `end`; offset of the chunk's first. */
export function feed(start: usize, end: usize, offset: i64): void {
  setData(start, end, offset);
}

/** The bytes in memory were moved down by `distance`. */
export function moved(distance: usize): void {
  cursor -= distance;
  moveMembers(distance);
}

/** Scans on until data runs out or the outside is needed. */
export function scan(): i32 {
  if (isFresh) beginLine(cursor);
  isFresh = false;
  const status = scanBlocks();
  flush();
  return status;
}

/** What is needed of the data if the beginning of the line being read may go; 0: all of it. */
export function keepFrom(): usize {
  // The byte before the cursor tells whether a value that may end here has whitespace behind it.
  const from = keepMembers(max(dataStart, cursor - 1));
  flush();
  return from;
}

function scanBlocks(): i32 {
  while (cursor + blockBytes + lookAhead <= dataEnd) {
    if (doubtful || isTooDeep()) return STATUS.doubt;
    const status = scanBlock(cursor);
    if (status != STATUS.goOn) return status;
    cursor += blockBytes;
  }
  return STATUS.more;
}

function scanBlock(p: usize): i32 {
  const a = v128.load(p);
  const b = v128.load(p, 16);
  const c = v128.load(p, 32);
  const d = v128.load(p, 48);
  let errors = findStrings(p, a, b, c, d);
  const outside = ~inside;
  const control = atMost(a, b, c, d, i8x16.splat(0x1f));
  errors |= control & inside;
  const colons = equal(a, b, c, d, 0x3a) & outside;
  const commas = equal(a, b, c, d, 0x2c) & outside;
  errors |= findBrackets(p, a, b, c, d, outside);
  const zero = i8x16.splat(0x30);
  const digits =
    outside &
    atMost(
      i8x16.sub(a, zero),
      i8x16.sub(b, zero),
      i8x16.sub(c, zero),
      i8x16.sub(d, zero),
      i8x16.splat(9),
    );
  let white: u64 = 0;
  let lineFeeds: u64 = 0;
  if (control != 0) {
    lineFeeds = equal(a, b, c, d, 0x0a) & outside;
    white = control & outside & ~lineFeeds;
    if (white != 0) errors |= white & ~(equalAt(p, 0x09) | equalAt(p, 0x0d));
  }
  let others = outside & ~(quotes | control | colons | commas | openers | closers | digits);
  if (others != 0) {
    const spaces = equal(a, b, c, d, 0x20) & others;
    white |= spaces;
    others ^= spaces;
  }
  errors |= findScalars(p, digits, others);
  errors |= judge(colons, commas, lineFeeds, white);
  return takeEvents(p, lineFeeds, commas, errors);
}

/** Commas between members, those of a whole state too, and line ends, up to the first error. */
@inline
function takeEvents(p: usize, lineFeeds: u64, commas: u64, errors: u64): i32 {
  if (!isOpen) openMember();
  const sound = errors == 0 ? ~(<u64>0) : (errors & (0 - errors)) - 1;
  const inner = (commas | closers) & depth2 & sound;
  const outer = commas & depth1;
  let events = (lineFeeds | outer) & sound;
  if (inState) events |= inner;
  while (events != 0) {
    const bit = events & (0 - events);
    const at = p + <usize>ctz(events);
    events &= events - 1;
    if ((outer & bit) != 0) {
      nextMember(at);
      if (inState) events |= inner & above(bit);
    } else if ((lineFeeds & bit) != 0) {
      const status = endLine(at);
      if (status != STATUS.goOn) return status;
      if (inState) events |= inner & above(bit);
    } else if (inState && !closeInner(at, (closers & bit) != 0, file, firstLine + rows)) {
      return STATUS.doubt;
    }
  }
  return errors == 0 ? STATUS.goOn : STATUS.doubt;
}

/** The line ends with the line feed at `at`, and the next one begins. */
@inline
function endLine(at: usize): i32 {
  lastMember(at);
  if (!addRow(lineStart, at)) return STATUS.doubt;
  if (isState || rows == batchRows) {
    restart(at + 1);
    return isState ? STATUS.state : STATUS.full;
  }
  lineStart = offsetOf(at + 1);
  beginLine(at + 1);
  return STATUS.goOn;
}
