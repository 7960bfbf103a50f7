/** Byte classes and tables of the JSON grammar (RFC 8259), shared by the machine's states. */
import { TYPE } from './kernel.js';

/** The line feed that ends a line. */
export const LF = 0x0a;
/** Opens and ends a string. */
export const QUOTE = 0x22;
/** Between members and elements. */
export const COMMA = 0x2c;
/** Behind a name. */
export const COLON = 0x3a;
/** Begins an escape. */
export const BACKSLASH = 0x5c;
/** `[`. */
export const OPEN_ARRAY = 0x5b;
/** `]`. */
export const CLOSE_ARRAY = 0x5d;
/** `{`. */
export const OPEN_OBJECT = 0x7b;
/** `}`. */
export const CLOSE_OBJECT = 0x7d;
/** The u of a \u escape. */
export const LETTER_U = 0x75;

/** A table with 1 for each of these characters. */
const table = (members: string) => {
  const bits = new Uint8Array(256);
  for (const char of members) bits[char.charCodeAt(0)] = 1;
  return bits;
};
/** 1 for whitespace inside a line. */
export const WHITE = table(' \t\r');
/** 1 for whitespace where a line feed is whitespace too. */
export const WHITE_LF = table(' \t\r\n');
/** 1 for the letters of one-letter escapes. */
export const ESCAPES = table('"\\/bfnrt');
/** 1 for hexadecimal digits. */
export const HEX = table('0123456789abcdefABCDEF');
/** The three literals, and below the types they have. */
export const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word));
/** Type of each of `LITERALS`. */
export const LITERAL_TYPE = [TYPE.true, TYPE.false, TYPE.null];

/** Classes of bytes in numbers: 1 zero, 2 digit, 3 point, 4 e, 5 sign plus, 6 minus, 0 others. */
export const NUMBER_CLASS = new Uint8Array(256);
for (let digit = 0x31; digit <= 0x39; digit++) NUMBER_CLASS[digit] = 2;
[...'0.eE+-'].forEach((c, i) => (NUMBER_CLASS[c.charCodeAt(0)] = [1, 3, 4, 4, 5, 6][i]));
/**
 * The number grammar: row = 7 * state + class, value = next state, 0 = the number cannot go on.
 * States: 1 minus, 2 zero, 3 integer, 4 point, 5 fraction, 6 e, 7 e and sign, 8 exponent.
 */
export const NUMBER_NEXT = Uint8Array.from([
  ...[0, 0, 0, 0, 0, 0, 0],
  ...[0, 2, 3, 0, 0, 0, 0],
  ...[0, 0, 0, 4, 6, 0, 0],
  ...[0, 3, 3, 4, 6, 0, 0],
  ...[0, 5, 5, 0, 0, 0, 0],
  ...[0, 5, 5, 0, 6, 0, 0],
  ...[0, 8, 8, 0, 0, 7, 7],
  ...[0, 8, 8, 0, 0, 0, 0],
  ...[0, 8, 8, 0, 0, 0, 0],
]);
/** 1 for the states of `NUMBER_NEXT` in which a number is whole. */
export const NUMBER_MAY_END = table('\x02\x03\x05\x08');
