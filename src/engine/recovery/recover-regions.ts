/** recover-regions: what salvage does with damaged lines: split, fill, mend, quarantine. */
import type { Context } from '../context.js';
import { codeOf, hiddenEntries } from '../damage/damage-findings.js';
import type { Damage } from '../damage/damage-log.js';
import type { EntryPiece } from '../damage/damage.js';
import { lineLength, type DamageGroup } from './damage-groups.js';
import type { Fill } from './fills.js';
import { mendedRuns, putMended } from './mending.js';
import type { PartList } from './part-list.js';
import type { RegionPlan } from './plan.js';
import type { MirrorFills } from './recover-fills.js';
import { keysAtRisk, lostIn } from './recover-losses.js';
import type { LogScan } from '../checks/scan-log.js';
import { PROBLEM } from '../scan/kernel.js';

/** What the region planner needs besides the damage itself. */
export interface RegionWorld {
  context: Context;
  scan: LogScan;
  mirror: MirrorFills;
  /** Name of the receipt, for the notes that stand in place of numbered entries. */
  receipt: string;
  parts: PartList;
}

/** Plans damaged lines that touch under salvage: adds their parts, gives what was done and why. */
export async function planGroup(
  world: RegionWorld,
  group: DamageGroup,
  fill: Fill | undefined,
): Promise<RegionPlan[]> {
  if (fill !== undefined) return [useFill(world, group, fill)];
  const [first] = group.damages;
  const numbers = new NumberGaps(world, first.seqBefore);
  const regions: RegionPlan[] = [];
  let at = group.offset;
  for (const damage of group.damages) {
    // Blank lines between them are no damage.
    world.parts.range(damage.path, at, damage.offset - at);
    regions.push(await planLine(world, damage, numbers));
    at = damage.offset + lineLength(damage);
  }
  numbers.upTo(group.damages.at(-1)!.seqBehind);
  return regions;
}

async function planLine(
  world: RegionWorld,
  damage: Damage,
  numbers: NumberGaps,
): Promise<RegionPlan> {
  const region: RegionPlan = {
    code: codeOf(damage),
    line: damage.line,
    lines: 1,
    offset: damage.offset,
    length: damage.length,
    action: 'quarantine',
    why: 'not a whole entry',
    entriesBack: 0,
    entriesLost: lostIn(world.scan, damage),
    keys: keysAtRisk(world.scan, damage),
  };
  if (damage.replayed) return mend(world, damage, region);
  if (hiddenEntries(damage).length > 0) return split(world, damage, region, numbers);
  quarantine(world, damage, damage.offset, lineLength(damage), `${region.code}: ${region.why}`);
  if (region.entriesLost > 0) await fillFromMirror(world, damage, region);
  if (region.action === 'quarantine') region.why = whyGone(region);
  return region;
}

function whyGone({ why, keys, entriesLost }: RegionPlan): string {
  if (entriesLost > keys.length) return 'not every key that stood here can be known';
  const isSettled = keys.length > 0 && keys.every(({ impact }) => impact === 'harmless');
  return isSettled ? 'its key is set again later' : why;
}

/** An entry that is whole and that readers see otherwise: written as all of them see it. */
async function mend(world: RegionWorld, damage: Damage, region: RegionPlan): Promise<RegionPlan> {
  const { parts, scan } = world;
  const { path, line, offset, length } = damage;
  const end = offset + length;
  const runs = await mendedRuns(scan.log, scan.sources[0], offset, end);
  putMended(parts, runs, { from: offset, to: end }, (at, bytes) => parts.mends(at, bytes));
  parts.drop({
    path,
    line,
    offset,
    length,
    reason: `${region.code}: the original of a mended line`,
  });
  if (damage.ended) parts.range(path, end, 1);
  else parts.text('\n', 'ends the mended line');
  return { ...region, action: 'mend', why: whyMended(damage) };
}

function whyMended({ problem }: Damage): string {
  return (problem & PROBLEM.utf8) !== 0
    ? 'readers see U+FFFD there already; the original bytes are kept in quarantine'
    : 'the same value, spelled so that no reader cuts the line; the original is in quarantine';
}

