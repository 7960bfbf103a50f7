/** recover-plan: decides what the recovered log is made of. Reads only. */
import { basename, join } from 'node:path';
import { analyse, entriesOf, type Analysis } from '../checks/analyse.js';
import { baseOf, type CheckedBackup } from '../checks/backups.js';
import type { RecoverOptions, Context } from '../context.js';
import { codeOf, hiddenEntries, isCutByReader } from '../damage/damage-findings.js';
import type { Damage } from '../damage/damage-log.js';
import { duplicatedBlocks } from '../damage/duplicates.js';
import { finishPlan } from './recover-finish.js';
import { findFills, groupDamages, lineLength } from './fills.js';
import type { Log } from '../log.js';
import { PartList } from './part-list.js';
import { earlierEvidence } from './earlier-evidence.js';
import { emptyPlan } from './plan-empty.js';
import type { LogPlan, PlanPart, Policy } from './plan.js';
import {
  noBase,
  orphanNote,
  overlapOf,
  putBase,
  putInFront,
  replaceByBase,
  type Overlap,
} from './recover-base.js';
import {
  isHistory,
  isPerhapsEmptied,
  predecessorOf,
  putRemains,
  remainsOf,
} from './recover-copies.js';
import { evidencePaths, freshStamp } from './recover-evidence.js';
import { MirrorFills } from './recover-fills.js';
import { lostIn } from './recover-losses.js';
import { planGroup, quarantine, type RegionWorld } from './recover-regions.js';
import { keysLeft, scanPlanned } from './recover-state.js';
import { cutOf, isAllOf } from '../checks/store-checks.js';
import { siblingsOf } from '../siblings.js';
import { plural } from '../text.js';

/** Plans the recovery of one log. Throws LogctlError; a refusal is a plan with `refusal`. */
export async function planLog(
  context: Context,
  log: Log,
  options: RecoverOptions,
): Promise<LogPlan> {
  const analysis = await analyse(context, log, options);
  const planner = new LogPlanner(context, analysis, options);
  try {
    return await planner.plan();
  } finally {
    planner.close();
    analysis.scan.close();
  }
}

class LogPlanner {
  private readonly parts: PartList;
  private readonly policy: Policy;
  private readonly out: LogPlan;
  private readonly world: RegionWorld;

  constructor(
    private readonly context: Context,
    private readonly analysis: Analysis,
    private readonly options: RecoverOptions,
  ) {
    const { scan, log, findings, mirror } = analysis;
    this.policy = options.policy ?? 'tail';
    this.parts = new PartList(log.path);
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
    const { scan, backups, findings, log } = this.analysis;
    const base = baseOf(log, backups);
    const cut = (await isAllOf(this.context, scan, base)) ? undefined : cutOf(scan);
    const isCut = cut !== undefined && (base !== undefined || log.missing || this.isTornHead(cut));
    const before = isCut ? undefined : predecessorOf(this.analysis);
    const isOrphan = !isCut && findings.has('orphan-start') && scan.damages[0]?.offset !== 0;
    const overlap = isOrphan && base && (await overlapOf(this.context, this.analysis, base));
    const adds = overlap && (overlap.front > 0 || overlap.behind.length > 0);
    const putsBase = adds === true && this.policy === 'salvage';
    if (adds === true && !putsBase) this.out.notes.push(orphanNote(this.analysis));
    this.out.regions.push(...(await duplicatedBlocks(this.context, scan)));
    const isSound = scan.damages.length === 0 && scan.tail !== 'unended';
    if (!isCut && !putsBase && isSound) return this.finish('none');
    this.out.notes.push(...earlierEvidence(this.context.disk, this.analysis.log.path));
    if (this.policy === 'strict') {
      return this.refuse('policy strict refuses any damage', [['--policy', 'tail']]);
    }
    if (isCut) return this.planCut(base, cut);
    if (before !== undefined) return this.planBehind(before);
    if (!putsBase) return this.planLines(scan.damages);
    return this.planOrphan(base!, overlap as Overlap);
  }

