/** prune: the oldest backups of a log go, when nothing can be lost with them. */
import type { WriteContext } from './context.js';
import type { Log } from './log.js';
import { supersede } from './quiet-backup.js';
import { listBackups, siblingsOf } from './siblings.js';

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
 * Removes backups beyond the newest `backups`, by the number in their exact names, and gives the
 * paths that went, oldest last. One that somebody may still write to stays. The caller holds the
 * compaction lock. Throws LogctlError.
 */
export async function prune(
  context: WriteContext,
  log: Log,
  { backups = backupsKeptDefault, backupDir, offline, newest }: PruneOptions,
): Promise<string[]> {
  // A swap that is not over needs its old file.
  if (context.disk.lstat(siblingsOf(log.path).intent) !== undefined) return [];
  const removed: string[] = [];
  for (const { path } of listBackups(context.disk, log.path, backupDir).slice(
    Math.max(1, backups),
  )) {
    if (path === newest) continue;
    if (await supersede(context, path, { offline }, async () => undefined)) removed.push(path);
  }
  return removed;
}
