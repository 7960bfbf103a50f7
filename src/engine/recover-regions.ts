/** recover-regions: what salvage does with each damaged line: split, fill, mend, quarantine. */
import type { CheckedBackup } from './backups.js';
import type { Context } from './context.js';
import { codeOf, hiddenEntries } from './damage-findings.js';
import type { Damage } from './damage-log.js';
import { findFill, type Fill } from './fills.js';
import type { Finding, FindingCode } from './findings.js';
import { headFill, mirrorFill } from './recover-fills.js';
import type { PartList } from './part-list.js';
import type { KeyAtRisk, RegionPlan } from './plan.js';
import type { LogScan } from './scan-log.js';
import { PROBLEM } from './scan/kernel.js';

/** What the region planner needs besides the damage itself. */
export interface RegionWorld {
  context: Context;
  scan: LogScan;
  backups: readonly CheckedBackup[];
  /** The main JSON file, where it may fill what is lost; undefined: not used. */
  mirror: string | undefined;
  /** Name of the receipt, for the notes that stand in place of numbered entries. */
  receipt: string;
  parts: PartList;
}

/** Plans one damaged line under salvage: adds its parts, gives what was done and why. */
export async function planRegion(world: RegionWorld, damage: Damage): Promise<RegionPlan> {
  const code = codeOf(damage);
  const found = world.scan.findings.all.find(
    ({ offset, line }) => offset === damage.offset && line === damage.line,
  );
  const region: RegionPlan = {
    code,
    line: damage.line,
    offset: damage.offset,
    length: damage.length,
    action: 'quarantine',
    why: 'not a whole entry',
    entriesBack: 0,
    entriesLost: lostIn(world.scan, damage, code),
    keys: keysAtRisk(damage, found),
  };
  if (damage.replayed) return mend(world, damage, region);
  if (hiddenEntries(damage).length > 0) return split(world, damage, region);
  const fill = region.entriesLost > 0 ? await fillFor(world, damage) : undefined;
  if (fill !== undefined) return useFill(world, damage, region, fill);
  quarantine(world, damage, damage.offset, lineLength(damage), `${code}: ${region.why}`);
  if (region.entriesLost > 0) await fillFromMirror(world, damage, region);
  if (region.keys.every(({ impact }) => impact === 'harmless') && region.keys.length > 0) {
    region.why = 'a later entry replaced its key anyway';
  }
  noteGap(world, damage.seqBefore, damage.seqBehind);
  return region;
}

/** Bytes of a damaged line, its newline included. */
export const lineLength = (damage: Damage): number => damage.length + (damage.ended ? 1 : 0);

/** Whole entries that go with a damaged line: what was never whole counts nothing. */
export function lostIn(scan: LogScan, damage: Damage, code: FindingCode): number {
  switch (code) {
    case 'torn-tail':
    case 'nul-tail':
    case 'glued-lines':
      return 0;
    case 'bad-entry':
      return damage.head.trimStart().startsWith('{') ? 1 : 0;
    case 'bad-utf8':
      return damage.replayed ? 0 : 1;
    case 'nul-run':
      return estimate(scan, sumOf(damage, 'nul') + (sumOf(damage, 'fragment') > 0 ? 1 : 0));
    default:
      if ((damage.problem & PROBLEM.white) !== 0) return 0;
      return code === 'crc-mismatch' ? 1 : estimate(scan, damage.length);
  }
}

const sumOf = (damage: Damage, kind: 'nul' | 'fragment') =>
  damage.pieces.reduce((sum, piece) => sum + (piece.kind === kind ? piece.length : 0), 0);

/** How many entries of the log's usual size fit into so many bytes; at least one. */
function estimate(scan: LogScan, bytes: number): number {
  const entries = scan.counter.ops.reduce((sum, count) => sum + count, 0);
  const damaged = scan.damages.reduce((sum, { length }) => sum + length, 0);
  const checkpoint = scan.counter.firstLength;
  const usual = entries > 1 ? (scan.bytes - damaged - checkpoint) / (entries - 1) : bytes;
  return Math.max(1, Math.round(bytes / Math.max(1, usual)));
}

function keysAtRisk(damage: Damage, found: Finding | undefined): KeyAtRisk[] {
  const names = hiddenEntries(damage).map(({ key }) => key);
  const keys = [...new Set([...names, damage.key, found?.key])].filter((key) => key !== undefined);
  return keys.map((key) => {
    if (damage.replaced || damage.superseded.has(key)) return { key, impact: 'harmless' };
    if (names.includes(key)) return { key, impact: 'harmless' };
    if ((damage.problem & PROBLEM.deletes) !== 0) return { key, impact: 'could come back' };
    return { key, impact: key === found?.key ? (found?.impact ?? 'unknown') : 'unknown' };
  });
}