  /** What the damaged log lost may be in the file it was made from: that comes first. */
  private async planBehind(base: CheckedBackup): Promise<LogPlan> {
    const { context, analysis, world, out } = this;
    const why = 'the damaged log was made from it';
    await putInFront(context, analysis, world, out, { base, front: Infinity, why });
    return this.planLines(analysis.scan.damages);
  }

  /** Policy salvage: what only the backup has stands in front of the log, or behind it. */
  private async planOrphan(base: CheckedBackup, { front, behind }: Overlap): Promise<LogPlan> {
    const { context, analysis, world, out } = this;
    const why = 'the log does not continue it';
    await putInFront(context, analysis, world, out, { base, front, why });
    return this.planLines(analysis.scan.damages, 0, { path: base.path, ...behind });
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
    const [group] = groupDamages(scan.damages);
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
    for (const damage of cutLines) {
      out.regions.push(replaceByBase(world, damage, fill !== undefined));
    }
    const last = cutLines.at(-1)!;
    return this.planLines(scan.damages.slice(cutLines.length), last.offset + lineLength(last));
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
  private async planLines(
    damages: readonly Damage[],
    from = 0,
    rest?: { path: string; offset: number; length: number },
  ): Promise<LogPlan> {
    const { context, analysis, world, parts, policy } = this;
    const { scan, backups } = analysis;
    const { path } = scan.log;
    // A line that is only spelled anew loses nothing: it stands in no policy's way.
    const broken = damages.filter((damage) => !isCutByReader(damage));
    const blocking = broken.find((damage) => !this.isTornEnd(damage));
    if (policy === 'tail' && blocking !== undefined) return this.refuseTail(blocking);
    if (policy === 'prefix' && broken.length > 0) return this.cutHere(broken[0], from);
    if (scan.uncounted > 0) {
      const lines = scan.damages.length + scan.uncounted;
      const message = `policy ${policy}: ${lines} damaged lines are more than one plan can hold`;
      return this.refuse(message, [['--policy', 'prefix']]);
    }
    const groups = groupDamages(damages);
    const isSalvage = policy === 'salvage';
    const lossy = groups.filter((group) => isSalvage && this.isWorthFilling(group.damages));
    const copies = backups.filter((copy) => isHistory(scan.log, copy));
    const fills = await findFills(context, scan, lossy, copies);
    let at = from;
    for (const group of groups) {
      parts.range(path, at, group.offset - at);
      this.out.regions.push(...(await planGroup(world, group, fills.get(group))));
      at = group.end;
    }
    parts.range(path, at, scan.bytes - at);
    const endsWhole = damages.at(-1)?.ended !== false;
    // What the backup has behind the log's last byte begins with the newline, if that is missing.
    if (rest !== undefined && rest.length > 0) parts.range(rest.path, rest.offset, rest.length);
    else if (scan.tail === 'unended' && endsWhole) this.endLastLine();
    return this.finish('recover');
  }

  /** Lost entries, and an end that is torn or lost: a backup may have it whole. */
  private isWorthFilling(damages: readonly Damage[]): boolean {
    const { scan } = this.analysis;
    return damages.some((damage) => lostIn(scan, damage) > 0 || this.isTornEnd(damage));
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
    const code = codeOf(damage);
    return (code === 'torn-tail' || code === 'nul-tail') && !damage.followed;
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

  /** Policy prefix: the log ends before its first damage. */
  private async cutHere(first: Damage, from: number): Promise<LogPlan> {
    const { context, analysis, parts, out, world } = this;
    const { scan } = analysis;
    const { line, offset } = first;
    const code = codeOf(first);
    parts.range(scan.log.path, from, offset - from);
    const length = scan.bytes - offset;
    quarantine(world, first, offset, length, `${code}: policy prefix ends the log here`);
    const kept = await scanPlanned(context, scan.log, wholeUpTo(scan.log.path, offset));
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
    const { context, analysis, options, out, parts } = this;
    return finishPlan(context, analysis, options, { plan: { ...out, action }, parts });
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

const wholeUpTo = (path: string, length: number): PlanPart[] =>
  length === 0 ? [] : [{ part: 'range', path, offset: 0, length }];
