/** backups: the copies a compaction left: are they sound, and how far back do they reach? */
import { basename } from 'node:path';
import {
  byName,
  isInFuture,
  misdatedOf,
  newestFirst,
  newestTime,
  type CopyAge,
} from './backup-order.js';
import type { Context, TargetOptions } from '../context.js';
import { LogctlError } from '../errors.js';
import type { FindingList } from '../finding-list.js';
import type { FindingCode } from '../findings.js';
import { firstLineEnd, textBefore } from '../bytes/line-back.js';
import { unlessGone } from '../listed-files.js';
import { openSource, type Log } from '../log.js';
import type { BackupPart, RestoreWindow } from '../model.js';
import { scanLog, type LogScan } from './scan-log.js';
import { KIND } from '../scan/kernel.js';
import { listBackups, listCompanions, passedOver, type BackupName } from '../siblings.js';
import { isoTime } from '../text.js';

/** One backup and what a full read of it showed. */
export interface CheckedBackup extends BackupPart, CopyAge {
  /** Why it does not verify. */
  fault?: string;
  /** Bytes of the state it begins with; 0 where it begins otherwise. */
  headBytes: number;
  /** Where a torn end begins that is all that is wrong with it. */
  tornAt?: number;
  /** Only so many of its first bytes count: the torn end after them was put aside. */
  soundBytes?: number;
}

/** A checkpoint written more than this after its backup was made belongs to another backup. */
const chainToleranceMs = 600_000;

/** The log of one backup, as if it were a log itself. */
export function backupLog(
  log: Log,
  { path, soundBytes }: Pick<CheckedBackup, 'path' | 'soundBytes'>,
): Log {
  const file = { path, role: log.files[0].role, bytesMax: soundBytes, beside: log.path };
  return { path, dialect: log.dialect, files: [file], missing: false };
}

/**
 * What a log that lost its start, or all, begins with: the newest copy that verifies. Among the
 * library's own copies the order of the dialect counts: a later one may not be finished.
 */
export function baseOf(
  { dialect }: Pick<Log, 'dialect'>,
  copies: readonly CheckedBackup[],
): CheckedBackup | undefined {
  const sound = copies.filter(({ verdict }) => verdict === 'ok');
  if (sound[0]?.companion !== true) return sound[0];
  const { companionSuffixes = [] } = dialect;
  const own = companionSuffixes.map((suffix) => {
    return sound.find(({ path, companion }) => companion === true && path.endsWith(suffix));
  });
  return own.find((copy) => copy !== undefined);
}

/**
 * Checks a log's backups, newest first. `onlyNewest` reads the one alone that is the newest by its
 * name, and leaves the others `unread`, in the order of their names.
 */
export async function checkBackups(
  context: Context,
  log: Log,
  options: TargetOptions & { onlyNewest?: boolean },
): Promise<CheckedBackup[]> {
  if (log.path === '-') return [];
  const list = () => listBackups(context.disk, log.path, options.backupDir);
  if (options.onlyNewest === true) return checkNewest(context, log, list());
  const copies = await readCopies(context, log, list);
  const backups = newestFirst(copies, context.now());
  for (const [place, copy] of backups.entries()) {
    await settleEnd(context, log, copy, backups[place - 1]?.path ?? log.path);
  }
  const { companionSuffixes = [] } = log.dialect;
  const names = listCompanions(context.disk, log.path, companionSuffixes);
  const companions = await readCopies(context, log, () => names);
  return mixed(backups, companions, context.now());
}

/** Reads each copy there is. One that goes meanwhile is none; one that comes for it is read too. */
async function readCopies(
  context: Context,
  log: Log,
  list: () => readonly BackupName[],
): Promise<CheckedBackup[]> {
  const copies: CheckedBackup[] = [];
  const seen = new Set<string>();
  for (let names = list(); names.length > 0;) {
    let isGone = false;
    for (const name of names) {
      seen.add(name.path);
      const copy = await unlessGone(context.disk, name.path, () => readCopy(context, log, name));
      if (copy === undefined) isGone = true;
      else copies.push(copy);
    }
    names = isGone ? list().filter(({ path }) => !seen.has(path)) : [];
  }
  return copies;
}

