/** tail-lines: lines that two files of one log share: counted, so that each is given once. */
import { createHash } from 'node:crypto';
import type { SyncSource } from '../disk.js';
import { readNow } from '../bytes/sync-read.js';

const windowBytes = 1 << 16;
const newline = 0x0a;

/** Lines by their bytes, each as often as it was added. */
export class LineBag {
  private readonly counts = new Map<string, number>();

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Takes one of them out; false when there is none. */
  take(name: string): boolean {
    const count = this.counts.get(name);
    if (count === undefined) return false;
    if (count === 1) this.counts.delete(name);
    else this.counts.set(name, count - 1);
    return true;
  }
}

/** What a line is known by: a hash of its bytes, newline excluded. */
export function nameOfLine(source: SyncSource, offset: number, length: number): string {
  const hash = createHash('sha1');
  for (let at = offset; at < offset + length; at += windowBytes) {
    hash.update(readNow(source, at, Math.min(offset + length, at + windowBytes)));
  }
  return hash.digest('base64');
}

/** Adds the whole lines of `[from, to)` to a bag. */
export function addLines(bag: LineBag, source: SyncSource, from: number, to: number): void {
  for (const { offset, length } of lineRanges(source, from, to)) {
    bag.add(nameOfLine(source, offset, length));
  }
}

/** The whole lines of `[from, to)`, newlines excluded: where each begins, and its bytes. */
export function* lineRanges(source: SyncSource, from: number, to: number) {
  let offset = from;
  for (let at = from; at < to; at += windowBytes) {
    const part = readNow(source, at, Math.min(to, at + windowBytes));
    for (let end = part.indexOf(newline); end >= 0; end = part.indexOf(newline, end + 1)) {
      yield { offset, length: at + end - offset };
      offset = at + end + 1;
    }
  }
}

/** Number of newlines in `[from, to)`. */
export function countLines(source: SyncSource, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at += windowBytes) {
    const part = readNow(source, at, Math.min(to, at + windowBytes));
    for (let end = part.indexOf(newline); end >= 0; end = part.indexOf(newline, end + 1)) lines++;
  }
  return lines;
}

/** Bytes of whole lines that `a[from, to)` and `b` from `b.from` on have in common. */
export function commonBytes(
  a: { source: SyncSource; from: number; to: number },
  b: { source: SyncSource; from: number },
): number {
  let lineEnd = 0;
  for (let done = 0; a.from + done < a.to; done += windowBytes) {
    const to = Math.min(a.to, a.from + done + windowBytes);
    const one = readNow(a.source, a.from + done, to);
    const other = readNow(b.source, b.from + done, b.from + done + one.length);
    let same = 0;
    while (same < other.length && one[same] === other[same]) same++;
    const end = same === 0 ? -1 : one.lastIndexOf(newline, same - 1);
    if (end >= 0) lineEnd = done + end + 1;
    if (same < one.length) break;
  }
  return lineEnd;
}
