/** opslog-manifest: which files count: read, validated by the library's rules, paths contained. */
import { join, posix } from 'node:path';
import type { DiskReader } from '../../disk.js';
import { LogctlError } from '../../errors.js';

/** What `manifest.json` says, as data. Paths are relative to the store, as they stand there. */
export interface Manifest {
  version: number;
  currentSnapshot: string;
  activeOps: string;
  /** Agent and its file, in the order in which the library reads them; absent: one writer. */
  agents?: [agent: string, path: string][];
  archiveSegments: string[];
  stats: {
    activeRecords: number;
    archivedRecords: number;
    opsCount: number;
    created: string;
    lastCheckpoint: string;
  };
  /** Members the library ignores, and drops with its next compaction. */
  unknown: Record<string, unknown>;
}

/** A manifest, or why there is none. `message` is in the library's words. */
export type ManifestReading =
  | { state: 'ok'; manifest: Manifest }
  /** No file, or one that cannot be read: the library would make a fresh store. */
  | { state: 'missing'; message: string }
  /** The library throws. */
  | { state: 'bad'; message: string };

/** The one file that says which others count. */
export const manifestName = 'manifest.json';
/** Written first and renamed, always under this one name. */
export const manifestTemporary = `${manifestName}.tmp`;

/** Bytes read of a manifest: one of this size would name a hundred thousand agents. */
const manifestBytesMax = 16 << 20;
const known = [
  'version',
  'currentSnapshot',
  'activeOps',
  'activeAgentOps',
  'archiveSegments',
  'stats',
];

/** Reads `DIRECTORY/NAME`. Throws LogctlError where the disk fails, never for what it holds. */
export function readManifest(
  disk: DiskReader,
  directory: string,
  name = manifestName,
): ManifestReading {
  const path = join(directory, name);
  const stat = disk.lstat(path);
  if (stat?.kind === 'symlink') {
    return { state: 'bad', message: `${name} is a symbolic link: it is not followed` };
  }
  // A read error of any kind is "no store" to the library, a directory of this name included.
  if (stat?.kind !== 'file') return { state: 'missing', message: 'no existing store found' };
  const text = readText(disk, path, Math.min(stat.size, manifestBytesMax));
  try {
    return { state: 'ok', manifest: validManifest(JSON.parse(text)) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof InvalidManifest) {
      return { state: 'bad', message: error.message };
    }
    throw error;
  }
}

/** The rule a manifest breaks. */
class InvalidManifest extends Error {}

/** The library's validateManifest, rule for rule. Source: validate.js of version 0.8.1. */
function validManifest(raw: unknown): Manifest {
  const all = objectOf(raw, 'not an object');
  must(isCount(all.version, 1), 'version must be a positive finite integer');
  must(isText(all.currentSnapshot), 'missing currentSnapshot');
  must(isText(all.activeOps), 'missing activeOps');
  const { archiveSegments } = all;
  must(Array.isArray(archiveSegments), 'archiveSegments must be an array');
  for (const segment of archiveSegments as unknown[]) {
    must(isText(segment), 'archiveSegments entries must be non-empty strings');
  }
  const stats = objectOf(all.stats, 'missing stats');
  for (const name of ['activeRecords', 'archivedRecords', 'opsCount']) {
    must(isCount(stats[name], 0), `stats.${name} must be a non-negative integer`);
  }
  for (const name of ['created', 'lastCheckpoint']) {
    must(isText(stats[name]), `stats.${name} must be a non-empty string`);
  }
  const { version, currentSnapshot, activeOps } = all as unknown as Manifest;
  return {
    ...{ version, currentSnapshot, activeOps },
    ...(all.activeAgentOps === undefined ? {} : { agents: agentsOf(all.activeAgentOps) }),
    archiveSegments: archiveSegments as string[],
    stats: stats as Manifest['stats'],
    unknown: Object.fromEntries(Object.entries(all).filter(([name]) => !known.includes(name))),
  };
}

function agentsOf(raw: unknown): [string, string][] {
  const agents = Object.entries(objectOf(raw, 'activeAgentOps must be an object'));
  const isValid = agents.every(([, path]) => isText(path));
  must(isValid, 'activeAgentOps values must be non-empty strings');
  return agents as [string, string][];
}

function objectOf(raw: unknown, rule: string): Record<string, unknown> {
  const isObject = typeof raw === 'object' && raw !== null && !Array.isArray(raw);
  must(isObject, rule);
  return raw as Record<string, unknown>;
}

function must(holds: boolean, rule: string): void {
  if (!holds) throw new InvalidManifest(`Invalid manifest: ${rule}`);
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0;
const isCount = (value: unknown, least: number): boolean =>
  Number.isInteger(value) && (value as number) >= least;

function readText(disk: DiskReader, path: string, size: number): string {
  const file = disk.open(path, { noLinks: true });
  try {
    const bytes = new Uint8Array(size);
    const length = file.read(bytes, 0);
    return Buffer.from(bytes.subarray(0, length)).toString('utf8');
  } finally {
    file.close();
  }
}

/**
 * The full path of a file a manifest names; undefined where it leads out of the store: by `..`, or
 * by a symbolic link. A leading `/` is joined, as the library joins it.
 */
export function containedPath(
  disk: DiskReader,
  directory: string,
  relative: string,
): string | undefined {
  const inside = posix.join('.', relative);
  const parts = inside.split('/');
  let at = '.';
  for (let links = 0; parts.length > 0;) {
    at = posix.join(at, parts.shift()!);
    if (at === '..' || at.startsWith('../') || at.includes('\0')) return undefined;
    const target = linkTarget(disk, join(directory, at));
    if (target === undefined) continue;
    links += 1;
    if (posix.isAbsolute(target) || links > linksMax) return undefined;
    // What follows is meant from where a link leads: two may lead out where neither does alone.
    parts.unshift(...target.split('/'));
    at = posix.dirname(at);
  }
  return join(directory, inside);
}

/** As many as Linux follows. */
const linksMax = 40;

function linkTarget(disk: DiskReader, path: string): string | undefined {
  try {
    return disk.readLink(path);
  } catch (error) {
    // A path through a file that is no directory, or that may not be looked at, is no link.
    if (error instanceof LogctlError) return undefined;
    throw error;
  }
}
