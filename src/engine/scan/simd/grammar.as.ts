/** grammar: what may stand beside what, as adjacency of bits. */
import { behind, behindWhite, carryPastWhite } from './bits.as';
import { braces, closers, depth1, inObject, openers } from './brackets.as';
import { scalarStarts } from './scalars.as';
import { inside, quotes } from './strings.as';

/** What the last byte of the block before was that is no whitespace; 0 or 1 each. */
let markCarry: u64 = 0;
let openedObjectCarry: u64 = 0;
let openedArrayCarry: u64 = 0;
let nameDueCarry: u64 = 0;
let nameEndCarry: u64 = 0;
let lineStartCarry: u64 = 1;
let lineEndCarry: u64 = 0;
/** The string that goes on from the block before is a name. */
let inNameCarry: u64 = 0;

/** At the start of a line. */
export function resetGrammar(): void {
  markCarry = openedObjectCarry = openedArrayCarry = 0;
  nameDueCarry = nameEndCarry = inNameCarry = lineEndCarry = 0;
  lineStartCarry = 1;
}

/**
 * Gives where the tokens of the block break the grammar. A line is an object; `lineFeeds` end
 * lines, `white` is other whitespace outside strings.
 *
 * - A value follows a colon, a comma, an opening bracket or a line's start, and only these.
 * - Behind those comes a value, or what closes the bracket that was just opened.
 * - Behind `{`, and behind a comma in an object, comes a name, or the `}`.
 * - Colons stand behind names, and nowhere else.
 * - Behind the line's object comes its line feed, and nowhere else.
 */
@inline
export function judge(colons: u64, commas: u64, lineFeeds: u64, white: u64): u64 {
  const objects = openers & braces;
  const arrays = openers & ~braces;
  const lineEnds = closers & depth1;
  const marks = colons | commas | openers;
  const nameMarks = objects | (commas & inObject);
  const opening = quotes & inside;
  const closing = quotes & ~inside;

  let valueDue: u64;
  let openedObject: u64;
  let openedArray: u64;
  let nameDue: u64;
  let lineStart: u64;
  let lineEndDue: u64;
  let colonDue: u64;
  if (white == 0) {
    valueDue = behind(marks, markCarry);
    openedObject = behind(objects, openedObjectCarry);
    openedArray = behind(arrays, openedArrayCarry);
    nameDue = behind(nameMarks, nameDueCarry);
    lineStart = behind(lineFeeds, lineStartCarry);
    lineEndDue = behind(lineEnds, lineEndCarry);
    const nameEnds = namesIn(opening & nameDue, closing);
    colonDue = behind(nameEnds, nameEndCarry);
    markCarry = marks >> 63;
    openedObjectCarry = objects >> 63;
    openedArrayCarry = arrays >> 63;
    nameDueCarry = nameMarks >> 63;
    lineStartCarry = lineFeeds >> 63;
    lineEndCarry = lineEnds >> 63;
    nameEndCarry = nameEnds >> 63;
  } else {
    valueDue = behindWhite(marks, markCarry, white);
    openedObject = behindWhite(objects, openedObjectCarry, white);
    openedArray = behindWhite(arrays, openedArrayCarry, white);
    nameDue = behindWhite(nameMarks, nameDueCarry, white);
    lineStart = behindWhite(lineFeeds, lineStartCarry, white);
    lineEndDue = behindWhite(lineEnds, lineEndCarry, white);
    const nameEnds = namesIn(opening & nameDue, closing);
    colonDue = behindWhite(nameEnds, nameEndCarry, white);
    markCarry = carryPastWhite(marks, markCarry, white);
    openedObjectCarry = carryPastWhite(objects, openedObjectCarry, white);
    openedArrayCarry = carryPastWhite(arrays, openedArrayCarry, white);
    nameDueCarry = carryPastWhite(nameMarks, nameDueCarry, white);
    lineStartCarry = carryPastWhite(lineFeeds, lineStartCarry, white);
    lineEndCarry = carryPastWhite(lineEnds, lineEndCarry, white);
    nameEndCarry = carryPastWhite(nameEnds, nameEndCarry, white);
  }

  const values = opening | scalarStarts | openers;
  const closeEmpty = closers & ((braces & openedObject) | (~braces & openedArray));
  let errors = values & ~(valueDue | lineStart);
  errors |= valueDue & ~(values | closeEmpty);
  errors |= nameDue & ~(opening | closers);
  errors |= colons ^ colonDue;
  errors |= lineStart & ~objects;
  return errors | (lineFeeds ^ lineEndDue);
}

/** Closing quotes of names: added to the string's bits, its opening quote carries to its end. */
@inline
function namesIn(starts: u64, closing: u64): u64 {
  const sum = inside + starts;
  const total = sum + inNameCarry;
  inNameCarry = (<u64>(sum < inside)) | (<u64>(total < sum));
  return total & closing;
}
