/** writer-repair: what has to be mended before a program may append to a log. */
import { join } from 'node:path';
import { withCompactionLock } from '../compaction/compaction-lock.js';
import type { WriteContext } from '../context.js';
import { LogctlError } from '../errors.js';
import type { LogOptions, Recovered } from '../library.js';
import { recover } from '../recover.js';
import { siblingsOf } from '../siblings.js';
import { finishCompaction } from '../compaction/swap-recovery.js';
import type { WriterLock } from './writer-lock.js';

/** How long to wait for another process that compacts or recovers the log. */
const compactionWaitMs = 60_000;

/**
 * Finishes a compaction that was interrupted, true where there was one, and removes temporary
 * files that nobody will finish. The caller does not hold the writers' `lock`. Throws LogctlError.
 */
export async function finishInterrupted(
  context: WriteContext,
  path: string,
  lock: WriterLock,
): Promise<boolean> {
  const { disk } = context;
  const { intent, directory, temporaryPrefix } = siblingsOf(path);
  const leftovers = () =>
    (disk.list(directory) ?? []).filter((name) => name.startsWith(temporaryPrefix));
  const isOpen = disk.stat(intent) !== undefined;
  if (!isOpen && leftovers().length === 0) return false;
  await withCompactionLock(context, { path }, { waitMs: compactionWaitMs }, async () => {
    if (isOpen) await finishCompaction(context, path, repairOptions(context, {}));
    // Writers make such files too, under their lock: those that are there now are in no use.
    await lock.hold(async () => {
      for (const name of leftovers()) disk.unlink(join(directory, name));
    });
  });
  return isOpen;
}

/**
 * Drops the end of a log that is no whole entry, as `recover` does under its default policy: the
 * old file stays, the bytes go to quarantine. Throws LogctlError.
 */
export async function dropTornEnd(
  context: WriteContext,
  path: string,
  options: LogOptions,
): Promise<Pick<Recovered, 'droppedBytes' | 'quarantine'>> {
  const report = await recover(context, [path], repairOptions(context, options), () => true);
  const [{ plan, quarantine }] = report.logs;
  const refusal = plan?.refusal;
  if (refusal === undefined) return { droppedBytes: plan?.bytesQuarantined ?? 0, quarantine };
  const next = refusal.next.map((words) => ['logctl', 'recover', ...words, path]);
  throw new LogctlError('damaged', refusal.message, next[0].join(' '), { path, next });
}

function repairOptions({ locks }: WriteContext, { dialect, backupDir }: LogOptions) {
  // Without leases nobody can say whether a program that takes no lock is appending. The one that
  // opens the log says it by opening it; writers of ours are kept out by their lock.
  const offline = locks.leases === 'none';
  return { policy: 'tail' as const, lockWait: compactionWaitMs, offline, dialect, backupDir };
}
