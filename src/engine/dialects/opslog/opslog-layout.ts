/** opslog-layout: every file of a store by its name: what counts, what is left, what is history. */
import { join } from 'node:path';
import { faultBeside } from '../../beside.js';
import type { DiskReader } from '../../disk.js';
import {
  containedPath,
  manifestName,
  manifestTemporary,
  readManifest,
  type Manifest,
  type ManifestReading,
} from './opslog-manifest.js';

/** A snapshot or an operation log. `stamp`: the number in its name, ms since 1970 UTC. */
export interface StampedFile {
  /** Relative to the store, with `/`. */
  name: string;
  path: string;
  stamp: number;
  /** The agent in the name of an operation log; undefined: the log of a single writer. */
  agent?: string;
  bytes: number;
}

/** A store as its names tell it. Nothing but the manifest was read. */
export interface StoreNames {
  directory: string;
  reading: ManifestReading;
  /** Oldest first, by stamp. */
  snapshots: StampedFile[];
  logs: StampedFile[];
  /** `archive/archive-PERIOD.json`, relative. */
  archives: string[];
  /** Files that were never renamed to their place, relative. */
  temporaries: string[];
}

const snapshotName = /^snap-(\d{1,16})\.jsonl?$/;
const logName = /^(?:ops|agent-(.*))-(\d{1,16})\.jsonl$/s;
const archiveName = /^archive-.*\.json$/s;

/** Lists a store. Throws LogctlError where the disk fails. */
export function namesOf(disk: DiskReader, directory: string): StoreNames {
  const inFolder = (folder: string) => listFolder(disk, directory, folder);
  const temporaries = ['snapshots', 'ops', 'archive'].flatMap((folder) => {
    return inFolder(folder)
      .filter((name) => name.endsWith('.tmp'))
      .map((name) => `${folder}/${name}`);
  });
  const isTemporary = (name: string) =>
    name === manifestTemporary || name.startsWith(`.${manifestName}.tmp-`);
  temporaries.push(...(disk.list(directory) ?? []).filter(isTemporary));
  const archives = inFolder('archive').filter((name) => archiveName.test(name));
  const snapshots = stamped(disk, directory, 'snapshots', snapshotName);
  const logs = stamped(disk, directory, 'ops', logName);
  // Behind the listing: a log with entries is named by then, also where its program compacts now.
  const reading = readManifest(disk, directory);
  return {
    ...{ directory, reading, snapshots, logs, temporaries },
    archives: archives.map((name) => `archive/${name}`),
  };
}

/** True for names in a directory that only this format has. */
export function isStoreDirectory(names: readonly string[]): boolean {
  const hasFolders = names.includes('snapshots') && names.includes('ops');
  return names.includes(manifestName) || names.includes(manifestTemporary)
    ? names.includes('snapshots') || names.includes('ops')
    : hasFolders;
}

/** Names in a folder of the store; none where it is missing or no directory. */
function listFolder(disk: DiskReader, directory: string, folder: string): string[] {
  const path = containedPath(disk, directory, folder);
  if (path === undefined || disk.stat(path)?.kind !== 'directory') return [];
  return disk.list(path) ?? [];
}

function stamped(
  disk: DiskReader,
  directory: string,
  folder: string,
  pattern: RegExp,
): StampedFile[] {
  const files: StampedFile[] = [];
  for (const base of listFolder(disk, directory, folder)) {
    const parts = pattern.exec(base);
    if (parts === null) continue;
    const name = `${folder}/${base}`;
    const path = join(directory, name);
    const stat = disk.lstat(path);
    if (stat === undefined || faultBeside(disk, path, directory, stat) !== undefined) continue;
    const stamp = Number(parts.at(-1));
    const agent = parts.length === 3 ? parts[1] : undefined;
    files.push({ name, path, stamp, bytes: stat.size, ...(agent === undefined ? {} : { agent }) });
  }
  return files.sort((a, b) => a.stamp - b.stamp || (a.name < b.name ? -1 : 1));
}

/** True for a link, also to a file of the store, and for a file of another user. */
export function isForeign(disk: DiskReader, path: string, directory: string): boolean {
  const stat = disk.lstat(path);
  if (stat?.kind !== 'symlink' && stat?.kind !== 'file') return false;
  return faultBeside(disk, path, directory, stat) !== undefined;
}

/** The files a manifest names, and what of it cannot be used. */
export interface ReferredFiles {
  snapshot: string;
  /** In the order in which the library reads them. */
  logs: { path: string; name: string; agent?: string }[];
  /** Named and not there, or no regular file. Relative. */
  missing: string[];
  /** Named, and leading out of the store: a link, or another user's file. Relative. */
  outside: string[];
  /** `activeOps`, where it is ignored because agents are registered. Relative. */
  ignored?: string;
}

/** What the manifest's paths lead to. `snapshot` is empty where it is not there. */
export function referredFiles(
  disk: DiskReader,
  directory: string,
  manifest: Manifest,
): ReferredFiles {
  const found: ReferredFiles = { snapshot: '', logs: [], missing: [], outside: [] };
  const resolve = (name: string) => {
    const path = containedPath(disk, directory, name);
    if (path === undefined || isForeign(disk, path, directory)) found.outside.push(name);
    else if (disk.stat(path)?.kind !== 'file') found.missing.push(name);
    else return path;
    return undefined;
  };
  found.snapshot = resolve(manifest.currentSnapshot) ?? '';
  const agents: [string | undefined, string][] = manifest.agents ?? [
    [undefined, manifest.activeOps],
  ];
  for (const [agent, name] of agents) {
    const path = resolve(name);
    if (path !== undefined) found.logs.push({ path, name, agent });
  }
  const isAgents = agents.some(([, name]) => name === manifest.activeOps);
  if (manifest.agents !== undefined && !isAgents) found.ignored = manifest.activeOps;
  return found;
}

/** True for the base name of an operation log. */
export const isLogName = (base: string): boolean => logName.test(base);

/** Keys by the log that an operation of theirs stands in, in the order given. */
export function keysByPath(
  entries: Iterable<readonly [key: string, { path: string }]>,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [key, { path }] of entries) {
    const keys = found.get(path);
    if (keys === undefined) found.set(path, [key]);
    else keys.push(key);
  }
  return found;
}
