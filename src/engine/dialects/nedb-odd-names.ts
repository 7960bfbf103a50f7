/** nedb-odd-names: may a store hold member names that the library reads and cannot write? */
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';

const windowBytes = 1 << 18;
/** The longest beginning of a name that is looked at across two windows. */
const overlapBytes = 1 << 10;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * True where a name may begin with `$` or hold a dot, beside the library's own names; false is
 * certain. A few native searches per window: far quicker than parsing what is nearly always plain.
 * Source: model.js checkKey.
 */
export async function hasOddNames(context: Context, source: SourceFile): Promise<boolean> {
  const window = Buffer.alloc(windowBytes);
  for (let at = 0; ;) {
    const length = await source.read(window, at);
    if (isOdd(window.subarray(0, length), length === windowBytes)) return true;
    if (length < windowBytes) return false;
    at += windowBytes - overlapBytes;
    await context.checkpoint?.();
  }
}

/** `more`: bytes follow that are not in the window; what needs them is seen in the next one. */
function isOdd(bytes: Buffer, more: boolean): boolean {
  // A name may be spelled with escapes.
  if (bytes.includes('\\u002')) return true;
  for (let i = bytes.indexOf('"$'); i >= 0; i = bytes.indexOf('"$', i + 2)) {
    if (!isOwnName(bytes, i) && mayBeName(bytes, i + 1, more)) return true;
  }
  for (let i = bytes.indexOf('.'); i >= 0;) {
    if (mayBeName(bytes, i, more)) return true;
    const quote = bytes.indexOf(QUOTE, i);
    i = quote < 0 ? -1 : bytes.indexOf('.', quote);
  }
  return false;
}

/** The names and values that the library writes itself. */
const ownName = /^"\$\$(deleted":true[,}]|date":-?\d{1,16}\}|indexCreated":|indexRemoved":)/;

const isOwnName = (bytes: Buffer, i: number) => ownName.test(bytes.toString('latin1', i, i + 40));

/** True where the string that goes on at `i` is followed by a colon, or where that is not seen. */
function mayBeName(bytes: Buffer, i: number, more: boolean): boolean {
  const quote = bytes.indexOf(QUOTE, i);
  if (quote < 0) return more && bytes.length - i > overlapBytes;
  // An escaped quote ends no string: look behind it.
  if (bytes[quote - 1] === BACKSLASH) return mayBeName(bytes, quote + 1, more);
  let behind = quote + 1;
  while (bytes[behind] === 0x20 || bytes[behind] === 0x09) behind++;
  return bytes[behind] === COLON;
}