/** Whole entries on a damaged line become lines of their own, mended; the rest goes. */
export async function split(
  world: RegionWorld,
  damage: Damage,
  region: RegionPlan,
  numbers: NumberGaps,
): Promise<RegionPlan> {
  const { parts } = world;
  const end = damage.offset + damage.length;
  for (const piece of damage.pieces) {
    if (piece.kind !== 'entry') {
      quarantine(world, damage, piece.offset, piece.length, `${region.code}: ${piece.kind}`);
      continue;
    }
    if (piece.seq > 0) numbers.upTo(piece.seq);
    await putPiece(world, damage, region.code, piece);
    const isLast = piece.offset + piece.length === end && damage.ended;
    if (isLast) parts.range(damage.path, end, 1);
    else parts.text('\n', 'ends an entry that was glued to the next bytes');
    region.entriesBack++;
  }
  const last = damage.pieces.at(-1);
  if (damage.ended && last?.kind !== 'entry') {
    quarantine(world, damage, end, 1, 'the newline of a damaged line');
  }
  const why = 'no reader of the format sees the whole entries on this line';
  return { ...region, action: 'split', why };
}

/** One whole entry of a damaged line, without a newline. */
export async function putPiece(
  world: RegionWorld,
  damage: Damage,
  code: string,
  { offset, length }: EntryPiece,
): Promise<void> {
  const { parts, scan } = world;
  const to = offset + length;
  const runs = await mendedRuns(scan.log, scan.sources[0], offset, to);
  if (runs.length === 0) return parts.range(damage.path, offset, length);
  putMended(parts, runs, { from: offset, to }, (at, bytes) => parts.mends(at, bytes));
  quarantine(world, damage, offset, length, `${code}: the original of a mended entry`);
}

function useFill(world: RegionWorld, group: DamageGroup, fill: Fill): RegionPlan {
  const { parts, scan } = world;
  const [first] = group.damages;
  const isEmpty = fill.entries === 0;
  const instead = isEmpty ? 'nothing is there in' : 'replaced by bytes of';
  let at = group.offset;
  for (const damage of group.damages) {
    quarantine(world, damage, at, damage.offset - at, 'blank lines between damaged ones');
    const reason = `${codeOf(damage)}: ${instead} ${fill.path}`;
    quarantine(world, damage, damage.offset, lineLength(damage), reason);
    at = damage.offset + lineLength(damage);
  }
  if (!isEmpty) parts.range(fill.path, fill.offset, fill.length);
  if (!fill.ended) parts.text('\n', `ends the last line of ${fill.path}`);
  const keys = group.damages.flatMap((damage) => keysAtRisk(scan, damage));
  const lost = group.damages.reduce((sum, damage) => sum + lostIn(scan, damage), 0);
  return {
    code: codeOf(first),
    line: first.line,
    lines: group.damages.length,
    offset: group.offset,
    length: group.end - group.offset,
    action: isEmpty ? 'quarantine' : 'fill',
    why: isEmpty ? 'a backup has nothing there' : 'a backup holds what stood here',
    entriesBack: fill.entries,
    entriesLost: fill.isOpen ? Math.max(0, lost - fill.entries) : 0,
    source: fill.path,
    keys: keys.map(({ key }) => ({ key, impact: 'harmless' })),
  };
}

async function fillFromMirror(world: RegionWorld, damage: Damage, region: RegionPlan) {
  const { mirror, parts } = world;
  const entry = await mirror.entryFor(damage);
  if (entry === undefined) return;
  const { key } = entry;
  parts.entry(entry);
  region.action = 'fill';
  region.why = 'the main JSON file has a value for its key, and no later entry contradicts it';
  region.source = mirror.path;
  region.entriesBack = 1;
  region.entriesLost -= 1;
  region.keys = region.keys.map((one) => (one.key === key ? { ...one, impact: 'harmless' } : one));
}

/** Drops bytes of a damaged line. */
export function quarantine(
  { parts }: RegionWorld,
  damage: Damage,
  offset: number,
  length: number,
  reason: string,
): void {
  parts.drop({ path: damage.path, line: damage.line, offset, length, reason });
}

/** Where numbered entries went, a note says which, so that the gap is no riddle later. */
export class NumberGaps {
  constructor(
    private readonly world: RegionWorld,
    /** The last number that is in the new file; 0 where none is. */
    private last: number,
  ) {}

  /** The next number in the new file is `seq`, 0 where it has none: a note goes before it. */
  upTo(seq: number): void {
    const { context, scan, parts, receipt } = this.world;
    const note = scan.log.dialect.recoveredNote;
    const [from, to] = [this.last + 1, seq - 1];
    if (note !== undefined && this.last > 0 && to >= from) {
      const text = note({ from, to, receipt, now: context.now() });
      parts.text(`${text}\n`, `stands for the entries numbered ${from} to ${to}`);
    }
    this.last = Math.max(this.last, seq);
  }
}
