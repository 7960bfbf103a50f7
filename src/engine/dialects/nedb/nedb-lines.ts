/** nedb-lines: a file cut into lines as the library's byline.js cuts it. */
import type { Context } from '../../context.js';
import type { SourceFile } from '../../disk.js';
import { LogctlError } from '../../errors.js';

/** Beyond this a line is not followed: the library holds each one several times in memory. */
const lineBytesMax = 1 << 27;
const readBytes = 1 << 18;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** 1: this byte alone may end a line; 2: it may begin U+0085, U+2028 or U+2029. */
const breaks = new Uint8Array(256);
for (const byte of [LINE_FEED, 0x0b, 0x0c, CARRIAGE_RETURN]) breaks[byte] = 1;
breaks[0xc2] = breaks[0xe2] = 2;

/** What a line is handed over with. Offsets and lengths in bytes of the file. */
export interface NedbLine {
  bytes: Uint8Array;
  offset: number;
  /** Number of the line as everything else counts: by line feeds alone, from 1. */
  line: number;
  /** Ended by something that is no line feed, and no carriage return before one. */
  cut: boolean;
}

/**
 * Hands every line that is not empty to `take`, in file order; `line.bytes` is a view, valid until
 * `take` returns. A line ends at LF, VT, FF, CR, U+0085, U+2028 and U+2029; no byte of these can
 * be a part of another character, so the cut is exact in invalid UTF-8 too. Since empty lines are
 * dropped, a CRLF over two chunks is no special case. With `lineFeeds`, lines end at LF alone; only
 * the first `until` bytes are read.
 * Throws LogctlError `too-large` at a line of more than 128 MiB. Source: byline.js:58-118.
 */
export async function cutLines(
  context: Context,
  source: SourceFile,
  { until, lineFeeds }: { until: number; lineFeeds: boolean },
  take: (line: NedbLine) => void,
): Promise<void> {
  const { size: total } = source.stat();
  const cutter = new Cutter(lineFeeds, source.path, take);
  for (let position = 0, last = false; !last;) {
    const room = cutter.room();
    const length = await source.read(room.subarray(0, until - position), position);
    position += length;
    last = length < room.length;
    cutter.cut(length, last);
    context.progress?.({ phase: 'read', path: source.path, done: position, total });
    await context.checkpoint?.();
  }
}

/** Holds what is left of the last read, so that each line lies in one piece. */
class Cutter {
  private bytes = new Uint8Array(readBytes * 2);
  /** The line being read begins at index 0; bytes up to `end` are there, up to `seen` looked at. */
  private end = 0;
  private seen = 0;
  /** File offset of index 0. */
  private offset = 0;
  private line = 1;

  constructor(
    private readonly lineFeeds: boolean,
    private readonly path: string,
    private readonly take: (line: NedbLine) => void,
  ) {}

  /** Where the next bytes of the file go. */
  room(): Uint8Array {
    if (this.end + readBytes > this.bytes.length) {
      if (this.end > lineBytesMax) this.tooLong();
      const bigger = new Uint8Array(this.bytes.length * 2);
      bigger.set(this.bytes.subarray(0, this.end));
      this.bytes = bigger;
    }
    return this.bytes.subarray(this.end, this.end + readBytes);
  }

  /** `length` more bytes are there; `last`: and none will follow. */
  cut(length: number, last: boolean): void {
    const { bytes } = this;
    this.end += length;
    // The last two bytes may be the beginning of a three-byte line breaker.
    const limit = last ? this.end : this.end - 2;
    let start = 0;
    let i = this.seen;
    for (; i < limit; i++) {
      if (breaks[bytes[i]] === 0) continue;
      const breaker = this.breakerAt(i);
      if (breaker === 0) continue;
      this.give(start, i, this.isForeign(i));
      if (bytes[i] === LINE_FEED) this.line++;
      start = i + breaker;
      i = start - 1;
    }
    if (last) this.give(start, this.end, false);
    bytes.copyWithin(0, start, this.end);
    this.offset += start;
    this.end -= start;
    this.seen = Math.max(0, i - start);
  }

  /** Bytes of the line breaker at index `i`; 0 where there is none. */
  private breakerAt(i: number): number {
    const { bytes } = this;
    if (this.lineFeeds) return bytes[i] === LINE_FEED ? 1 : 0;
    if (breaks[bytes[i]] === 1) return 1;
    if (i + 1 >= this.end) return 0;
    if (bytes[i] === 0xc2) return bytes[i + 1] === 0x85 ? 2 : 0;
    const isSeparator = bytes[i + 1] === 0x80 && (bytes[i + 2] | 1) === 0xa9;
    return isSeparator && i + 2 < this.end ? 3 : 0;
  }

  private isForeign(i: number): boolean {
    const { bytes } = this;
    if (bytes[i] === LINE_FEED) return false;
    return bytes[i] !== CARRIAGE_RETURN || bytes[i + 1] !== LINE_FEED || i + 1 >= this.end;
  }

  private give(start: number, end: number, cut: boolean): void {
    if (start === end) return;
    const bytes = this.bytes.subarray(start, end);
    this.take({ bytes, offset: this.offset + start, line: this.line, cut });
  }

  private tooLong(): never {
    const words = `${this.path}: a line of more than ${lineBytesMax} bytes at ${this.offset}`;
    const hint = 'what the library makes of it was not followed: use --semantics documented';
    throw new LogctlError('too-large', words, hint, { path: this.path });
  }
}
