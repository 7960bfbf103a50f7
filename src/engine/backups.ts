/** backups: the copies a compaction left: are they sound, and how far back do they reach? */
import { basename } from 'node:path';
import type { Context, TargetOptions } from './context.js';
import { LogctlError } from './errors.js';
import type { FindingList } from './finding-list.js';
import type { Log } from './log.js';
import type { BackupPart, RestoreWindow } from './model.js';
import { scanLog, type LogScan } from './scan-log.js';
import { KIND } from './scan/kernel.js';
import { listBackups, type BackupName } from './siblings.js';
import { isoTime } from './text.js';

/** One backup and what a full read of it showed. */
export interface CheckedBackup extends BackupPart {
  /** First and last time in it, ms; NaN when unknown. */
  firstTime: number;
  lastTime: number;
  startsWithState: boolean;
  /** Why it does not verify. */
  fault?: string;
}

/** A checkpoint written more than this after its backup was made belongs to another backup. */
const chainToleranceMs = 600_000;

/** The log of one backup, as if it were a log itself. */
export function backupLog(log: Log, path: string): Log {
  return { path, dialect: log.dialect, files: [{ path, role: log.files[0].role }], missing: false };
}

/** Checks a log's backups, newest first; `onlyNewest` leaves the others `unread`. */
export async function checkBackups(
  context: Context,
  log: Log,
  options: TargetOptions & { onlyNewest?: boolean },
): Promise<CheckedBackup[]> {
  if (log.path === '-') return [];
  const names = listBackups(context.disk, log.path, options.backupDir);
  const checked: CheckedBackup[] = [];
  for (const [place, name] of names.entries()) {
    const skip = options.onlyNewest === true && place > 0;
    checked.push(skip ? unread(context, name) : await checkBackup(context, log, name));
  }
  return checked;
}

function unread(context: Context, { path, ms, compressed }: BackupName): CheckedBackup {
  return {
    path,
    ms,
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

async function checkBackup(context: Context, log: Log, name: BackupName): Promise<CheckedBackup> {
  const part = unread(context, name);
  try {
    const scan = await scanLog(context, backupLog(log, name.path), { fold: false });
    scan.close();
    const fault = faultOf(scan);
    const { firstTime, lastTime, firstKind } = scan.counter;
    return {
      ...part,
      verdict: fault === undefined ? 'ok' : 'damaged',
      entriesSince: isoTime(firstTime),
      firstTime,
      lastTime,
      startsWithState: firstKind === KIND.state,
      fault,
    };
  } catch (error) {
    // A gzip file that breaks off is a damaged backup; a disk that fails stays an error.
    if (!(error instanceof LogctlError) || error.code !== 'damaged') throw error;
    return { ...part, verdict: 'damaged', fault: error.message };
  }
}

function faultOf(scan: LogScan): string | undefined {
  if (scan.bytes === 0) return 'it is empty';
  const [first] = scan.findings.all.filter(({ severity, code }) => {
    return severity !== 'notice' && code !== 'unended-line' && code !== 'seq-gap';
  });
  return first === undefined ? undefined : `${first.code} at line ${first.line}: ${first.message}`;
}

/** Findings about backups: damaged ones, and a newest one older than allowed. */
export function reportBackups(
  context: Context,
  log: Log,
  backups: readonly CheckedBackup[],
  findings: FindingList,
  maxAgeMs: number | undefined,
): void {
  for (const { path, verdict, fault } of backups) {
    if (verdict !== 'damaged') continue;
    const consequence = 'The bot would keep this file and delete an older, sound one for it.';
    findings.add('backup-damaged', path, `does not verify: ${fault}`, { consequence });
  }
  if (maxAgeMs === undefined || log.path === '-') return;
  const newest = backups.find(({ verdict }) => verdict !== 'damaged');
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
