/**
 * Keys as bytes: one canonical form, so that `"a"` and `"\u0061"` are one key.
 *
 * The canonical form is UTF-8 of the decoded string, generalised to lone surrogates (WTF-8: a lone
 * surrogate is its three-byte pattern), since JSON can spell them with \u escapes and JavaScript
 * keeps them. Source: RFC 8259 §7 and §8.2; "The WTF-8 encoding", Simon Sapin.
 *
 * Some formats have keys that are no strings. Such a key is a byte that no UTF-8 has, and its JSON
 * text, so that the number 1 and the string "1" stay two keys.
 */
import { isUtf8 } from 'node:buffer';

/** Room for more, as a part of what is there: a copy of the arena now and then costs little. */
const arenaGrowth = 1.125;
const BACKSLASH = 0x5c;
/** First byte of a key that is no string. */
const NO_STRING = 0xff;
const HEX_DIGIT: Record<string, number> = { b: 8, f: 12, n: 10, r: 13, t: 9 };

/** Growing storage for the keys' bytes. Forgotten bytes are counted; the keydir packs them. */
export class KeyArena {
  bytes: Uint8Array;
  liveBytes = 0;
  deadBytes = 0;
  private end = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Appends one key; gives its offset. */
  add(source: Uint8Array, start: number, length: number): number {
    if (this.end + length > this.bytes.length) {
      const bigger = new Uint8Array(Math.ceil((this.end + length) * arenaGrowth) + 256);
      bigger.set(this.bytes.subarray(0, this.end));
      this.bytes = bigger;
    }
    const at = this.end;
    const { bytes } = this;
    if (length < 64) for (let i = 0; i < length; i++) bytes[at + i] = source[start + i];
    else bytes.set(source.subarray(start, start + length), at);
    this.end += length;
    this.liveBytes += length;
    return at;
  }

  /** True when forgotten bytes are an eighth of it: time to copy the others together. */
  get wantsPacking(): boolean {
    return this.deadBytes > 65_536 && this.deadBytes * 8 > this.liveBytes;
  }

  release(length: number): void {
    this.liveBytes -= length;
    this.deadBytes += length;
  }

  clear(): void {
    this.end = this.liveBytes = this.deadBytes = 0;
  }
}

/**
 * Decodes the inside of a JSON string (valid escapes, no quotes) to canonical bytes.
 * Invalid UTF-8 becomes U+FFFD, as every JSON.parse of decoded text sees it.
 */
export function canonicalKey(raw: Uint8Array): Uint8Array {
  const isPlain = !raw.includes(BACKSLASH);
  if (isPlain && isUtf8(raw)) return raw;
  // A TextDecoder would take U+FEFF at the start of a key for a byte order mark, and drop it.
  const text = Buffer.from(raw).toString('utf8');
  return stringToKey(isPlain ? text : unescape(text));
}

/** Text of a JSON string's inside, escapes decoded. */
function unescape(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(parseInt(escape.slice(1), 16));
    const code = HEX_DIGIT[escape];
    return code === undefined ? escape : String.fromCharCode(code);
  });
}

/** Canonical bytes of a JavaScript string. */
export function stringToKey(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  // Buffer.from writes U+FFFD for a lone surrogate; only then the slow way is needed.
  if (!hasLoneSurrogate(text)) return bytes;
  const parts: Buffer[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const lone = code >= 0xd800 && code <= 0xdfff;
    parts.push(
      lone
        ? Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)])
        : Buffer.from(char),
    );
  }
  return Buffer.concat(parts);
}

/** Canonical bytes of a key that is no string: `json` is its JSON text without whitespace. */
export function jsonToKey(json: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(NO_STRING), Buffer.from(json)]);
}

/** True for a key that is no string; it begins at `start`. */
export const isJsonKey = (key: Uint8Array, start = 0): boolean => key[start] === NO_STRING;

/** The JSON text of a key: a string with its quotes, or what else it is. */
export function keyToJson(key: Uint8Array): string {
  return key[0] === NO_STRING ? keyToString(key) : JSON.stringify(keyToString(key));
}

/** The JavaScript string of canonical bytes; of a key that is no string its JSON text. */
export function keyToString(key: Uint8Array): string {
  if (key[0] === NO_STRING) return Buffer.from(key.subarray(1)).toString('utf8');
  if (isUtf8(key)) return Buffer.from(key.buffer, key.byteOffset, key.length).toString('utf8');
  let text = '';
  for (let i = 0; i < key.length;) {
    const lone = key[i] === 0xed && key[i + 1] >= 0xa0;
    const length = sequenceLength(key[i]);
    text += lone
      ? String.fromCharCode(0xd000 | ((key[i + 1] & 63) << 6) | (key[i + 2] & 63))
      : Buffer.from(key.subarray(i, i + length)).toString('utf8');
    i += length;
  }
  return text;
}

const sequenceLength = (lead: number) => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

const hasLoneSurrogate = (text: string) =>
  /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

/** Bytes of `JSON.stringify(key)`, quotes included, without making the string. */
export function jsonKeyLength(bytes: Uint8Array, start: number, length: number): number {
  if (length > 0 && bytes[start] === NO_STRING) return length - 1;
  let total = length + 2;
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i];
    if (byte === 0x22 || byte === BACKSLASH) total++;
    else if (byte < 0x20) total += SHORT_ESCAPE.has(byte) ? 1 : 5;
    else if (byte === 0xed && bytes[i + 1] >= 0xa0) total += 3; // a lone surrogate: \udXXX
  }
  return total;
}

const SHORT_ESCAPE = new Set([8, 9, 10, 12, 13]);

/** Orders keys by their UTF-16 units, as JavaScript's `<` does. Negative: `a` first. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    if (a[i] === b[i]) continue;
    // UTF-8 sorts by code point. UTF-16 differs where four-byte characters (surrogate pairs,
    // D800..DFFF) meet E000..FFFF, and where a lone surrogate is involved.
    if (a[i] < 0xed || b[i] < 0xed) return a[i] - b[i];
    const [left, right] = [keyToString(a), keyToString(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return a.length - b.length;
}
