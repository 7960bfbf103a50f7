/** opslog-archives: archive segments: whole or not, listed or not, and read as a source. */
import { basename, join } from 'node:path';
import type { Context } from '../../context.js';
import type { DiskReader } from '../../disk.js';
import { LogctlError } from '../../errors.js';
import type { FindingList } from '../../finding-list.js';
import type { Keydir } from '../../keydir/keydir.js';
import type { LogFile } from '../../model.js';
import { plural } from '../../text.js';
import type { EntryFold } from '../dialect.js';
import type { Base } from './opslog-base.js';
import type { RowFold } from './opslog-fold.js';
import { isForeign, namesOf } from './opslog-layout.js';
import { containedPath, manifestName } from './opslog-manifest.js';
import { readArchive, readArchivedRecords, type Sources } from './opslog-sources.js';

/** Adds findings about archive segments. */
export async function checkArchives(
  context: Context,
  { names, manifest }: Base,
  findings: FindingList,
  sources: Sources,
): Promise<void> {
  const { disk } = context;
  const listed = manifest?.archiveSegments ?? [];
  const manifestPath = join(names.directory, manifestName);
  for (const name of new Set([...listed, ...names.archives])) {
    const path = containedPath(disk, names.directory, name);
    if (path === undefined || isForeign(disk, path, names.directory)) {
      const where = "which is outside the store or another user's: not read";
      const words = `it lists archive segment ${name}, ${where}`;
      findings.add('archive-damaged', manifestPath, words, { impact: 'unknown' });
      continue;
    }
    if (disk.stat(path)?.kind !== 'file') {
      const words = 'the manifest lists this archive segment, and it is gone';
      findings.add('archive-damaged', path, words, { impact: 'lost' });
      continue;
    }
    const archive = await readArchive(context, sources, path);
    if (archive === undefined) {
      const consequence = 'The library cannot load this segment, nor add records to it.';
      const words = 'not a whole archive segment';
      findings.add('archive-damaged', path, words, { impact: 'unknown', consequence });
    } else if (!listed.includes(name) && manifest !== undefined) {
      const words = `${plural(archive.count, 'record')} in a segment the manifest does not list`;
      const why = 'archiving was stopped half way, and they are live as well';
      findings.add('archive-unlisted', path, `${words}: ${why}`, { impact: 'harmless' });
    }
  }
}

/** The full path of the segment `word` names: a period, or a part of the file's name. */
export function archivePath(disk: DiskReader, directory: string, word: string): string {
  const { archives } = namesOf(disk, directory);
  const exact = archives.find((name) => basename(name) === `archive-${word}.json`);
  const name = exact ?? archives.find((one) => basename(one).includes(word));
  if (name !== undefined) return join(directory, name);
  const known = archives.map((one) => basename(one)).join(', ');
  const hint = archives.length === 0 ? 'the store has no archive' : `there are ${known}`;
  throw new LogctlError('not-found', `${directory} has no archive ${word}`, hint);
}

/** The archive segments of a store as files of its log. */
export function archiveFiles(disk: DiskReader, directory: string): LogFile[] {
  if (disk.stat(directory)?.kind !== 'directory') return [];
  const { archives } = namesOf(disk, directory);
  return archives.map((name) => {
    return { path: join(directory, name), role: 'archive', beside: directory };
  });
}

/** Adds archived records to the state: what is live counts more than what was moved out. */
export function foldWithArchives(
  context: Context,
  files: readonly LogFile[],
  fold: RowFold,
  keydir: Keydir,
): EntryFold {
  return {
    see(batch, place) {
      if (files[place.file].role === 'segment') fold.see(batch, place);
    },
    async finish(sources) {
      fold.finish();
      for (const [file, { role }] of files.entries()) {
        if (role !== 'archive' || sources[file] === undefined) continue;
        const archived = await readArchivedRecords(context, sources[file], file);
        for (const index of archived?.order('documented') ?? []) {
          if (keydir.find(archived!.key(index)) >= 0) continue;
          keydir.putFrom(archived!, index);
        }
      }
    },
  };
}
