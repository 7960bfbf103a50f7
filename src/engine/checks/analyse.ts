/** analyse: everything that verify and inspect want to know about one log, read once. */
import { checkBackups, reportBackups, reportPassedOver, type CheckedBackup } from './backups.js';
import type { Context, TargetOptions } from '../context.js';
import type { LateBackup } from '../compaction/late-backup.js';
import type { FindingList } from '../finding-list.js';
import { lateFinding, lateInChecked } from './late-entries.js';
import { whileListed } from '../listed-files.js';
import { opsOf, type Log } from '../log.js';
import { checkMirror } from './mirror.js';
import type { HolderSearch } from '../kernel-locks.js';
import type { BackupPart, LogSummary, MirrorPart } from '../model.js';
import { scanLog, type LogScan } from './scan-log.js';
import { checkStore } from './store-checks.js';
import { isoTime, plural } from '../text.js';

export interface Analysis {
  log: Log;
  scan: LogScan;
  backups: CheckedBackup[];
  /** Backups with entries that the log lacks. */
  late: LateBackup[];
  mirror: MirrorPart | null;
  /** Null where the system cannot tell. */
  writers: HolderSearch | null;
  findings: FindingList;
}

export interface AnalyseOptions extends TargetOptions {
  maxBackupAge?: number;
  maxFindings?: number;
}

/** A log is worth compacting from this size on, and this share of garbage. */
const dueBytes = 1 << 20;
const dueRatio = 0.5;

/** Reads a log, its backups, its mirror and its directory. The caller closes `scan`. */
export async function analyse(
  context: Context,
  log: Log,
  options: AnalyseOptions,
): Promise<Analysis> {
  const { maxFindings } = options;
  const scan = await scanLog(context, log, { compareStates: true, maxFindings });
  return analyseScan(context, scan, options);
}

/** The rest of an analysis, for a log that was read already. Closes `scan` when it throws. */
export async function analyseScan(
  context: Context,
  scan: LogScan,
  options: AnalyseOptions,
): Promise<Analysis> {
  const { findings, log } = scan;
  try {
    const { backups, writers, late } = await whileListed(context, log, () => {
      return lookBeside(context, scan, options);
    });
    reportPassedOver(context, log, options, findings);
    for (const one of late) findings.push(lateFinding(one));
    reportBackups(context, log, backups, findings, options.maxBackupAge, scan);
    const mirror = await checkMirror(context, scan, options.mirror, findings);
    await log.dialect.checkStore?.(context, scan, findings);
    reportGarbage(scan, findings);
    return { log, scan, backups, late, mirror, writers, findings };
  } catch (error) {
    scan.close();
    throw error;
  }
}

/** The files beside a log. Findings are made when all of them were read. */
async function lookBeside(context: Context, scan: LogScan, options: AnalyseOptions) {
  const { log, findings, counter } = scan;
  const backups = await checkBackups(context, log, options);
  const place = { backupDir: options.backupDir, headBytes: counter.headBytes };
  const late = await lateInChecked(context, log, place, backups);
  return { backups, late, writers: await checkStore(context, scan, backups, findings) };
}

/** Counts, times and bytes of a scan, as reports have them. */
export function summaryOf(scan: LogScan): LogSummary {
  const { counter, keydir, log } = scan;
  const names = opsOf(log.dialect);
  const { about, needsForKeys } = log.dialect;
  const liveBytes = liveBytesOf(scan);
  return {
    entries: Object.fromEntries(
      names.flatMap((name, op) => (op in counter.ops ? [[name, counter.ops[op]]] : [])),
    ),
    firstTime: isoTime(counter.firstTime),
    lastTime: isoTime(counter.newestTime),
    keys: { live: keydir.count, upstream: keydir.upstreamCount, removed: keydir.removals },
    liveBytes,
    reclaimableBytes: Math.max(0, scan.bytes - liveBytes),
    tail: scan.tail,
    ...(about !== undefined && { about }),
    ...(needsForKeys !== undefined && { needsForKeys }),
  };
}

/** A checked backup as reports have it. */
export function backupPart(backup: CheckedBackup): BackupPart {
  const { path, ms, madeAt, bytes, verdict, compressed, entriesSince, companion } = backup;
  const part = { path, ms, madeAt, bytes, verdict, compressed, entriesSince };
  return companion === true ? { ...part, companion } : part;
}

/** Number of entries a scan counted. */
export const entriesOf = (scan: LogScan): number =>
  scan.counter.ops.reduce((sum, count) => sum + count, 0);

/** Without keys nothing is ever replaced: every line counts. */
const liveBytesOf = ({ log, keydir, bytes }: LogScan): number =>
  log.dialect.needsForKeys === undefined ? keydir.liveBytes : bytes;

function reportGarbage(scan: LogScan, findings: FindingList): void {
  const garbage = scan.bytes - liveBytesOf(scan);
  if (scan.bytes < dueBytes || garbage < scan.bytes * dueRatio) return;
  const percent = Math.round((100 * garbage) / scan.bytes);
  const words = `${plural(garbage, 'byte')} (${percent} %) can be reclaimed`;
  findings.add('compaction-due', scan.log.path, words, { impact: 'harmless' });
}
