/** recover-state: the state a planned log will have, before a byte of it is written. */
import { partOf } from '../bytes/source-part.js';
import type { Context } from '../context.js';
import { diskWith, type DiskReader, type SourceFile, type SyncSource } from '../disk.js';
import type { Log } from '../log.js';
import { openParts } from './part-source.js';
import type { KeyAtRisk, PlannedState, PlanPart } from './plan.js';
import { scanLog, type LogScan, type ScanOptions } from '../checks/scan-log.js';
import { diffStates } from '../keydir/state-compare.js';
import { stateHash } from '../keydir/state-hash.js';

const keysNamedMax = 1_000;
/** The first entry is looked for in so many bytes, and in more where it is not there. */
const firstBytes = 1 << 16;

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
  const world = { ...context, disk: aloneWith(context.disk, source, neverOpened), made: source };
  return scanLog(world, { ...log, missing: false, files }, options);
}

/** The kind of the first entry of an open file; undefined where it has none. */
export async function firstKindOf(
  context: Context,
  log: Log,
  source: SourceFile,
): Promise<number | undefined> {
  const { size } = source.stat();
  for (let until = firstBytes; ; until *= 16) {
    // A part: to close the scan closes nothing.
    const scan = await scanSource(context, log, partOf(source, 0), { fold: false, until });
    scan.close();
    const { firstKind } = scan.counter;
    if (firstKind !== undefined || until >= size) return firstKind;
  }
}

/** A world whose only file is `source`, whatever path is asked for. */
export function contextOf(context: Context, source: SyncSource): Context {
  return { ...context, disk: aloneWith(context.disk, source, () => source) };
}

function aloneWith(disk: DiskReader, source: SourceFile, open: DiskReader['open']): DiskReader {
  return diskWith(disk, {
    open,
    stat: () => source.stat(),
    // Nothing lies beside it: an unfinished compaction is not to be merged into it.
    lstat: () => undefined,
    list: () => [],
  });
}

/** Bytes of a planned log may have to be made first, which no file of a disk does. */
function neverOpened(path: string): never {
  throw new Error(`${path} lies in no file: openSource gives it`);
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
