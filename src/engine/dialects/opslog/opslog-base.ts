/** opslog-base: which files stand for a store: what its manifest names, or the best of the rest. */
import type { DiskReader } from '../../disk.js';
import { namesOf, referredFiles, type StoreNames } from './opslog-layout.js';
import { manifestTemporary, readManifest, type Manifest } from './opslog-manifest.js';

/** The files a state is read from. */
export interface Base {
  names: StoreNames;
  /** `names`: no manifest could be used. */
  from: 'manifest' | 'temporary' | 'names';
  manifest?: Manifest;
  /** Full path; undefined where there is none. */
  snapshot?: string;
  logs: { path: string; name: string; agent?: string }[];
  /** Operations of several agents interleave. */
  isMerged: boolean;
  /** What the manifest names and cannot be used, relative. */
  missing: string[];
  outside: string[];
  /** `activeOps`, which nobody reads where agents are registered. Relative. */
  ignored?: string;
}

/**
 * The files of a store. Without a manifest: those of a valid temporary one, which was about to take
 * its place, else the newest snapshot and every log that is no older.
 */
export function baseOf(disk: DiskReader, directory: string): Base {
  const names = namesOf(disk, directory);
  if (names.reading.state === 'ok') return named(disk, names, names.reading.manifest, 'manifest');
  const temporary = readManifest(disk, directory, manifestTemporary);
  if (temporary.state === 'ok') {
    const base = named(disk, names, temporary.manifest, 'temporary');
    if (base.snapshot !== undefined && base.missing.length === 0) return base;
  }
  return baseByNames(names, names.snapshots.findLast(({ bytes }) => bytes > 0)?.path);
}

/** A snapshot and every log with a stamp that is no older. */
export function baseByNames(names: StoreNames, snapshot: string | undefined): Base {
  const stamp = names.snapshots.find(({ path }) => path === snapshot)?.stamp ?? 0;
  const logs = names.logs.filter((log) => log.stamp >= stamp);
  return {
    ...{ names, from: 'names', snapshot, logs, missing: [], outside: [] },
    isMerged: logs.some(({ agent }) => agent !== undefined),
  };
}

function named(disk: DiskReader, names: StoreNames, manifest: Manifest, from: Base['from']): Base {
  const { snapshot, ...files } = referredFiles(disk, names.directory, manifest);
  const isMerged = manifest.agents !== undefined;
  return { names, from, manifest, isMerged, ...(snapshot === '' ? {} : { snapshot }), ...files };
}
