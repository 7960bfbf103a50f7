/** prune: the oldest backups of a log go, when nothing can be lost with them. */
import type { WriteContext } from '../context.js';
import type { Log } from '../log.js';
import { lateBytesOf } from './late-backup.js';
import { supersede } from './quiet-backup.js';
import { listBackups, siblingsOf, type BackupName } from '../siblings.js';
import { plural } from '../text.js';

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
 * paths that went, newest first. One that somebody may still write to stays, and one with lines
 * that came too late to be carried. The caller holds the compaction lock. Throws LogctlError.
 */
export async function prune(
  context: WriteContext,
  log: Log,
  { backups = backupsKeptDefault, backupDir, offline, newest }: PruneOptions,
): Promise<string[]> {
  const { disk } = context;
  // A swap that is not over needs its old file.
  if (disk.lstat(siblingsOf(log.path).intent) !== undefined) return [];
  const all = listBackups(disk, log.path, backupDir);
  const removed: string[] = [];
  // The oldest first: what came after it is still there to compare.
  for (let i = all.length - 1; i >= Math.max(1, backups); i--) {
    const { path, compressed } = all[i];
    if (path === newest) continue;
    const later = [all[i - 1], all[i - 2]].filter((one) => one && !one.compressed);
    const late = compressed ? 0 : await lateIn(context, log, path, later);
    if (late > 0) {
      const words = `${plural(late, 'byte')} of entries came after its compaction`;
      context.say?.(0, `${path}: kept, ${words}; compare them with the log`);
    } else if (await supersede(context, path, { offline }, async () => undefined)) {
      removed.unshift(path);
    }
  }
  return removed;
}

async function lateIn(
  context: WriteContext,
  { dialect }: Log,
  path: string,
  later: readonly BackupName[],
): Promise<number> {
  if (dialect.writes === undefined) return 0;
  const backup = context.disk.open(path, { noLinks: true });
  try {
    const paths = later.map((one) => one.path);
    return await lateBytesOf(context, backup, paths, dialect.writes);
  } finally {
    backup.close();
  }
}
