/** log-start: does a log continue the copy beside it? Where it lies upon it, where it does not. */
import { contentStart } from '../bytes/order-mark.js';
import type { SourceFile } from '../disk.js';

/** How a log lies upon a backup that it does not plainly continue. */
export interface Overlap {
  /** Bytes of the backup that go in front of the log; Infinity for all. */
  front: number;
  /** Bytes of the backup behind the log's end, which go behind it, and where they begin. */
  behind: { offset: number; length: number };
}

/** A log as far as it is compared byte by byte: up to its first damage. */
export interface ComparedLog {
  source: SourceFile;
  bytes: number;
  damagedAt?: number;
}

const windowBytes = 1 << 20;
/** The last line of a backup may be the very one that was lost, or is mended. */
const endLines = 2;
const continued: Overlap = { front: 0, behind: { offset: 0, length: 0 } };
const foreign: Overlap = { front: Infinity, behind: { offset: 0, length: 0 } };

/** True where there is nothing in the backup that the log does not have in its place. */
export const isContinued = ({ front, behind }: Overlap): boolean =>
  front === 0 && behind.length === 0;

/**
 * Where a log that begins with an entry that is no checkpoint stands in a backup beside it, so that
 * nothing is replayed twice. One whose lines are nowhere in it comes behind all of it.
 *
 * A log that was recovered may lack lines which the backup has in its middle: what could be neither
 * kept nor filled. It is still the log of that backup where both begin and end in each other.
 */
export async function overlapOf(log: ComparedLog, backup: SourceFile): Promise<Overlap> {
  const first = await firstLine(log.source);
  const begin = (await firstLine(backup))?.offset ?? -1;
  const frontAt = (place: number) => (place === begin ? 0 : place);
  const exact = await exactOverlap(log, backup, first);
  if (exact !== undefined) return { ...exact, front: frontAt(exact.front) };
  const front = first?.bytes === undefined ? -1 : await find(backup, first.bytes, begin);
  if (front < 0) return foreign;
  for (const { offset, bytes } of await lastLines(backup)) {
    // What a log has of the backup's first line says nothing about its end.
    const isEnd = offset > begin && (await find(log.source, bytes, first!.offset)) >= 0;
    if (isEnd) return { ...continued, front: frontAt(front) };
  }
  const [last] = log.damagedAt === undefined ? await lastLines(log.source) : [];
  const place = last === undefined ? -1 : await lastPlaceOf(backup, last.bytes, front);
  if (place < 0) return foreign;
  const offset = place + last!.bytes.length + 1;
  return { front: frontAt(front), behind: { offset, length: await lengthFrom(backup, offset) } };
}

/** The log's bytes, as far as they go, are the backup's; undefined where they are nowhere. */
async function exactOverlap(
  log: ComparedLog,
  backup: SourceFile,
  first: FirstLine | undefined,
): Promise<Overlap | undefined> {
  const { bytes, damagedAt } = log;
  const until = damagedAt ?? bytes;
  // A log of which nothing can be compared may well be what it was.
  if (first === undefined || until <= first.offset) {
    return damagedAt === undefined ? foreign : continued;
  }
  for (let from = -1; ;) {
    const at = await nextPlace(backup, first, from);
    if (at < 0) return undefined;
    const rest = await restBehind(backup, log.source, { at, from: first.offset, until });
    if (rest !== undefined) {
      const length = damagedAt === undefined ? rest : 0;
      return { front: at, behind: { offset: at + bytes - first.offset, length } };
    }
    from = at;
  }
}

/** A line too long to be searched for can only be where the backup begins. */
async function nextPlace(backup: SourceFile, { bytes }: FirstLine, after: number) {
  if (bytes !== undefined) return find(backup, bytes, after + 1);
  return after < 0 ? ((await firstLine(backup))?.offset ?? -1) : -1;
}

interface FirstLine {
  offset: number;
  /** Without its newline; undefined where it is too long. */
  bytes: Buffer | undefined;
}

/** The first line that is not blank; undefined where there is none. */
async function firstLine(source: SourceFile): Promise<FirstLine | undefined> {
  const window = Buffer.alloc(windowBytes);
  for (let offset = await contentStart(source); ;) {
    const head = window.subarray(0, await source.read(window, offset));
    if (head.length === 0) return undefined;
    const newline = head.indexOf(0x0a);
    if (newline < 0 && head.length === windowBytes) return { offset, bytes: undefined };
    const bytes = head.subarray(0, newline < 0 ? head.length : newline);
    if (!isBlank(bytes)) return { offset, bytes: Buffer.from(bytes) };
    offset += bytes.length + 1;
  }
}

/** The last lines that are not blank, the last one first, as far as the file's end shows them. */
async function lastLines(source: SourceFile): Promise<{ offset: number; bytes: Buffer }[]> {
  const { size } = source.stat();
  const from = Math.max(0, size - windowBytes);
  const window = Buffer.alloc(size - from);
  const tail = window.subarray(0, await source.read(window, from));
  const lines: { offset: number; bytes: Buffer }[] = [];
  for (let end = tail.length; end > 0 && lines.length < endLines;) {
    const start = tail.lastIndexOf(0x0a, end - 1) + 1;
    const bytes = tail.subarray(start, end);
    if (start === 0 && from > 0) break;
    if (!isBlank(bytes)) lines.push({ offset: from + start, bytes });
    end = start - 1;
  }
  return lines;
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);

async function lastPlaceOf(source: SourceFile, line: Buffer, from: number): Promise<number> {
  let last = -1;
  for (let at = from; ; at = last + 1) {
    const place = await find(source, line, at);
    if (place < 0) return last;
    last = place;
  }
}

/** Offset of a whole line at or behind `from`; -1 for none. */
async function find(source: SourceFile, line: Buffer, from: number): Promise<number> {
  const begin = await contentStart(source);
  const window = Buffer.alloc(windowBytes + line.length + 2);
  // The bytes before and behind a hit tell whether it is a line.
  for (let at = Math.max(0, from - 1); ; at += windowBytes) {
    const view = window.subarray(0, await source.read(window, at));
    const isEnd = view.length < window.length;
    for (let hit = view.indexOf(line); hit >= 0; hit = view.indexOf(line, hit + 1)) {
      const isStart = at + hit === begin || (hit > 0 && view[hit - 1] === 0x0a);
      const behind = hit + line.length;
      const isWhole = view[behind] === 0x0a || (isEnd && behind === view.length);
      if (isStart && isWhole && at + hit >= from) return at + hit;
    }
    if (isEnd) return -1;
  }
}

/** Bytes of the backup behind the log's, where one of the two ends inside the other. */
async function restBehind(
  backup: SourceFile,
  log: SourceFile,
  { at: place, from, until }: { at: number; from: number; until: number },
): Promise<number | undefined> {
  const [left, right] = [Buffer.alloc(1 << 16), Buffer.alloc(1 << 16)];
  for (let at = from; at < until;) {
    const room = Math.min(left.length, until - at);
    const here = await log.read(left.subarray(0, room), at);
    const there = await backup.read(right.subarray(0, here), place + at - from);
    if (Buffer.compare(left.subarray(0, there), right.subarray(0, there)) !== 0) return undefined;
    if (there < here || here === 0) return 0;
    at += here;
  }
  return lengthFrom(backup, place + until - from);
}

async function lengthFrom(source: SourceFile, from: number): Promise<number> {
  const chunk = new Uint8Array(1 << 16);
  let at = from;
  for (let length = -1; length !== 0; at += length) length = await source.read(chunk, at);
  return Math.max(0, at - from);
}
