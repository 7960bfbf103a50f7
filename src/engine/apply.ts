/** apply: every file we write that is not the swap's or the writer's. */
import { dirname, join } from 'node:path';
import { BufferedSink } from './bytes/buffered-sink.js';
import type { Sink } from './context.js';
import { appendInParts, syncFile } from './disk.js';
import { LogctlError } from './errors.js';
import { removeLeftovers, type TidyWorld } from './leftovers.js';
import { temporaryName } from './temporaries.js';

export interface OutputOptions {
  force?: boolean;
  /** Hex for the name of the temporary. */
  random: string;
  /**
   * The most that anybody may do with a new file, before the umask: the mode of the log whose
   * values are in it. A file that is replaced keeps its own.
   */
  mode(): number;
}

/** Permission bits of a file that holds nothing of a log's values. */
export const openMode = (): number => 0o666;
/** Of a file that is for nobody but who asked for it. */
export const privateMode = (): number => 0o600;

/**
 * Writes a result file: a temporary beside it, fsync, rename, fsync of the directory.
 * Refuses (LogctlError `refused`) when the path exists, unless `force`; undefined where nobody may
 * ask for that. On an error or an interruption the temporary is removed and the path is as it was.
 */
export async function writeOutput(
  world: TidyWorld,
  path: string,
  options: OutputOptions,
  body: (sink: Sink) => Promise<void>,
): Promise<void> {
  const { disk } = world;
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
  const temporary = join(directory, temporaryName(path, options.random));
  const file = disk.create(temporary);
  try {
    await removeLeftovers(world, path, file);
    const buffered = new BufferedSink((bytes) => appendInParts(file, bytes));
    await body((bytes) => buffered.write(bytes));
    await buffered.flush();
    // Last: until then it is for nobody else, whatever is in it.
    file.setMode(old?.mode ?? options.mode() & 0o666 & ~(disk.umask ?? 0o022));
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
