/** nedb-odd-names: may a store hold member names that the library reads and cannot write? */
import type { Context } from '../../context.js';
import type { SourceFile } from '../../disk.js';
import { SimdMemory } from '../../scan/simd-memory.js';
import { loadSimdModule, openSimd } from '../../scan/simd-module.js';

const windowBytes = 1 << 18;
/** What begins in the last bytes of a window is looked at in the next one. */
const overlapBytes = 1 << 10;
const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const DOLLAR = 0x24;
const DOT = 0x2e;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSE = 0x7d;

/**
 * True where a name may begin with `$` or hold a dot, beside the library's own names; false is
 * certain. A search of the bytes: far quicker than parsing what is nearly always plain.
 * Source: model.js checkKey.
 */
export async function hasOddNames(context: Context, source: SourceFile): Promise<boolean> {
  const { takeWindow, mayHold } = await openSearch(source.stat().size);
  for (let at = 0; ;) {
    const window = takeWindow();
    const length = await source.read(window, at);
    const isLast = length < window.length;
    const lines = window.subarray(0, length).lastIndexOf(LF) + 1;
    let seen: 'odd' | number = lines;
    if (lines < (isLast ? length : 1) || mayHold(lines)) {
      seen = look(window.subarray(0, length), isLast ? length : length - overlapBytes);
    }
    if (seen === 'odd') return true;
    if (isLast) return false;
    // A string that is longer than all of this holds no name that is worth the wait.
    if (seen === 0) return true;
    at += seen;
    await context.checkpoint?.();
  }
}

/** Below this the fast search would not win back what it takes to begin. */
const fastBytesMin = 4 << 20;

/** A window to read into. `mayHold`: are its first bytes, whole lines, worth a closer look? */
async function openSearch(
  size: number,
): Promise<{ takeWindow(): Buffer; mayHold(bytes: number): boolean }> {
  const own = Buffer.alloc(size < fastBytesMin ? windowBytes : 0);
  if (size < fastBytesMin) return { takeWindow: () => own, mayHold: () => true };
  const module = openSimd(await loadSimdModule(), windowBytes);
  const from = module.chunkAt.value;
  const memory = SimdMemory.of(module);
  const mayHold = (bytes: number) => module.hasOddNames(from, from + bytes) !== 0;
  return { takeWindow: () => Buffer.from(memory.buffer, from, windowBytes), mayHold };
}

/** Looks for odd names that begin before `end`; gives how far everything was seen to be plain. */
function look(bytes: Buffer, end: number): 'odd' | number {
  // A name may be spelled with escapes.
  if (bytes.includes('\\u002')) return 'odd';
  let seen = end;
  const judge = (i: number) => {
    const verdict = nameAt(bytes, i);
    if (verdict === 'unseen') seen = Math.min(seen, i);
    return verdict === 'name';
  };
  for (let i = bytes.indexOf(DOLLAR); i >= 0 && i < end; i = bytes.indexOf(DOLLAR, i + 2)) {
    if (bytes[i - 1] === QUOTE && !isOwnName(bytes, i - 1) && judge(i)) return 'odd';
  }
  for (let i = bytes.indexOf(DOT); i >= 0 && i < end;) {
    if (judge(i)) return 'odd';
    i = bytes.indexOf(DOT, quoteFrom(bytes, i));
  }
  // From the byte before on: a quote there begins the name that was not seen whole.
  return Math.max(0, seen - 1);
}

/** What the library writes itself, up to the value of a date. */
const ownDate = Buffer.from('"$$date":');
const ownMembers = ['"$$deleted":true', '"$$indexCreated":', '"$$indexRemoved":'].map((text) => {
  return Buffer.from(text);
});
const dateDigitsMax = 15;

/** True for the library's own names, with values that are its own; dates are many, so no regex. */
function isOwnName(bytes: Buffer, i: number): boolean {
  if (!standsAt(bytes, i, ownDate)) return ownMembers.some((member) => standsAt(bytes, i, member));
  let at = i + ownDate.length;
  if (bytes[at] === MINUS) at++;
  const from = at;
  while (bytes[at] >= ZERO && bytes[at] <= NINE) at++;
  return at > from && at - from <= dateDigitsMax && bytes[at] === CLOSE;
}

function standsAt(bytes: Buffer, i: number, wanted: Buffer): boolean {
  for (let k = 0; k < wanted.length; k++) if (bytes[i + k] !== wanted[k]) return false;
  return true;
}

/** Is the string that goes on at `i` a name? `unseen` where its end is not among the bytes. */
function nameAt(bytes: Buffer, i: number): 'name' | 'value' | 'unseen' {
  let quote = quoteFrom(bytes, i);
  // An escaped quote ends no string: look behind it.
  while (bytes[quote - 1] === BACKSLASH) quote = quoteFrom(bytes, quote + 1);
  if (quote >= bytes.length) return 'unseen';
  let behind = quote + 1;
  while (bytes[behind] === 0x20 || bytes[behind] === 0x09) behind++;
  return bytes[behind] === COLON ? 'name' : 'value';
}

/** The next quote; the end of the bytes where there is none. Most are near: no call for each. */
function quoteFrom(bytes: Buffer, i: number): number {
  while (i < bytes.length && bytes[i] !== QUOTE) i++;
  return i;
}
