/** opslog-held: work on a store while none of its programs may open or compact it. */
import type { WriteContext } from '../../context.js';
import { LogctlError } from '../../errors.js';
import { compactLock, lookAgain, takeLocks, writerLock } from './opslog-lock.js';
import { readManifest } from './opslog-manifest.js';

const pollMs = 100;

/**
 * Runs `work` under the library's own locks: its writer's, and the agents' where there are any.
 * `fence` throws LogctlError `busy` where a lock was taken from us meanwhile. Agents hold no lock
 * while they write: a store that has some is refused with `busy` unless the operator says that
 * none runs. Waits `lockWait` ms for a lock that is held.
 */
export async function underLocks<T>(
  context: WriteContext,
  { path }: { path: string },
  options: { lockWait?: number; offline?: boolean },
  work: (fence: () => void) => Promise<T>,
): Promise<T> {
  const held = await takePatiently(context, path, options.lockWait ?? 0);
  try {
    return await work(held.check);
  } finally {
    held.release();
  }
}

async function takePatiently(context: WriteContext, path: string, waitMs: number) {
  const reading = readManifest(context.disk, path);
  const hasAgents = reading.state !== 'ok' || reading.manifest.agents !== undefined;
  // A stale lock of agents is taken, and so goes with ours.
  const isStale = (await lookAgain(context, path, compactLock)).state !== 'free';
  await lookAgain(context, path, writerLock);
  const names = hasAgents || isStale ? [writerLock, compactLock] : [writerLock];
  for (let waited = 0; ; waited += pollMs) {
    try {
      return takeLocks(context, path, names);
    } catch (error) {
      const isBusy = error instanceof LogctlError && error.code === 'busy';
      if (!isBusy || waited >= waitMs) throw error;
      await context.sleep(pollMs);
    }
  }
}

/** Throws LogctlError `busy` for a store of agents: nobody can see whether one of them runs. */
export function requireNoAgents(
  { disk }: WriteContext,
  path: string,
  { offline }: { offline?: boolean },
): void {
  const reading = readManifest(disk, path);
  if (offline === true || reading.state !== 'ok' || reading.manifest.agents === undefined) return;
  const names = reading.manifest.agents.map(([agent]) => agent).join(', ');
  const message = `${path}: agents write to it (${names}), and hold no lock that could be seen`;
  throw new LogctlError('busy', message, 'stop all agents, then add --offline', { path });
}
