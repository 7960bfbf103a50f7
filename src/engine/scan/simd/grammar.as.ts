/** grammar: what may stand beside what, as adjacency of bits. */
import { behindWhite, carryPastWhite } from './bits.as';
import { eventsAt, listBits, MASK, masksOf } from './blocks.as';
import { closersOf, depth1Before, objectBefore } from './brackets.as';
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

/** Where there is no whitespace: two blocks at a time. `judgeSpaced` says the same. */
function judgeCompact(from: usize, count: i32): usize {
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
    const memberDue = behindPair(members, membersBefore);
    const nameDue = v128.and(memberDue, objectBytes);
    const valueDue = v128.or(memberDue, behindPair(colons, colonsBefore));
    const opened = behindPair(openers, openersBefore);
    const lineStarts = behindPair(lineFeeds, lineFeedsBefore);
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
    errors = v128.or(errors, v128.xor(colons, behindPair(nameEnds, nameEndsBefore)));
    errors = v128.or(errors, v128.xor(lineFeeds, behindPair(lineEnds, lineEndsBefore)));
    openersBefore = openers;
    membersBefore = members;
    colonsBefore = colons;
    nameEndsBefore = nameEnds;
    lineFeedsBefore = lineFeeds;
    lineEndsBefore = lineEnds;
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

/** Where there is whitespace: it is passed over from what is there to what is due behind it. */
function judgeSpaced(from: usize, count: i32): usize {
  let openedBefore = openedCarry;
  let memberBefore = memberCarry;
  let colonBefore = colonCarry;
  let nameEndBefore = nameEndCarry;
  let lineStartBefore = lineStartCarry;
  let lineEndBefore = lineEndCarry;
  let inName = inNameCarry;
  let inObject = 0 - objectBefore;
  let depth1 = 0 - depth1Before;
  let events = eventsAt;
  let errors: u64 = 0;
  let block: usize = 0;
  for (; block < <usize>count && errors == 0; block++) {
    const masks = masksOf(block);
    const white = load<u64>(masks, MASK.white);
    const commas = load<u64>(masks, MASK.commas);
    const openers = load<u64>(masks, MASK.openers);
    const closers = closersOf(masks);
    const colons = load<u64>(masks, MASK.colons);
    const lineFeeds = load<u64>(masks, MASK.lineFeeds);
    const quotes = load<u64>(masks, MASK.quotes);
    const inside = load<u64>(masks, MASK.inside);
    inObject = <u64>(<i64>inObject >> 63) ^ load<u64>(masks, MASK.objectFlips);
    depth1 = <u64>(<i64>depth1 >> 63) ^ load<u64>(masks, MASK.depth1Flips);
    const opening = quotes & inside;

    const lineEnds = closers & depth1;
    const members = commas | openers;
    const opened = behindWhite(openers, openedBefore, white);
    const memberDue = behindWhite(members, memberBefore, white);
    const nameDue = memberDue & inObject;
    const valueDue = memberDue | behindWhite(colons, colonBefore, white);
    const lineStart = behindWhite(lineFeeds, lineStartBefore, white);
    const lineEndDue = behindWhite(lineEnds, lineEndBefore, white);
    const sum = inside + (opening & nameDue) + inName;
    inName = (inside & ~sum) >> 63;
    const nameEnds = sum & ~inside;
    const colonDue = behindWhite(nameEnds, nameEndBefore, white);
    openedBefore = carryPastWhite(openers, openedBefore, white);
    memberBefore = carryPastWhite(members, memberBefore, white);
    colonBefore = carryPastWhite(colons, colonBefore, white);
    lineStartBefore = carryPastWhite(lineFeeds, lineStartBefore, white);
    lineEndBefore = carryPastWhite(lineEnds, lineEndBefore, white);
    nameEndBefore = carryPastWhite(nameEnds, nameEndBefore, white);

    const values = opening | load<u64>(masks, MASK.scalarStarts) | openers;
    errors = load<u64>(masks, MASK.errors);
    errors |= values & ~(valueDue | lineStart);
    errors |= valueDue & ~(values | (closers & opened));
    errors |= nameDue & ~(opening | closers);
    errors |= colons ^ colonDue;
    errors |= lineFeeds ^ lineEndDue;
    lastSound = errors == 0 ? ~(<u64>0) : (errors & (0 - errors)) - 1;
    const ends = ((commas & depth1) | lineFeeds) & lastSound;
    events = listBits(ends, from + block * blockBytes, events, 2);
  }
  judged = block;
  openedCarry = openedBefore;
  memberCarry = memberBefore;
  colonCarry = colonBefore;
  nameEndCarry = nameEndBefore;
  lineStartCarry = lineStartBefore;
  lineEndCarry = lineEndBefore;
  inNameCarry = inName;
  return events;
}
