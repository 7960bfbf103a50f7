/** tail-switch: where to go on in the file that took a followed log's place. */
import type { Log } from '../log.js';
import type { Kernel } from '../scan/kernel.js';
import { readNow } from '../bytes/sync-read.js';
import { FollowedFile, type TailPlace } from './tail-file.js';
import { addLines, commonBytes, countLines, nameOfLine, type LineBag } from './tail-lines.js';

/** A checkpoint that does not say what it stands for may repeat lines this far back, bytes. */
const lookBackBytes = 1 << 20;

/** Of a checkpoint, the members behind its state. */
const stampBytes = 400;

export interface Handover {
  event: 'compacted' | 'replaced';
  place: TailPlace;
}

/**
 * Finds the place in `fresh` behind which lines are new. All whole lines of `old` were given.
 *
 * - A compaction: the head stands for `old[0, N)`, as it says itself; behind it come the lines of
 *   `old` from N on, carried, and then new ones.
 * - A repaired file begins as the old one did: what both have in common is known.
 * - A rotation: all of it is new.
 *
 * Lines of `old` that may still follow in `fresh` behind the place are added to `known`.
 */
export async function handOver(
  { log, kernel }: { log: Log; kernel: Kernel },
  old: FollowedFile,
  fresh: FollowedFile,
  known: LineBag,
): Promise<Handover> {
  const to = old.place.offset;
  const same = goOn(old, 0, fresh, 0, known);
  if (same !== undefined) return { event: 'replaced', place: same };
  const head = await headOf(fresh, kernel, log);
  if (head.lines === 0) return { event: 'replaced', place: { offset: 0, line: 1 } };
  const { end } = head;
  const place = { offset: end, line: head.lines + 1 };
  const folded = head.folded ?? Math.max(0, to - lookBackBytes);
  if (folded > to) return { event: 'compacted', place };
  if (head.notesFollow) await addNotes(known, old, { kernel, log, to: folded });
  const carried = goOn(old, folded, fresh, end, known);
  if (carried === undefined) addLines(known, old.source, folded, to);
  return { event: 'compacted', place: carried ?? place };
}

/** Behind what `old` from `from` and `fresh` from `start` have in common; undefined for nothing. */
function goOn(
  old: FollowedFile,
  from: number,
  fresh: FollowedFile,
  start: number,
  known: LineBag,
): TailPlace | undefined {
  const to = old.place.offset;
  const length = commonBytes(
    { source: old.source, from, to },
    { source: fresh.source, from: start },
  );
  if (length === 0) return undefined;
  addLines(known, old.source, from + length, to);
  const offset = start + length;
  return { offset, line: countLines(fresh.source, 0, offset) + 1 };
}

/** The checkpoints a file begins with. `end`: the offset behind them. */
async function headOf(file: FollowedFile, kernel: Kernel, log: Log) {
  const found = { lines: 0, end: 0, folded: undefined as number | undefined, notesFollow: false };
  let isOver = false;
  for await (const { offset, length, isNote, head } of file.lines(kernel, log)) {
    found.notesFollow = isNote;
    if (isOver || head === undefined) break;
    isOver = head === 'ends';
    found.lines += 1;
    found.end = offset + length + 1;
    const from = Math.max(offset, offset + length - stampBytes);
    const stamp = readNow(file.source, from, offset + length).toString('latin1');
    found.folded = log.dialect.writes?.readFolded(stamp) ?? found.folded;
  }
  return found;
}

/** Operations that nobody knows stand behind the new head again, wherever they stood before. */
async function addNotes(
  known: LineBag,
  { source }: FollowedFile,
  { kernel, log, to }: { kernel: Kernel; log: Log; to: number },
): Promise<void> {
  for await (const { isNote, offset, length } of new FollowedFile(source).lines(kernel, log, to)) {
    if (isNote) known.add(nameOfLine(source, offset, length));
  }
}
