/** twin-file: a new file that stands for another one, with its owner and mode, made durable. */
import { dirname } from 'node:path';
import type { WriteContext } from '../context.js';
import type { FileStat, SourceFile, TargetFile } from '../disk.js';

/**
 * Gives a new file the owner, group and mode of another one. Last, when its bytes are proven: until
 * then only we can open it. The caller syncs. Throws LogctlError.
 */
export function takeOwnership(file: TargetFile, { uid, gid, mode }: FileStat): void {
  const own = file.stat();
  // Owner first: a change of owner may clear bits of the mode.
  if (own.uid !== uid || own.gid !== gid) file.setOwner({ uid, gid });
  file.setMode(mode);
}

export interface TwinNames {
  /** Made exclusively, in the directory of `target`. */
  temporary: string;
  /** Replaced, where it is there already. */
  target: string;
}

/**
 * Writes `target` with the owner and mode of `source`: `fill` writes a temporary, `prove` reads it
 * back from disk after the fsync; then it is renamed and the directory synced. When either throws,
 * the temporary is removed and `target` is as it was.
 */
export async function makeTwin(
  { disk }: WriteContext,
  source: SourceFile,
  { temporary, target }: TwinNames,
  steps: { fill(file: TargetFile): Promise<void>; prove(path: string): Promise<void> },
): Promise<void> {
  const file = disk.create(temporary);
  try {
    await steps.fill(file);
    file.sync();
    await steps.prove(temporary);
    takeOwnership(file, source.stat());
    file.sync();
    disk.rename(temporary, target);
    disk.syncDirectory(dirname(target));
  } catch (error) {
    if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
    throw error;
  } finally {
    file.close();
  }
}
