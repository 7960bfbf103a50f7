/** disk-errors: what the system says when it refuses, as a LogctlError with a hint. */
import { dirname } from 'node:path';
import { LogctlError, type ErrorCode } from './errors.js';
import { shellQuote } from './shell-quote.js';

/** The system's name of what failed, `ENOENT`; empty where it gave none. */
export const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** errno to code and hint. Everything else is an `io` error with the system's own words. */
const ERRNO: Record<string, [ErrorCode, (path: string) => string]> = {
  EACCES: ['no-permission', (path) => `run as the owner of ${ownerPath(path)}`],
  EPERM: ['no-permission', (path) => `run as the owner of ${ownerPath(path)}`],
  EROFS: ['no-permission', () => 'the filesystem is read-only: write elsewhere with -o'],
  ENOSPC: ['no-space', (path) => `df -h ${shellQuote(dirname(path))}`],
  EDQUOT: ['no-space', () => 'the disk quota is used up'],
  ENOENT: ['not-found', (path) => `ls -la ${shellQuote(dirname(path))}`],
  ELOOP: ['refused', () => 'name the file itself: symbolic links are not followed on write'],
  EIO: ['io', () => 'the device failed: look at dmesg and copy the disk first'],
  EMFILE: ['io', () => 'too many open files: raise ulimit -n'],
};

/** Whose permission is missing: of a temporary file that was not made, its directory's. */
const ownerPath = (path: string) => (/\.tmp-[0-9a-f]+$/.test(path) ? dirname(path) : path);

/** What the system said of `path`, as our error. */
export function translate(error: unknown, path: string): LogctlError {
  const errno = errnoOf(error);
  // Only an open for writing refuses a link; to look at one ends so where it leads nowhere.
  const { syscall } = error as NodeJS.ErrnoException;
  if (errno === 'ELOOP' && syscall !== 'open') {
    const hint = `it is a link that leads back to itself: ls -l ${shellQuote(path)}`;
    return new LogctlError('io', `${path}: too many symbolic links`, hint, { path, cause: error });
  }
  const [code, hint] = ERRNO[errno] ?? ['io', () => 'nothing was concluded about the data'];
  const words = error instanceof Error ? error.message.replace(/^[A-Z]+: /, '') : String(error);
  return new LogctlError(code, `${path}: ${words} (${errno})`, hint(path), { path, cause: error });
}
