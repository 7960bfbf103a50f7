/** late-backup: which entries of a backup came after its compaction had let it go? */
import { backupLog } from '../checks/backups.js';
import { isMadeAt } from '../checks/backup-order.js';
import { firstLineEnd, textBefore } from '../bytes/line-back.js';
import { partOf } from '../bytes/source-part.js';
import { lastLineEnd, readNow } from '../bytes/sync-read.js';
import type { Context } from '../context.js';
import { hiddenEntries } from '../damage/damage-findings.js';
import type { SyncSource } from '../disk.js';
import { keyToString } from '../keydir/key-bytes.js';
import type { Log } from '../log.js';
import { scanSource } from '../recovery/recover-state.js';
import { KIND, type LineBatch } from '../scan/kernel.js';
import { scanLog } from '../checks/scan-log.js';
import { commonBytes, lineRanges, nameOfLine } from '../tail/tail-lines.js';
import type { EntryWriting } from '../writer/entry-text.js';
import { isKeptFile } from '../siblings.js';

/** A whole entry, newline excluded. Bytes of the backup; `time` in ms, NaN where it has none. */
export interface LateEntry {
  offset: number;
  length: number;
  time: number;
  /** Undefined for entries of no single key. */
  key: string | undefined;
  /** A newline ends it. */
  ended: boolean;
}

/** A backup and the entries that the files which came after it lack, in file order. */
export interface LateBackup {
  path: string;
  entries: LateEntry[];
  /** What the log holds before this byte is older: the state it begins with, what was carried. */
  after: number;
}

/** A file of a log: a backup, or the log itself, whose name has no number. */
export interface ChainFile {
  path: string;
  /** The number in its name. */
  ms?: number;
  compressed?: boolean;
  /** Bytes of the state it begins with, where that is known already. */
  headBytes?: number;
}

/** The checkpoint a file begins with: the end of its last line, and what that line says. */
interface Head {
  folded: number;
  compactedAt: number;
  /** Offset of the line that follows it. */
  end: number;
  /** The last bytes of its last line: what tells it from other heads. */
  line: string;
}

/**
 * The backups with entries that came late: a writer that had opened the file before the swap goes
 * on in it, through a descriptor or another name (a bind mount). `chain`: the log first, then its
 * backups, newest first. What a head was made from it says by size and time; a backup is compared
 * only with a head that was made from it, so one whose successor is gone or compressed is left
 * out. Late entries that newer ones in other backups have replaced are none: nothing lacks them.
 * Oldest backup first. Throws LogctlError.
 */
export async function lateBackups(
  context: Context,
  log: Log,
  chain: readonly ChainFile[],
): Promise<LateBackup[]> {
  const { writes } = log.dialect;
  if (writes === undefined || chain.length < 2) return [];
  const heads = new Map<ChainFile, Head | undefined>();
  for (const file of chain) heads.set(file, await headIn(context, file, writes));
  const found: LateBackup[] = [];
  for (let i = chain.length - 1; i > 0; i--) {
    const backup = chain[i];
    const head = heads.get(chain[i - 1]);
    if (head === undefined || backup.compressed === true) continue;
    // A log that was restored or merged begins as one of its backups does: both had one start.
    const isOlder = chain.slice(i).some((file) => heads.get(file)?.line === head.line);
    if (isOlder || !isMadeAt({ ms: backup.ms ?? NaN }, head.compactedAt)) continue;
    const newer = chain.slice(0, i).flatMap((file) => {
      return file.compressed === true ? [] : [{ path: file.path, head: heads.get(file) }];
    });
    const isWhole = isUnbroken(chain.slice(0, i), heads);
    const compared = { path: backup.path, head, newer, isWhole };
    const entries = await lateEntries(context, log, compared);
    if (entries.length === 0) continue;
    found.push({ path: backup.path, entries, after: carriedUpTo(context, compared) });
  }
  return found;
}

