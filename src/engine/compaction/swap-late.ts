/** swap-late: which lines an interrupted swap left behind in the old file. */
import type { SyncSource } from '../disk.js';
import type { Intent } from './intent.js';
import { isWholeEntry } from '../damage/whole-entry.js';
import { lastLineEnd, readNow } from '../bytes/sync-read.js';

const windowBytes = 1 << 20;

/** A stretch of a file, `[from, to)`, in bytes. */
export interface Stretch {
  from: number;
  to: number;
}

/**
 * How old and new file make the whole log: `new[0, keep)`, then the stretches of the old file, then
 * `new[resume, …)`. `keep` and `resume` are apart where a torn copy of ours lies between.
 */
export interface LateLines {
  keep: number;
  resume: number;
  /** Of the old file; `newline`: its last line lacks one. */
  late: LateStretch[];
}

/** A stretch of whole lines. */
export interface LateStretch extends Stretch {
  newline: boolean;
}

/** The files of an interrupted swap, and how an entry begins in their format. */
export interface SwappedFiles {
  old: SyncSource;
  fresh: SyncSource;
  intent: Intent;
  resync: readonly string[];
}

/**
 * Compares what followed the old prefix with what follows the new head, line by line.
 *
 * What was carried is a common run of both. A copy that a power cut tore may end early, or hold
 * zero bytes where sectors were never written; writers may have appended right behind it.
 */
export function findLateLines({ old, fresh, intent, resync }: SwappedFiles): LateLines {
  const wanted = new OldTail(old, intent);
  const newLength = fresh.stat().size - intent.headLength;
  const { exact, loose } = commonRun(wanted, fresh, intent.headLength, newLength);
  const keep = exact === wanted.length ? exact : wanted.lineStart(exact);
  const base = intent.headLength;
  if (keep >= wanted.length) {
    return { keep: base + keep, resume: base + keep, late: [] };
  }
  const torn = tornCopy(fresh, { from: base + keep, to: base + newLength }, loose - keep, resync);
  return {
    keep: base + keep,
    resume: base + keep + torn,
    late: wanted.stretches(keep),
  };
}

/** The old file's lines behind the prefix as they had to be carried: a rest put right. */
class OldTail {
  readonly length: number;
  private readonly pieces: LateStretch[];

  constructor(
    private readonly old: SyncSource,
    { prefixLength, rest }: Intent,
  ) {
    const size = Math.max(prefixLength, old.stat().size);
    const restEnd = rest === undefined ? prefixLength : rest.offset + rest.length;
    const lineEnd = lastLineEnd(old, restEnd, size);
    // Nobody writes the old file any more: a whole entry at its end counts, a fragment does not.
    const newline = lineEnd < size && isWholeEntry(old, lineEnd, size);
    const end = newline ? size : lineEnd;
    if (rest === undefined) this.pieces = [{ from: prefixLength, to: end, newline }];
    else {
      const to = rest.offset + (rest.carried ? rest.length : 0);
      const before = { from: prefixLength, to, newline: rest.carried };
      this.pieces = [before, { from: restEnd, to: end, newline }];
    }
    this.length = this.pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  }

  /** Bytes `[from, to)` of the tail. */
  read(from: number, to: number): Buffer {
    const parts: Uint8Array[] = [];
    for (const { at, piece } of this.placed()) {
      const start = Math.max(from, at) - at;
      const end = Math.min(to, at + lengthOf(piece)) - at;
      if (start >= end) continue;
      parts.push(readNow(this.old, piece.from + start, Math.min(piece.from + end, piece.to)));
      if (piece.from + end > piece.to) parts.push(newlineByte);
    }
    return Buffer.concat(parts);
  }

  /** Start of the line that holds byte `at`. */
  lineStart(at: number): number {
    for (let end = at; end > 0;) {
      const start = Math.max(0, end - windowBytes);
      const newline = this.read(start, end).lastIndexOf(0x0a);
      if (newline >= 0) return start + newline + 1;
      end = start;
    }
    return 0;
  }

  /** The stretches of the old file from byte `from` of the tail on, which starts a line. */
  stretches(from: number): LateStretch[] {
    const found: LateStretch[] = [];
    for (const { at, piece } of this.placed()) {
      const start = Math.max(piece.from, piece.from + from - at);
      if (start < piece.to) found.push({ ...piece, from: start });
    }
    return found;
  }

  private *placed() {
    let at = 0;
    for (const piece of this.pieces) {
      yield { at, piece };
      at += lengthOf(piece);
    }
  }
}

const newlineByte = Uint8Array.of(0x0a);

const lengthOf = ({ from, to, newline }: LateStretch) => to - from + (newline ? 1 : 0);

/** How far both are equal, and how far they are where zero bytes of the new one are overlooked. */
function commonRun(wanted: OldTail, fresh: SyncSource, base: number, newLength: number) {
  const limit = Math.min(wanted.length, newLength);
  let exact = -1;
  for (let at = 0; at < limit; at += windowBytes) {
    const end = Math.min(limit, at + windowBytes);
    const [left, right] = [wanted.read(at, end), readNow(fresh, base + at, base + end)];
    for (let i = 0; i < end - at; i++) {
      if (left[i] === right[i]) continue;
      if (exact < 0) exact = at + i;
      if (right[i] !== 0) return { exact, loose: at + i };
    }
  }
  return { exact: exact < 0 ? limit : exact, loose: limit };
}

/**
 * Bytes of a torn copy at the start of a stretch: the longest one that is followed by the end of
 * the file or by an entry, and 0 where an entry of a writer stands there.
 */
function tornCopy(
  fresh: SyncSource,
  { from, to }: Stretch,
  lengthMax: number,
  resync: readonly string[],
): number {
  if (lengthMax <= 0) return 0;
  if (startsWithEntry(fresh, from, to)) return 0;
  if (from + lengthMax === to) return lengthMax;
  const longest = Math.max(...resync.map((pattern) => pattern.length));
  const text = readNow(fresh, from, Math.min(to, from + lengthMax + longest)).toString('latin1');
  const whole = placesBefore(text, lengthMax, resync).find((at) => {
    return startsWithEntry(fresh, from + at, to);
  });
  if (whole !== undefined) return whole;
  // The writer's entry is torn too. Objects inside entries begin as short patterns do.
  const specific = [...resync].sort((a, b) => b.length - a.length);
  const starts = specific.map((pattern) => text.lastIndexOf(pattern, lengthMax));
  return Math.max(0, starts.find((at) => at >= 0) ?? 0);
}

/** Places where an entry may begin, the last one first. */
function placesBefore(text: string, last: number, resync: readonly string[]): number[] {
  const places = new Set<number>();
  for (const pattern of resync) {
    for (let at = text.lastIndexOf(pattern, last); at >= 0;) {
      places.add(at);
      at = at === 0 ? -1 : text.lastIndexOf(pattern, at - 1);
    }
  }
  return [...places].sort((a, b) => b - a);
}

function startsWithEntry(fresh: SyncSource, from: number, to: number): boolean {
  for (let at = from; at < to; at += windowBytes) {
    const newline = readNow(fresh, at, Math.min(to, at + windowBytes)).indexOf(0x0a);
    if (newline >= 0) return isWholeEntry(fresh, from, at + newline);
  }
  return false;
}
