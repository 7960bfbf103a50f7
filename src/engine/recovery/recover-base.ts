/** recover-base: the backup a recovered log begins with where the log itself has lost its start. */
import { basename } from 'node:path';
import type { Analysis } from '../checks/analyse.js';
import { backupLog, type CheckedBackup } from '../checks/backups.js';
import type { Context } from '../context.js';
import { codeOf, hiddenEntries, isCutByReader } from '../damage/damage-findings.js';
import type { Damage } from '../damage/damage-log.js';
import { lineLength } from './damage-groups.js';
import type { LogPlan, RegionPlan } from './plan.js';
import { NumberGaps, quarantine, split, type RegionWorld } from './recover-regions.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { mendedRuns, putMended } from './mending.js';
import type { PartList } from './part-list.js';
import { plural } from '../text.js';

/** Puts the bytes `[0, until)` of a sound backup in front; says so in the plan. */
export async function putBase(
  context: Context,
  { log, backups }: Analysis,
  { parts }: Pick<RegionWorld, 'parts'>,
  plan: LogPlan,
  base: CheckedBackup,
  { why, until = Infinity }: { why: string; until?: number },
): Promise<void> {
  const backup = await scanLog(context, backupLog(log, base));
  try {
    await putCopy(parts, backup, Math.min(until, backup.bytes));
  } finally {
    backup.close();
  }
  const isCutOff = until < backup.bytes;
  if (!isCutOff && backup.tail === 'unended') {
    parts.text('\n', `ends the last line of ${base.path}`);
  }
  const { path, madeAt } = base;
  plan.base = { path, madeAt, lines: backup.lines, keys: backup.keydir.count, why };
  plan.passedOver = backups.flatMap((other) => {
    return other !== base && other.verdict === 'ok' ? [other.path] : [];
  });
  for (const other of backups.slice(0, backups.indexOf(base))) {
    plan.notes.push(`${basename(other.path)} is newer and does not verify: ${other.fault}`);
  }
}

/** The first bytes of a sound copy; lines that the format's own reader would cut are mended. */
async function putCopy(parts: PartList, copy: LogScan, until: number): Promise<void> {
  const { path } = copy.log;
  let at = 0;
  for (const { offset, length } of copy.damages.filter(isCutByReader)) {
    const end = offset + length;
    if (end > until) break;
    parts.range(path, at, offset - at);
    const runs = await mendedRuns(copy.log, copy.sources[0], offset, end);
    const keep = (from: number, bytes: number) => parts.range(path, from, bytes);
    putMended(parts, runs, { from: offset, to: end }, keep);
    at = end;
  }
  parts.range(path, at, until - at);
}

/**
 * A line that was cut: the base stands for it. Whole entries glued to it come behind the base,
 * unless the base `hasAll` of them.
 */
export async function replaceByBase(
  world: RegionWorld,
  damage: Damage,
  hasAll: boolean,
): Promise<RegionPlan> {
  const region: RegionPlan = {
    code: codeOf(damage),
    line: damage.line,
    lines: 1,
    offset: damage.offset,
    length: damage.length,
    action: 'replace by the base',
    why: 'the base holds what it was made from',
    entriesBack: 0,
    entriesLost: 0,
    keys: [],
  };
  if (hasAll || hiddenEntries(damage).length === 0) {
    const reason = 'truncated-log: its start';
    quarantine(world, damage, damage.offset, lineLength(damage), reason);
    return region;
  }
  const numbers = new NumberGaps(world, 0);
  return { ...(await split(world, damage, region, numbers)), action: 'replace by the base' };
}

/** Puts the backup in front, as far as the log does not have it itself. */
export async function putInFront(
  context: Context,
  analysis: Analysis,
  world: Pick<RegionWorld, 'parts'>,
  plan: LogPlan,
  { base, front, why }: { base: CheckedBackup; front: number; why: string },
): Promise<void> {
  plan.regions.unshift({
    code: 'orphan-start',
    ...{ line: 1, lines: 0, offset: 0, length: 0 },
    action: 'put the base in front',
    why,
    ...{ entriesBack: 0, entriesLost: 0, source: base.path, keys: [] },
  });
  await putBase(context, analysis, world, plan, base, { why, until: front });
}

/** Words for a log that is left without its start. */
export function orphanNote(analysis: Analysis): string {
  const found = analysis.findings.all.find(({ code }) => code === 'orphan-start');
  return `the log ${found!.message}; --policy salvage puts the backup in front`;
}

/** Why nothing can be done about a cut log without a base, and what can be tried. */
export function noBase(analysis: Analysis, cut: string): { message: string; next: string[][] } {
  const damaged = analysis.backups.filter(({ verdict }) => verdict === 'damaged');
  const none = damaged.length === 0 ? 'no backup is here' : 'none of its backups verifies';
  const count = damaged.length > 1 ? ` (${plural(damaged.length, 'backup')})` : '';
  return {
    message: `${analysis.log.path}: ${cut}, and ${none}${count}: it is left as it is`,
    next: damaged.length === 0 ? [['--backup-dir', 'DIR']] : [],
  };
}
