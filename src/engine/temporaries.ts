/** temporaries: the names of files that are being written. */
import { basename, dirname, join } from 'node:path';
import type { DiskReader } from './disk.js';

/** The base name under which the file at `path` is written. `random`: fresh hex. */
export const temporaryName = (path: string, random: string): string =>
  `.${basename(path)}.tmp-${random}`;

/** Paths of the files that are being written as the file at `path`, or that a killed run left. */
export function temporariesOf(disk: DiskReader, path: string): string[] {
  const prefix = temporaryName(path, '');
  const isOurs = (name: string) =>
    name.startsWith(prefix) && /^[0-9a-f]{1,32}$/.test(name.slice(prefix.length));
  const directory = dirname(path);
  return (disk.list(directory) ?? []).filter(isOurs).map((name) => join(directory, name));
}
