/** opslog: stores of @backloghq/opslog. Format, versions and sources: opslog.md. */
import { basename } from 'node:path';
import type { TargetOptions } from '../../context.js';
import type { DiskReader } from '../../disk.js';
import { LogctlError } from '../../errors.js';
import type { LogFile } from '../../model.js';
import type { Dialect, Probe, StoreWriting } from '../dialect.js';
import { isLogName, isStoreDirectory } from './opslog-layout.js';
import { baseOf } from './opslog-base.js';
import { archiveFiles, archivePath, foldWithArchives } from './opslog-archives.js';
import { makeFold } from './opslog-fold.js';
import { describeStore, pastFiles, snapshotTime, storeAt } from './opslog-past.js';
import { opslogCodec, roleOf } from './opslog-snapshot.js';

const work = () => import('./opslog-work.js');

const writing: StoreWriting = {
  compact: async (...all) => (await work()).compactStore(...all),
  plan: async (...all) => (await work()).planStore(...all),
  recover: async (...all) => (await work()).recoverStore(...all),
  undo: async (...all) => (await work()).undoStore(...all),
};

const isStore = (disk: DiskReader, path: string): boolean =>
  disk.stat(path)?.kind === 'directory' && isStoreDirectory(disk.list(path) ?? []);

/** The dialect of stores of @backloghq/opslog, and of an operation log without its store. */
export const opslog: Dialect = {
  name: 'opslog',
  looksLike: 'a directory of manifest.json, snapshots and ops; lines of "ts", "op", "id", "prev"',
  recognises,
  takes: ['archive', 'includeArchived'],
  withOptions,
  layout,
  codec: opslogCodec,
  fold({ disk }, { path }) {
    const isMerged = disk.stat(path)?.kind === 'directory' && baseOf(disk, path).isMerged;
    return isMerged ? (keydir) => makeFold(keydir, true) : undefined;
  },
  resync: ['{"ts":"', '{"id":"'],
  checkpointStart: undefined,
  checkpointOps: ['snapshot'],
  upstream: {
    reader: "the store's own library",
    refusesBadLines: false,
    trimsFile: true,
    losesKeys: [],
    mergesState: false,
    ignoresLogs: [],
    load: async (context, { path }, until) => (await work()).loadUpstream(context, path, until),
  },
  checkStore: async (...all) => (await work()).checkOpslog(...all),
  lock: {
    async look(context, path) {
      const { lookAgain, writerLock } = await work();
      if (isStore(context.disk, path)) return lookAgain(context, path, writerLock);
      return { state: 'free', words: 'a log without its store has no lock' };
    },
    async take(context, path) {
      const { takeLocks, writerLock } = await work();
      return isStore(context.disk, path) ? takeLocks(context, path, [writerLock]) : undefined;
    },
  },
  past: (disk, path) => (isStore(disk, path) ? pastFiles(disk, path) : []),
  checkpointTime: snapshotTime,
  at(context, log, time) {
    return isStore(context.disk, log.path) ? storeAt(context, log, time) : undefined;
  },
  describe(context, path) {
    return isStore(context.disk, path) ? describeStore(context, path) : undefined;
  },
  store: (disk, path) => (isStore(disk, path) ? writing : undefined),
  compaction: 'checkpoint',
  sequenced: false,
};

function recognises({ kind, names, head, path }: Probe): boolean {
  if (kind === 'directory') return isStoreDirectory(names);
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  if (/^(\xef\xbb\xbf)?\s*\{"ts":"[^"]*","op":"(set|delete)","id":"/.test(text)) return true;
  // Nothing left to recognise it by but its name: torn in its first member, empty, lost sectors.
  return isLogName(basename(path)) && (/^\0*$/.test(text) || '{"ts":"'.startsWith(text));
}

/** Archived records would become live ones. */
function onlyRead(): never {
  const hint = 'leave --archive and --include-archived out';
  throw new LogctlError('usage', 'archives are read and never written', hint);
}

/** With `--archive` the store is one segment; with `--include-archived` all are added to it. */
function withOptions({ archive, includeArchived }: TargetOptions): Dialect {
  if (archive !== undefined) {
    const only = (disk: DiskReader, path: string): LogFile[] => {
      const segment = isStore(disk, path) ? archivePath(disk, path, archive) : path;
      return [{ path: segment, role: 'archive', beside: path }];
    };
    const { upstream, checkStore: _, ...rest } = opslog;
    const own = { fold: undefined, past: undefined, at: undefined, store: onlyRead };
    return { ...rest, ...own, layout: only, upstream: { ...upstream, load: undefined } };
  }
  if (includeArchived !== true) return opslog;
  return {
    ...opslog,
    store: onlyRead,
    layout: (disk, path) => [...layout(disk, path), ...archiveFiles(disk, path)],
    fold: (context, { path, files }) => {
      const isMerged = isStore(context.disk, path) && baseOf(context.disk, path).isMerged;
      return (keydir) => foldWithArchives(context, files, makeFold(keydir, isMerged), keydir);
    },
  };
}

function layout(disk: DiskReader, path: string): LogFile[] {
  if (disk.stat(path)?.kind !== 'directory') return [{ path, role: 'segment' }];
  const { snapshot, logs, from } = baseOf(disk, path);
  if (from === 'names' && snapshot === undefined && logs.length === 0) {
    const words = `${path}: no store yet: no manifest, no snapshot, no operations`;
    throw new LogctlError('not-a-log', words, 'its program was stopped before it wrote anything');
  }
  const segments = logs.map((log): LogFile => {
    return { path: log.path, role: 'segment', beside: path };
  });
  if (snapshot === undefined) return segments;
  return [{ path: snapshot, role: roleOf(disk, snapshot), beside: path }, ...segments];
}