/** True where each of these files was made from the next one, so that none is missing. */
function isUnbroken(chain: readonly ChainFile[], heads: ReadonlyMap<ChainFile, Head | undefined>) {
  return chain.every((file, place) => {
    if (file.compressed === true) return false;
    if (place === 0) return true;
    const newer = heads.get(chain[place - 1]);
    // A log that lost its head is given one of its newest backup.
    if (newer === undefined) return place === 1;
    const isSame = newer.line === heads.get(file)?.line;
    return isSame || isMadeAt({ ms: file.ms ?? NaN }, newer.compactedAt);
  });
}

/** The log itself may have been named by a link; what lies beside it is not read through one. */
const openOne = ({ disk }: Context, path: string): SyncSource =>
  disk.open(path, { noLinks: isKeptFile(path) });

async function headIn(
  context: Context,
  file: ChainFile,
  writes: EntryWriting,
): Promise<Head | undefined> {
  if (file.compressed === true || file.headBytes === 0) return undefined;
  const source = openOne(context, file.path);
  try {
    return await headOf(source, writes, file.headBytes);
  } finally {
    source.close();
  }
}

async function headOf(
  file: SyncSource,
  writes: EntryWriting,
  known = 0,
): Promise<Head | undefined> {
  const isKnown = known > 0 && readNow(file, known - 1, known)[0] === 0x0a;
  // Where readers differ the head is two lines, and the second one says what was folded.
  for (let end = isKnown ? known - 1 : 0, lines = 0; lines < 2; lines++, end++) {
    if (!isKnown) {
      const length = await firstLineEnd(partOf(file, end));
      if (length === undefined) return undefined;
      end += length;
    }
    const line = await textBefore(file, end);
    const folded = writes.readFolded(line);
    const compactedAt = writes.readCompactedAt(line);
    if (folded !== undefined) return { folded, compactedAt, end: end + 1, line };
    if (isKnown) return undefined;
  }
  return undefined;
}

interface Compared {
  path: string;
  /** The head that was made from it. */
  head: Head;
  /** The files that came after it, the log first. */
  newer: { path: string; head: Head | undefined }[];
  /** None of them is missing. */
  isWhole: boolean;
}

async function lateEntries(context: Context, log: Log, compared: Compared): Promise<LateEntry[]> {
  const { path, head, newer, isWhole } = compared;
  const backup = openOne(context, path);
  try {
    const { size } = backup.stat();
    const { folded } = head;
    if (size <= folded || readNow(backup, folded - 1, folded)[0] !== 0x0a) return [];
    if (isCarried(context, backup, compared)) return [];
    const entries = await entriesAfter(context, log, backup, folded);
    const open = new OpenEntries(backup, entries);
    for (const file of newer)
      if (file.head !== undefined) open.strike(context, file, file.head.end);
    if (newer[0].head?.line === head.line) return open.left();
    if (isWhole) return await withoutReplaced(context, log, open.left(), newer);
    // What a file set that is missing cannot be known: only what came after the log began counts.
    const began = newer[0].head?.compactedAt ?? Infinity;
    return open.left().filter(({ time }) => time > began);
  } finally {
    backup.close();
  }
}

/** True where all that follows the prefix follows the head as well, at once. */
function isCarried(context: Context, backup: SyncSource, { head, newer }: Compared): boolean {
  const { size } = backup.stat();
  const length = carriedBytes(context, backup, newer.at(-1)!.path, head);
  return head.folded + length === size;
}

/** Bytes of whole lines that follow both the prefix and the head made from it. */
function carriedBytes(context: Context, backup: SyncSource, path: string, head: Head): number {
  const to = lastLineEnd(backup, head.folded, backup.stat().size);
  const next = openOne(context, path);
  try {
    const old = { source: backup, from: head.folded, to };
    return commonBytes(old, { source: next, from: head.end });
  } finally {
    next.close();
  }
}

/** Where the log's own entries begin, as far as can be told. */
function carriedUpTo(context: Context, { path, head, newer: [log] }: Compared): number {
  if (log.head?.line !== head.line) return log.head?.end ?? 0;
  const backup = openOne(context, path);
  try {
    return head.end + carriedBytes(context, backup, log.path, head);
  } finally {
    backup.close();
  }
}

