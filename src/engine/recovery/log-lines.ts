/** log-lines: whole lines of a log around a place, without blank and damaged ones. */
import type { LogScan } from '../checks/scan-log.js';
import { contentStart } from '../bytes/order-mark.js';
import type { SourceFile } from '../disk.js';

/** A line and where it begins; without newline, and without the file's byte order mark. */
export interface TextLine {
  offset: number;
  bytes: Buffer;
}

/** Lines that are looked for in a copy, on either side of a hole. */
const neighbours = 8;
/** A line longer than this is not searched for. */
const searchedBytesMax = 1 << 20;
/** Lines are read from this many bytes on, and from more where they are longer: holes are many. */
const windowBytes = 1 << 12;
const windowFactor = 16;

/** The sound lines before `end`, the nearest last; none where they are too long. */
export async function linesBefore(scan: LogScan, end: number): Promise<TextLine[]> {
  for (let room = windowBytes; ; room *= windowFactor) {
    const from = Math.max(0, end - room);
    const lines = await linesAround(scan, from, end, { cutAtStart: from > 0 });
    if (lines.length > 0 || from === 0 || room >= searchedBytesMax) return lines.slice(-neighbours);
  }
}

/** The sound lines from `start` on, where a line begins, the nearest first. */
export async function linesBehind(scan: LogScan, start: number): Promise<TextLine[]> {
  for (let room = windowBytes; ; room *= windowFactor) {
    const to = Math.min(scan.bytes, start + room);
    const lines = await linesAround(scan, start, to, { cutAtEnd: to < scan.bytes });
    if (lines.length > 0 || to === scan.bytes || room >= searchedBytesMax) {
      return lines.slice(0, neighbours);
    }
  }
}

/** The sound lines that begin in `[from, to)`; those that are cut there are left out. */
export async function linesAround(
  { sources, damages }: LogScan,
  from: number,
  to: number,
  cut: { cutAtStart?: boolean; cutAtEnd?: boolean } = {},
): Promise<TextLine[]> {
  const lines = await linesIn(sources[0], from, to, cut);
  return lines.filter(({ offset }) => !isDamaged(damages, offset));
}

/** Lines of any file that begin in `[from, to)` and are not blank. */
export async function linesIn(
  source: SourceFile,
  from: number,
  to: number,
  { cutAtStart = false, cutAtEnd = false } = {},
): Promise<TextLine[]> {
  const start = from === 0 ? await contentStart(source) : from;
  const window = Buffer.alloc(Math.max(0, to - start));
  const bytes = window.subarray(0, await source.read(window, start));
  const lines: TextLine[] = [];
  for (let at = cutAtStart ? bytes.indexOf(0x0a) + 1 || bytes.length : 0; at < bytes.length;) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(at, end);
    if (!isBlank(line) && !(newline < 0 && cutAtEnd)) {
      // A copy: a part of a buffer keeps all of it in memory.
      lines.push({ offset: start + at, bytes: Buffer.from(line) });
    }
    at = end + 1;
  }
  return lines;
}

/** True for bytes of which no line but a blank one is made. */
export const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);

/** True where the line at `offset` is damaged; `damages` come in file order. */
function isDamaged(damages: LogScan['damages'], offset: number): boolean {
  let low = 0;
  for (let high = damages.length; low < high;) {
    const middle = (low + high) >> 1;
    if (damages[middle].offset + damages[middle].length <= offset) low = middle + 1;
    else high = middle;
  }
  return low < damages.length && damages[low].offset <= offset;
}
