/** recover-base: the backup a recovered log begins with where the log itself has lost its start. */
import { basename } from 'node:path';
import type { Analysis } from '../checks/analyse.js';
import { backupLog, type CheckedBackup } from '../checks/backups.js';
import type { Context } from '../context.js';
import { codeOf, hiddenEntries } from '../damage/damage-findings.js';
import type { Damage } from '../damage/damage-log.js';
import type { SourceFile } from '../disk.js';
import { lineLength } from './fills.js';
import { openSource } from '../log.js';
import type { LogPlan, RegionPlan } from './plan.js';
import { NumberGaps, quarantine, split, type RegionWorld } from './recover-regions.js';
import { scanLog } from '../checks/scan-log.js';
import { plural } from '../text.js';

/** Puts the bytes `[0, until)` of a sound backup in front; says so in the plan. */
export async function putBase(
  context: Context,
  { log, backups }: Analysis,
  { parts }: RegionWorld,
  plan: LogPlan,
  base: CheckedBackup,
  { why, until = Infinity }: { why: string; until?: number },
): Promise<void> {
  const backup = await scanLog(context, backupLog(log, base));
  backup.close();
  parts.range(base.path, 0, Math.min(until, backup.bytes));
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

/**
 * A line that was cut: the base stands for it. Whole entries glued to it come behind the base,
 * unless the base `hasAll` of them.
 */
export function replaceByBase(world: RegionWorld, damage: Damage, hasAll: boolean): RegionPlan {
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
  return { ...split(world, damage, region, numbers), action: 'replace by the base' };
}

/** How a log lies upon a backup that it does not plainly continue. */
export interface Overlap {
  /** Bytes of the backup that go in front of the log. */
  front: number;
  /** Bytes of the backup behind the log's end, which go behind it, and where they begin. */
  behind: { offset: number; length: number };
}

/**
 * Where the bytes of a log that begins with an entry that is no checkpoint stand in a backup beside
 * it, so that nothing is replayed twice. A log that is nowhere in it comes behind all of it. What
 * is compared ends at the log's first damage.
 */
export async function overlapOf(
  context: Context,
  { scan }: Analysis,
  base: CheckedBackup,
): Promise<Overlap> {
  const backup = openSource(context, base.path, scan.log.path);
  const [log] = scan.sources;
  const damagedAt = scan.damages[0]?.offset;
  try {
    const line = await firstLine(log);
    for (let at = 0; line.length > 0; at++) {
      at = await find(backup, line, at);
      if (at < 0) break;
      const rest = await restBehind(backup, log, { from: at, until: damagedAt ?? scan.bytes });
      if (rest === undefined) continue;
      const length = damagedAt === undefined ? rest : 0;
      return { front: at, behind: { offset: at + scan.bytes, length } };
    }
    return { front: Infinity, behind: { offset: 0, length: 0 } };
  } finally {
    backup.close();
  }
}

/** Puts the backup in front, as far as the log does not have it itself. */
export async function putInFront(
  context: Context,
  analysis: Analysis,
  world: RegionWorld,
  plan: LogPlan,
  { base, front, why }: { base: CheckedBackup; front: number; why: string },
): Promise<void> {
  plan.regions.push({
    code: 'orphan-start',
    ...{ line: 1, lines: 0, offset: 0, length: 0 },
    action: 'put the base in front',
    why,
    ...{ entriesBack: 0, entriesLost: 0, source: base.path, keys: [] },
  });
  await putBase(context, analysis, world, plan, base, { why, until: front });
}

const windowBytes = 1 << 20;

async function firstLine(log: SourceFile): Promise<Buffer> {
  const bytes = Buffer.alloc(windowBytes);
  const head = bytes.subarray(0, await log.read(bytes, 0));
  const newline = head.indexOf(0x0a);
  return newline < 0 && head.length < windowBytes ? head : head.subarray(0, newline + 1);
}

/** Offset of a whole line at or behind `from`; -1 for none. */
async function find(source: SourceFile, line: Buffer, from: number): Promise<number> {
  const window = Buffer.alloc(windowBytes + line.length);
  // The byte before a hit tells whether it is a line's start.
  for (let at = Math.max(0, from - 1); ; at += windowBytes) {
    const view = window.subarray(0, await source.read(window, at));
    for (let hit = view.indexOf(line); hit >= 0; hit = view.indexOf(line, hit + 1)) {
      const isStart = at + hit === 0 || (hit > 0 && view[hit - 1] === 0x0a);
      if (isStart && at + hit >= from) return at + hit;
    }
    if (view.length < window.length) return -1;
  }
}

/** Bytes of the backup behind the log's, where one of the two ends inside the other. */
async function restBehind(
  backup: SourceFile,
  log: SourceFile,
  { from, until }: { from: number; until: number },
): Promise<number | undefined> {
  const [left, right] = [Buffer.alloc(1 << 16), Buffer.alloc(1 << 16)];
  for (let at = 0; at < until;) {
    const room = Math.min(left.length, until - at);
    const here = await log.read(left.subarray(0, room), at);
    const there = await backup.read(right.subarray(0, here), from + at);
    if (Buffer.compare(left.subarray(0, there), right.subarray(0, there)) !== 0) return undefined;
    if (there < here || here === 0) return 0;
    at += here;
  }
  return restLength(backup, from + until);
}

async function restLength(source: SourceFile, from: number): Promise<number> {
  const chunk = new Uint8Array(1 << 16);
  let at = from;
  for (let length = -1; length !== 0; at += length) length = await source.read(chunk, at);
  return at - from;
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
