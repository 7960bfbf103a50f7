/** beside: what lies beside a log is read only where nobody can have put it there for us. */
import { dirname } from 'node:path';
import type { DiskReader, FileStat, SyncSource } from './disk.js';
import { LogctlError } from './errors.js';

/**
 * Why `stat`, the file at `path` beside the log or in the store at `log`, is not read; undefined
 * where it is.
 *
 * What is read beside a log may end in the log, which is its owner's. So a symbolic link is never
 * followed, and a file belongs to the owner of the log; or to root or to whoever runs logctl, and
 * then it has one name only, for others can make hard links. Two cases need no owners: nobody but
 * root and us can change the directory, or we are the log's owner and have no other rights.
 */
export function faultBeside(
  disk: DiskReader,
  path: string,
  log: string,
  stat: FileStat,
): string | undefined {
  if (stat.kind === 'symlink') return 'is a symbolic link';
  if (stat.kind !== 'file') return stat.kind === 'directory' ? 'is a directory' : 'is no file';
  const { user } = disk;
  if (user === undefined || isClosed(disk.stat(dirname(path)), user)) return undefined;
  const owner = (disk.stat(log) ?? disk.stat(dirname(log)))?.uid;
  if (stat.uid === owner || (user !== 0 && user === owner)) return undefined;
  if (stat.uid !== 0 && stat.uid !== user) return `belongs to another user (${stat.uid})`;
  return stat.links === 1 ? undefined : "has other names, and is not the file of the log's owner";
}

/** True for a directory in which only root and this user can put a file. */
function isClosed(directory: FileStat | undefined, user: number): boolean {
  if (directory === undefined || (directory.mode & 0o022) !== 0) return false;
  return directory.uid === 0 || directory.uid === user;
}

/**
 * Opens a file that lies beside the log or in the store at `log`. The open file is what is judged:
 * its name may lead elsewhere at any moment. The log itself was named, perhaps by a link. Throws
 * LogctlError `refused` as `faultBeside` says.
 */
export function openBeside(disk: DiskReader, path: string, log: string): SyncSource {
  if (path === log) return disk.open(path);
  const file = openPlain(disk, path);
  const fault = faultBeside(disk, path, log, file.stat());
  if (fault === undefined) return file;
  file.close();
  throw notRead(path, fault);
}

function openPlain(disk: DiskReader, path: string): SyncSource {
  try {
    return disk.open(path, { noLinks: true });
  } catch (error) {
    const isLink = error instanceof LogctlError && error.code === 'refused';
    throw isLink ? notRead(path, 'is a symbolic link') : error;
  }
}

function notRead(path: string, fault: string): LogctlError {
  const hint = "put a file of the log's owner in its place, or take it away";
  return new LogctlError('refused', `${path} ${fault}: it is not read beside a log`, hint, {
    path,
  });
}
