/** output-guard: a result file never takes the place of a log, or of what lies beside one. */
import type { Context } from './context.js';
import { LogctlError } from './errors.js';
import { probeFile } from './log.js';
import { isStore } from './recognise.js';
import { isKeptFile } from './siblings.js';

/**
 * Throws LogctlError `refused` where a result written to `path` would replace one of `logs` (paths
 * of logs that were read), any other file that holds a log, a backup, evidence or a lock: the
 * original bytes are never ours to overwrite, whatever else may be.
 */
export async function refuseLogAsOutput(
  context: Context,
  path: string,
  logs: readonly string[],
): Promise<void> {
  const { disk } = context;
  const there = disk.stat(path);
  if (there?.kind !== 'file') return;
  const isRead = logs.some((log) => log !== '-' && disk.stat(log)?.id === there.id);
  if (!isRead && !isKeptFile(path) && !(await holdsLog(context, path))) return;
  const message = `${path} is a log, or belongs to one: it is never overwritten`;
  throw new LogctlError('refused', message, 'name a new file', { path });
}

async function holdsLog(context: Context, path: string): Promise<boolean> {
  if (path.endsWith('.gz')) return false;
  return isStore(await probeFile(context, path));
}
