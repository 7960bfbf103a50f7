/** compact: logs made small again, each for itself, whoever is writing. */
import { basename } from 'node:path';
import { archiveBackups, backupsToArchive, requireBackupDir } from './compaction/backup-archive.js';
import { whetherDue } from './compaction/compact-due.js';
import {
  compactFailure,
  compactRemarks,
  failedTarget,
  plainPart,
  withLate,
} from './compaction/compact-failure.js';
import { refuseDecoded } from './decode/decoded-disk.js';
import type { CompactOutcome } from './compaction/compact-failure.js';
import { compactLog } from './compaction/compact-log.js';
import { withCompactionLock } from './compaction/compaction-lock.js';
import type { CompactOptions, WriteContext } from './context.js';
import { LogctlError } from './errors.js';
import { backupsToGzip, gzipBackups } from './compaction/gzip-backups.js';
import type { Log } from './log.js';
import type { LateBackup } from './compaction/late-backup.js';
import { findLate } from './checks/late-entries.js';
import type { CompactLogPart, CompactReport } from './model.js';
import { requireKeys } from './recognise.js';
import { envelope, failureOf, verdictOf } from './report.js';
import { listBackups, siblingsOf } from './siblings.js';
import { finishCompaction } from './compaction/swap-recovery.js';
import type { FailedTarget } from './store-search.js';
import { resolveTargets } from './targets.js';

/**
 * Compacts the logs that are due. One that fails has its `error` and its own exit code, and the
 * others go on; the report's code is the worst. Throws LogctlError for targets that lead to no
 * log, and when the user interrupts: then the log at work is as it was, or finished by the next
 * run.
 */
export async function compact(
  context: WriteContext,
  targets: string[],
  options: CompactOptions = {},
): Promise<CompactReport> {
  refuseDecoded(options);
  const startedAt = context.now();
  const { backupDir, dryRun = false } = options;
  if (targets.includes('-')) {
    throw new LogctlError('usage', 'standard input cannot be compacted', 'name a log');
  }
  if (backupDir !== undefined) requireBackupDir(context.disk, backupDir);
  const failed: FailedTarget[] = [];
  const { logs } = await resolveTargets(context, targets, options, failed);
  if (backupDir !== undefined) requireOwnNames(logs, backupDir);
  const outcomes: CompactOutcome[] = [];
  const isOneOfMany = targets.length > 1 || logs.length + failed.length > 1;
  for (const log of logs) outcomes.push(await compactOne(context, log, options, isOneOfMany));
  for (const one of failed) outcomes.push(failedTarget(context, one));
  const parts = outcomes.map(({ part }) => part);
  const rest = {
    findings: outcomes.flatMap(({ findings }) => findings),
    next: outcomes.flatMap(({ next }) => next),
  };
  return { ...envelope(context, 'compact', startedAt, parts, rest), report: 'compact', dryRun };
}

/** Backups are told apart by the log's base name: two logs of one name would be one series. */
function requireOwnNames(logs: readonly Log[], backupDir: string): void {
  const names = logs.map(({ path }) => basename(path));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  const message = `two logs are called ${twice}: in ${backupDir} their backups would be mixed`;
  throw new LogctlError('usage', message, 'give each of them a backup directory of its own');
}

async function compactOne(
  context: WriteContext,
  log: Log,
  options: CompactOptions,
  isOneOfMany: boolean,
): Promise<CompactOutcome> {
  let part: CompactLogPart;
  try {
    part = await compactIfDue(context, log, options);
  } catch (error) {
    // A mistake of ours is what the whole run has to say, where there is no other log.
    if (!isOneOfMany && !(error instanceof LogctlError)) throw error;
    return compactFailure(context, log, options, error);
  }
  const late = await findLate(context, log, options);
  const outcome = withLate({ part, ...compactRemarks(part) }, late);
  if (options.dryRun === true) return outcome;
  try {
    return { ...outcome, part: await tendBackups(context, outcome.part, options, late) };
  } catch (error) {
    // The log is compacted; it is a backup that could not be moved or compressed.
    const { exitCode, ...failure } = failureOf(error, context);
    const failed = { ...outcome.part, exitCode, verdict: verdictOf(exitCode), error: failure };
    return { ...outcome, part: failed };
  }
}

async function compactIfDue(
  context: WriteContext,
  log: Log,
  options: CompactOptions,
): Promise<CompactLogPart> {
  if (log.dialect.needsForKeys !== undefined) return withoutKeys(context, log, options);
  if (options.dryRun !== true) await finishInterrupted(context, log, options);
  const { isDue, why, counted } = await whetherDue(context, log, options);
  if (isDue) {
    context.say?.(1, `${log.path}: due ${why}`);
    const store = log.dialect.store?.(context.disk, log.path);
    return (store?.compact ?? compactLog)(context, log, options);
  }
  const part = plainPart(context, log, options);
  return { ...part, ...counted, reason: why };
}

/** There is no state to keep: an error where the log was named, else it is passed over. */
function withoutKeys(context: WriteContext, log: Log, options: CompactOptions): CompactLogPart {
  if (log.isFound !== true) requireKeys(log);
  const reason = `no key is named (${log.dialect.needsForKeys})`;
  return { ...plainPart(context, log, options), reason };
}

/** What a run left half done is finished now: the log may be too small to be due for weeks. */
async function finishInterrupted(
  context: WriteContext,
  log: Log,
  options: CompactOptions,
): Promise<void> {
  const { path } = log;
  const { intent, directory, temporaryPrefix } = siblingsOf(path);
  const isLeft = (name: string) => name === basename(intent) || name.startsWith(temporaryPrefix);
  if (!(context.disk.list(directory) ?? []).some(isLeft)) return;
  const { did } = await withCompactionLock(context, log, { waitMs: options.lockWait ?? 0 }, () => {
    return finishCompaction(context, path, options);
  });
  context.say?.(1, `${path}: an interrupted run ${did}`);
}

/** Moves and compresses backups, also of a log that was not due: they grow old by themselves. */
async function tendBackups(
  context: WriteContext,
  part: CompactLogPart,
  options: CompactOptions,
  late: readonly LateBackup[],
): Promise<CompactLogPart> {
  const { path } = part;
  const { backupDir, gzipBackups: olderThanMs = Infinity, offline } = options;
  // What came late into a backup shows by the files that came after it: they stay plain, too.
  const gzip = { olderThanMs, backupDir, offline, olderThan: late.at(0)?.path };
  const toMove = backupDir === undefined ? [] : backupsToArchive(context, path, backupDir);
  if (toMove.length === 0 && backupsToGzip(context, path, gzip).length === 0) return part;
  return withCompactionLock(context, { path }, { waitMs: options.lockWait ?? 0 }, async () => {
    // An open intent names a backup: it stays where it is until a run has finished that one.
    if (context.disk.lstat(siblingsOf(path).intent) !== undefined) return part;
    const moved =
      backupDir === undefined ? [] : await archiveBackups(context, path, { backupDir, offline });
    const compressed = await gzipBackups(context, path, gzip);
    const isMoved = (at: string) => part.backup !== null && basename(at) === basename(part.backup);
    return {
      ...part,
      backup: moved.find(isMoved) ?? part.backup,
      backupsKept: listBackups(context.disk, path, backupDir).length,
      ...(moved.length > 0 && { backupsMoved: moved }),
      ...(compressed.length > 0 && { backupsCompressed: compressed }),
    };
  });
}
