/** recover-state: the state a planned log will have, before a byte of it is written. */
import type { Context } from '../context.js';
import type { DiskReader, SourceFile } from '../disk.js';
import type { Log } from '../log.js';
import { openParts } from './part-source.js';
import type { KeyAtRisk, PlannedState, PlanPart } from './plan.js';
import { scanLog, type LogScan, type ScanOptions } from '../checks/scan-log.js';
import { diffStates } from '../keydir/state-compare.js';
import { stateHash } from '../keydir/state-hash.js';

const keysNamedMax = 1_000;

/** Reads the log a plan would make, through the same kernel. The caller closes the scan. */
export function scanPlanned(
  context: Context,
  log: Log,
  parts: readonly PlanPart[],
): Promise<LogScan> {
  return scanSource(context, log, openParts(context, log, parts));
}

/** Reads `source` as if it were the log's file. The caller closes the scan. */
export async function scanSource(
  context: Context,
  log: Log,
  source: SourceFile,
  options: ScanOptions = {},
): Promise<LogScan> {
  // A name without .gz: what comes out of `source` is plain.
  const files = [{ ...log.files[0], path: log.path }];
  const world = contextOf(context, source);
  return scanLog(world, { ...log, missing: false, files }, options);
}

/** A world whose only file is `source`, whatever path is asked for. */
export function contextOf(context: Context, source: SourceFile): Context {
  const disk = Object.assign(Object.create(context.disk) as DiskReader, {
    open: () => source,
    stat: () => source.stat(),
    // Nothing lies beside it: an unfinished compaction is not to be merged into it.
    lstat: () => undefined,
    list: () => [],
  });
  return { ...context, disk };
}

/** Keys and hashes of two states; one scan twice where nothing changes. */
export async function stateOf(before: LogScan, after: LogScan): Promise<PlannedState> {
  const hash = ({ keydir, sources }: LogScan) => stateHash(keydir, sources, 'documented');
  const hashBefore = await hash(before);
  return {
    keysBefore: before.keydir.count,
    keysAfter: after.keydir.count,
    hashBefore,
    hashAfter: after === before ? hashBefore : await hash(after),
  };
}

/** How the keys of a state come out of it where only `kept` of it stays; at most 1,000. */
export async function keysLeft(kept: LogScan, whole: LogScan): Promise<KeyAtRisk[]> {
  const { changed, onlyFirst, onlySecond } = await diffStates(kept, whole);
  const rows = (keys: string[], impact: KeyAtRisk['impact']) =>
    keys.map((key) => ({ key, impact }));
  const all = [
    ...rows(onlySecond, 'lost'),
    ...rows(changed, 'changed'),
    ...rows(onlyFirst, 'could come back'),
  ];
  return all.slice(0, keysNamedMax);
}
