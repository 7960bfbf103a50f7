/** directories: the place of a new log, made where it is missing. */
import { dirname } from 'node:path';
import type { Disk } from './disk.js';

/** Makes a directory and those above it where they are missing, durably. Throws LogctlError. */
export function makeDirectories(disk: Disk, path: string): void {
  if (disk.makeDirectory === undefined || disk.stat(path) !== undefined) return;
  const above = dirname(path);
  makeDirectories(disk, above);
  try {
    disk.makeDirectory(path);
  } catch (error) {
    // Another process was first.
    if (disk.stat(path)?.kind !== 'directory') throw error;
  }
  disk.syncDirectory(above);
}
