/** scalars: numbers and literals outside strings, judged by where their runs of bytes end. */
import { behind, equalAt } from './bits.as';
import { MASK, recordOf } from './blocks.as';
import { blockBytes } from './layout.as';

/** 1 where the block before ended with a byte of a scalar, a minus that begins a number, */
let scalarCarry: u64 = 0;
let minusCarry: u64 = 0;
/** a leading zero, a point, or inside the digits of an integer or a fraction. */
let zeroCarry: u64 = 0;
let pointCarry: u64 = 0;
let integerCarry: u64 = 0;
let fractionCarry: u64 = 0;
/** The same of an e, the sign of an exponent, its digits. */
let letterCarry: u64 = 0;
let signCarry: u64 = 0;
let exponentCarry: u64 = 0;
/** A literal goes on into this block: its bytes, and the byte behind it. */
let literalCarry: u64 = 0;
let literalEndCarry: u64 = 0;

export function resetScalars(): void {
  scalarCarry = literalCarry = literalEndCarry = 0;
  minusCarry = zeroCarry = pointCarry = letterCarry = signCarry = 0;
  integerCarry = fractionCarry = exponentCarry = 0;
}

/**
 * Finds the scalars of a group, and adds to its errors where they break the grammar.
 *
 * Follows each number from part to part. Adding the first digit of a run to the mask of digits
 * carries through the run and sets the bit behind it: `digits + starts`, and what is no digit of
 * it, are the ends. A carry out of the sum is a run that goes on in the next block. Every byte of
 * a number is reached from its first: what stands where no part may is an error at a part's end.
 */
export function judgeScalars(from: usize, count: i32): void {
  let inScalar = scalarCarry;
  let minusBefore = minusCarry;
  let zeroBefore = zeroCarry;
  let pointBefore = pointCarry;
  let inInteger = integerCarry;
  let inFraction = fractionCarry;
  let unfinished = literalCarry | literalEndCarry | letterCarry | signCarry | exponentCarry;
  for (let block: usize = 0; block < <usize>count; block++) {
    const record = recordOf(block);
    const digits = load<u64>(record, MASK.digits);
    const minus = load<u64>(record, MASK.minus);
    const points = load<u64>(record, MASK.points);
    const letters = load<u64>(record, MASK.letters);
    const bytes = digits | minus | points | letters;
    const starts = bytes & ~behind(bytes, inScalar);
    inScalar = bytes >> 63;
    store<u64>(record, starts, MASK.scalarStarts);
    const leading = starts & minus;
    const first = (starts & ~(minus | letters)) | behind(leading, minusBefore);
    minusBefore = leading >> 63;
    const zeros = first & load<u64>(record, MASK.zeros);
    let errors = (first & ~digits) | (behind(zeros, zeroBefore) & digits);
    zeroBefore = zeros >> 63;
    const integers = digits + (first & digits);
    const integerEnds = (integers + inInteger) & ~digits;
    inInteger = <u64>(integers < digits) | <u64>(integers + inInteger < integers);
    const pointed = integerEnds & points;
    const fraction = behind(pointed, pointBefore);
    pointBefore = pointed >> 63;
    const fractions = digits + (fraction & digits);
    const fractionEnds = (fractions + inFraction) & ~digits;
    inFraction = <u64>(fractions < digits) | <u64>(fractions + inFraction < fractions);
    errors |= fraction & ~digits;
    const ends = (integerEnds & ~points) | fractionEnds;
    if ((letters | unfinished) != 0) {
      errors |= judgeLetters(from + block * blockBytes, record, starts, ends);
      unfinished = literalCarry | literalEndCarry | letterCarry | signCarry | exponentCarry;
    } else errors |= ends & bytes;
    if (errors != 0) store<u64>(record, load<u64>(record, MASK.errors) | errors, MASK.errors);
  }
  scalarCarry = inScalar;
  minusCarry = minusBefore;
  zeroCarry = zeroBefore;
  pointCarry = pointBefore;
  integerCarry = inInteger;
  fractionCarry = inFraction;
}

/**
 * Literals and exponents. `starts`: of scalars; `ends`: the bytes behind numbers, as far as they
 * have no exponents.
 */
function judgeLetters(p: usize, record: usize, starts: u64, ends: u64): u64 {
  const digits = load<u64>(record, MASK.digits);
  const minus = load<u64>(record, MASK.minus);
  const letters = load<u64>(record, MASK.letters);
  const bytes = digits | minus | load<u64>(record, MASK.points) | letters;
  let errors = literalEndCarry & bytes;
  let literals = literalCarry;
  literalCarry = literalEndCarry = 0;
  for (let rest = starts & letters; rest != 0; rest &= rest - 1) {
    const at = <u64>ctz(rest);
    const length = literalLength(p + <usize>at);
    // Where there is none its first byte is also the one behind it, and an error.
    const found = ((<u64>1) << length) - 1;
    literals |= found << at;
    const end = at + length;
    if (end > 64) literalCarry = found >> (64 - at);
    if (end < 64) errors |= ((<u64>1) << end) & bytes;
    else literalEndCarry = (<u64>1) << (end - 64);
  }
  const rest = letters & ~literals;
  if ((rest | letterCarry | signCarry | exponentCarry) == 0) return errors | (ends & bytes);
  const exponents = (equalAt(p, 0x65) | equalAt(p, 0x45)) & rest;
  const signs = minus | (equalAt(p, 0x2b) & rest);
  const next = behind(exponents, letterCarry);
  letterCarry = exponents >> 63;
  const signed = next & signs;
  const exponent = (next & ~signs) | behind(signed, signCarry);
  signCarry = signed >> 63;
  const sum = digits + (exponent & digits);
  const exponentEnds = (sum + exponentCarry) & ~digits;
  exponentCarry = <u64>(sum < digits) | <u64>(sum + exponentCarry < sum);
  errors |= (exponent & ~digits) | (exponentEnds & bytes);
  return errors | (ends & ~exponents & bytes);
}

/** Bytes of the literal at `at`, 0 where there is none. May read 4 bytes behind the block. */
@inline
function literalLength(at: usize): u64 {
  const word = load<u32>(at);
  if (word == 0x65757274 || word == 0x6c6c756e) return 4; // true, null
  return word == 0x736c6166 && load<u8>(at, 4) == 0x65 ? 5 : 0; // false
}
