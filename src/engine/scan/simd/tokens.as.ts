/** tokens: what of a group is outside strings, where scalars begin, and the digits of numbers. */
import { bracketsAt, listBits, MASK, masksOf, odditiesAt } from './blocks.as';
import { blockBytes, reserve } from './layout.as';
import { behindPair, behindRuns, oddUpTo, runCarry, signs } from './pairs.as';
import { judgeSecondParts } from './scalars.as';

/** Vectors of what stands before the group; and behind it, for the next one. */
namespace CARRY {
  export const inside: usize = 0;
  export const scalars: usize = 16;
  export const letters: usize = 32;
  export const leading: usize = 48;
  export const zeros: usize = 64;
  export const runs: usize = 80;
  export const bytes: usize = 96;
}
let carriesAt: usize = 0;

export function setTokens(): void {
  carriesAt = reserve(2 * CARRY.bytes);
}

/** Ends of the lists of brackets, and of what may be odd in scalars. */
export let bracketsEnd: usize = 0;
export let odditiesEnd: usize = 0;
/** Whitespace stands outside strings: it was looked for. */
export let hasWhite: bool = false;

/** At the start of a line. */
export function resetTokens(): void {
  memory.fill(carriesAt, 0, CARRY.bytes);
}

/** The next group is the one behind this. */
export function keepTokens(): void {
  memory.copy(carriesAt, carriesAt + CARRY.bytes, CARRY.bytes);
}

/**
 * Finds what is outside strings, and lists the brackets of the group at `from`, and where letters
 * begin. `isSpaced`: `findWhite` has been here; else no whitespace is known of, and taken for letters.
 *
 * A scalar is a run of digits and letters. Letters are all bytes outside strings that are of no
 * other class, also such as no JSON has: where a run of them begins is for `judgeOddities`. So what is left to be seen here
 * are digits: a zero that leads others, and what stands behind those of a fraction.
 */
export function findTokens(from: usize, count: i32, isSpaced: bool): void {
  let allWhite = i64x2.splat(0);
  let insideBefore = v128.load(carriesAt, CARRY.inside);
  let scalarsBefore = v128.load(carriesAt, CARRY.scalars);
  let lettersBefore = v128.load(carriesAt, CARRY.letters);
  let leadingBefore = v128.load(carriesAt, CARRY.leading);
  let zerosBefore = v128.load(carriesAt, CARRY.zeros);
  let runsBefore = v128.load(carriesAt, CARRY.runs);
  let bracketsTop = bracketsAt;
  let odditiesTop = odditiesAt;
  for (let block: usize = 0; block < <usize>count; block += 2) {
    const masks = masksOf(block);
    const quotes = v128.load(masks, MASK.quotes);
    const inside = signs(oddUpTo(quotes), insideBefore);
    const lineFeeds = v128.load(masks, MASK.lineFeeds);
    const colons = v128.andnot(v128.load(masks, MASK.colons), inside);
    const commas = v128.andnot(v128.load(masks, MASK.commas), inside);
    const brackets = v128.andnot(v128.load(masks, MASK.brackets), inside);
    const digits = v128.andnot(v128.load(masks, MASK.digits), inside);
    const known = v128.or(
      v128.or(v128.or(quotes, inside), v128.or(lineFeeds, colons)),
      v128.or(v128.or(commas, brackets), digits),
    );
    let errors = v128.load(masks, MASK.wrongEscapes);
    let letters = v128.not(known);
    if (isSpaced) {
      const anyWhite = v128.load(masks, MASK.white);
      const breaks = v128.or(anyWhite, lineFeeds);
      const control = v128.load(masks, MASK.control);
      errors = v128.or(errors, v128.and(control, v128.or(inside, v128.not(breaks))));
      const white = v128.andnot(anyWhite, inside);
      letters = v128.andnot(letters, white);
      v128.store(masks, white, MASK.white);
      allWhite = v128.or(allWhite, white);
    }
    v128.store(masks, inside, MASK.inside);
    v128.store(masks, colons, MASK.colons);
    v128.store(masks, commas, MASK.commas);
    v128.store(masks, brackets, MASK.brackets);

    const scalars = v128.or(digits, letters);
    const starts = v128.andnot(scalars, behindPair(scalars, scalarsBefore));
    v128.store(masks, starts, MASK.scalarStarts);
    const leading = v128.and(starts, letters);
    const behindLeading = behindPair(leading, leadingBefore);
    const first = v128.and(digits, v128.or(starts, behindLeading));
    const zeros = v128.and(first, v128.load(masks, MASK.zeros));
    errors = v128.or(errors, v128.and(digits, behindPair(zeros, zerosBefore)));
    v128.store(masks, errors, MASK.errors);
    // The digits behind points and exponents, and what is behind those.
    const behindLetters = behindPair(letters, lettersBefore);
    const second = v128.and(digits, v128.andnot(behindLetters, behindLeading));
    const behindSecond = behindRuns(digits, second, runsBefore);
    const third = v128.and(behindSecond, letters);
    if (v128.any_true(third)) judgeSecondParts(from + block * blockBytes, masks, third);
    runsBefore = runCarry(digits, behindSecond);

    const letterRuns = v128.andnot(letters, behindLetters);
    const none = i64x2.splat(0);
    v128.store(masks, none, MASK.openers);
    v128.store(masks, none, MASK.objectFlips);
    v128.store(masks, none, MASK.depth1Flips);
    insideBefore = inside;
    scalarsBefore = scalars;
    lettersBefore = letters;
    leadingBefore = leading;
    zerosBefore = zeros;

    const p = from + block * blockBytes;
    const q = p + blockBytes;
    bracketsTop = listBits(<u64>i64x2.extract_lane(brackets, 0), p, bracketsTop, 2);
    bracketsTop = listBits(<u64>i64x2.extract_lane(brackets, 1), q, bracketsTop, 2);
    odditiesTop = listBits(<u64>i64x2.extract_lane(letterRuns, 0), p, odditiesTop, 1);
    odditiesTop = listBits(<u64>i64x2.extract_lane(letterRuns, 1), q, odditiesTop, 1);
  }
  const next = carriesAt + CARRY.bytes;
  v128.store(next, insideBefore, CARRY.inside);
  v128.store(next, scalarsBefore, CARRY.scalars);
  v128.store(next, lettersBefore, CARRY.letters);
  v128.store(next, leadingBefore, CARRY.leading);
  v128.store(next, zerosBefore, CARRY.zeros);
  v128.store(next, runsBefore, CARRY.runs);
  hasWhite = v128.any_true(allWhite);
  bracketsEnd = bracketsTop;
  odditiesEnd = odditiesTop;
}
