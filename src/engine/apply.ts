/** apply: every file we write that is not the swap's or the writer's. */
import { basename, dirname, join } from 'node:path';
import { BufferedSink } from './bytes/buffered-sink.js';
import type { Sink } from './context.js';
import { appendInParts, syncFile, type Disk } from './disk.js';
import { LogctlError } from './errors.js';

/**
 * Writes a result file: a temporary beside it, fsync, rename, fsync of the directory.
 * Refuses (LogctlError `refused`) when the path exists, unless `force`; undefined where nobody may
 * ask for that. On an error or an interruption the temporary is removed and the path is as it was.
 * `random`: hex for its name.
 */
export async function writeOutput(
  disk: Disk,
  path: string,
  options: { force?: boolean; random: string },
  body: (sink: Sink) => Promise<void>,
): Promise<void> {
  const directory = dirname(path);
  if (path === '') throw new LogctlError('usage', '-o names no file', 'name a new file');
  if (disk.stat(directory)?.kind !== 'directory') {
    throw new LogctlError('usage', `${directory}: no such directory`, `mkdir -p ${directory}`);
  }
  const old = disk.lstat(path);
  if (old !== undefined && (!options.force || old.kind !== 'file')) {
    const orForce = options.force === undefined ? '' : ', or add --force';
    const hint = old.kind === 'file' ? `name a new file${orForce}` : 'name a regular file';
    throw new LogctlError('refused', `${path} exists already`, hint, { path });
  }
  const temporary = join(directory, `.${basename(path)}.tmp-${options.random}`);
  const file = disk.create(temporary);
  try {
    const buffered = new BufferedSink((bytes) => appendInParts(file, bytes));
    await body((bytes) => buffered.write(bytes));
    await buffered.flush();
    file.setMode(old?.mode ?? 0o644);
    await syncFile(file);
    disk.rename(temporary, path);
    disk.syncDirectory(directory);
  } catch (error) {
    if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
    throw error;
  } finally {
    file.close();
  }
}
