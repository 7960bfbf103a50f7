/** late-backup: does a backup hold lines that came after its compaction had let it go? */
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';
import type { EntryWriting } from '../writer/entry-text.js';
import { firstLineEnd, textBefore } from '../bytes/line-back.js';
import { partOf } from '../bytes/source-part.js';
import { lastLineEnd, readNow } from '../bytes/sync-read.js';

const windowBytes = 1 << 20;

/**
 * Bytes of whole lines in a backup that the file made of it does not carry: a writer had opened it
 * before the swap and was held up for longer than the swap waits. 0 where all is carried, or where
 * `later` (the files that came after it, the next one first) shows no compaction of ours.
 */
export async function lateBytesOf(
  context: Context,
  backup: SourceFile,
  later: readonly string[],
  writes: EntryWriting,
): Promise<number> {
  let head: string | undefined;
  let late = 0;
  for (const path of later) {
    const next = context.disk.open(path, { noLinks: true });
    try {
      const { folded, end, line } = await headOf(next, writes);
      // A merge of late lines keeps the head: what the first one lacks, the merged one has.
      if (folded === undefined || (head !== undefined && line !== head)) return late;
      head = line;
      const to = lastLineEnd(backup, folded, backup.stat().size);
      if (to <= folded || (await carries(partOf(backup, folded, to), partOf(next, end)))) return 0;
      late = to - folded;
    } finally {
      next.close();
    }
  }
  return late;
}

/** The checkpoint a file begins with: the end of its last line, and what that line says. */
async function headOf(file: SourceFile, writes: EntryWriting) {
  let end = 0;
  // Where readers differ the head is two lines, and the second one says what was folded.
  for (let lines = 0; lines < 2; lines++) {
    const length = await firstLineEnd(partOf(file, end));
    if (length === undefined) break;
    end += length;
    const line = await textBefore(file, end);
    const folded = writes.readFolded(line);
    end += 1;
    if (folded !== undefined) return { folded, end, line };
  }
  return { folded: undefined, end: 0, line: '' };
}

/** True when the lines stand together in `rest`, whatever stands before them. */
async function carries(lines: SourceFile, rest: SourceFile): Promise<boolean> {
  const { size } = lines.stat();
  const limit = rest.stat().size - size;
  const first = readNow(lines, 0, Math.min(size, windowBytes));
  for (let at = 0; at <= limit;) {
    if (Buffer.compare(first, readNow(rest, at, at + first.length)) === 0) {
      if (isSame(lines, partOf(rest, at, at + size), size)) return true;
    }
    const length = await firstLineEnd(partOf(rest, at));
    if (length === undefined) return false;
    at += length + 1;
  }
  return false;
}

function isSame(left: SourceFile, right: SourceFile, size: number): boolean {
  for (let at = 0; at < size; at += windowBytes) {
    const end = Math.min(size, at + windowBytes);
    if (Buffer.compare(readNow(left, at, end), readNow(right, at, end)) !== 0) return false;
  }
  return true;
}
