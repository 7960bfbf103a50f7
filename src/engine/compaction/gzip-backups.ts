/** gzip-backups: old backups compressed, each proven readable before the plain one goes. */
import { createHash, type Hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { chunksOf } from '../bytes/chunks.js';
import { byName } from '../checks/backup-order.js';
import type { WriteContext } from '../context.js';
import type { SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { gunzipped } from '../bytes/gzip.js';
import { supersede } from './quiet-backup.js';
import { listBackups, siblingsOf, type BackupName } from '../siblings.js';
import { makeTwin, type TwinNames } from './twin-file.js';

export interface GzipOptions {
  /** Backups older than this are compressed, ms. */
  olderThanMs: number;
  backupDir?: string;
  offline?: boolean;
  /** Only backups that are older than this one, a path. */
  olderThan?: string;
}

/** The newest ones stay plain: they are what a recovery reads first, and late bytes may reach. */
const plainKept = 2;

/** The backups of a log that are due for compression, newest first. */
export function backupsToGzip(context: WriteContext, path: string, options: GzipOptions) {
  const backups = listBackups(context.disk, path, options.backupDir);
  const now = context.now();
  const isOld = ({ ms }: BackupName) => now - ms > options.olderThanMs;
  backups.sort(byName(now));
  // Not found: all of them may be.
  const plain = 1 + backups.findIndex(({ path }) => path === options.olderThan);
  return backups
    .slice(Math.max(plainKept, plain))
    .filter((backup) => !backup.compressed && isOld(backup));
}

/**
 * Makes `NAME.backup.<ms>.gz` of each old backup, with its mode and owner, and removes the plain
 * one. The caller holds the compaction lock, and no intent is open. A backup that somebody has
 * open stays plain. Gives the new paths. Throws LogctlError; then the backup it was at stays.
 */
export async function gzipBackups(
  context: WriteContext,
  path: string,
  options: GzipOptions,
): Promise<string[]> {
  const made: string[] = [];
  for (const backup of backupsToGzip(context, path, options)) {
    const target = `${backup.path}.gz`;
    const name = `${siblingsOf(path).temporaryPrefix}${context.random()}`;
    const temporary = join(dirname(target), name);
    // A target that is there is what a run left that died between this rename and its unlink.
    const gone = await supersede(context, backup.path, options, (source) => {
      return compress(context, source, { temporary, target });
    });
    if (gone) made.push(target);
  }
  return made;
}

async function compress(
  context: WriteContext,
  source: SourceFile,
  names: TwinNames,
): Promise<void> {
  const plain = createHash('sha256');
  await makeTwin(context, source, names, {
    async fill(file) {
      const read = async function* () {
        for await (const chunk of chunksOf(context, source, 'compress')) {
          plain.update(chunk);
          yield chunk;
        }
      };
      await pipeline(read, createGzip(), async (packed) => {
        for await (const chunk of packed as AsyncIterable<Uint8Array>) file.append(chunk);
      });
    },
    prove: (temporary) => expectSame(context, temporary, plain),
  });
}

/** Reads the compressed file back from disk: what comes out must be what went in. */
async function expectSame(context: WriteContext, path: string, plain: Hash): Promise<void> {
  const packed = gunzipped(context.disk.open(path));
  try {
    const unpacked = createHash('sha256');
    for await (const chunk of chunksOf(context, packed, 'check')) unpacked.update(chunk);
    if (unpacked.digest('hex') === plain.digest('hex')) return;
  } finally {
    packed.close();
  }
  const hint = 'the backup was kept as it is; check the memory and the disk of this machine';
  throw new LogctlError('io', `${path}: reads back as other bytes than were written`, hint, {
    path,
  });
}
