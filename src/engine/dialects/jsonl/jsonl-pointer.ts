/**
 * jsonl-pointer: JSON Pointers (RFC 6901), followed in the bytes of a JSON text.
 *
 * The text is never parsed into values: what a pointer leads to is a range of its bytes, so numbers
 * beyond 2^53 and duplicate members stay what they are. Of members with one name the last counts,
 * as for JSON.parse. The text must be valid JSON: the kernel has judged it before.
 */
import { LogctlError } from '../../errors.js';
import { canonicalKey, stringToKey } from '../../keydir/key-bytes.js';

/** One step of a pointer: a member's name, or where it looks like one an element's number. */
interface Step {
  text: string;
  /** The name as a key is: canonical bytes. */
  name: Uint8Array;
  /** -1: no array has such an element. */
  element: number;
}

/** The steps from the whole value to the part; none: the whole value itself. */
export type Pointer = readonly Step[];

/** A range of bytes, of a value whole with its quotes. */
export interface Range {
  start: number;
  end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** Bytes behind which a scalar goes on for no longer: whitespace and what separates values. */
const endsScalar = new Uint8Array(256);
for (const char of ' \t\r\n,]}') endsScalar[char.charCodeAt(0)] = 1;

/** Reads a pointer; `option` is what it was given with. Throws LogctlError `usage`. */
export function parsePointer(text: string, option: string): Pointer {
  if (text === '') return [];
  const hint = 'a JSON Pointer (RFC 6901) is a path like /user/id; / is ~1 in a name, ~ is ~0';
  if (!text.startsWith('/') || /~(?![01])/.test(text)) {
    throw new LogctlError('usage', `${option} ${text}: no JSON Pointer`, hint);
  }
  return text
    .slice(1)
    .split('/')
    .map((token) => stepOf(token.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function stepOf(text: string): Step {
  const isNumber = /^(0|[1-9]\d{0,14})$/.test(text);
  return { text, name: stringToKey(text), element: isNumber ? Number(text) : -1 };
}

/**
 * What `pointer` leads to from the value that is `bytes[start, end)`, whitespace around it allowed;
 * undefined where that value has no such part.
 */
export function follow(
  bytes: Uint8Array,
  { start, end }: Range,
  pointer: Pointer,
): Range | undefined {
  let at = skipWhite(bytes, start);
  for (const step of pointer) {
    at = bytes[at] === OPEN_OBJECT ? member(bytes, at, step) : element(bytes, at, step.element);
    if (at < 0) return undefined;
  }
  return { start: at, end: valueEnd(bytes, at, end) };
}

/** Where the value of the object's last member of that name begins; -1: there is none. */
function member(bytes: Uint8Array, open: number, step: Step): number {
  let found = -1;
  let at = skipWhite(bytes, open + 1);
  while (bytes[at] === QUOTE) {
    const nameEnd = stringEnd(bytes, at);
    const isNamed = isName(bytes, { start: at + 1, end: nameEnd - 1 }, step);
    const value = skipWhite(bytes, skipWhite(bytes, nameEnd) + 1);
    if (isNamed) found = value;
    at = nextValue(bytes, value);
  }
  return found;
}

/** Where the element of that number begins; -1: the value is no array, or has none. */
function element(bytes: Uint8Array, open: number, number: number): number {
  if (bytes[open] !== OPEN_ARRAY || number < 0) return -1;
  let at = skipWhite(bytes, open + 1);
  if (bytes[at] === CLOSE_ARRAY) return -1;
  for (let left = number; left > 0; left--) {
    at = nextValue(bytes, at);
    if (at < 0) return -1;
  }
  return at;
}

/** Where the next member or element begins, behind the value at `at`; -1: the container ends. */
function nextValue(bytes: Uint8Array, at: number): number {
  const behind = skipWhite(bytes, valueEnd(bytes, at, bytes.length));
  return bytes[behind] === COMMA ? skipWhite(bytes, behind + 1) : -1;
}

function isName(bytes: Uint8Array, { start, end }: Range, { name }: Step): boolean {
  let isPlain = true;
  for (let at = start; at < end && isPlain; at++) {
    isPlain = bytes[at] !== BACKSLASH && bytes[at] < 0x80;
  }
  const plain = isPlain ? bytes : canonicalKey(bytes.slice(start, end));
  const from = isPlain ? start : 0;
  const length = isPlain ? end - start : plain.length;
  if (length !== name.length) return false;
  for (let k = 0; k < length; k++) if (plain[from + k] !== name[k]) return false;
  return true;
}

function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  switch (bytes[at]) {
    case QUOTE:
      return stringEnd(bytes, at);
    case OPEN_OBJECT:
    case OPEN_ARRAY:
      return containerEnd(bytes, at);
    default:
      while (at < end && endsScalar[bytes[at]] === 0) at++;
      return at;
  }
}

/** Counts brackets: in valid JSON each one outside a string has its match. */
function containerEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
      continue;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
    at++;
  } while (depth > 0 && at < bytes.length);
  return at;
}

function stringEnd(bytes: Uint8Array, quote: number): number {
  let at = quote + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function skipWhite(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d || bytes[at] === 0x0a) at++;
  return at;
}
