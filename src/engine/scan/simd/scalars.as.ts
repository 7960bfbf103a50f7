/** scalars: numbers and literals outside strings, judged by where their runs of bytes end. */
import { behind, equalAt } from './bits.as';

/** Where numbers and literals begin. */
export let scalarStarts: u64 = 0;

/** The byte before the block was part of a scalar. */
let scalarCarry: u64 = 0;
/** A literal goes on into this block: its bytes, and the byte behind it. */
let literalCarry: u64 = 0;
let literalEndCarry: u64 = 0;
/** 1 where the block before ended with: a minus that begins a number, a leading zero, */
let minusCarry: u64 = 0;
let zeroCarry: u64 = 0;
/** a point, an e, the sign of an exponent, */
let pointCarry: u64 = 0;
let letterCarry: u64 = 0;
let signCarry: u64 = 0;
/** or inside the digits of an integer, a fraction, an exponent. */
let integerCarry: u64 = 0;
let fractionCarry: u64 = 0;
let exponentCarry: u64 = 0;

export function resetScalars(): void {
  scalarCarry = 0;
  literalCarry = literalEndCarry = 0;
  minusCarry = zeroCarry = pointCarry = letterCarry = signCarry = 0;
  integerCarry = fractionCarry = exponentCarry = 0;
}

/**
 * Judges the scalars of the block at `p`; gives where they break the grammar. `digits`, `others`:
 * the bytes outside strings that are digits, and those that are neither digits nor known elsewhere
 * (letters, signs, points: and whatever is no JSON at all).
 */
@inline
export function findScalars(p: usize, digits: u64, others: u64): u64 {
  const bytes = digits | others;
  scalarStarts = bytes & ~behind(bytes, scalarCarry);
  scalarCarry = bytes >> 63;
  const open = minusCarry | pointCarry | letterCarry | signCarry | literalCarry;
  if ((others | open) != 0) return allScalars(p, digits, others);
  return plainIntegers(p, digits);
}

/** A block whose scalars are digits alone. */
@inline
function plainIntegers(p: usize, digits: u64): u64 {
  let errors = literalEndCarry & digits;
  literalEndCarry = 0;
  errors |= zeroCarry & digits;
  zeroCarry = 0;
  if (scalarStarts != 0) {
    const zeros = equalAt(p, 0x30) & scalarStarts;
    errors |= (zeros << 1) & digits;
    zeroCarry = zeros >> 63;
  }
  // A run that reaches the block's end goes on as what it is: an integer if it began here.
  if (digits >> 63 == 0) integerCarry = fractionCarry = exponentCarry = 0;
  else if (~digits != 0 || scalarStarts != 0) {
    integerCarry = 1;
    fractionCarry = exponentCarry = 0;
  }
  return errors;
}

function allScalars(p: usize, digits: u64, others: u64): u64 {
  const minus = equalAt(p, 0x2d) & others;
  const points = equalAt(p, 0x2e) & others;
  const letters = others & ~(minus | points);
  const literalStarts = letters & scalarStarts;
  let literals = literalCarry;
  let errors = literalEndCarry & (digits | others);
  literalCarry = literalEndCarry = 0;
  for (let rest = literalStarts; rest != 0; rest &= rest - 1) {
    const at = <u64>ctz(rest);
    const length = literalLength(p + <usize>at);
    // Where there is none its first byte is also the one behind it, and an error.
    const bytes = ((<u64>1) << length) - 1;
    literals |= bytes << at;
    const end = at + length;
    if (end > 64) literalCarry = bytes >> (64 - at);
    if (end < 64) errors |= ((<u64>1) << end) & (digits | others);
    else literalEndCarry = (<u64>1) << (end - 64);
  }
  return errors | numbers(p, digits, minus, points, letters & ~literals, literalStarts);
}

/** Bytes of the literal at `at`, 0 where there is none. May read 4 bytes behind the block. */
@inline
function literalLength(at: usize): u64 {
  const word = load<u32>(at);
  if (word == 0x65757274 || word == 0x6c6c756e) return 4; // true, null
  return word == 0x736c6166 && load<u8>(at, 4) == 0x65 ? 5 : 0; // false
}

/**
 * Follows each number from part to part. Adding the first digit of a run to the mask of digits
 * carries through the run and sets the bit behind it: `digits + starts`, and what is no digit of
 * it, are the ends. A carry out of the sum is a run that goes on in the next block. Every byte of
 * a number is reached from its first: what stands where no part may is an error at a part's end.
 */
function numbers(
  p: usize,
  digits: u64,
  minus: u64,
  points: u64,
  letters: u64,
  literalStarts: u64,
): u64 {
  const bytes = digits | minus | points | letters;
  const starts = scalarStarts & ~literalStarts;
  const leading = starts & minus;
  const first = (starts & ~minus) | behind(leading, minusCarry);
  minusCarry = leading >> 63;
  let errors = first & ~digits;
  const zeros = first & equalAt(p, 0x30);
  errors |= behind(zeros, zeroCarry) & digits;
  zeroCarry = zeros >> 63;

  const integerEnds = runEnds(digits, first, integerCarry);
  integerCarry = runCarry;
  const fraction = behind(integerEnds & points, pointCarry);
  pointCarry = (integerEnds & points) >> 63;
  errors |= fraction & ~digits;
  const fractionEnds = runEnds(digits, fraction, fractionCarry);
  fractionCarry = runCarry;

  let exponentLetters: u64 = 0;
  if ((letters | letterCarry | signCarry | exponentCarry) != 0) {
    exponentLetters = (equalAt(p, 0x65) | equalAt(p, 0x45)) & letters;
    const plus = equalAt(p, 0x2b) & letters;
    const next = behind(exponentLetters, letterCarry);
    letterCarry = exponentLetters >> 63;
    const signs = next & (plus | minus);
    const exponent = (next & ~(plus | minus)) | behind(signs, signCarry);
    signCarry = signs >> 63;
    errors |= exponent & ~digits;
    errors |= runEnds(digits, exponent, exponentCarry) & bytes;
    exponentCarry = runCarry;
  }
  errors |= integerEnds & ~points & ~exponentLetters & bytes;
  return errors | (fractionEnds & ~exponentLetters & bytes);
}

/** Carry of the last `runEnds`. */
let runCarry: u64 = 0;

/** The bytes behind runs of digits that begin at `starts`, or went on from the block before. */
@inline
function runEnds(digits: u64, starts: u64, carry: u64): u64 {
  const sum = digits + (starts & digits);
  const total = sum + carry;
  runCarry = (<u64>(sum < digits)) | (<u64>(total < sum));
  return total & ~digits;
}
