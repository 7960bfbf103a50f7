/** writer-moved: finds a writer's place in the file that a compaction put in the log's place. */
import type { SyncSource } from '../disk.js';
import type { EntryWriting } from './entry-text.js';
import { stampBytes } from '../bytes/line-back.js';
import { readNow } from '../bytes/sync-read.js';

/** What a writer knows of the file before: how far it was read, and the bytes that end there. */
export interface KnownPlace {
  size: number;
  seq: number;
  mark: Uint8Array;
}

export interface MovedPlace {
  /** The byte of the new file up to which it says what the old one said up to the known place. */
  offset: number;
  /** Entries before it; milliseconds since 1970 UTC when the first of them was written. */
  entries: number;
  compactedAt: number;
}

/** Few entries stand behind the checkpoint of a log just compacted: further back none is sought. */
const tailBytesMax = 8 << 20;
const windowBytes = 1 << 16;
const newline = 0x0a;

/**
 * Where in a compacted log the known place is now; undefined where that cannot be shown, and the
 * log is to be read again.
 *
 * A checkpoint names how many bytes of the old file it stands for, and what stood behind them
 * follows it byte for byte: so the known place is as far behind the checkpoint as it was behind
 * those bytes. The bytes that end there have to be the same ones; where the checkpoint itself ends
 * there, its sequence number has to be the known one. Reads what follows the checkpoint, not the
 * checkpoint: a writer that reads 1 GB again after each compaction answers nobody meanwhile.
 */
export function placeInCompacted(
  source: SyncSource,
  known: KnownPlace,
  writing: EntryWriting,
): MovedPlace | undefined {
  const { size } = source.stat();
  for (const { end, text } of lineEndsBack(source, size)) {
    const folded = writing.readFolded(text);
    if (folded === undefined) continue;
    const carried = known.size - folded;
    const offset = end + carried;
    if (carried < 0 || offset > size) return undefined;
    const isThere =
      carried === 0
        ? writing.readStamp(text)?.seq === known.seq
        : carried >= known.mark.length && hasBytes(source, offset, known.mark);
    if (!isThere) return undefined;
    const entries = 1 + countLines(source, end, offset);
    return { offset, entries, compactedAt: writing.readCompactedAt(text) };
  }
  return undefined;
}

function hasBytes(source: SyncSource, end: number, bytes: Uint8Array): boolean {
  return Buffer.compare(readNow(source, end - bytes.length, end), bytes) === 0;
}

/**
 * Offsets behind newlines, the last one first, with the text before each newline. A window is read
 * once for all lines that end in it: a read for each line would hold up the program for long.
 */
function* lineEndsBack(source: SyncSource, size: number): Generator<{ end: number; text: string }> {
  const least = Math.max(0, size - tailBytesMax);
  for (let to = size; to > least; to -= windowBytes) {
    const start = Math.max(0, to - windowBytes);
    const from = Math.max(0, start - stampBytes);
    const part = readNow(source, from, to);
    for (let at = part.length; at > 0;) {
      at = part.lastIndexOf(newline, at - 1);
      if (at < start - from) break;
      yield { end: from + at + 1, text: part.toString('latin1', Math.max(0, at - stampBytes), at) };
    }
  }
}

function countLines(source: SyncSource, from: number, to: number): number {
  let lines = 0;
  for (let start = from; start < to; start += windowBytes) {
    const part = readNow(source, start, Math.min(to, start + windowBytes));
    for (let at = part.indexOf(newline); at >= 0; at = part.indexOf(newline, at + 1)) lines++;
  }
  return lines;
}
