/** evidence-move: an original moves to another directory, also on another filesystem. */
import { dirname } from 'node:path';
import { chunksOf } from '../bytes/chunks.js';
import type { WriteContext } from '../context.js';
import { LogctlError } from '../errors.js';
import { fingerprint } from './fingerprint.js';
import { createLike } from './recover-evidence.js';

/**
 * Copies, syncs and compares; only then the first name goes. Nothing happens where both are one.
 * Throws LogctlError; the file is then where it was.
 */
export async function moveEvidence(
  context: WriteContext,
  { from, to }: { from: string; to: string },
): Promise<void> {
  if (from === to) return;
  const { disk } = context;
  const source = disk.open(from);
  const target = createLike(context, to, source.stat());
  try {
    for await (const chunk of chunksOf(context, source, 'copy')) target.append(chunk);
    target.sync();
    disk.syncDirectory(dirname(to));
  } catch (error) {
    disk.unlink(to);
    throw error;
  } finally {
    source.close();
    target.close();
  }
  const [before, after] = [await fingerprint(context, from), await fingerprint(context, to)];
  if (before.sha256 !== after.sha256) {
    const hint = `the original stays as ${from}`;
    throw new LogctlError('io', `${to}: what was read back is not what was written`, hint);
  }
  disk.unlink(from);
  disk.syncDirectory(dirname(from));
}