function mend({ parts }: RegionWorld, damage: Damage, region: RegionPlan): RegionPlan {
  const { path, line, offset, length } = damage;
  parts.mended(path, offset, length);
  if (damage.ended) parts.range(path, offset + length, 1);
  else parts.text('\n', 'ends the mended line');
  parts.drop({ path, line, offset, length, reason: 'bad-utf8: the original of a mended line' });
  const why = 'readers see U+FFFD there already; the original bytes are kept in quarantine';
  return { ...region, action: 'mend', why, entriesBack: 0 };
}

function split(world: RegionWorld, damage: Damage, region: RegionPlan): RegionPlan {
  const { parts } = world;
  const { path } = damage;
  let seq = damage.seqBefore;
  const end = damage.offset + damage.length;
  for (const piece of damage.pieces) {
    if (piece.kind !== 'entry') {
      quarantine(world, damage, piece.offset, piece.length, `${region.code}: ${piece.kind}`);
      continue;
    }
    if (piece.seq > 0) noteGap(world, seq, piece.seq);
    if (piece.seq > 0) seq = piece.seq;
    const isLast = piece.offset + piece.length === end && damage.ended;
    parts.range(path, piece.offset, piece.length + (isLast ? 1 : 0));
    if (!isLast) parts.text('\n', 'ends an entry that was glued to the next bytes');
    region.entriesBack++;
  }
  const last = damage.pieces.at(-1);
  if (damage.ended && last?.kind !== 'entry') {
    quarantine(world, damage, end, 1, 'the newline of a damaged line');
  }
  noteGap(world, seq, damage.seqBehind);
  const why = 'a torn entry, and whole ones that no reader of the format sees';
  return { ...region, action: 'split', why };
}

async function fillFor(world: RegionWorld, damage: Damage): Promise<Fill | undefined> {
  const { context, scan, backups } = world;
  return (
    (await headFill(context, scan, damage, backups)) ??
    (await findFill(context, scan, damage, backups))
  );
}

function useFill(world: RegionWorld, damage: Damage, region: RegionPlan, fill: Fill): RegionPlan {
  const reason = `${region.code}: replaced by bytes of ${fill.path}`;
  quarantine(world, damage, damage.offset, lineLength(damage), reason);
  world.parts.range(fill.path, fill.offset, fill.length);
  return {
    ...region,
    action: 'fill',
    why: 'a backup holds what stood here',
    entriesBack: fill.entries,
    entriesLost: 0,
    source: fill.path,
    keys: region.keys.map(({ key }) => ({ key, impact: 'harmless' })),
  };
}

async function fillFromMirror(world: RegionWorld, damage: Damage, region: RegionPlan) {
  const { key } = damage;
  const isDelete = (damage.problem & PROBLEM.deletes) !== 0;
  const settled = key === undefined || damage.replaced || damage.superseded.has(key);
  if (settled || isDelete || world.mirror === undefined) return;
  const text = await mirrorFill(world.context, world.scan, world.mirror, key);
  if (text === undefined) return;
  world.parts.text(text, `the value of ${JSON.stringify(key)} from ${world.mirror}`);
  region.action = 'fill';
  region.why = 'the main JSON file has a value for its key, and no later entry contradicts it';
  region.source = world.mirror;
  region.entriesBack = 1;
  region.entriesLost -= 1;
  region.keys = region.keys.map((one) => (one.key === key ? { key, impact: 'harmless' } : one));
}

function quarantine(
  { parts }: RegionWorld,
  damage: Damage,
  offset: number,
  length: number,
  reason: string,
): void {
  parts.drop({ path: damage.path, line: damage.line, offset, length, reason });
}

/** Where numbered entries went, a note says which, so that the gap is no riddle later. */
function noteGap({ context, scan, parts, receipt }: RegionWorld, before: number, behind: number) {
  const note = scan.log.dialect.recoveredNote;
  if (note === undefined || before === 0 || behind <= before + 1) return;
  const text = note({ from: before + 1, to: behind - 1, receipt, now: context.now() });
  parts.text(`${text}\n`, `stands for the entries numbered ${before + 1} to ${behind - 1}`);
}
