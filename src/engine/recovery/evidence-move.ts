/** evidence-move: an original moves to another directory, also on another filesystem. */
import { dirname, join } from 'node:path';
import { chunksOf } from '../bytes/chunks.js';
import { likeLog } from '../compaction/lock-file.js';
import type { WriteContext } from '../context.js';
import type { SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { removeLeftovers } from '../leftovers.js';
import { temporaryName } from '../temporaries.js';
import { fingerprint, fingerprintOf } from './fingerprint.js';

/**
 * Copies, syncs and compares; only then the first name goes. Nothing happens where both are one.
 * `original`: the file that `from` must lead to, open. `log`: the log's base name. Throws
 * LogctlError; the file is then where it was.
 */
export async function moveEvidence(
  context: WriteContext,
  original: SourceFile,
  { from, to, log }: { from: string; to: string; log: string },
): Promise<void> {
  if (from === to) return;
  const { disk } = context;
  if (disk.lstat(from)?.id !== original.stat().id) {
    const hint = `look for the original in ${dirname(from)}: nothing was moved`;
    throw new LogctlError('changed', `${from} was replaced`, hint, { path: from });
  }
  const { random } = context;
  // Named as the log's own: what a killed run leaves, the next move of its evidence removes.
  const moved = join(dirname(to), log);
  const temporary = join(dirname(to), temporaryName(moved, random()));
  const target = disk.create(temporary);
  try {
    await removeLeftovers(context, moved, target, original.stat());
    for await (const chunk of chunksOf(context, original, 'copy')) target.append(chunk);
    likeLog(target, original.stat());
    target.sync();
    await compare(context, original, { from, temporary });
    // Unlike a rename, a link does not replace what is there.
    disk.link(temporary, to);
    disk.unlink(temporary);
    disk.syncDirectory(dirname(to));
  } catch (error) {
    if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
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
  { from, temporary }: { from: string; temporary: string },
): Promise<void> {
  const before = await fingerprintOf(context, original);
  const after = await fingerprint(context, temporary);
  if (before.sha256 === after.sha256) return;
  const hint = `the original stays as ${from}`;
  throw new LogctlError('io', `${temporary}: what was read back is not what was written`, hint);
}
