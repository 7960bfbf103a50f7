/** twin-file: a new file that stands for another one, with its owner and mode, made durable. */
import { dirname } from 'node:path';
import type { WriteContext } from '../context.js';
import type { SourceFile, TargetFile } from '../disk.js';

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
    const { uid, gid, mode } = source.stat();
    const own = file.stat();
    // Owner first: a change of owner may clear bits of the mode.
    if (own.uid !== uid || own.gid !== gid) file.setOwner({ uid, gid });
    file.setMode(mode);
    await steps.fill(file);
    file.sync();
    await steps.prove(temporary);
    disk.rename(temporary, target);
    disk.syncDirectory(dirname(target));
  } catch (error) {
    if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
    throw error;
  } finally {
    file.close();
  }
}
