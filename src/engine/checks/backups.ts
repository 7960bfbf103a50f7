/** backups: the copies a compaction left: are they sound, and how far back do they reach? */
import { basename } from 'node:path';
import type { DiskReader } from '../disk.js';
import type { Context, TargetOptions } from '../context.js';
import { LogctlError } from '../errors.js';
import type { FindingList } from '../finding-list.js';
import type { FindingCode } from '../findings.js';
import { firstLineEnd, textBefore } from '../bytes/line-back.js';
import { openSource, type Log } from '../log.js';
import type { BackupPart, RestoreWindow } from '../model.js';
import { scanLog, type LogScan } from './scan-log.js';
import { KIND } from '../scan/kernel.js';
import { listBackups, listCompanions, passedOver, type BackupName } from '../siblings.js';
import { isoTime } from '../text.js';

/** One backup and what a full read of it showed. */
export interface CheckedBackup extends BackupPart {
  /** First and last time in it, ms; NaN when unknown. */
  firstTime: number;
  lastTime: number;
  startsWithState: boolean;
  /** Why it does not verify. */
  fault?: string;
  /** Only so many of its first bytes count: the torn end behind them was put aside. */
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

/** Checks a log's backups, newest first; `onlyNewest` leaves the others `unread`. */
export async function checkBackups(
  context: Context,
  log: Log,
  options: TargetOptions & { onlyNewest?: boolean },
): Promise<CheckedBackup[]> {
  if (log.path === '-') return [];
  const names = listCopies(context.disk, log, options.backupDir);
  const checked: CheckedBackup[] = [];
  for (const [place, name] of names.entries()) {
    const skip = options.onlyNewest === true && place > 0;
    const newer = place === 0 ? log.path : names[place - 1].path;
    checked.push(skip ? unread(context, name) : await checkBackup(context, log, name, newer));
  }
  return checked;
}

/** Backups and companions, newest first. */
function listCopies(disk: DiskReader, { path, dialect }: Log, backupDir?: string): BackupName[] {
  const { companionSuffixes = [] } = dialect;
  const companions = listCompanions(disk, path, companionSuffixes);
  const all = [...companions, ...listBackups(disk, path, backupDir)];
  return all.sort((a, b) => b.ms - a.ms);
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
  };
}

/** `newer`: the file that came after it, whose head may say how much of it counts. */
async function checkBackup(
  context: Context,
  log: Log,
  name: BackupName,
  newer: string,
): Promise<CheckedBackup> {
  const part = unread(context, name);
  try {
    const scan = await scanLog(context, backupLog(log, name), { fold: false });
    scan.close();
    const isCompanion = name.companion === true;
    const soundBytes = isCompanion ? undefined : await tornEndPutAside(context, scan, newer);
    const fault = soundBytes === undefined ? faultOf(scan) : undefined;
    const { firstTime, lastTime, firstKind } = scan.counter;
    return {
      ...part,
      verdict: fault === undefined ? 'ok' : 'damaged',
      entriesSince: isoTime(firstTime),
      firstTime,
      lastTime,
      startsWithState: firstKind === KIND.state,
      fault,
      soundBytes,
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

/**
 * Compaction keeps a log with a torn end as its backup, and stands for all of it but that end.
 * Gives where the end begins, if the head of the newer file says that it stands for what is before,
 * or no other program makes such backups.
 */
async function tornEndPutAside(
  context: Context,
  scan: LogScan,
  newer: string,
): Promise<number | undefined> {
  const [first, ...others] = faultsOf(scan);
  const { writes, compaction } = scan.log.dialect;
  const isTorn = first?.code === 'torn-tail' || first?.code === 'nul-tail';
  if (!isTorn || others.length > 0) return undefined;
  // Such backups are made by our own compaction alone, which always puts a torn end aside.
  if (compaction === 'lines') return first.offset;
  if (writes === undefined) return undefined;
  const folded = await readHeadEnd(context, newer, scan.log.files[0].beside, (end) =>
    writes.readFolded(end),
  );
  return folded !== undefined && folded <= first.offset! ? first.offset : undefined;
}

/** What `read` finds at the end of a file's first line; undefined where there is no such line. */
async function readHeadEnd(
  context: Context,
  path: string,
  beside: string | undefined,
  read: (end: string) => number | undefined,
): Promise<number | undefined> {
  if (context.disk.stat(path) === undefined) return undefined;
  const file = openSource(context, path, beside);
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

/** Findings about backups: damaged ones, and a newest one older than allowed. */
export function reportBackups(
  context: Context,
  log: Log,
  backups: readonly CheckedBackup[],
  findings: FindingList,
  maxAgeMs: number | undefined,
): void {
  for (const { path, verdict, fault, companion } of backups) {
    // A copy its library never finished is a leftover: the dialect knows what it means.
    if (verdict !== 'damaged' || companion === true) continue;
    const consequence = 'The bot would keep this file and delete an older, sound one for it.';
    findings.add('backup-damaged', path, `does not verify: ${fault}`, { consequence });
  }
  if (maxAgeMs === undefined || log.path === '-') return;
  const newest = backups.find(({ verdict, companion }) => verdict !== 'damaged' && !companion);
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
