/** recover-copies: what the copies that a library left beside its log give to a recovery. */
import type { Analysis } from '../checks/analyse.js';
import { entriesOf } from '../checks/analyse.js';
import { backupLog, type CheckedBackup } from '../checks/backups.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import type { Context } from '../context.js';
import { hiddenEntries } from '../damage/damage-findings.js';
import { mendedRuns, putMended } from './mending.js';
import { lineLength } from './damage-groups.js';
import type { Log } from '../log.js';
import type { PartList } from './part-list.js';
import type { LogPlan } from './plan.js';

/** The sound copy that holds all a damaged log stood for when it was begun. */
export function predecessorOf({ log, scan, backups }: Analysis): CheckedBackup | undefined {
  const { predecessorSuffix } = log.dialect;
  if (predecessorSuffix === undefined || scan.damages.every(({ replayed }) => replayed)) {
    return undefined;
  }
  const path = log.path + predecessorSuffix;
  return backups.find((copy) => copy.path === path && copy.verdict === 'ok');
}

/** Only a person can know whether a log of 0 bytes was emptied on purpose. */
export function isPerhapsEmptied({ log, scan }: Analysis, { path }: CheckedBackup): boolean {
  const { emptiesInPlace, predecessorSuffix = '' } = log.dialect;
  const isSure = log.missing || path === log.path + predecessorSuffix;
  return emptiesInPlace === true && scan.bytes === 0 && !isSure;
}

/** A copy of the log as it once was; what a library rewrote has other lines around a hole. */
export const isHistory = ({ dialect }: Log, { companion }: CheckedBackup): boolean =>
  companion !== true && dialect.compaction === 'checkpoint';

/** The copy that does not verify and has the most whole entries; undefined where none has any. */
export async function remainsOf(
  context: Context,
  { log, backups }: Analysis,
): Promise<CheckedBackup | undefined> {
  let best: { copy: CheckedBackup; entries: number } | undefined;
  for (const copy of backups) {
    if (copy.companion !== true || copy.verdict !== 'damaged') continue;
    const scan = await scanLog(context, backupLog(log, copy), { fold: false });
    scan.close();
    const entries = scan.uncounted > 0 ? 0 : entriesOf(scan) + hiddenIn(scan);
    if (entries > (best?.entries ?? 0)) best = { copy, entries };
  }
  return best?.copy;
}

const hiddenIn = ({ damages }: LogScan) =>
  damages.reduce((sum, damage) => sum + hiddenEntries(damage).length, 0);

/**
 * Puts the whole entries of a copy that does not verify in the place of a log that is gone. The
 * copy stays as it is, so nothing of it goes to quarantine.
 */
export async function putRemains(
  context: Context,
  { log }: Analysis,
  { parts, plan }: { parts: PartList; plan: LogPlan },
  { path, madeAt }: CheckedBackup,
): Promise<void> {
  const copy = await scanLog(context, backupLog(log, { path }));
  try {
    let at = 0;
    for (const damage of copy.damages) {
      const end = damage.offset + damage.length;
      parts.range(path, at, damage.offset - at);
      at = damage.offset + lineLength(damage);
      if (damage.replayed) {
        await mendInto(parts, copy, damage.offset, end);
        if (damage.ended) parts.range(path, end, 1);
      }
      for (const { offset, length } of hiddenEntries(damage)) {
        await mendInto(parts, copy, offset, offset + length);
        parts.text('\n', 'ends an entry of a line that was damaged');
      }
    }
    parts.range(path, at, copy.bytes - at);
    if (copy.tail === 'unended') parts.text('\n', `ends the last line of ${path}`);
    const why = 'no copy verifies; this one has the most whole entries';
    plan.base = { path, madeAt, lines: copy.lines, keys: copy.keydir.count, why };
  } finally {
    copy.close();
  }
}

/** A whole entry of a copy, as all readers see it. */
async function mendInto(parts: PartList, copy: LogScan, from: number, to: number): Promise<void> {
  const runs = await mendedRuns(copy.log, copy.sources[0], from, to);
  const keep = (offset: number, length: number) => parts.range(copy.log.path, offset, length);
  putMended(parts, runs, { from, to }, keep);
}
