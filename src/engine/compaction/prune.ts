/** prune: the oldest backups of a log go, when nothing can be lost with them. */
import { isInFuture } from '../checks/backup-order.js';
import { chainOf, findLate } from '../checks/late-entries.js';
import type { WriteContext } from '../context.js';
import type { Log } from '../log.js';
import { supersede } from './quiet-backup.js';
import { listBackups, siblingsOf } from '../siblings.js';

/** Backups kept where nothing else is said: the bot's own count, in the same series. */
export const backupsKeptDefault = 3;

export interface PruneOptions {
  /** How many stay; at least one does. */
  backups?: number;
  backupDir?: string;
  offline?: boolean;
  /** The backup this run made: the log that was just read without a fault. It always stays. */
  newest: string;
}

/**
 * Removes backups beyond the newest `backups` and gives the paths that went, newest first. Which
 * are older their content tells. One that somebody may still write to stays, and one with entries
 * that came too late to be carried, with all that came after it: those show what it lacks. A name
 * from the future is never counted and never removed: a person has to say what it is. The caller
 * holds the compaction lock. Throws LogctlError.
 */
export async function prune(
  context: WriteContext,
  log: Log,
  { backups = backupsKeptDefault, backupDir, offline, newest }: PruneOptions,
): Promise<string[]> {
  const { disk } = context;
  // A swap that is not over needs its old file.
  if (disk.lstat(siblingsOf(log.path).intent) !== undefined) return [];
  const names = listBackups(disk, log.path, backupDir);
  if (names.length <= Math.max(1, backups)) return [];
  const [, ...all] = await chainOf(context, log, { backupDir });
  const now = context.now();
  const own = all.filter(({ path }) => path === newest);
  const others = all.filter(({ path, ms }) => path !== newest && !isInFuture(ms!, now));
  const late = new Set((await findLate(context, log, { backupDir })).map(({ path }) => path));
  const removed: string[] = [];
  // The oldest first: what came after it is still there to compare.
  for (const { path } of [...own, ...others].slice(Math.max(1, backups)).reverse()) {
    if (late.has(path)) {
      context.say?.(0, `${path}: kept, entries came into it after its compaction`);
      break;
    }
    if (await supersede(context, path, { offline }, async () => undefined)) removed.unshift(path);
  }
  return removed;
}
