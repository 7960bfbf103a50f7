/** recover-plan: decides what the recovered log is made of. Reads only. */
import { basename, join } from 'node:path';
import { analyse, entriesOf, type Analysis } from '../checks/analyse.js';
import type { CheckedBackup } from '../checks/backups.js';
import type { RecoverOptions, Context } from '../context.js';
import { codeOf, hiddenEntries, isCutByReader } from '../damage/damage-findings.js';
import type { Damage } from '../damage/damage-log.js';
import { duplicatedBlocks } from '../damage/duplicates.js';
import { finishPlan } from './recover-finish.js';
import { whileListed } from '../listed-files.js';
import { brokenBatches } from './batches.js';
import { groupDamages, lineLength, type DamageGroup } from './damage-groups.js';
import { findFills, type Fill } from './fills.js';
import { openSource, type Log } from '../log.js';
import { linesIn } from './log-lines.js';
import { PartList } from './part-list.js';
import { earlierEvidence } from './earlier-evidence.js';
import { emptyPlan } from './plan-empty.js';
import type { LogPlan, PlanPart, Policy } from './plan.js';
import { noBase, orphanNote, putBase, putInFront, replaceByBase } from './recover-base.js';
import {
  isHistory,
  isPerhapsEmptied,
  predecessorOf,
  putRemains,
  remainsOf,
} from './recover-copies.js';
import { evidencePaths, freshStamp } from './recover-evidence.js';
import { LateEntries, lateNote, lateRegion } from './recover-late.js';
import { chooseBase, type ChosenBase } from './recover-rivals.js';
import { MirrorFills } from './recover-fills.js';
import { lostIn, mayHoldEntries } from './recover-losses.js';
import { planGroup, quarantine, type RegionWorld } from './recover-regions.js';
import { firstKindOf, keysLeft, scanPlanned } from './recover-state.js';
import type { LogScan } from '../checks/scan-log.js';
import { isContinued, overlapOf } from '../checks/log-start.js';
import { continuedBase, cutOf, isAllOf } from '../checks/store-checks.js';
import { contentStart } from '../bytes/order-mark.js';
import { partOf } from '../bytes/source-part.js';
import { unfinishedBatch } from '../damage/unfinished-batch.js';
import { openBeside } from '../beside.js';
import type { SourceFile } from '../disk.js';
import { openParts } from './part-source.js';
import { planBatch, planCutBatch } from './recover-batches.js';
import { KIND } from '../scan/kernel.js';
import { siblingsOf } from '../siblings.js';
import { plural } from '../text.js';

/** Plans the recovery of one log. Throws LogctlError; a refusal is a plan with `refusal`. */
export async function planLog(
  context: Context,
  log: Log,
  options: RecoverOptions,
): Promise<LogPlan> {
  return whileListed(context, log, async (current) => {
    const analysis = await analyse(context, current, options);
    const [source] = analysis.scan.sources as (SourceFile | undefined)[];
    const ownStart = source === undefined ? 0 : await contentStart(source);
    const planner = new LogPlanner(context, analysis, options, ownStart);
    try {
      return await planner.plan();
    } finally {
      planner.close();
      analysis.scan.close();
    }
  });
}

class LogPlanner {
  private readonly parts: PartList;
  private readonly policy: Policy;
  private readonly out: LogPlan;
  private readonly world: RegionWorld;
  private late!: LateEntries;
  private chosen: ChosenBase = {};
  /** A batch that lost an entry took others along. */
  private dropsWhole = false;

  constructor(
    private readonly context: Context,
    private readonly analysis: Analysis,
    private readonly options: RecoverOptions,
    /** Where the log's lines begin. */
    ownStart: number,
  ) {
    const { scan, log, findings, mirror } = analysis;
    this.policy = options.policy ?? 'tail';
    this.parts = new PartList(log.path, ownStart);
    const { evidenceDir } = options;
    const stamp = freshStamp(context.disk, log.path, context.now(), evidenceDir);
    const receipt = basename(evidencePaths(log.path, stamp).receipt);
    this.out = {
      ...emptyPlan(log, options),
      stamp,
      findings: findings.inOrder(),
      linesBefore: scan.lines,
      linesKept: scan.lines - scan.damages.length,
      bytesBefore: scan.bytes,
      unfinished: isUnfinished(analysis),
    };
    const isWhole = mirror?.state === 'agrees' || mirror?.state === 'differs';
    const fills = new MirrorFills(context, log, isWhole ? mirror.path : undefined);
    this.world = { context, scan, mirror: fills, receipt, parts: this.parts };
  }

