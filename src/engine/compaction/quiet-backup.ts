/** quiet-backup: takes a backup's place while nobody can be writing to it. */
import { dirname } from 'node:path';
import type { WriteContext } from '../context.js';
import type { SourceFile } from '../disk.js';
import { unlessGone } from '../listed-files.js';

/**
 * Runs `secure` on a backup under a read lease and removes the backup afterwards, still under it.
 *
 * A writer that opened the log before a compaction may write to the backup's inode long after:
 * the lease shows that none does, and none can come, for the log's name leads elsewhere by now.
 * `secure` gets the open file and makes another copy of it durable; it throws to keep the backup.
 * False, and the backup stays, where it is busy, was changed, or leases do not work here and the
 * operator did not say `offline`. Throws LogctlError.
 */
export async function supersede(
  context: WriteContext,
  path: string,
  { offline = false }: { offline?: boolean },
  secure: (backup: SourceFile) => Promise<void>,
): Promise<boolean> {
  const { disk, locks } = context;
  const backup = await unlessGone(disk, path, () => disk.open(path, { noLinks: true }));
  // A format's own program prunes, too.
  if (backup === undefined) return false;
  const unshield = locks.shield();
  try {
    const answer = locks.lease(backup, 'read');
    const isSure = answer === 'granted';
    if (!isSure && !(offline && answer === 'unsupported')) {
      context.say?.(1, `${path}: left as it is, ${reasons[answer]}`);
      return false;
    }
    const before = backup.stat();
    await secure(backup);
    const isOurs = !isSure || locks.leaseOf(backup) === 'read';
    const now = disk.lstat(path);
    const isSame = now?.id === before.id && now.size === before.size;
    if (!isOurs || !isSame) {
      context.say?.(1, `${path}: left as it is, somebody opened it meanwhile`);
      return false;
    }
    disk.unlink(path);
    disk.syncDirectory(dirname(path));
    return true;
  } finally {
    locks.release(backup);
    unshield();
    backup.close();
  }
}

const reasons = {
  granted: '',
  held: 'a process has it open for writing',
  'no-permission': 'only its owner may make sure that nobody writes to it',
  unsupported: 'there are no leases here to make sure that nobody writes to it',
};
