/** siblings: the names of everything that lies beside a log, and which of it is there. */
import { basename, dirname, join } from 'node:path';
import { isInFuture } from './checks/backup-order.js';
import { faultBeside } from './beside.js';
import type { DiskReader, FileStat } from './disk.js';

/** Full paths of the side files of one log (they need not exist). */
export interface Siblings {
  directory: string;
  name: string;
  lock: string;
  compactLock: string;
  intent: string;
  /** Temporary files begin with this, within `directory`. */
  temporaryPrefix: string;
  /** The main JSON file the layout implies: `D/NAME.json` for `D/logs/NAME.log`. */
  mirror: string | undefined;
}

/** A backup's place. `ms`: the number in its name, milliseconds since 1970 UTC. */
export interface BackupName {
  path: string;
  ms: number;
  compressed: boolean;
  /** The format's own library left it: `ms` is when it was written, and it is never removed. */
  companion?: boolean;
}

const backupSuffix = /^\.backup\.(\d+)(\.gz)?$/;
const sideSuffix =
  /\.(backup\.\d+(\.gz)?|original\.\d+|quarantine\.\d+\.jsonl|receipt\.\d+\.json)$/;

const lockSuffix = /^\..+\.(lock|compact\.json)$/;

/** The side files' names for the log at `path`. */
export function siblingsOf(path: string): Siblings {
  const directory = dirname(path);
  const name = basename(path);
  const isInLogs = basename(directory) === 'logs' && name.endsWith('.log');
  return {
    directory,
    name,
    lock: join(directory, `.${name}.lock`),
    compactLock: join(directory, `.${name}.compact.lock`),
    intent: join(directory, `.${name}.compact.json`),
    temporaryPrefix: `.${name}.tmp-`,
    mirror: isInLogs
      ? join(dirname(directory), `${name.slice(0, -'.log'.length)}.json`)
      : undefined,
  };
}

/** True for names that are never logs themselves: hidden files, backups, evidence, receipts. */
export function isSideFile(name: string): boolean {
  return name.startsWith('.') || sideSuffix.test(name);
}

/** True for paths that are named as backups, evidence, receipts, locks and intents are. */
export function isKeptFile(path: string): boolean {
  const name = basename(path);
  return sideSuffix.test(name) || lockSuffix.test(name);
}

/** The log a backup of this name belongs to; undefined when it is no backup's name. */
export function logOfBackup(name: string): string | undefined {
  const at = name.lastIndexOf('.backup.');
  return at > 0 && backupSuffix.test(name.slice(at)) ? name.slice(0, at) : undefined;
}

/**
 * The path of the next backup of a log: the first free number from `ms` on, above those of all
 * backups that are not from the future, so that names go up where the clock goes back a little.
 */
export function freshBackupPath(disk: DiskReader, path: string, ms: number): string {
  const others = listBackups(disk, path).filter((backup) => !isInFuture(backup.ms, ms));
  const least = others.reduce((most, backup) => Math.max(most, backup.ms + 1), Math.floor(ms));
  for (let stamp = least; ; stamp++) {
    const backup = `${path}.backup.${stamp}`;
    const isFree = [backup, `${backup}.gz`].every((name) => disk.lstat(name) === undefined);
    if (isFree) return backup;
  }
}

/** The copies that a library's own rewriting left beside a log, newest first. */
export function listCompanions(
  disk: DiskReader,
  path: string,
  suffixes: readonly string[],
): BackupName[] {
  return suffixes
    .flatMap((suffix) => {
      const at = path + suffix;
      const stat = disk.lstat(at);
      if (stat === undefined || faultBeside(disk, at, path, stat) !== undefined) return [];
      return [{ path: at, ms: Math.floor(stat.mtimeMs), compressed: false, companion: true }];
    })
    .sort((a, b) => b.ms - a.ms);
}

/** The backups of a log by the number in their names, not by string, the highest first. */
export function listBackups(disk: DiskReader, path: string, backupDir?: string): BackupName[] {
  const found: BackupName[] = [];
  for (const { at, stat, ms, compressed } of namedAsBackups(disk, path, backupDir)) {
    if (faultBeside(disk, at, path, stat) !== undefined) continue;
    // A backup link that still is the log itself was never finished: it is no backup.
    if (stat.id !== disk.stat(path)?.id) found.push({ path: at, ms, compressed });
  }
  return found.sort((a, b) => b.ms - a.ms);
}

/**
 * What is named as a copy of a log and is passed over: links, devices, files of other users. `why`
 * in words. `suffixes`: those of the copies that the format's own library leaves.
 */
export function passedOver(
  disk: DiskReader,
  path: string,
  { backupDir, suffixes }: { backupDir?: string; suffixes: readonly string[] },
): { path: string; why: string }[] {
  const companions = suffixes.flatMap((suffix) => {
    const stat = disk.lstat(path + suffix);
    return stat === undefined ? [] : [{ at: path + suffix, stat }];
  });
  return [...namedAsBackups(disk, path, backupDir), ...companions].flatMap(({ at, stat }) => {
    const why = stat.kind === 'directory' ? undefined : faultBeside(disk, at, path, stat);
    return why === undefined ? [] : [{ path: at, why }];
  });
}

interface NamedAsBackup {
  at: string;
  stat: FileStat;
  ms: number;
  compressed: boolean;
}

function namedAsBackups(disk: DiskReader, path: string, backupDir?: string): NamedAsBackup[] {
  const { directory, name } = siblingsOf(path);
  const found: NamedAsBackup[] = [];
  for (const folder of new Set([directory, ...(backupDir === undefined ? [] : [backupDir])])) {
    for (const entry of disk.list(folder) ?? []) {
      if (!entry.startsWith(name)) continue;
      const parts = backupSuffix.exec(entry.slice(name.length));
      if (parts === null) continue;
      const at = join(folder, entry);
      const stat = disk.lstat(at);
      if (stat === undefined) continue;
      found.push({ at, stat, ms: Number(parts[1]), compressed: parts[2] !== undefined });
    }
  }
  return found;
}