/** The whole entries of an open backup from `from` on, those inside damaged lines too. */
async function entriesAfter(
  context: Context,
  log: Log,
  backup: SyncSource,
  from: number,
): Promise<LateEntry[]> {
  const entries: LateEntry[] = [];
  const { size } = backup.stat();
  const onRows = (batch: LineBatch) => {
    for (let row = 0; row < batch.count; row++) {
      const kind = batch.kind[row];
      if (kind === KIND.blank || kind === KIND.bad) continue;
      const [offset, length] = [from + batch.offset[row], batch.length[row]];
      const ended = offset + length < size;
      entries.push({ offset, length, time: batch.time[row], key: keyOf(batch, row), ended });
    }
  };
  const scan = await scanSource(context, log, partOf(backup, from), { fold: false, onRows });
  scan.close();
  for (const { offset, length, time, key } of scan.damages.flatMap(hiddenEntries)) {
    entries.push({ offset: from + offset, length, time, key, ended: false });
  }
  return entries.sort((a, b) => a.offset - b.offset);
}

function keyOf(batch: LineBatch, row: number): string | undefined {
  if (batch.kind[row] !== KIND.put && batch.kind[row] !== KIND.delete) return undefined;
  const start = batch.keyStart[row];
  return keyToString(batch.keys.slice(start, start + batch.keyLength[row]));
}

/** Entries of a backup that no newer file was seen to have, each as often as it is there. */
class OpenEntries {
  private readonly byName = new Map<string, LateEntry[]>();
  private readonly lengths = new Set<number>();

  constructor(backup: SyncSource, entries: readonly LateEntry[]) {
    for (const entry of entries) {
      const name = nameOfLine(backup, entry.offset, entry.length);
      const same = this.byName.get(name);
      if (same === undefined) this.byName.set(name, [entry]);
      else same.push(entry);
      this.lengths.add(entry.length);
    }
  }

  /** Takes out those that are lines of a file from `from` on. */
  strike(context: Context, { path }: { path: string }, from: number): void {
    if (this.byName.size === 0) return;
    const file = openOne(context, path);
    try {
      for (const { offset, length } of lineRanges(file, from, file.stat().size)) {
        if (!this.lengths.has(length)) continue;
        const name = nameOfLine(file, offset, length);
        const same = this.byName.get(name);
        same?.shift();
        if (same?.length === 0) this.byName.delete(name);
      }
    } finally {
      file.close();
    }
  }

  left(): LateEntry[] {
    return [...this.byName.values()].flat().sort((a, b) => a.offset - b.offset);
  }
}

/**
 * The entries that still matter: the log begins with a state that was folded from the backups in
 * between. A key that one of those set later, by its time, has its newer value in that state.
 */
async function withoutReplaced(
  context: Context,
  log: Log,
  entries: readonly LateEntry[],
  newer: Compared['newer'],
): Promise<LateEntry[]> {
  if (entries.length === 0) return [];
  const newest = new Map<string, number>(entries.map(({ key }) => [key ?? '', -Infinity]));
  let replacedAt = -Infinity;
  const later = (time: number, than: number) => (time > than || Number.isNaN(time) ? time : than);
  for (const { path, head } of newer.slice(1)) {
    const onRows = (batch: LineBatch) => {
      for (let row = 0; row < batch.count; row++) {
        const isHead = head !== undefined && batch.offset[row] < head.end;
        const time = batch.time[row];
        if (batch.kind[row] === KIND.state && !isHead) replacedAt = later(time, replacedAt);
        const key = keyOf(batch, row);
        const known = key === undefined ? undefined : newest.get(key);
        if (known !== undefined) newest.set(key!, later(time, known));
      }
    };
    const scan = await scanLog(context, backupLog(log, { path }), { fold: false, onRows });
    scan.close();
  }
  // Where times are unknown the place decides: what came in a newer file is newer.
  return entries.filter(({ key, time }) => {
    const at = key === undefined ? -Infinity : newest.get(key)!;
    return [at, replacedAt].every((one) => one === -Infinity || one < time);
  });
}