  close(): void {
    this.world.mirror.close();
  }

  async plan(): Promise<LogPlan> {
    const { scan, findings, log } = this.analysis;
    this.chosen = await chooseBase(this.context, this.analysis);
    const { base, rival } = this.chosen;
    const cut = (await isAllOf(this.context, scan, base)) ? undefined : cutOf(scan);
    const isCut = cut !== undefined && (base !== undefined || log.missing || this.isTornHead(cut));
    const before = isCut ? undefined : predecessorOf(this.analysis);
    const isOrphan = !isCut && findings.has('orphan-start');
    const putsBase = isOrphan && this.policy === 'salvage';
    if (isOrphan && !putsBase) this.out.notes.push(orphanNote(this.analysis));
    this.out.regions.push(...(await duplicatedBlocks(this.context, scan)));
    const bringsBack = await this.planLate();
    const isSound = scan.damages.length === 0 && scan.tail !== 'unended';
    if (!isCut && !putsBase && !bringsBack && isSound) return this.finish('none');
    this.out.notes.push(...earlierEvidence(this.context.disk, this.analysis.log.path));
    if (this.policy === 'strict') {
      return this.refuse('policy strict refuses any damage', [['--policy', 'tail']]);
    }
    if (rival !== undefined && (isCut || putsBase)) return this.refuseBase(base!, rival);
    if (isCut) return this.planCut(base, cut);
    if (before !== undefined) return this.planBehind(before);
    return this.planLines(scan.damages);
  }

  /** Entries that came late into backups: policy salvage brings them back. True where it does. */
  private async planLate(): Promise<boolean> {
    const { context, analysis, out, policy } = this;
    const { late, log } = analysis;
    const isSalvage = policy === 'salvage';
    this.late = await LateEntries.of(context, log, isSalvage ? late : []);
    if (isSalvage) out.regions.push(...late.map(lateRegion));
    else out.notes.push(...late.map(lateNote));
    return isSalvage && late.length > 0;
  }

  private refuseBase(base: CheckedBackup, rival: CheckedBackup): LogPlan {
    const both = `${base.path} and ${rival.path} both verify`;
    const why = 'a name is from the future, and nothing in them tells which is newer';
    return this.refuse(`${both}, ${why}: move away the one that is not to be used`, []);
  }

  /** What the damaged log lost may be in the file it was made from: that comes first. */
  private async planBehind(base: CheckedBackup): Promise<LogPlan> {
    const { context, analysis, world, out } = this;
    const why = 'the damaged log was made from it';
    await putInFront(context, analysis, world, out, { base, front: Infinity, why });
    return this.planLines(analysis.scan.damages);
  }

  /**
   * Policy salvage: what only the backup has comes in front of the log, or behind it. Asked of the
   * log as it is planned, so that nothing is left for another run.
   */
  private async putOrphansBase(): Promise<void> {
    const { context, analysis, parts, out } = this;
    const { log, backups } = analysis;
    const base = continuedBase(log, backups);
    if (base === undefined) return;
    const planned = openParts(context, log, parts.parts);
    const backup = openBeside(context.disk, base.path, log.path);
    try {
      const kind = await firstKindOf(context, log, planned);
      if (kind === undefined || kind === KIND.state) return;
      const overlap = await overlapOf({ source: planned, bytes: parts.bytes }, backup);
      if (isContinued(overlap)) return;
      const { front, behind } = overlap;
      const list = new PartList(log.path);
      const why = 'the log does not continue it';
      await putInFront(context, analysis, { parts: list }, out, { base, front, why });
      parts.putInFront(list);
      parts.range(base.path, behind.offset, behind.length);
    } finally {
      planned.close();
      backup.close();
    }
  }

  /** A torn first line that can only have been a checkpoint: other entries begin otherwise. */
  private isTornHead(cut: string): boolean {
    const { scan, log } = this.analysis;
    const [first] = scan.damages;
    if (!cut.includes('torn') || first === undefined) return false;
    const { resync, checkpointStart: start = '' } = log.dialect;
    return !resync.some((other) => !start.startsWith(other) && other.startsWith(first.head));
  }

