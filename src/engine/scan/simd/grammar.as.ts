/** grammar: what may stand beside what, as adjacency of bits. */
import { behind, behindWhite, carryPastWhite } from './bits.as';
import { eventsAt, listBits, MASK, recordOf } from './blocks.as';
import { depth1Before, objectBefore } from './brackets.as';
import { blockBytes } from './layout.as';
import { isSpaced } from './classes.as';

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
 */
export function judgeGroup(from: usize, count: i32): usize {
  return isSpaced ? judgeSpaced(from, count) : judgeCompact(from, count);
}

function judgeSpaced(from: usize, count: i32): usize {
  return judgeBlocks(from, count, true);
}

function judgeCompact(from: usize, count: i32): usize {
  return judgeBlocks(from, count, false);
}

/**
 * Line feeds end lines, and a line ends behind a bracket that closes all others.
 *
 * - A value follows a colon, a comma, an opening bracket or a line's start, and only these.
 * - Behind those comes a value, or what closes the bracket that was just opened.
 * - Behind `{`, and behind a comma in an object, comes a name, or the `}`.
 * - Colons stand behind names, and nowhere else.
 * - Behind the line's value comes its line feed, and nowhere else.
 */
@inline
function judgeBlocks(from: usize, count: i32, spaced: bool): usize {
  let openedBefore = openedCarry;
  let memberBefore = memberCarry;
  let colonBefore = colonCarry;
  let nameEndBefore = nameEndCarry;
  let lineStartBefore = lineStartCarry;
  let lineEndBefore = lineEndCarry;
  let inName = inNameCarry;
  let inObject = objectBefore;
  let depth1 = depth1Before;
  let events = eventsAt;
  let errors: u64 = 0;
  let block: usize = 0;
  for (; block < <usize>count && errors == 0; block++) {
    const record = recordOf(block);
    const white = load<u64>(record, MASK.white);
    const commas = load<u64>(record, MASK.commas);
    const openers = load<u64>(record, MASK.openers);
    const closers = load<u64>(record, MASK.closers);
    const colons = load<u64>(record, MASK.colons);
    const lineFeeds = load<u64>(record, MASK.lineFeeds);
    const quotes = load<u64>(record, MASK.quotes);
    const inside = load<u64>(record, MASK.inside);
    inObject = <u64>(<i64>inObject >> 63) ^ load<u64>(record, MASK.objectFlips);
    depth1 = <u64>(<i64>depth1 >> 63) ^ load<u64>(record, MASK.depth1Flips);
    const opening = quotes & inside;

    const lineEnds = closers & depth1;
    const members = commas | openers;
    const opened = due(openers, openedBefore, white, spaced);
    const memberDue = due(members, memberBefore, white, spaced);
    const nameDue = memberDue & inObject;
    const valueDue = memberDue | due(colons, colonBefore, white, spaced);
    const lineStart = due(lineFeeds, lineStartBefore, white, spaced);
    const lineEndDue = due(lineEnds, lineEndBefore, white, spaced);
    // Added to the string's bits, a name's opening quote carries to its closing one.
    const sum = inside + (opening & nameDue);
    const nameEnds = (sum + inName) & quotes & ~inside;
    inName = <u64>(sum < inside) | <u64>(sum + inName < sum);
    const colonDue = due(nameEnds, nameEndBefore, white, spaced);
    openedBefore = dueNext(openers, openedBefore, white, spaced);
    memberBefore = dueNext(members, memberBefore, white, spaced);
    colonBefore = dueNext(colons, colonBefore, white, spaced);
    lineStartBefore = dueNext(lineFeeds, lineStartBefore, white, spaced);
    lineEndBefore = dueNext(lineEnds, lineEndBefore, white, spaced);
    nameEndBefore = dueNext(nameEnds, nameEndBefore, white, spaced);

    const values = opening | load<u64>(record, MASK.scalarStarts) | openers;
    errors = load<u64>(record, MASK.errors);
    errors |= values & ~(valueDue | lineStart);
    // That what closes an empty container is of its kind, the stack has seen.
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

/** What is due behind the bytes in `x`. */
@inline
function due(x: u64, carry: u64, white: u64, spaced: bool): u64 {
  return spaced ? behindWhite(x, carry, white) : behind(x, carry);
}

/** The same where the next block begins. */
@inline
function dueNext(x: u64, carry: u64, white: u64, spaced: bool): u64 {
  return spaced ? carryPastWhite(x, carry, white) : x >> 63;
}
