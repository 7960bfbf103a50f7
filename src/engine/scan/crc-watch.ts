/** CrcWatch: checks the checksum at the end of a line, also of one that crosses chunks. */
import { crc32 } from 'node:zlib';
import { orderMark } from '../bytes/order-mark.js';
import { HEX } from './json-tables.js';

/** A line with our checksum ends so; `#` stands for a hex digit. */
const mark = Buffer.from(',"crc":"########"}');
const markBytes = mark.length;
const digitsAt = mark.indexOf('#');
const digitBytes = 8;

export type CrcVerdict = 'absent' | 'matches' | 'differs';

/** One per kernel: `feed` the parts of a line that go with their chunk, `check` with the rest. */
export class CrcWatch {
  /** Checksum of all that was fed but its last bytes, which `tail` holds: they may be the mark. */
  private running = 0;
  private tail: Uint8Array = mark.subarray(0, 0);
  private fed = false;
  /** Bytes of a byte order mark that may still come before the line: it is no part of the sum. */
  private markLeft = 0;

  /** A line begins. `first`: it is the first of its file. */
  begin(first: boolean): void {
    this.markLeft = first ? orderMark.length : 0;
    if (!this.fed) return;
    this.running = 0;
    this.tail = mark.subarray(0, 0);
    this.fed = false;
  }

  /** Takes the next part of a line that is not complete yet. */
  feed(fed: Uint8Array): void {
    this.fed = true;
    const part = fed.subarray(this.markIn(fed, 0));
    let joined = part;
    if (part.length >= markBytes) this.running = crc32(this.tail, this.running);
    else joined = Buffer.concat([this.tail, part]);
    const covered = Math.max(0, joined.length - markBytes);
    this.running = crc32(joined.subarray(0, covered), this.running);
    this.tail = joined.slice(covered);
  }

  /**
   * The rest of the line is `bytes[from, to)`: does it end in a checksum, and does that match?
   *
   * A mark that is damaged itself is still one: where one byte of it is wrong, name or digit, and
   * all others are those of the line's checksum, the line `differs`. Else damage there would make
   * a checked line look like one that never had a checksum.
   */
  check(bytes: Uint8Array, from: number, to: number): CrcVerdict {
    if (!this.fed) {
      const at = to - markBytes;
      if (at < from || !isFramed(bytes, at)) return 'absent';
      return compare(bytes, at, crc32(bytes.subarray(from + this.markIn(bytes, from), at)));
    }
    this.feed(bytes.subarray(from, to));
    const isMark = this.tail.length === markBytes && isFramed(this.tail, 0);
    return isMark ? compare(this.tail, 0, this.running) : 'absent';
  }

  /** How many bytes from `from` on are of the mark at the file's start, as far as not yet seen. */
  private markIn(bytes: Uint8Array, from: number): number {
    let length = 0;
    while (this.markLeft > 0 && bytes[from + length] === orderMark.at(-this.markLeft)) {
      this.markLeft--;
      length++;
    }
    // Anything else ends it.
    if (from + length < bytes.length) this.markLeft = 0;
    return length;
  }
}

/** The punctuation of a mark: other damage there breaks the grammar, and the line is bad anyway. */
function isFramed(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at + 16] === mark[16] &&
    bytes[at + 7] === mark[7] &&
    bytes[at + 6] === mark[6] &&
    bytes[at + 5] === mark[5] &&
    bytes[at + 1] === mark[1] &&
    bytes[at] === mark[0]
  );
}

function compare(bytes: Uint8Array, at: number, sum: number): CrcVerdict {
  let wrong = 0;
  let isNamed = true;
  for (let k = 0; k < digitsAt; k++) if (bytes[at + k] !== mark[k]) wrong++;
  if (wrong > 0) isNamed = false;
  for (let k = 0; k < digitBytes; k++) {
    const byte = bytes[at + digitsAt + k];
    if (byte !== digitOf(sum, k)) wrong++;
    if (HEX[byte] !== 1) isNamed = false;
  }
  if (wrong === 0) return 'matches';
  return isNamed || wrong === 1 ? 'differs' : 'absent';
}

/** The lower-case hex digit number `k` of a checksum, from the left, as a character. */
function digitOf(sum: number, k: number): number {
  const digit = (sum >>> (28 - 4 * k)) & 15;
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}
