/**
 * The SIMD scanner: validates JSON lines 64 bytes at a time and fills rows.
 *
 * Exact on lines it accepts; whatever it doubts it hands back. See ../README.md.
 */
import { above } from './bits.as';
import { eventsAt, MASK, masksOf, setBlocks } from './blocks.as';
import { bytesAtDepth, closersOf, depthBehind, followBrackets } from './brackets.as';
import { groupDepth, isTooDeep, resetBrackets } from './brackets.as';
import { classify, findWhite, setClasses } from './classes.as';
import { judged, judgeGroup, lastSound, resetGrammar } from './grammar.as';
import { setEntries } from './entries.as';
import { setSeed } from './hash.as';
import { blockBytes, groupMax, layOut, reserve, rowsMax as batchRows } from './layout.as';
import { pagesMax, setPages } from './pages.as';
import { flush, queueBytes, setQueue } from './queue.as';
import { setTables, tablesBytes } from './states.as';
import { dataEnd, dataStart, offsetOf, setData } from './data.as';
import { closeInner, inState } from './inner.as';
import { learn, setPatterns, takeAlike } from './patterns.as';
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
import { judgeOddities, setScalars } from './scalars.as';
import { resetStrings } from './strings.as';
import { setTally } from './tally.as';
import { bracketsEnd, findTokens, hasWhite, keepTokens, resetTokens, setTokens } from './tokens.as';

export * from './fold.as';
export { beginState, clearTable, commitState, mainTable } from './states.as';
export { isExhausted, setMemoryLimit } from './pages.as';
export { chunkAt, chunkBytes, columnsAt, guessesAt, keptAt, keysAt, keysEnd } from './layout.as';
export { hashesAt, rowsMax, rulesAt, slotsAt, sumsAt, typesAt, wordsAt } from './layout.as';
export { setSlotCount, setStates } from './members.as';
export { addForeignRow, clearRows, nextKeyAt, noteOddRow, odd, rows } from './rows.as';
export { setBadAt, setNumberSlots, setRules, takeSums } from './rows.as';
export { hasOddNames } from './odd-names.as';
export { tallyAt } from './tally.as';
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
  setBlocks();
  setClasses();
  setTokens();
  setScalars();
  setPatterns();
  setTally();
  const pages = <usize>pagesMax;
  setEntries(reserve(pages << 2), reserve(pages << 2), reserve(pages));
  setTables(reserve(tablesBytes));
  setQueue(reserve(queueBytes));
  setPages(reserve(16384 << 2));
  setSeed(seed0, seed1);
}

/** Literals and escapes are looked at as a whole, up to this far behind a block. */
const lookAhead: usize = 8;
/** Blocks are looked at two by two. */
const pairBytes: usize = 2 * blockBytes;

/** First byte of the line being read, as an offset in the file. */
export let lineStart: i64 = 0;
/** First byte that was not scanned yet, in memory. */
export let cursor: usize = 0;

/** The line at the cursor is looked at when scanning goes on: a whole state may still be taken. */
let isFresh: bool = true;

/** A line begins at `at`, in memory; everything before it is forgotten. */
export function restart(at: usize): void {
  resetStrings();
  resetTokens();
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

/** Blocks to be read together: few behind a doubted line, since more of them may follow. */
let groupBlocks: i32 = groupMax;

function scanBlocks(): i32 {
  while (cursor + pairBytes + lookAhead <= dataEnd) {
    if (doubtful || isTooDeep()) return STATUS.doubt;
    const there = (<i32>((dataEnd - lookAhead - cursor) / pairBytes)) << 1;
    const count = min(there, groupBlocks);
    const status = scanGroup(cursor, count);
    groupBlocks = status == STATUS.doubt ? 2 : min(groupMax, 2 * groupBlocks);
    if (status != STATUS.goOn) return status;
    cursor += <usize>count * blockBytes;
  }
  return STATUS.more;
}

/** Each pass leaves its masks, or a list, to the next: so all of them run without guessing. */
function scanGroup(from: usize, count: i32): i32 {
  const hasControl = classify(from, count);
  // Where whitespace was in the last group there will be more.
  let isSpaced = hasWhite || hasControl;
  if (isSpaced) findWhite(from, count);
  findTokens(from, count, isSpaced);
  if (!judgeOddities(from, isSpaced)) {
    isSpaced = true;
    findWhite(from, count);
    findTokens(from, count, isSpaced);
    judgeOddities(from, isSpaced);
  }
  keepTokens();
  followBrackets(from, bracketsEnd);
  const events = judgeGroup(from, count, isSpaced);
  const isSound = ~lastSound == 0;
  const status = takeEvents(from, events);
  return status == STATUS.goOn && !isSound ? STATUS.doubt : status;
}

/** The commas between members and the line ends in the list. */
@inline
function takeEvents(from: usize, end: usize): i32 {
  if (!isOpen) openMember();
  if (inState) return takeStateEvents(from, from);
  for (let next = eventsAt; next < end;) {
    const at = <usize>load<u32>(next);
    next += 4;
    if (load<u8>(at) != 0x0a) {
      nextMember(at);
    } else {
      let status = endLine(at);
      let lineAt = at + 1;
      while (status == STATUS.goOn) {
        const taken = takeAlike(lineAt, next, end);
        if (taken == 0) break;
        next += (<usize>taken) << 2;
        lineAt = <usize>load<u32>(next - 4) + 1;
        status = passLine(lineAt);
      }
      if (status != STATUS.goOn) return status;
      beginLine(lineAt);
    }
    if (inState) return takeStateEvents(from, <usize>load<u32>(next - 4) + 1);
  }
  return STATUS.goOn;
}

/** The same from `start` on, with the commas one level deeper while a whole state is read. */
function takeStateEvents(from: usize, start: usize): i32 {
  let depth = groupDepth();
  for (let block: usize = 0; block < judged; block++) {
    const p = from + block * blockBytes;
    const masks = masksOf(block);
    let wanted = block + 1 == judged ? lastSound : ~(<u64>0);
    if (start >= p + blockBytes) wanted = 0;
    else if (start > p) wanted &= (~(<u64>0)) << (start - p);
    if (wanted != 0) {
      const status = takeBlock(p, masks, depth, wanted);
      if (status != STATUS.goOn) return status;
    }
    depth = depthBehind(masks, depth);
  }
  return STATUS.goOn;
}

function takeBlock(p: usize, masks: usize, depth: i32, wanted: u64): i32 {
  const commas = load<u64>(masks, MASK.commas);
  const closers = closersOf(masks);
  const outer = commas & bytesAtDepth(1, masks, depth);
  const inner = (commas | closers) & bytesAtDepth(2, masks, depth) & wanted;
  const lineFeeds = load<u64>(masks, MASK.lineFeeds);
  let events = (lineFeeds | outer) & wanted;
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
      beginLine(at + 1);
      if (inState) events |= inner & above(bit);
    } else if (inState && !closeInner(at, (closers & bit) != 0, file, firstLine + rows)) {
      return STATUS.doubt;
    }
  }
  return STATUS.goOn;
}

/** The line ends with the line feed at `at`. */
function endLine(at: usize): i32 {
  lastMember(at);
  if (!addRow(lineStart, at)) return STATUS.doubt;
  learn(lineStart, at);
  return passLine(at + 1);
}

/** The next line begins at `at`. */
@inline
function passLine(at: usize): i32 {
  if (isState || rows == batchRows) {
    restart(at);
    return isState ? STATUS.state : STATUS.full;
  }
  lineStart = offsetOf(at);
  return STATUS.goOn;
}
