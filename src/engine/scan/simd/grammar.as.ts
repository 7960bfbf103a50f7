/** grammar: what may stand beside what, as adjacency of bits. */
import { eventsAt, listBits, MASK, masksOf } from './blocks.as';
import { depth1Before, objectBefore } from './brackets.as';
import { blockBytes } from './layout.as';
import { behindPair, behindRuns, carried, carryOf, runCarry, signs } from './pairs.as';

/** What the last byte of the block before was that is no whitespace; 0 or 1 each. */
let openedCarry: u64 = 0;
let memberCarry: u64 = 0;
let colonCarry: u64 = 0;
let nameEndCarry: u64 = 0;
let lineStartCarry: u64 = 1;
let lineEndCarry: u64 = 0;
/** The string that goes on from the block before is a name. */
let inNameCarry: u64 = 0;
/** Blocks that were judged, the last of them up to its first error; and what of it is sound. */
export let judged: usize = 0;
export let lastSound: u64 = 0;

/** At the start of a line. */
export function resetGrammar(): void {
  openedCarry = memberCarry = colonCarry = nameEndCarry = inNameCarry = lineEndCarry = 0;
  lineStartCarry = 1;
}

/**
 * Judges the group at `from`, up to its first error. Lists what ends a member or a line before
 * that: the commas one level deep and the line feeds. Gives the end of the list.
 *
 * Line feeds end lines, and a line ends behind a bracket that closes all others.
 *
 * - A value follows a colon, a comma, an opening bracket or a line's start, and only these.
 * - Behind those comes a value, or what closes the bracket that was just opened.
 * - Behind `{`, and behind a comma in an object, comes a name, or the `}`.
 * - Colons stand behind names, and nowhere else.
 * - Behind the line's value comes its line feed, and nowhere else.
 */
export function judgeGroup(from: usize, count: i32, isSpaced: bool): usize {
  return isSpaced ? judgeSpaced(from, count) : judgeCompact(from, count);
}

function judgeSpaced(from: usize, count: i32): usize {
  return judgePairs(from, count, true);
}

function judgeCompact(from: usize, count: i32): usize {
  return judgePairs(from, count, false);
}