  /** The log was cut by a killed compaction: the base comes before any policy. */
  private async planCut(base: CheckedBackup | undefined, cut: string): Promise<LogPlan> {
    const { context, analysis, world, out } = this;
    const { scan, log } = analysis;
    if (base === undefined) return this.planRemains(cut);
    if (isPerhapsEmptied(analysis, base) && this.policy !== 'salvage') {
      const holds = `${basename(base.path)} holds ${plural(base.bytes, 'byte')}`;
      const message = `${log.path} has 0 bytes: cleared, or lost in a power cut; ${holds}`;
      return this.refuse(message, [['--policy', 'salvage']]);
    }
    const why = log.missing ? 'the log is gone' : `a killed compaction cut the log: ${cut}`;
    const [group] = (await groupDamages(scan, scan.damages)) as (DamageGroup | undefined)[];
    if (group?.offset !== 0) {
      await putBase(context, analysis, world, out, base, { why });
      return this.planLines(scan.damages);
    }
    // What follows the cut was acknowledged later: it stands behind the base, in order. Where the
    // base has it too, the base is taken up to there only.
    const copies = isHistory(log, base) ? [base] : [];
    const fill = (await findFills(context, scan, [group], copies)).get(group);
    await putBase(context, analysis, world, out, base, { why, until: fill?.length });
    const cutLines = fill === undefined ? group.damages.slice(0, 1) : group.damages;
    let at = 0;
    for (const damage of cutLines) {
      quarantine(world, damage, at, damage.offset - at, 'blank lines between damaged ones');
      at = damage.offset + lineLength(damage);
      out.regions.push(await replaceByBase(world, damage, fill !== undefined));
    }
    return this.planLines(scan.damages.slice(cutLines.length), at);
  }

  /** No copy verifies: what is whole in one of them is better than nothing. */
  private async planRemains(cut: string): Promise<LogPlan> {
    const { context, analysis, parts, out } = this;
    const remains = await remainsOf(context, analysis);
    const { message, next } = noBase(analysis, cut);
    if (remains === undefined) return this.refuse(message, next);
    if (this.policy !== 'salvage') return this.refuse(message, [['--policy', 'salvage']]);
    await putRemains(context, analysis, { parts, plan: out }, remains);
    return this.planLines(analysis.scan.damages);
  }

  /** Everything but the cut: the damaged lines in order under the policy. */
  private async planLines(damages: readonly Damage[], from = 0): Promise<LogPlan> {
    const { policy } = this;
    const { scan } = this.analysis;
    // A line that is only spelled anew loses nothing: it stands in no policy's way.
    const broken = damages.filter((damage) => !isCutByReader(damage));
    const blocking = broken.find((damage) => !this.isTornEnd(damage));
    if (policy === 'tail' && blocking !== undefined) return this.refuseTail(blocking);
    const refused = await this.replaceNothing(broken);
    if (refused !== undefined) return refused;
    if (policy === 'prefix' && broken.length > 0) return this.cutHere(broken[0], damages, from);
    if (scan.uncounted > 0) {
      const lines = scan.damages.length + scan.uncounted;
      const message = `policy ${policy}: ${lines} damaged lines are more than one plan can hold`;
      return this.refuse(message, [['--policy', 'prefix']]);
    }
    await this.putLines(damages, from, scan.bytes);
    await this.dropCutBatches();
    const endsWhole = damages.at(-1)?.ended !== false;
    if (scan.tail === 'unended' && endsWhole) this.endLastLine();
    if (policy === 'salvage') await this.putOrphansBase();
    this.late.keepRest(this.parts);
    return this.finish('recover');
  }

  /**
   * Where the policy leaves no entry of the log, a sound copy comes first: an empty log would pass
   * for one that a killed compaction cut. Gives the refusal, where a person has to decide.
   */
  private async replaceNothing(broken: readonly Damage[]): Promise<LogPlan | undefined> {
    const { context, analysis, world, out, chosen } = this;
    const { base, rival } = chosen;
    const isStarted = out.base !== undefined || broken.length === 0;
    if (isStarted || base === undefined || (await this.leavesEntries(broken))) return undefined;
    if (rival !== undefined) return this.refuseBase(base, rival);
    const { emptiesInPlace } = analysis.log.dialect;
    if (emptiesInPlace === true && this.policy !== 'salvage') {
      const holds = `${basename(base.path)} holds ${plural(base.bytes, 'byte')}`;
      const message = `no entry of ${analysis.log.path} would be left, and ${holds}`;
      return this.refuse(message, [['--policy', 'salvage']]);
    }
    const why = `policy ${this.policy} would leave no entry of the log`;
    await putBase(context, analysis, world, out, base, { why });
    return undefined;
  }

