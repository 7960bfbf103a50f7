/** intent: what a swap is about to do, written down first, so that any later run can finish it. */
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { WriteContext } from '../context.js';
import { readSmallPlain, type DiskReader, type FileStat } from '../disk.js';
import { LogctlError } from '../errors.js';
import { likeLog } from './lock-file.js';
import { siblingsOf } from '../siblings.js';

/** `.NAME.compact.json`. Offsets and lengths in bytes. */
export interface Intent {
  format: 1;
  /** Inode numbers as text: device numbers may change over a reboot, and both are one directory. */
  oldInode: string;
  newInode: string;
  /** Bytes of the old file that the new head stands for; what follows is carried behind it. */
  prefixLength: number;
  headLength: number;
  /** sha-256 over both ends of the new head: an inode number may be used again. */
  headEnds: string;
  /** Base name that the old file gets, beside the log. */
  keptAs: string;
  /** The old file's end without a newline: carried with one, or left out. */
  rest?: { offset: number; length: number; carried: boolean };
  /** The swap that this one finishes; it counts again if this one never happens. */
  previous?: Intent;
}

/** The inode number in a `FileStat.id`. */
export const inodeOf = ({ id }: FileStat): string => id.slice(id.lastIndexOf(':') + 1);

/**
 * The intent of the log at `path`; undefined when there is none. Throws LogctlError `bad-intent`:
 * who writes never ignores an intent that cannot be read, it may stand for entries.
 */
export function readIntent(disk: DiskReader, path: string): Intent | undefined {
  const { intent: intentPath } = siblingsOf(path);
  if (disk.lstat(intentPath) === undefined) return undefined;
  try {
    const text = readSmallPlain(disk, intentPath);
    const intent = JSON.parse(text ?? '') as unknown;
    if (isIntent(intent)) return intent;
  } catch (error) {
    const isGone = error instanceof LogctlError && error.code === 'not-found';
    if (!(error instanceof SyntaxError) && !isGone) throw error;
  }
  // Whoever made it may have finished in between.
  if (disk.lstat(intentPath) === undefined) return undefined;
  const hint = `keep every file; compare ${basename(path)} with its newest backup by hand`;
  throw new LogctlError('bad-intent', `${intentPath} cannot be read`, hint, { path: intentPath });
}

/**
 * The same for reading commands: side files never block reading. `unreadable` is for them to
 * report, since lines may be missing that only the old file has.
 */
export function intentForReading(
  disk: DiskReader,
  path: string,
): { intent?: Intent; unreadable: boolean } {
  try {
    return { intent: readIntent(disk, path), unreadable: false };
  } catch (error) {
    if (!(error instanceof LogctlError) || error.code !== 'bad-intent') throw error;
    return { unreadable: true };
  }
}

/** Puts the intent in its place, durably, readable for whoever may read the log. */
export function writeIntent(
  { disk, random }: WriteContext,
  path: string,
  intent: Intent,
  log: FileStat,
): void {
  const { intent: intentPath, temporaryPrefix, directory } = siblingsOf(path);
  const temporary = join(directory, `${temporaryPrefix}${random()}`);
  const file = disk.create(temporary);
  try {
    file.append(Buffer.from(`${JSON.stringify(intent)}\n`));
    // Last: until then nobody else can open it.
    likeLog(file, log);
    file.sync();
    disk.rename(temporary, intentPath);
  } catch (error) {
    if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
    throw error;
  } finally {
    file.close();
  }
  disk.syncDirectory(directory);
}

/**
 * Throws LogctlError `refused` where another intent lies beside the log than the one that this swap
 * finishes: it stands for entries that only the old file of that swap has.
 */
export function refuseForeignIntent(
  disk: DiskReader,
  path: string,
  previous: Intent | undefined,
): void {
  const there = readIntent(disk, path);
  if (isDeepStrictEqual(there, previous)) return;
  const { intent } = siblingsOf(path);
  const message = `${path}: another compaction is unfinished, as ${intent} says`;
  const hint = 'finish it first: compact and recover do so when they begin';
  const next = [['logctl', 'recover', '--dry-run', path]];
  throw new LogctlError('refused', message, hint, { path, next });
}

/** Removes the intent, durably. */
export function removeIntent({ disk }: WriteContext, path: string): void {
  const { intent: intentPath } = siblingsOf(path);
  if (disk.lstat(intentPath) === undefined) return;
  disk.unlink(intentPath);
  disk.syncDirectory(dirname(intentPath));
}

/** An intent is input: numbers that are none, and names that lead elsewhere, are refused. */
function isIntent(value: unknown): value is Intent {
  if (typeof value !== 'object' || value === null) return false;
  const one = value as Partial<Intent>;
  const texts = [one.oldInode, one.newInode, one.headEnds, one.keptAs];
  const sizes = [one.prefixLength, one.headLength];
  if (one.rest !== undefined) {
    if (typeof one.rest !== 'object' || one.rest === null) return false;
    if (typeof one.rest.carried !== 'boolean') return false;
    sizes.push(one.rest.offset, one.rest.length);
  }
  return (
    one.format === 1 &&
    texts.every((text) => typeof text === 'string' && text !== '') &&
    sizes.every((size) => Number.isSafeInteger(size) && size! >= 0) &&
    basename(one.keptAs!) === one.keptAs &&
    one.keptAs !== '.' &&
    one.keptAs !== '..' &&
    (one.previous === undefined || isIntent(one.previous))
  );
}
