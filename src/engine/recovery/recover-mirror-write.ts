/** recover-mirror-write: puts a rebuilt main JSON file in the place of the old one, which stays. */
import { strict as assert } from 'node:assert';
import { dirname, join } from 'node:path';
import type { WriteContext } from '../context.js';
import { faultBeside } from '../beside.js';
import { likeLog } from '../compaction/lock-file.js';
import type { FileStat } from '../disk.js';
import { LogctlError } from '../errors.js';
import { fingerprint } from './fingerprint.js';
import { readMirror } from '../checks/mirror.js';
import { writeMirror } from './mirror-writer.js';
import type { LogPlan } from './plan.js';
import type { LogScan } from '../checks/scan-log.js';
import { diffStates } from '../keydir/state-compare.js';
import { removeLeftovers } from '../leftovers.js';
import { temporaryName } from '../temporaries.js';

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
  const old = disk.lstat(path);
  requireOwn(context, scan, plan, old);
  const temporary = join(directory, temporaryName(path, context.random()));
  const file = disk.create(temporary);
  let bytes = 0;
  try {
    await removeLeftovers(context, path, file, old);
    await writeMirror(scan, (part) => {
      file.append(part);
      bytes += part.length;
    });
    file.sync();
    await prove(context, scan, temporary);
    await expectPlanned(context, plan, old);
    const original = old === undefined ? null : keepOld(context, plan, old);
    likeLog(file, old ?? scan.sources[0].stat());
    file.sync();
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

/**
 * The state of the log goes to the owner of the main JSON file: the log must be the file that its
 * name leads to, without a link, and the main file one that may lie beside it.
 */
function requireOwn(
  { disk }: WriteContext,
  scan: LogScan,
  plan: LogPlan,
  old: FileStat | undefined,
): void {
  const { path } = plan.mirror!;
  const log = disk.lstat(plan.path);
  if (log?.kind === 'symlink') throw refusedWrite(plan.path, 'is a symbolic link');
  if (log?.id !== scan.sources[0].stat().id) throw changed(plan.path);
  const fault = old && faultBeside(disk, path, plan.path, old);
  if (fault !== undefined) throw refusedWrite(path, fault);
}

const refusedWrite = (path: string, fault: string) =>
  new LogctlError('refused', `${path} ${fault}`, 'no main JSON file was written', { path });

async function expectPlanned(context: WriteContext, plan: LogPlan, old: FileStat | undefined) {
  const { path } = plan.mirror!;
  const planned = plan.basis.find((one) => one.path === path);
  const beside = plan.path;
  const now = old === undefined ? undefined : await fingerprint(context, path, { beside });
  if (now?.sha256 !== planned?.sha256) throw changed(path);
}

/** The old file gets a second name, and stays under it. */
function keepOld({ disk }: WriteContext, plan: LogPlan, old: FileStat): string {
  const { path } = plan.mirror!;
  const original = `${path}.original.${plan.stamp}`;
  disk.link(path, original);
  if (disk.lstat(original)?.id === old.id) return original;
  disk.unlink(original);
  throw changed(path);
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
