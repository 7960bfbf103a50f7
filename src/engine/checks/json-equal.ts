/** json-equal: do two JSON texts say the same value, whatever their spacing and spelling? */
import { createHash, type Hash } from 'node:crypto';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Longer values are compared by their bytes without spacing only. */
const parsedBytesMax = 32 << 20;

/**
 * True when both texts are the same value: equal bytes, equal but for whitespace between tokens,
 * or equal once parsed (`1.0` and `1`, `"\u0061"` and `"a"`). Member order counts for nothing.
 */
export function sameJson(a: Uint8Array, b: Uint8Array): boolean {
  if (Buffer.compare(a, b) === 0) return true;
  const [left, right] = [withoutSpacing(a), withoutSpacing(b)];
  if (Buffer.compare(left, right) === 0) return true;
  if (Math.max(left.length, right.length) > parsedBytesMax) return false;
  return sameValue(parse(left), parse(right));
}

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'));

/** The text with the whitespace between its tokens taken out; itself when there is none. */
export function withoutSpacing(json: Uint8Array): Uint8Array {
  const stripper = new SpacingStripper();
  return stripper.strip(json);
}

/** sha-256 of a JSON text without its spacing, part by part, for values too long to hold. */
export class SpacelessHash {
  private readonly hash: Hash = createHash('sha256');
  private readonly stripper = new SpacingStripper();

  update(part: Uint8Array): void {
    this.hash.update(this.stripper.strip(part));
  }

  digest(): string {
    return this.hash.digest('hex');
  }
}

class SpacingStripper {
  private inString = false;
  private escaped = false;

  strip(json: Uint8Array): Uint8Array {
    const out = new Uint8Array(json.length);
    let length = 0;
    for (const byte of json) {
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === BACKSLASH) this.escaped = true;
        else if (byte === QUOTE) this.inString = false;
      } else if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) {
        continue;
      } else if (byte === QUOTE) {
        this.inString = true;
      }
      out[length++] = byte;
    }
    return out.subarray(0, length);
  }
}

/** Deep equality of parsed JSON with a stack of its own: nesting may be a million deep. */
function sameValue(left: unknown, right: unknown): boolean {
  const pairs: [unknown, unknown][] = [[left, right]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [a, b] = pair;
    if (Object.is(a, b)) continue;
    // JSON has no NaN, and -0 and 0 are one number to a reader.
    if (typeof a === 'number' && a === b) continue;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    const names = Object.keys(a);
    if (names.length !== Object.keys(b).length) return false;
    for (const name of names) {
      if (!Object.hasOwn(b, name)) return false;
      pairs.push([a[name as keyof typeof a], b[name as keyof typeof b]]);
    }
  }
  return true;
}
