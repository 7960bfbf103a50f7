/** backup-archive: moves backups into --backup-dir, which may be on another filesystem. */
import { basename, join } from 'node:path';
import { chunksOf } from '../bytes/chunks.js';
import type { WriteContext } from '../context.js';
import type { Disk, SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { supersede } from './quiet-backup.js';
import { listBackups, siblingsOf } from '../siblings.js';
import { makeTwin, type TwinNames } from './twin-file.js';
import { shellQuote } from '../shell-quote.js';

export interface ArchiveOptions {
  backupDir: string;
  offline?: boolean;
}

/** Throws LogctlError `usage` when `--backup-dir` names no directory: nothing was done yet. */
export function requireBackupDir(disk: Disk, directory: string): void {
  if (disk.stat(directory)?.kind === 'directory') return;
  const hint = `make it first: mkdir -p ${shellQuote(directory)}`;
  throw new LogctlError('usage', `--backup-dir ${directory} is no directory`, hint);
}

/** The paths of the backups that still lie beside the log, oldest first. */
export function backupsToArchive({ disk }: WriteContext, path: string, backupDir: string) {
  const { directory } = siblingsOf(path);
  if (disk.stat(directory)?.id === disk.stat(backupDir)?.id) return [];
  const backups = listBackups(disk, path).map((backup) => backup.path);
  return backups.reverse();
}

/**
 * Moves every backup beside the log into the directory: copied, synced, compared byte for byte,
 * and only then removed here. The caller holds the compaction lock, and no intent is open. A
 * backup that somebody has open stays. Gives the new paths. Throws LogctlError; then the backup it
 * was at is where it was.
 */
export async function archiveBackups(
  context: WriteContext,
  path: string,
  { backupDir, offline }: ArchiveOptions,
): Promise<string[]> {
  const moved: string[] = [];
  clearTemporaries(context.disk, path, backupDir);
  for (const backup of backupsToArchive(context, path, backupDir)) {
    const target = join(backupDir, basename(backup));
    const temporary = join(backupDir, `${siblingsOf(path).temporaryPrefix}${context.random()}`);
    const gone = await supersede(context, backup, { offline }, (source) => {
      // A file of this name is what a run left that died between its copy and its unlink.
      const isThere = context.disk.lstat(target) !== undefined;
      return isThere
        ? expectSame(context, source, target)
        : copy(context, source, { temporary, target });
    });
    if (gone) moved.push(target);
  }
  return moved;
}

/** Copies that a run did not finish, which died: the lock shows that none is being made. */
function clearTemporaries(disk: Disk, path: string, backupDir: string): void {
  const { temporaryPrefix } = siblingsOf(path);
  const left = (disk.list(backupDir) ?? []).filter((name) => name.startsWith(temporaryPrefix));
  for (const name of left) disk.unlink(join(backupDir, name));
}

async function copy(context: WriteContext, source: SourceFile, names: TwinNames): Promise<void> {
  await makeTwin(context, source, names, {
    async fill(file) {
      for await (const chunk of chunksOf(context, source, 'copy')) file.append(chunk);
    },
    prove: (temporary) => expectSame(context, source, temporary),
  });
}

async function expectSame(context: WriteContext, source: SourceFile, path: string): Promise<void> {
  const copied = context.disk.open(path);
  try {
    let at = 0;
    for await (const chunk of chunksOf(context, copied, 'compare')) {
      const wanted = new Uint8Array(chunk.length);
      const length = await source.read(wanted, at);
      if (Buffer.compare(chunk, wanted.subarray(0, length)) !== 0) throw differs(path);
      at += chunk.length;
    }
    if (at !== source.stat().size) throw differs(path);
  } finally {
    copied.close();
  }
}

function differs(path: string): LogctlError {
  const hint = 'the backup beside the log was kept; move the other file away and try again';
  return new LogctlError('io', `${path} is not the copy it should be`, hint, { path });
}
