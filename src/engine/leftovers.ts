/** leftovers: removes what killed runs left of a file that they were writing. */
import type { Disk, DiskReader, FileStat, SourceFile } from './disk.js';
import { LogctlError } from './errors.js';
import { loadKernelLocks, type KernelLocks } from './kernel-locks.js';
import { temporariesOf } from './temporaries.js';

/** What removing leftovers needs of the world. */
export interface TidyWorld {
  disk: Disk;
  /** Looked for where they are needed: seldom. */
  locks?: KernelLocks;
  say?: (level: 0 | 1 | 2, text: string) => void;
}

/** Without leases only age tells that nobody goes on writing: a day. */
const abandonedMs = 86_400_000;

/**
 * Removes what killed runs left of writings of `path`: regular files of exactly our names, of the
 * owner of `own` (the temporary of this run, open) or of `like` (the file it is made for), that
 * nobody has open for writing, as a lease shows. Throws LogctlError.
 */
export async function removeLeftovers(
  { disk, locks, say }: TidyWorld,
  path: string,
  own: SourceFile,
  like?: FileStat,
): Promise<void> {
  const { id, uid, mtimeMs } = own.stat();
  const isLeft = (stat: FileStat | undefined) =>
    stat?.kind === 'file' && stat.id !== id && [uid, like?.uid].includes(stat.uid);
  const left = temporariesOf(disk, path).filter((name) => isLeft(disk.lstat(name)));
  if (left.length === 0) return;
  const kernel = locks ?? (await loadKernelLocks(disk));
  const unshield = kernel.shield();
  for (const name of left) {
    const file = openedIfOurs(disk, name);
    if (file === undefined) continue;
    try {
      const answer = kernel.lease(file, 'read');
      const isOld = answer === 'unsupported' && mtimeMs - file.stat().mtimeMs > abandonedMs;
      if (!isLeft(file.stat()) || (answer !== 'granted' && !isOld)) continue;
      disk.unlink(name);
      say?.(0, `${name}: removed, a run that was killed had left it`);
    } finally {
      kernel.release(file);
      file.close();
    }
  }
  unshield();
}

/** Undefined where it is gone, or may not be opened. */
function openedIfOurs(disk: DiskReader, path: string): SourceFile | undefined {
  try {
    return disk.open(path, { noLinks: true });
  } catch (error) {
    if (error instanceof LogctlError) return undefined;
    throw error;
  }
}