  /** True where the policy keeps any entry of the log itself. */
  private async leavesEntries([first, ...others]: readonly Damage[]): Promise<boolean> {
    const { scan } = this.analysis;
    if (this.policy === 'prefix') {
      const kept = await this.keptUpTo(first.offset);
      kept.close();
      return entriesOf(kept) > 0;
    }
    const isSaved = (damage: Damage) => damage.replayed || hiddenEntries(damage).length > 0;
    return entriesOf(scan) > 0 || [first, ...others].some(isSaved);
  }

  private keptUpTo(offset: number): Promise<LogScan> {
    const { log } = this.analysis;
    return scanPlanned(this.context, log, wholeUpTo(log.path, offset));
  }

  /** The log's bytes `[from, to)`, its damaged lines filled, mended, split or given up. */
  private async putLines(damages: readonly Damage[], from: number, to: number): Promise<void> {
    const { world, parts, out } = this;
    const { scan } = this.analysis;
    const { path } = scan.log;
    const groups = await groupDamages(scan, damages);
    const fills = await this.fillsFor(groups);
    const broken = await brokenBatches(scan, groups, {
      filled: (group) => this.linesOf(fills.get(group)),
      isHarmless: (group) => this.isHarmless(group),
    });
    let at = from;
    for (const group of groups) {
      if (group.offset < at) continue;
      const batch = broken[0]?.groups.includes(group) ? broken.shift() : undefined;
      this.late.keep(parts, path, at, (batch ?? group).offset);
      this.dropsWhole ||= batch !== undefined;
      if (batch !== undefined) out.regions.push(await planBatch(world, batch));
      else out.regions.push(...(await planGroup(world, group, fills.get(group))));
      at = (batch ?? group).end;
    }
    this.late.keep(parts, path, at, to);
  }

  /** What went at the end may have been the rest of a batch: what is there of it goes as well. */
  private async dropCutBatches(): Promise<void> {
    const { context, analysis, parts, out } = this;
    const { scan } = analysis;
    for (;;) {
      const planned = openParts(context, scan.log, parts.parts);
      const batch = await unfinishedBatch(planned, parts.bytes, scan.log.dialect);
      planned.close();
      if (batch === undefined) return;
      out.regions.push(await planCutBatch(this.world, batch));
      this.dropsWhole = true;
    }
  }

  private async fillsFor(groups: readonly DamageGroup[]): Promise<Map<DamageGroup, Fill>> {
    const { context, analysis, policy, out } = this;
    const { scan, backups } = analysis;
    if (policy !== 'salvage' || out.base !== undefined) return new Map();
    const lossy = groups.filter((group) => this.isWorthFilling(group.damages));
    const copies = backups.filter((copy) => isHistory(scan.log, copy));
    return findFills(context, scan, lossy, copies);
  }

  /** The lines of a fill, as text; only entries that carry numbers are asked for. */
  private async linesOf(fill: Fill | undefined): Promise<string[] | undefined> {
    if (fill === undefined) return undefined;
    const { offset, length, path } = fill;
    const source = openSource(this.context, path);
    try {
      const lines = await linesIn(source, offset, offset + Math.min(length, filledBytesMax));
      return lines.map(({ bytes }) => bytes.toString('latin1'));
    } finally {
      source.close();
    }
  }

  /** A group held no entry, or the main JSON file has the values of those that it held. */
  private async isHarmless({ damages }: DamageGroup): Promise<boolean> {
    const { scan } = this.analysis;
    for (const damage of damages) {
      if (!mayHoldEntries(scan, damage)) continue;
      const isOne = lostIn(scan, damage) === 1 && hiddenEntries(damage).length === 0;
      if (!isOne || (await this.world.mirror.entryFor(damage)) === undefined) return false;
    }
    return true;
  }