async function checkNewest(
  context: Context,
  log: Log,
  backups: readonly BackupName[],
): Promise<CheckedBackup[]> {
  const { companionSuffixes = [] } = log.dialect;
  const companions = listCompanions(context.disk, log.path, companionSuffixes);
  const names = [...companions, ...backups].sort(byName(context.now()));
  const checked: CheckedBackup[] = [];
  for (const name of names) {
    const isRead = checked.length === 0;
    const read = isRead ? await readCopies(context, log, () => [name]) : [unread(context, name)];
    for (const copy of read) await settleEnd(context, log, copy, log.path);
    checked.push(...read);
  }
  return checked;
}

/** Companions lie between the backups, by the time they were written. */
function mixed<T extends CheckedBackup>(backups: T[], companions: T[], now: number): T[] {
  const all = [...backups];
  const timeOf = (copy: T) => (isInFuture(copy.ms, now) ? newestTime(copy) : copy.ms);
  for (const companion of companions) {
    const place = all.findIndex((copy) => !(timeOf(copy) > companion.ms));
    all.splice(place < 0 ? all.length : place, 0, companion);
  }
  return all;
}

function unread(context: Context, name: BackupName): CheckedBackup {
  const { path, ms, compressed, companion } = name;
  return {
    path,
    ms,
    ...(companion === true && { companion }),
    madeAt: isoTime(ms) ?? String(ms),
    bytes: context.disk.stat(path)?.size ?? 0,
    verdict: 'unread',
    compressed,
    entriesSince: null,
    firstTime: NaN,
    lastTime: NaN,
    startsWithState: false,
    lastSeq: 0,
    headBytes: 0,
  };
}

async function readCopy(context: Context, log: Log, name: BackupName): Promise<CheckedBackup> {
  const part = unread(context, name);
  try {
    const scan = await scanLog(context, backupLog(log, name), { fold: false });
    scan.close();
    const fault = faultOf(scan);
    const { firstTime, lastTime, firstKind, lastSeq, headBytes } = scan.counter;
    return {
      ...part,
      verdict: fault === undefined ? 'ok' : 'damaged',
      entriesSince: isoTime(firstTime),
      firstTime,
      lastTime,
      startsWithState: firstKind === KIND.state,
      lastSeq,
      headBytes,
      fault,
      tornAt: tornEndOf(scan),
    };
  } catch (error) {
    // A gzip file that breaks off is a damaged backup; a disk that fails stays an error.
    if (!(error instanceof LogctlError) || error.code !== 'damaged') throw error;
    return { ...part, verdict: 'damaged', fault: error.message };
  }
}

function faultOf(scan: LogScan): string | undefined {
  if (scan.bytes === 0) return 'it is empty';
  const [first] = faultsOf(scan);
  return first === undefined ? undefined : `${first.code} at line ${first.line}: ${first.message}`;
}

/** What is odd about a log and takes nothing from its copy. */
const harmlessInBackups = new Set<FindingCode>(['unended-line', 'seq-gap', 'reader-differs']);

const faultsOf = ({ findings }: LogScan) =>
  findings.all.filter(({ severity, code }) => {
    return severity !== 'notice' && !harmlessInBackups.has(code);
  });

/** Where a torn end begins that is all that is wrong with a copy. */
function tornEndOf(scan: LogScan): number | undefined {
  const [first, ...others] = faultsOf(scan);
  const isTorn = first?.code === 'torn-tail' || first?.code === 'nul-tail';
  return isTorn && others.length === 0 ? first.offset : undefined;
}

/**
 * Compaction keeps a log with a torn end as its backup, and stands for all of it but that end: it
 * is no fault if the head of the newer file says that it stands for what is before, or no other
 * program makes such backups.
 */
async function settleEnd(
  context: Context,
  { path, dialect }: Log,
  copy: CheckedBackup,
  newer: string,
): Promise<void> {
  const { tornAt } = copy;
  if (tornAt === undefined || copy.companion === true) return;
  const { writes, compaction } = dialect;
  // Such backups are made by our own compaction alone, which always puts a torn end aside.
  if (compaction !== 'lines') {
    if (writes === undefined) return;
    const folded = await readHeadEnd(context, newer, path, (end) => writes.readFolded(end));
    if (folded === undefined || folded > tornAt) return;
  }
  copy.soundBytes = tornAt;
  copy.fault = undefined;
  copy.verdict = 'ok';
}

