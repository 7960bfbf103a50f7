/** scalars: literals, and what numbers have besides digits: looked at one by one. */
import { MASK, masksOf, odditiesAt } from './blocks.as';
import { dataStart } from './data.as';
import { blockBytes, reserve } from './layout.as';
import { odditiesEnd } from './tokens.as';

/** What a byte is beside a scalar, as bits; and above them which of the oddities begins with it. */
namespace KIND {
  export const digit: u8 = 1;
  /** It may stand behind a literal. */
  export const ends: u8 = 2;
  export const white: u8 = 4;
  export const oddityShift: u8 = 4;
}
let kindsAt: usize = 0;

/** An oddity: its text; which of 8 bytes that is; how long; and what is before and behind it. */
namespace ODDITY {
  export const text: usize = 0;
  export const mask: usize = 8;
  export const length: usize = 16;
  /** 1: behind a digit; 0: not behind one. */
  export const before: usize = 17;
  /** Kinds of which what follows must have one. */
  export const behind: usize = 18;
  export const bytes: usize = 32;
}
/** Oddities by number; an exponent has no text of its own, 0 is none. */
const exponent: u8 = 6;
const oddityCount: usize = 7;
let oddityTextsAt: usize = 0;

export function setScalars(): void {
  kindsAt = reserve(256);
  oddityTextsAt = reserve(oddityCount * ODDITY.bytes);
  for (let byte: usize = 0x30; byte <= 0x39; byte++) store<u8>(kindsAt + byte, KIND.digit);
  for (let byte: usize = 0; byte < 256; byte++) {
    const isWhite = byte == 0x20 || byte == 0x09 || byte == 0x0d;
    if (isWhite) store<u8>(kindsAt + byte, KIND.white);
    const ends = byte == 0x2c || byte == 0x5d || byte == 0x7d || byte == 0x0a;
    if (ends) store<u8>(kindsAt + byte, KIND.ends);
  }
  setOddity(1, 0x2e, 0, 1, 1, KIND.digit);
  setOddity(2, 0x2d, 0, 1, 0, KIND.digit);
  setOddity(3, 0x65757274, 0xffffffff, 4, 0, KIND.ends | KIND.white);
  setOddity(4, 0x6c6c756e, 0xffffffff, 4, 0, KIND.ends | KIND.white);
  setOddity(5, 0x65736c6166, 0xffffffffff, 5, 0, KIND.ends | KIND.white);
  store<u8>(kindsAt + 0x65, exponent << KIND.oddityShift);
  store<u8>(kindsAt + 0x45, exponent << KIND.oddityShift);
}

function setOddity(number: u8, text: u64, mask: u64, length: u8, before: u8, behind: u8): void {
  const at = oddityTextsAt + <usize>number * ODDITY.bytes;
  store<u64>(at, text, ODDITY.text);
  store<u64>(at, mask, ODDITY.mask);
  store<u8>(at, length, ODDITY.length);
  store<u8>(at, before, ODDITY.before);
  store<u8>(at, behind, ODDITY.behind);
  store<u8>(kindsAt + <usize>(text & 0xff), number << KIND.oddityShift);
}

/**
 * Judges where runs of letters begin in the group at `from`: points, signs, exponents, literals. A
 * run that begins well is that one token, and what is behind it no letter. False where one is
 * whitespace, which was taken for letters: all of the group is to be looked at again.
 */
export function judgeOddities(from: usize, isSpaced: bool): bool {
  const kinds = kindsAt;
  const end = odditiesEnd;
  for (let item = odditiesAt; item < end; item += 4) {
    const at = <usize>load<u32>(item);
    const kind = load<u8>(kinds + <usize>load<u8>(at));
    const number = kind >> KIND.oddityShift;
    const oddity = oddityTextsAt + <usize>number * ODDITY.bytes;
    const before = load<u8>(kinds + <usize>load<u8>(at - 1)) & KIND.digit;
    const last = load<u8>(kinds + <usize>load<u8>(at + <usize>load<u8>(oddity, ODDITY.length)));
    const differs = (load<u64>(at) ^ load<u64>(oddity, ODDITY.text)) & load<u64>(oddity, ODDITY.mask);
    const isWell = last & load<u8>(oddity, ODDITY.behind);
    if ((differs | <u64>(before ^ load<u8>(oddity, ODDITY.before))) == 0 && isWell != 0) {
      // Behind a literal whitespace is taken for letters of its run.
      if ((last & KIND.white) != 0 && !isSpaced) return false;
      continue;
    }
    if (kind == KIND.white) return false;
    if (number == exponent && isExponent(at)) continue;
    setError(from, at);
  }
  return true;
}

/** True where an exponent of a number is at `at`: behind a digit, and digits with or without sign. */
function isExponent(at: usize): bool {
  if (!isDigit(at - 1)) return false;
  const next = load<u8>(at, 1);
  return isDigit(at + 1) || ((next == 0x2b || next == 0x2d) && isDigit(at + 2));
}

@inline
function isDigit(at: usize): bool {
  return (load<u8>(kindsAt + <usize>load<u8>(at)) & KIND.digit) != 0;
}

function setError(from: usize, at: usize): void {
  const masks = masksOf((at - from) >> 6);
  store<u64>(masks, load<u64>(masks, MASK.errors) | ((<u64>1) << (at - from)), MASK.errors);
}

/** Digits of a fraction that are followed back to its point; a longer one is left to the reference. */
const fractionMax: usize = 64;

/**
 * Judges the letters behind the digits of a fraction or an exponent in the pair of blocks at
 * `from`: an exponent may stand behind a fraction, and that is all.
 */
export function judgeSecondParts(from: usize, masks: usize, letters: v128): void {
  for (let half: usize = 0; half < 2; half++) {
    const p = from + half * blockBytes;
    const bits = <u64>(half == 0 ? i64x2.extract_lane(letters, 0) : i64x2.extract_lane(letters, 1));
    let errors: u64 = 0;
    for (let rest = bits; rest != 0; rest &= rest - 1) {
      const at = p + <usize>ctz(rest);
      if ((load<u8>(at) | 0x20) != 0x65 || !isFraction(at - 1)) errors |= rest & (0 - rest);
    }
    if (errors == 0) continue;
    const word = masks + (half << 3);
    store<u64>(word, load<u64>(word, MASK.errors) | errors, MASK.errors);
  }
}

/** True where the digits up to `last` are those of a fraction. */
function isFraction(last: usize): bool {
  const least = max(dataStart, last - fractionMax);
  let at = last;
  while (at > least && isDigit(at)) at--;
  return load<u8>(at) == 0x2e;
}