/** Two blocks at a time. `spaced`: whitespace is passed over to what is due behind it. */
@inline
function judgePairs(from: usize, count: i32, spaced: bool): usize {
  let openersBefore = carried(openedCarry);
  let membersBefore = carried(memberCarry);
  let colonsBefore = carried(colonCarry);
  let nameEndsBefore = carried(nameEndCarry);
  let lineFeedsBefore = carried(lineStartCarry);
  let lineEndsBefore = carried(lineEndCarry);
  let namesBefore = carried(inNameCarry);
  let objectBytes = carried(objectBefore);
  let depth1Bytes = carried(depth1Before);
  let events = eventsAt;
  let block: usize = 0;
  let isSound = true;
  for (; block < <usize>count && isSound; block += 2) {
    const masks = masksOf(block);
    const white = spaced ? v128.load(masks, MASK.white) : i64x2.splat(0);
    const commas = v128.load(masks, MASK.commas);
    const openers = v128.load(masks, MASK.openers);
    const closers = v128.xor(v128.load(masks, MASK.brackets), openers);
    const colons = v128.load(masks, MASK.colons);
    const lineFeeds = v128.load(masks, MASK.lineFeeds);
    const inside = v128.load(masks, MASK.inside);
    objectBytes = signs(v128.load(masks, MASK.objectFlips), objectBytes);
    depth1Bytes = signs(v128.load(masks, MASK.depth1Flips), depth1Bytes);
    const opening = v128.and(v128.load(masks, MASK.quotes), inside);

    const members = v128.or(commas, openers);
    const memberDue = due(members, membersBefore, white, spaced);
    const nameDue = v128.and(memberDue, objectBytes);
    const valueDue = v128.or(memberDue, due(colons, colonsBefore, white, spaced));
    const opened = due(openers, openersBefore, white, spaced);
    const lineStarts = due(lineFeeds, lineFeedsBefore, white, spaced);
    const lineEnds = v128.and(closers, depth1Bytes);
    // Added to the string's bits, a name's opening quote carries to its closing one.
    const runs = behindRuns(inside, v128.and(opening, nameDue), namesBefore);
    const nameEnds = v128.andnot(runs, inside);

    const values = v128.or(v128.or(opening, openers), v128.load(masks, MASK.scalarStarts));
    let errors = v128.load(masks, MASK.errors);
    errors = v128.or(errors, v128.andnot(values, v128.or(valueDue, lineStarts)));
    // That what closes an empty container is of its kind, the stack has seen.
    const filled = v128.or(values, v128.and(closers, opened));
    errors = v128.or(errors, v128.andnot(valueDue, filled));
    errors = v128.or(errors, v128.andnot(nameDue, v128.or(opening, closers)));
    errors = v128.or(errors, v128.xor(colons, due(nameEnds, nameEndsBefore, white, spaced)));
    errors = v128.or(errors, v128.xor(lineFeeds, due(lineEnds, lineEndsBefore, white, spaced)));
    openersBefore = dueNext(openers, openersBefore, white, spaced);
    membersBefore = dueNext(members, membersBefore, white, spaced);
    colonsBefore = dueNext(colons, colonsBefore, white, spaced);
    nameEndsBefore = dueNext(nameEnds, nameEndsBefore, white, spaced);
    lineFeedsBefore = dueNext(lineFeeds, lineFeedsBefore, white, spaced);
    lineEndsBefore = dueNext(lineEnds, lineEndsBefore, white, spaced);
    namesBefore = runCarry(inside, runs);

    const ends = v128.or(v128.and(commas, depth1Bytes), lineFeeds);
    const p = from + block * blockBytes;
    if (v128.any_true(errors)) {
      isSound = false;
      events = listSound(p, errors, ends, events);
      block -= <usize>(i64x2.extract_lane(errors, 0) != 0);
    } else {
      events = listBits(<u64>i64x2.extract_lane(ends, 0), p, events, 2);
      events = listBits(<u64>i64x2.extract_lane(ends, 1), p + blockBytes, events, 2);
    }
  }
  judged = block;
  if (isSound) lastSound = ~(<u64>0);
  openedCarry = carryOf(openersBefore);
  memberCarry = carryOf(membersBefore);
  colonCarry = carryOf(colonsBefore);
  nameEndCarry = carryOf(nameEndsBefore);
  lineStartCarry = carryOf(lineFeedsBefore);
  lineEndCarry = carryOf(lineEndsBefore);
  inNameCarry = carryOf(namesBefore);
  return events;
}

/** Lists the events of the pair of blocks at `p` up to its first error. */
function listSound(p: usize, errors: v128, ends: v128, events: usize): usize {
  const first = <u64>i64x2.extract_lane(errors, 0);
  const second = <u64>i64x2.extract_lane(errors, 1);
  const error = first != 0 ? first : second;
  lastSound = (error & (0 - error)) - 1;
  if (first != 0) return listBits(<u64>i64x2.extract_lane(ends, 0) & lastSound, p, events, 2);
  const top = listBits(<u64>i64x2.extract_lane(ends, 0), p, events, 2);
  return listBits(<u64>i64x2.extract_lane(ends, 1) & lastSound, p + blockBytes, top, 2);
}

/** What is due behind the bytes in `x`. */
@inline
function due(x: v128, before: v128, white: v128, spaced: bool): v128 {
  const next = behindPair(x, before);
  return spaced ? v128.andnot(v128.or(next, pastWhite(next, white)), white) : next;
}

/** The same where the next pair begins: its highest bit. */
@inline
function dueNext(x: v128, before: v128, white: v128, spaced: bool): v128 {
  if (!spaced) return x;
  return v128.or(x, runCarry(white, pastWhite(behindPair(x, before), white)));
}

/** Whitespace that something is due in is passed over: to the byte behind it. */
@inline
function pastWhite(next: v128, white: v128): v128 {
  return behindRuns(white, v128.and(next, white), i64x2.splat(0));
}
