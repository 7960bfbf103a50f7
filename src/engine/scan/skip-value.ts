/**
 * skipValue: the fast path over one whole container that lies in the chunk.
 *
 * Sound, not complete: whatever it doubts (an error, the end of the data, deep nesting) it leaves
 * to the machine, which starts again at the container's first byte and is the judge. The NUL
 * behind the data fits nowhere in JSON, so no loop here needs a bounds check.
 */
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  ESCAPES,
  HEX,
  LETTER_U,
  NUMBER_CLASS,
  NUMBER_MAY_END,
  NUMBER_NEXT,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './json-tables.js';
import { plainRun } from './plain-run.js';

const levelsMax = 512;
const inObject = new Uint8Array(levelsMax);

/**
 * Skips the container that begins at `bytes[i]`. Gives the index behind it, or `~index` (negative)
 * of the first byte it could not take. `view`: the same bytes. `white`: the table of whitespace.
 */
export function skipValue(bytes: Uint8Array, view: DataView, i: number, white: Uint8Array): number {
  let level = 0;
  for (;;) {
    while (white[bytes[i]] === 1) i++;
    const byte = bytes[i];
    if (byte === QUOTE) {
      i = skipString(bytes, view, i + 1);
    } else if (byte === OPEN_OBJECT) {
      if (level === levelsMax) return ~i;
      i = skipWhite(bytes, i + 1, white);
      if (bytes[i] !== CLOSE_OBJECT) {
        inObject[level++] = 1;
        i = skipName(bytes, view, i, white);
        if (i < 0) return i;
        continue;
      }
      i++;
    } else if (byte === OPEN_ARRAY) {
      if (level === levelsMax) return ~i;
      i = skipWhite(bytes, i + 1, white);
      if (bytes[i] !== CLOSE_ARRAY) {
        inObject[level++] = 0;
        continue;
      }
      i++;
    } else {
      i = skipScalar(bytes, i, byte);
    }
    if (i < 0) return i;
    // Behind a value: closers, then a comma and whatever comes next, or the end of it all.
    for (;;) {
      if (level === 0) return i;
      while (white[bytes[i]] === 1) i++;
      const next = bytes[i];
      if (next === COMMA) {
        i++;
        if (inObject[level - 1] === 0) break;
        if (bytes[i] !== QUOTE) i = skipWhite(bytes, i, white);
        i = skipName(bytes, view, i, white);
        if (i < 0) return i;
        break;
      }
      if (next !== (inObject[level - 1] === 1 ? CLOSE_OBJECT : CLOSE_ARRAY)) return ~i;
      level--;
      i++;
    }
  }
}

function skipWhite(bytes: Uint8Array, i: number, white: Uint8Array): number {
  while (white[bytes[i]] === 1) i++;
  return i;
}

/** A member's name and its colon; `i` is at the quote. */
function skipName(bytes: Uint8Array, view: DataView, i: number, white: Uint8Array): number {
  if (bytes[i] !== QUOTE) return ~i;
  i = skipString(bytes, view, i + 1);
  if (i < 0) return i;
  while (white[bytes[i]] === 1) i++;
  return bytes[i] === COLON ? i + 1 : ~i;
}

/** The rest of a string; `i` is behind its opening quote. The index behind it, or `~index`. */
export function skipString(bytes: Uint8Array, view: DataView, i: number): number {
  for (;;) {
    i = plainRun(view, i);
    const byte = bytes[i];
    if (byte === QUOTE) return i + 1;
    if (byte !== BACKSLASH) return ~i;
    const escape = bytes[i + 1];
    if (ESCAPES[escape] === 1) i += 2;
    else if (escape === LETTER_U && isHex4(bytes, i + 2)) i += 6;
    else return ~i;
  }
}

function isHex4(bytes: Uint8Array, i: number): boolean {
  for (let k = i; k < i + 4; k++) if (HEX[bytes[k]] !== 1) return false;
  return true;
}

/** A number or a literal that begins with `byte` at `i`: the index behind it, or `~index`. */
export function skipScalar(bytes: Uint8Array, i: number, byte: number): number {
  const kind = NUMBER_CLASS[byte];
  if (kind === 1 || kind === 2 || kind === 6) {
    let state = kind === 6 ? 1 : kind + 1;
    for (let next; (next = NUMBER_NEXT[7 * state + NUMBER_CLASS[bytes[++i]]]) !== 0; state = next);
    return NUMBER_MAY_END[state] === 1 ? i : ~i;
  }
  if (byte === 0x74) return matches(bytes, i, 0x72, 0x75, 0x65) ? i + 4 : ~i;
  if (byte === 0x6e) return matches(bytes, i, 0x75, 0x6c, 0x6c) ? i + 4 : ~i;
  if (byte !== 0x66 || bytes[i + 4] !== 0x65) return ~i;
  return matches(bytes, i, 0x61, 0x6c, 0x73) ? i + 5 : ~i;
}

const matches = (bytes: Uint8Array, i: number, second: number, third: number, fourth: number) =>
  bytes[i + 1] === second && bytes[i + 2] === third && bytes[i + 3] === fourth;
