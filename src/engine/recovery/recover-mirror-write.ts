/** recover-mirror-write: puts a rebuilt main JSON file in the place of the old one, which stays. */
import { strict as assert } from 'node:assert';
import { basename, dirname, join } from 'node:path';
import type { WriteContext } from '../context.js';
import { LogctlError } from '../errors.js';
import { fingerprint } from './fingerprint.js';
import { readMirror } from '../checks/mirror.js';
import { writeMirror } from './mirror-writer.js';
import type { LogPlan } from './plan.js';
import { createLike } from './recover-evidence.js';
import type { LogScan } from '../checks/scan-log.js';
import { diffStates } from '../keydir/state-compare.js';

/** What became of the main JSON file. `original`: where the old one lies; null: there was none. */
export interface WrittenMirror {
  path: string;
  original: string | null;
  keys: number;
  bytes: number;
}

/**
 * Writes the state of `scan` (the recovered log, read back) as its main JSON file: a temporary,
 * fsync, read back, the old file linked to `NAME.json.original.<ms>`, rename, fsync of the
 * directory. Throws LogctlError `changed` when the old file is not the one that was planned for.
 */
export async function replaceMirror(
  context: WriteContext,
  scan: LogScan,
  plan: LogPlan,
): Promise<WrittenMirror> {
  const { disk } = context;
  const { path } = plan.mirror!;
  const directory = dirname(path);
  const old = disk.stat(path);
  const temporary = join(directory, `.${basename(path)}.tmp-${context.random()}`);
  const file = createLike(context, temporary, old ?? scan.sources[0].stat());
  let bytes = 0;
  try {
    await writeMirror(scan, (part) => {
      file.append(part);
      bytes += part.length;
    });
    file.sync();
    await prove(context, scan, temporary);
    const planned = plan.basis.find((one) => one.path === path);
    const now = old === undefined ? undefined : await fingerprint(context, path);
    if (now?.sha256 !== planned?.sha256) throw changed(path);
    const original = old === undefined ? null : `${path}.original.${plan.stamp}`;
    if (original !== null) disk.link(path, original);
    disk.syncDirectory(directory);
    disk.rename(temporary, path);
    disk.syncDirectory(directory);
    return { path, original, keys: scan.keydir.count, bytes };
  } catch (error) {
    if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
    throw error;
  } finally {
    file.close();
  }
}

const changed = (path: string) =>
  new LogctlError('changed', `${path} changed since the plan`, 'it is as it was: plan again', {
    path,
  });

/** The file on the disk holds the state, key by key. */
async function prove(context: WriteContext, scan: LogScan, path: string): Promise<void> {
  const { keydir, source, errorAt } = await readMirror(context, path);
  try {
    const {
      changed: other,
      onlyFirst,
      onlySecond,
    } = await diffStates(scan, {
      keydir,
      sources: [source],
    });
    const { losesKeys } = scan.log.dialect.upstream;
    const missing = onlyFirst.filter((key) => !losesKeys.includes(key));
    const isSame = other.length + missing.length + onlySecond.length === 0;
    assert(errorAt === undefined && isSame, 'the rebuilt file does not hold the state');
  } finally {
    source.close();
  }
}
