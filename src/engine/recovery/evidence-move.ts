/** evidence-move: an original moves to another directory, also on another filesystem. */
import { dirname } from 'node:path';
import { chunksOf } from '../bytes/chunks.js';
import { likeLog } from '../compaction/lock-file.js';
import type { WriteContext } from '../context.js';
import type { SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { fingerprint, fingerprintOf } from './fingerprint.js';

/**
 * Copies, syncs and compares; only then the first name goes. Nothing happens where both are one.
 * `original`: the file that `from` must lead to, open. Throws LogctlError; the file is then where
 * it was.
 */
export async function moveEvidence(
  context: WriteContext,
  original: SourceFile,
  { from, to }: { from: string; to: string },
): Promise<void> {
  if (from === to) return;
  const { disk } = context;
  if (disk.lstat(from)?.id !== original.stat().id) {
    const hint = `look for the original in ${dirname(from)}: nothing was moved`;
    throw new LogctlError('changed', `${from} was replaced`, hint, { path: from });
  }
  const target = disk.create(to);
  try {
    for await (const chunk of chunksOf(context, original, 'copy')) target.append(chunk);
    likeLog(target, original.stat());
    target.sync();
    disk.syncDirectory(dirname(to));
    await compare(context, original, { from, to });
  } catch (error) {
    disk.unlink(to);
    throw error;
  } finally {
    target.close();
  }
  disk.unlink(from);
  disk.syncDirectory(dirname(from));
}

async function compare(
  context: WriteContext,
  original: SourceFile,
  { from, to }: { from: string; to: string },
): Promise<void> {
  const before = await fingerprintOf(context, original);
  const after = await fingerprint(context, to);
  if (before.sha256 === after.sha256) return;
  const hint = `the original stays as ${from}`;
  throw new LogctlError('io', `${to}: what was read back is not what was written`, hint);
}
