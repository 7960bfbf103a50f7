/** compact-own: one log made small by a program that writes it, beside everybody else who does. */
import { compact } from '../compact.js';
import type { CompactOptions } from '../context.js';
import { LogctlError, type ErrorCode } from '../errors.js';
import { writingContext, type WorldOptions } from '../writer/library-context.js';
import type { CompactLogPart } from '../model.js';
import { listBackups } from '../siblings.js';

/** When a log is worth it, what stays of the old one, and the world: as `logctl compact` has it. */
export type OwnCompactOptions = WorldOptions &
  Pick<
    CompactOptions,
    'minSize' | 'minGarbage' | 'every' | 'force' | 'backups' | 'gzipBackups' | 'offline'
  > & {
    /** How long to wait for another compaction, ms; default 60,000. */
    lockWait?: number;
  };

const lockWaitMs = 60_000;

/**
 * Compacts a log if it is due; undefined where there is none yet. Throws LogctlError: `damaged`,
 * `busy`, `refused`, `changed`, `no-space`; the log is then as it was.
 *
 * Where the system has no file leases nobody can say whether a program that takes no lock is
 * appending. The one that compacts its own log says that none is: writers of ours are kept out by
 * their lock.
 */
export async function compactOwn(
  path: string,
  options: OwnCompactOptions = {},
): Promise<CompactLogPart | undefined> {
  const context = await writingContext(options);
  const { backupDir, lockWait = lockWaitMs } = options;
  const isThere = context.disk.lstat(path) !== undefined;
  if (!isThere && listBackups(context.disk, path, backupDir).length === 0) return undefined;
  const offline = options.offline ?? context.locks.leases === 'none';
  const { logs } = await compact(context, [path], { ...options, lockWait, offline });
  const [part] = logs;
  if (part.error === undefined) return part;
  const { code, message, hint } = part.error;
  throw new LogctlError(code as ErrorCode, message, hint, { path });
}
