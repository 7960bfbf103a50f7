/** mirror-open: the main file beside a log that is being opened: what it is, what becomes of it. */
import { basename, dirname } from 'node:path';
import { backupLog, checkBackups } from '../checks/backups.js';
import type { WriteContext } from '../context.js';
import type { Change } from './entry-text.js';
import { framed } from './entry-text.js';
import { LogctlError } from '../errors.js';
import { sameJson, withoutSpacing } from '../checks/json-equal.js';
import { keyToString, stringToKey } from '../keydir/key-bytes.js';
import type { LogOptions, Recovered } from '../library.js';
import { readMirror, type Mirror } from '../checks/mirror.js';
import { literalFile } from '../keydir/keydir.js';
import { openSource, type Log } from '../log.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { KIND } from '../scan/kernel.js';
import { diffStates } from '../keydir/state-compare.js';
import { plural } from '../text.js';
import { textOf } from './value-texts.js';
import { readRange } from '../keydir/values.js';
import { unlessGone } from '../listed-files.js';

/** What is to be done about the mirror. `adopted`: changes for the log, to be appended first. */
export interface MirrorVerdict {
  was: NonNullable<Recovered['mirror']>['was'];
  /** The old file stays under another name. */
  keep: boolean;
  adopted: Change[];
}

/**
 * Compares the main file with the log as it was read; undefined where they agree.
 *
 * A file that holds only what the log holds or once held is behind: a crash between log and mirror
 * leaves it so, and the log wins. Keys and values that no version of the log and its backups ever
 * had are somebody's data: they are refused (LogctlError, naming them), adopted, or put aside with
 * the old file, as `mirrorConflict` says.
 */
export async function judgeMirror(
  context: WriteContext,
  scan: LogScan,
  path: string,
  options: LogOptions,
): Promise<MirrorVerdict | undefined> {
  if (context.disk.stat(path) === undefined) {
    return scan.keydir.count === 0 ? undefined : { was: 'missing', keep: false, adopted: [] };
  }
  const mirror = await readMirror(context, path);
  try {
    if (mirror.errorAt !== undefined) return { was: 'torn', keep: true, adopted: [] };
    const other = { keydir: mirror.keydir, sources: [mirror.source] };
    const { changed, onlyFirst, onlySecond } = await diffStates(scan, other);
    const { losesKeys } = scan.log.dialect.upstream;
    const missing = onlyFirst.filter((key) => !losesKeys.includes(key));
    const suspects = [...changed, ...onlySecond];
    if (suspects.length + missing.length === 0) return undefined;
    const foreign = await neverInLog(context, scan.log, mirror, suspects, options);
    if (foreign.length === 0) return { was: 'behind', keep: false, adopted: [] };
    return await settle(path, mirror, foreign, options);
  } finally {
    mirror.source.close();
  }
}

/** Gives the old file a second name beside it, so that writing the new one loses nothing. */
export function keepMirror({ disk }: WriteContext, path: string, now: number): string {
  let ms = now;
  while (disk.lstat(`${path}.original.${ms}`) !== undefined) ms++;
  const kept = `${path}.original.${ms}`;
  disk.link(path, kept);
  disk.syncDirectory(dirname(path));
  return kept;
}

async function settle(
  path: string,
  mirror: Mirror,
  foreign: readonly string[],
  { mirrorConflict = 'refuse' }: LogOptions,
): Promise<MirrorVerdict> {
  if (mirrorConflict === 'refuse') throw refusal(path, foreign);
  const adopted: Change[] = [];
  if (mirrorConflict === 'adopt') {
    for (const key of foreign) {
      const bytes = withoutSpacing(await valueIn(mirror, key));
      adopted.push({ do: 'put', key, value: framed(textOf(bytes)) });
    }
  }
  return { was: 'ahead', keep: mirrorConflict === 'replace', adopted };
}

function refusal(path: string, foreign: readonly string[]): LogctlError {
  const some = foreign.slice(0, 3).join(', ');
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : '';
  const what = plural(foreign.length, 'key or value', 'keys or values');
  const message = `${path} holds ${what} that the log never had: ${some}${more}`;
  const hint =
    "open it with mirrorConflict: 'adopt' to append them, or 'replace' to put them aside";
  return new LogctlError('refused', message, hint, { path });
}

const valueIn = ({ keydir, source }: Mirror, key: string) =>
  readRange(keydir.at(keydir.find(stringToKey(key))), [source], keydir);

/** Those of the keys whose value in the mirror stands in no entry of the log or its backups. */
async function neverInLog(
  context: WriteContext,
  log: Log,
  mirror: Mirror,
  keys: readonly string[],
  options: LogOptions,
): Promise<string[]> {
  const open = new Set(keys);
  await strikeKnown(context, log, mirror, open);
  if (open.size > 0) {
    for (const backup of await checkBackups(context, log, options)) {
      if (backup.verdict !== 'ok') continue;
      await unlessGone(context.disk, backup.path, () => {
        return strikeKnown(context, backupLog(log, backup), mirror, open);
      });
    }
  }
  return keys.filter((key) => open.has(key));
}

/** Takes the keys out of `open` whose value in the mirror stands in this file. */
async function strikeKnown(
  context: WriteContext,
  log: Log,
  mirror: Mirror,
  open: Set<string>,
): Promise<void> {
  const versions = await versionsOf(context, log, open);
  const source = openSource(context, log.path, log.files[0].beside);
  try {
    // In file order: a compressed backup can only be read forward.
    for (const { key, offset, length } of versions) {
      if (!open.has(key)) continue;
      const bytes = new Uint8Array(length);
      await source.read(bytes, offset);
      if (sameJson(bytes, await valueIn(mirror, key))) open.delete(key);
    }
  } finally {
    source.close();
  }
}

/** Where in a log the values of these keys stand, all versions, in file order. */
async function versionsOf(context: WriteContext, log: Log, keys: ReadonlySet<string>) {
  const versions: { key: string; offset: number; length: number }[] = [];
  const scan = await scanLog(context, log, {
    onRows(batch) {
      for (let row = 0; row < batch.count; row++) {
        if (batch.kind[row] !== KIND.put) continue;
        const start = batch.keyStart[row];
        const key = keyToString(batch.keys.subarray(start, start + batch.keyLength[row]));
        if (!keys.has(key)) continue;
        versions.push({ key, offset: batch.valueOffset[row], length: batch.valueLength[row] });
      }
    },
    onState({ members }) {
      for (const key of keys) {
        const index = members.find(stringToKey(key));
        if (index < 0 || members.valueFile(index) === literalFile) continue;
        const [offset, length] = [members.valueOffset(index), members.valueLength(index)];
        versions.push({ key, offset, length });
      }
    },
  });
  scan.close();
  return versions.sort((a, b) => a.offset - b.offset);
}

/** What was done, in a few words. */
export function mirrorWords({ path, was, kept }: NonNullable<Recovered['mirror']>): string {
  const keptAs = kept === null ? '' : `, the old file is ${basename(kept)}`;
  const what = {
    missing: 'was missing and is there again',
    torn: 'was torn and is written anew',
    behind: 'was behind the log and is written anew',
    ahead: 'held what the log never had',
  };
  return `${path} ${what[was]}${keptAs}`;
}