/** What `read` finds at the end of a file's first line; undefined where there is no such line. */
async function readHeadEnd(
  context: Context,
  path: string,
  beside: string | undefined,
  read: (end: string) => number | undefined,
): Promise<number | undefined> {
  const file = await unlessGone(context.disk, path, () => openSource(context, path, beside));
  if (file === undefined) return undefined;
  try {
    const end = await firstLineEnd(file);
    return end === undefined ? undefined : read(await textBefore(file, end));
  } finally {
    file.close();
  }
}

/** Findings about what is named as a copy of the log and is not read as one. */
export function reportPassedOver(
  { disk }: Context,
  { path, dialect }: Log,
  { backupDir }: TargetOptions,
  findings: FindingList,
): void {
  if (path === '-') return;
  const { companionSuffixes: suffixes = [] } = dialect;
  for (const one of passedOver(disk, path, { backupDir, suffixes })) {
    findings.add('passed-over', one.path, `${one.why}: it is not read as a copy of the log`);
  }
}

/**
 * Findings about backups: damaged or misdated ones, and a newest one older than allowed. `scan`:
 * of the log, where it was read.
 */
export function reportBackups(
  context: Context,
  log: Log,
  backups: readonly CheckedBackup[],
  findings: FindingList,
  maxAgeMs: number | undefined,
  scan?: LogScan,
): void {
  for (const { path, verdict, fault, companion } of backups) {
    // A copy its library never finished is a leftover: the dialect knows what it means.
    if (verdict !== 'damaged' || companion === true) continue;
    const consequence = 'The bot would keep this file and delete an older, sound one for it.';
    findings.add('backup-damaged', path, `does not verify: ${fault}`, { consequence });
  }
  const own = backups.filter(({ companion }) => companion !== true);
  const ofLog = scan === undefined ? NaN : newestTime(scan.counter);
  const written = Number.isNaN(ofLog) ? own.map(newestTime) : [ofLog];
  // What goes on in our future shows that it is our clock that is slow.
  const now = Math.max(context.now(), ...written.filter((time) => !Number.isNaN(time)));
  for (const { path, why } of misdatedOf(own, now)) {
    const consequence = 'Programs that go by the names would take it for a newer or older one.';
    findings.add('backup-misdated', path, why, { impact: 'harmless', consequence });
  }
  if (maxAgeMs === undefined || log.path === '-') return;
  const isDated = ({ verdict, ms }: CheckedBackup) => verdict !== 'damaged' && !isInFuture(ms, now);
  const newest = own.find(isDated);
  if (newest !== undefined && context.now() - newest.ms <= maxAgeMs) return;
  const words = newest ? `the newest backup is of ${newest.madeAt}` : 'there is no backup';
  findings.add('backup-stale', log.path, `${words}, older than allowed`);
}

/** How far back every entry can be had from log and backups, newest first. */
export function restoreWindow(
  log: { firstTime: number; startsWithState: boolean },
  backups: readonly CheckedBackup[],
): RestoreWindow {
  const window: RestoreWindow = { since: isoTime(log.firstTime), gaps: [] };
  let { firstTime: reached, startsWithState: continues } = log;
  for (const backup of backups) {
    if (backup.verdict !== 'ok') continue;
    // A log that starts with plain entries holds all there ever was: nothing older is needed.
    const joins = continues && Math.abs(reached - backup.ms) <= chainToleranceMs;
    const overlaps = backup.lastTime >= reached || backup.firstTime >= reached;
    if (!joins && !overlaps && !Number.isNaN(reached) && continues) {
      const after = isoTime(backup.ms) ?? basename(backup.path);
      window.gaps.push({ after, before: isoTime(reached) ?? '' });
    }
    if (!(backup.firstTime < reached) && !Number.isNaN(reached)) continue;
    reached = backup.firstTime;
    continues = backup.startsWithState;
    window.since = isoTime(reached);
  }
  return window;
}
