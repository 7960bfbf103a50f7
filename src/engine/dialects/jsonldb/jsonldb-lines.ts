/**
 * jsonldb-lines: a file cut into lines as the library's line reader cuts it, keys found by text.
 *
 * Node 20's readline ends a line at `\n`, `\r\n` and a bare `\r`; empty lines are skipped. The key
 * is found without parsing: see jsonldb.md, "Load". Bytes do, where the library looks at decoded
 * text: all marks are ASCII, and decoding never makes or hides an ASCII byte.
 */
import { isUtf8 } from 'node:buffer';
import { LogctlError } from '../../errors.js';

const LF = 0x0a;
const RETURN = 0x0d;
const START = Buffer.from('{"k":"');
const VALUE_MARK = Buffer.from('","v":');
const QUOTE = 0x22;
const CLOSE = 0x7d;
/** Keys live in memory, so this is the longest. */
const keyBytesMax = 1 << 28;

/** One line that is not empty. `line` counts as the library does; bytes, line end excluded. */
export interface RawLine {
  line: number;
  offset: number;
  length: number;
  /** The key as it is spelled, valid UTF-8; undefined where the library finds none. */
  key: Uint8Array | undefined;
}

/**
 * Fed with a file's bytes in order; calls `take` for each line that is not empty. Holds of a line
 * that crosses chunks no more than its key needs. Throws LogctlError `too-large`.
 */
export class RawLineReader {
  private line = 1;
  private lineStart = 0;
  private position = 0;
  private held: Uint8Array[] = [];
  private heldLength = 0;
  /** The last bytes of what is held. */
  private seam: Uint8Array = new Uint8Array(0);
  /** What is held says already which key the line has, or that it has none. */
  private isDecided = false;
  private afterReturn = false;

  constructor(private readonly take: (line: RawLine) => void) {}

  feed(bytes: Uint8Array): void {
    let from = 0;
    let feed = bytes.indexOf(LF);
    let back = bytes.indexOf(RETURN);
    // The second half of a line end that was cut in two.
    if (this.afterReturn && feed === 0) this.lineStart = this.position = this.position + ++from;
    this.afterReturn &&= bytes.length === 0;
    for (;;) {
      if (feed >= 0 && feed < from) feed = bytes.indexOf(LF, from);
      if (back >= 0 && back < from) back = bytes.indexOf(RETURN, from);
      const end = feed < 0 || (back >= 0 && back < feed) ? back : feed;
      if (end < 0) break;
      this.endLine(bytes.subarray(from, end));
      const isPair = end === back && feed === end + 1;
      this.afterReturn = end === back && end + 1 === bytes.length;
      this.position += isPair ? 2 : 1;
      this.lineStart = this.position;
      from = end + (isPair ? 2 : 1);
    }
    if (from < bytes.length) this.hold(bytes.subarray(from));
  }

  /** The file ends here: the last line needs no line end. */
  finish(): void {
    this.endLine(new Uint8Array(0));
  }

  private endLine(rest: Uint8Array): void {
    if (this.heldLength > 0) this.hold(rest);
    else this.position += rest.length;
    const length = this.position - this.lineStart;
    if (length > 0) {
      const text = this.heldLength > 0 ? Buffer.concat(this.held) : rest;
      this.take({ line: this.line, offset: this.lineStart, length, key: keyIn(text) });
    }
    this.held = [];
    this.heldLength = 0;
    this.seam = new Uint8Array(0);
    this.isDecided = false;
    this.line++;
  }

  /** Keeps bytes of a line that goes on, until its key is known. */
  private hold(bytes: Uint8Array): void {
    this.position += bytes.length;
    if (this.isDecided) return;
    // Copied: the next bytes are read into the same memory. The mark may lie across the seam.
    this.held.push(Uint8Array.from(bytes));
    const seam = Buffer.concat([this.seam, bytes]);
    const seamAt = this.heldLength - this.seam.length;
    this.heldLength += bytes.length;
    if (seamAt === 0 && !isStart(seam)) this.isDecided = true;
    else this.isDecided = seam.includes(VALUE_MARK, Math.max(0, START.length - seamAt));
    this.seam = seam.subarray(-START.length);
    if (!this.isDecided && this.heldLength > keyBytesMax) this.refuse();
  }

  private refuse(): never {
    const where = `line ${this.line}, byte ${this.lineStart}`;
    throw new LogctlError('too-large', `${where}: a key over 256 MiB`, 'look at that line first');
  }
}

/** The key's text by the library's rule; undefined where it calls the line invalid. */
function keyIn(line: Uint8Array): Uint8Array | undefined {
  if (line.length < START.length || !isStart(line)) return undefined;
  // A method of Buffer on a view of ours: to make a Buffer of each line costs more than the search.
  let end = Buffer.prototype.indexOf.call(line, VALUE_MARK, START.length);
  if (end < 0) {
    const { length } = line;
    if (line[length - 2] !== QUOTE || line[length - 1] !== CLOSE) return undefined;
    end = Math.max(START.length, length - 2);
  }
  const key = line.subarray(START.length, end);
  // Decoding makes U+FFFD of invalid bytes: keys that differ in those alone are one.
  return isUtf8(key) ? key : Buffer.from(Buffer.from(key).toString('utf8'));
}

const isStart = (bytes: Uint8Array) => {
  const length = Math.min(bytes.length, START.length);
  for (let at = 0; at < length; at++) if (bytes[at] !== START[at]) return false;
  return true;
};
