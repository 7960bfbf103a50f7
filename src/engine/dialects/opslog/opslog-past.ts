/** opslog-past: older generations, which the library never deletes: history, and earlier states. */
import { basename } from 'node:path';
import type { Context } from '../../context.js';
import type { DiskReader } from '../../disk.js';
import { LogctlError } from '../../errors.js';
import type { Log } from '../../log.js';
import type { LogFile, StorePart } from '../../model.js';
import { isoTime } from '../../text.js';
import { baseOf } from './opslog-base.js';
import type { Dialect } from '../dialect.js';
import { makeFold } from './opslog-fold.js';
import { namesOf, type StampedFile } from './opslog-layout.js';
import { snapshotHead } from './opslog-sources.js';
import { roleOf } from './opslog-snapshot.js';
import { tailText } from './opslog-tail.js';

/** Snapshots and logs that are not read any more, oldest first. */
export function pastFiles(disk: DiskReader, directory: string): LogFile[] {
  const { names, snapshot, logs } = baseOf(disk, directory);
  const read = new Set([snapshot, ...logs.map(({ path }) => path)]);
  const isPast = ({ path, bytes }: StampedFile) => !read.has(path) && bytes > 0;
  const snapshots = names.snapshots.filter(isPast).map((file) => ({ file, isSnapshot: true }));
  const past = [
    ...snapshots,
    ...names.logs.filter(isPast).map((file) => ({ file, isSnapshot: false })),
  ];
  return past
    .sort((a, b) => a.file.stamp - b.file.stamp || Number(b.isSnapshot) - Number(a.isSnapshot))
    .map(({ file: { path }, isSnapshot }) => ({
      path,
      role: isSnapshot ? roleOf(disk, path) : 'segment',
      beside: directory,
    }));
}

/** When a snapshot was taken: its records have no times of their own. ms; NaN: it does not say. */
export const snapshotTime = (disk: DiskReader, path: string): number =>
  snapshotHead(disk, path).time;

/**
 * The store as it was at `time`: the newest snapshot by then, and the operations behind it. Throws
 * LogctlError `out-of-range` where no snapshot is that old.
 */
export function storeAt(context: Context, log: Log, time: number): Log {
  const { disk } = context;
  const names = namesOf(disk, log.path);
  const dated = names.snapshots
    .filter(({ bytes }) => bytes > 0)
    .map((file) => ({ ...file, time: snapshotTime(disk, file.path) }));
  const snapshot = dated.findLast((one) => one.time <= time);
  if (snapshot === undefined) {
    const since = isoTime(dated[0]?.time ?? NaN) ?? 'nowhere';
    const next = [['logctl', 'replay', log.path, '--at', since]];
    const message = `the oldest snapshot of ${log.path} is of ${since}`;
    throw new LogctlError('out-of-range', message, 'choose a later time', { path: log.path, next });
  }
  const logs = names.logs.filter(({ bytes }) => bytes > 0);
  const older = new Set<number>();
  const files: LogFile[] = [
    { path: snapshot.path, role: roleOf(disk, snapshot.path), beside: log.path },
  ];
  for (const { path, stamp } of logs) {
    // What an older log has of before the snapshot is in the snapshot.
    if (stamp < snapshot.stamp) older.add(files.length);
    files.push({ path, role: 'segment', beside: log.path });
  }
  const isMerged = logs.some(({ agent }) => agent !== undefined);
  const fold: Dialect['fold'] = () => (keydir) =>
    makeFold(keydir, isMerged, {
      skips: (batch, row, file) =>
        !(batch.time[row] <= time) || (older.has(file) && batch.time[row] <= snapshot.time),
    });
  const { checkStore: _, ...dialect } = log.dialect;
  const upstream = { ...dialect.upstream, load: undefined };
  const past: Dialect = { ...dialect, upstream, fold, layout: () => files };
  return { ...log, dialect: past, files };
}

/** Agents and generations of a store, for inspect. Reads the ends of files only. */
export function describeStore({ disk }: Context, directory: string): StorePart {
  const { names, logs, snapshot } = baseOf(disk, directory);
  const generations = names.snapshots.map((file, place) => {
    const until = names.snapshots[place + 1]?.stamp ?? Infinity;
    const own = names.logs.filter(({ stamp }) => stamp >= file.stamp && stamp < until);
    return {
      snapshot: basename(file.path),
      madeAt: isoTime(file.stamp),
      logs: own.length,
      bytes: own.reduce((sum, { bytes }) => sum + bytes, file.bytes),
      isCurrent: file.path === snapshot,
    };
  });
  const writers = logs.map(({ path, agent }) => {
    const bytes = disk.stat(path)?.size ?? 0;
    return { agent: agent ?? null, path, bytes, ...lastOf(disk, path, bytes) };
  });
  return { writers, generations };
}

/** Clock and time of the last operation of a log, as far as its end shows. */
function lastOf(disk: DiskReader, path: string, bytes: number) {
  const text = tailText(disk, path, bytes);
  const clock = [...text.matchAll(/"clock":(\d{1,15})[,}]/g)].at(-1)?.[1];
  const time = [...text.matchAll(/\{"ts":"([^"]{1,40})"/g)].at(-1)?.[1];
  return {
    clock: clock === undefined ? null : Number(clock),
    lastTime: isoTime(Date.parse(time ?? '')),
  };
}