  /** Lost entries, values with lost bytes, and an end that is torn: a backup may have it whole. */
  private isWorthFilling(damages: readonly Damage[]): boolean {
    const { scan } = this.analysis;
    return damages.some((damage) => {
      const isChanged = damage.replayed && !isCutByReader(damage);
      return isChanged || mayHoldEntries(scan, damage) || this.isTornEnd(damage);
    });
  }

  private endLastLine(): void {
    this.parts.text('\n', 'ends the last line, which is whole');
    const { line = 0, offset = 0, length = 0 } = this.analysis.scan.counter.lastEntry ?? {};
    this.out.regions.push({
      code: 'unended-line',
      ...{ line, lines: 1, offset, length },
      action: 'end with a newline',
      why: 'the entry is whole; without its newline the next append would be glued to it',
      ...{ entriesBack: 0, entriesLost: 0, keys: [] },
    });
  }

  /** What policy `tail` may take: the end, when nothing valid is in it or behind it. */
  private isTornEnd(damage: Damage): boolean {
    // Both codes say that nothing valid follows.
    const code = codeOf(damage);
    return code === 'torn-tail' || code === 'nul-tail';
  }

  private refuseTail(damage: Damage): LogPlan {
    const { scan } = this.analysis;
    const damagedBehind = scan.damages.filter(({ line }) => line > damage.line).length;
    const behind = scan.lines - damage.line - damagedBehind;
    const inside = hiddenEntries(damage).length;
    const follow = `${plural(behind, 'valid line follows', 'valid lines follow')} line`;
    const holds = `${plural(inside, 'whole entry is', 'whole entries are')} on line`;
    const what = behind > 0 ? follow : inside > 0 ? holds : 'there is more than that wrong in line';
    const message = `policy tail only drops a torn end, and ${what} ${damage.line}`;
    return this.refuse(message, [['--policy', 'salvage']]);
  }

  /**
   * Policy prefix: the log ends before its first damage, and before the batch that it broke. Lines
   * before it that are only spelled anew are mended.
   */
  private async cutHere(first: Damage, damages: readonly Damage[], from: number): Promise<LogPlan> {
    const { analysis, out, world } = this;
    const { scan } = analysis;
    const code = codeOf(first);
    let { offset, line } = first;
    for (;;) {
      const part = partOf(scan.sources[0], from, offset);
      const batch = await unfinishedBatch(part, offset - from, scan.log.dialect);
      if (batch === undefined) break;
      offset = from + batch.start;
      line -= batch.here;
    }
    await this.putLines(
      damages.filter((damage) => damage.offset < offset),
      from,
      offset,
    );
    const length = scan.bytes - offset;
    quarantine(world, first, offset, length, `${code}: policy prefix ends the log here`);
    const kept = await this.keptUpTo(offset);
    const whole = scan.damages.reduce((sum, damage) => {
      return sum + lostIn(scan, damage) + hiddenEntries(damage).length;
    }, 0);
    const keys = await keysLeft(kept, scan);
    const entriesLost = whole + entriesOf(scan) - entriesOf(kept);
    kept.close();
    out.linesKept = line - 1;
    out.regions.push({
      ...{ code, line, lines: scan.lines - line + 1, offset, length },
      action: 'quarantine',
      why: 'policy prefix keeps the log up to its first damage',
      ...{ entriesBack: 0, entriesLost, keys },
    });
    return this.finish('recover');
  }

  private refuse(message: string, next: string[][]): LogPlan {
    return { ...this.out, action: 'refused', refusal: { message, next } };
  }

  private finish(action: 'none' | 'recover'): Promise<LogPlan> {
    const { context, analysis, options, out, parts, dropsWhole } = this;
    return finishPlan(context, analysis, options, { plan: { ...out, action }, parts, dropsWhole });
  }
}

/** What is left of an interrupted swap of the log itself; nothing else is ours to finish. */
const isUnfinished = ({ log, findings }: Analysis): boolean => {
  const { directory, temporaryPrefix } = siblingsOf(log.path);
  return findings.all.some(({ code, path }) => {
    const isOwn = path.startsWith(join(directory, temporaryPrefix));
    return code === 'unfinished-compaction' || (code === 'leftover-temp' && isOwn);
  });
};

/** Entries of a fill beyond this are not looked at for the batch they are of. */
const filledBytesMax = 1 << 20;

const wholeUpTo = (path: string, length: number): PlanPart[] =>
  length === 0 ? [] : [{ part: 'range', path, offset: 0, length }];
