/** lock-file: a lock beside a log, in a file of its own that is never unlinked. */
import { join } from 'node:path';
import type { WriteContext } from '../context.js';
import type { FileStat, TargetFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { siblingsOf } from '../siblings.js';

/** Mode of a new file where there is no log whose mode it could take. */
export const freshMode = 0o644;

export interface LockFileOptions {
  /** The log. */
  path: string;
  /** The lock's own file, beside it. */
  lockPath: string;
  waitMs: number;
  /** Why it could not be had in time. */
  busy(): LogctlError;
}

/**
 * An exclusive lock that belongs to a log. A file of its own, since the log's inode changes. Its
 * descriptor stays open between two holds; the kernel frees the lock of a process that dies.
 */
export class LockFile {
  private file: TargetFile | undefined;

  constructor(
    private readonly context: WriteContext,
    private readonly options: LockFileOptions,
  ) {}

  /** Runs `act` under the lock. Throws what `busy` makes when it was not free in time. */
  async hold<T>(act: () => Promise<T>): Promise<T> {
    const file = await this.take();
    try {
      return await act();
    } finally {
      this.context.locks.unlock(file);
    }
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private async take(): Promise<TargetFile> {
    const { disk, locks, sleep, checkpoint } = this.context;
    const { lockPath, waitMs, busy } = this.options;
    for (;;) {
      this.file ??= openLockFile(this.context, this.options);
      const { file } = this;
      if (!(await locks.lock(file, { waitMs, sleep, checkpoint }))) {
        // Closed first: who has the file open is asked next, and that is not us.
        this.close();
        throw busy();
      }
      if (disk.stat(lockPath)?.id === file.stat().id) return file;
      // Somebody removed it by hand: a lock on a file without a name keeps nobody out.
      locks.unlock(file);
      this.close();
    }
  }
}

/**
 * Opens a lock file of the log at `path`, made first where it is missing: with the log's owner,
 * group and mode before anybody sees it, so that one user's run locks no other user out.
 */
function openLockFile(
  context: WriteContext,
  { path, lockPath }: Pick<LockFileOptions, 'path' | 'lockPath'>,
): TargetFile {
  const { disk } = context;
  if (disk.lstat(lockPath) === undefined) {
    const { directory, temporaryPrefix } = siblingsOf(path);
    const temporary = join(directory, `${temporaryPrefix}${context.random()}`);
    const file = disk.create(temporary);
    try {
      likeLog(file, disk.stat(path));
      // A link and no rename: where another process was first, its file stays.
      if (disk.lstat(lockPath) === undefined) disk.link(temporary, lockPath);
    } catch (error) {
      if (disk.lstat(lockPath) === undefined) throw error;
    } finally {
      file.close();
      // A compaction that began meanwhile may have taken it for a leftover.
      if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
    }
  }
  return disk.openAppend(lockPath);
}

/** Gives a new file the owner, group and mode of the log, as far as this user may. */
export function likeLog(file: TargetFile, log: FileStat | undefined): void {
  const own = file.stat();
  if (log !== undefined && (log.uid !== own.uid || log.gid !== own.gid)) {
    try {
      file.setOwner(log);
    } catch (error) {
      // A member of the log's group may write it and may not give files away.
      if (!(error instanceof LogctlError) || error.code !== 'no-permission') throw error;
    }
  }
  file.setMode(log?.mode ?? freshMode);
}
