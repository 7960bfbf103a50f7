/** merged-source: a log whose swap was interrupted, read as the next run will make it. */
import { dirname, join } from 'node:path';
import { faultBeside, openBeside } from '../beside.js';
import type { DiskReader, SyncSource } from '../disk.js';
import { inodeOf, intentForReading, type Intent } from './intent.js';
import { endsHash } from './swap-carry.js';
import { findLateLines, type LateLines, type Stretch } from './swap-late.js';

/** A stretch of one file, in its place in the whole. */
export interface MergedPiece extends Stretch {
  file: Pick<SyncSource, 'read'>;
}

interface MergedFiles {
  old: SyncSource;
  fresh: SyncSource;
  late: LateLines;
  /** Bytes of the new file that count. */
  freshEnd: number;
}

/** The stretches of both files that make the whole log, in order. */
export function mergedPieces({ old, fresh, late, freshEnd }: MergedFiles): MergedPiece[] {
  const pieces: MergedPiece[] = [{ file: fresh, from: 0, to: late.keep }];
  for (const { from, to, newline } of late.late) {
    pieces.push({ file: old, from, to });
    if (newline) pieces.push({ file: newlineFile, from: 0, to: 1 });
  }
  return [...pieces, { file: fresh, from: late.resume, to: freshEnd }];
}

const newlineFile: MergedPiece['file'] = {
  read(target) {
    target[0] = 0x0a;
    return 1;
  },
};

/**
 * The log at `path` with the lines that an interrupted swap left behind in its old file, each where
 * it belongs; undefined where nothing is missing. `log` is the open log; the source closes it.
 * Offsets are those of the merged log. Throws LogctlError.
 */
export function mergedSource(
  disk: DiskReader,
  log: SyncSource,
  resync: readonly string[],
): SyncSource | undefined {
  const { path } = log;
  const intent = effectiveIntent(intentForReading(disk, path).intent, log);
  if (intent === undefined) return undefined;
  const kept = join(dirname(path), intent.keptAs);
  const stat = disk.lstat(kept);
  // Whatever else is wrong is for the next run to say: a reader shows what is in the log.
  if (stat === undefined || inodeOf(stat) !== intent.oldInode) return undefined;
  if (faultBeside(disk, kept, path, stat) !== undefined) return undefined;
  const old = openBeside(disk, kept, path);
  const late = findLateLines({ old, fresh: log, intent, resync });
  if (late.late.length === 0) {
    old.close();
    return undefined;
  }
  const freshEnd = log.stat().size;
  return joined(log, mergedPieces({ old, fresh: log, late, freshEnd }), () => old.close());
}

/** The swap that put the log in its place; undefined when none that is unfinished did. */
function effectiveIntent(intent: Intent | undefined, log: SyncSource): Intent | undefined {
  for (let one = intent; one !== undefined; one = one.previous) {
    if (inodeOf(log.stat()) !== one.newInode || log.stat().size < one.headLength) continue;
    if (endsHash(log, one.headLength) === one.headEnds) return one;
  }
  return undefined;
}

function joined(log: SyncSource, pieces: readonly MergedPiece[], close: () => void): SyncSource {
  const size = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    path: log.path,
    stat: () => ({ ...log.stat(), size }),
    read(target, position) {
      let done = 0;
      let at = 0;
      for (const { file, from, to } of pieces) {
        const start = position + done - at;
        const room = Math.min(target.length - done, to - from - start);
        at += to - from;
        if (room <= 0) continue;
        done += file.read(target.subarray(done, done + room), from + start);
        if (done === target.length) break;
      }
      return done;
    },
    close() {
      close();
      log.close();
    },
  };
}
