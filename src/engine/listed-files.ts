/** listed-files: files beside a log that were listed, and may be gone when they are opened. */
import type { Context } from './context.js';
import type { DiskReader } from './disk.js';
import { LogctlError } from './errors.js';
import { openLogAs, type Log } from './log.js';

/** A compaction takes its backups away once a run: more often is no race. */
const triesMax = 5;

/** What `read` gives; undefined where the file it reads was taken away since it was listed. */
export async function unlessGone<T>(
  disk: DiskReader,
  path: string,
  read: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (goneIn(disk, error) === path) return undefined;
    throw error;
  }
}

/**
 * Does something with a log and the files beside it; once more, with what is there now, where one
 * of these was taken away meanwhile: compactions prune, compress and move backups beside readers.
 */
export async function whileListed<T>(
  context: Context,
  log: Log,
  work: (log: Log) => Promise<T>,
): Promise<T> {
  for (let tries = 1, current = log; ; tries++) {
    try {
      return await work(current);
    } catch (error) {
      const gone = goneIn(context.disk, error);
      if (gone === undefined || gone === log.path || tries === triesMax) throw error;
      current = { ...log, ...openLogAs(context, log.path, log.dialect) };
    }
  }
}

/** The path of the file that an error says is not there, if that is so. */
export function goneIn(disk: DiskReader, error: unknown): string | undefined {
  if (!(error instanceof LogctlError) || error.code !== 'not-found') return undefined;
  const { path } = error.details;
  return path !== undefined && disk.lstat(path) === undefined ? path : undefined;
}
