/** compaction-lock: keeps compactions and recoveries of one log apart. */
import type { WriteContext } from '../context.js';
import type { Dialect } from '../dialects/dialect.js';
import type { HolderSearch } from '../kernel-locks.js';
import { LogctlError } from '../errors.js';
import { LockFile } from './lock-file.js';
import { siblingsOf } from '../siblings.js';

/**
 * Runs `body` while no other compaction or recovery of the log can. Our writers go on: they have a
 * lock of their own; where the format's library has one, it is held too, and `fence` throws
 * LogctlError `busy` where it was taken from us meanwhile. Throws LogctlError `busy` that names the
 * holder when the lock was not free within `waitMs`.
 */
export async function withCompactionLock<T>(
  context: WriteContext,
  { path, dialect }: { path: string; dialect?: Dialect },
  { waitMs }: { waitMs: number },
  body: (fence: () => void) => Promise<T>,
): Promise<T> {
  const { compactLock: lockPath } = siblingsOf(path);
  const busy = () => {
    const id = context.disk.stat(lockPath)?.id;
    const names = id === undefined ? '' : holderWords(context.locks.holders(id));
    const message = `${path}: another compaction or recovery is at work${names}`;
    return new LogctlError('busy', message, 'wait for it, or give --lock-wait 1min', { path });
  };
  const lock = new LockFile(context, { path, lockPath, waitMs, busy });
  try {
    return await lock.hold(async () => {
      const held = await dialect?.lock?.take(context, path);
      try {
        return await body(() => held?.check());
      } finally {
        held?.release();
      }
    });
  } finally {
    lock.close();
  }
}

function holderWords({ holders, hidden }: HolderSearch): string {
  const names = holders.map(({ pid, command }) => `pid ${pid} (${command})`);
  if (names.length > 0) return `: ${names.join(', ')}`;
  return hidden > 0 ? ': of another user' : '';
}
