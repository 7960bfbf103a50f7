/** recover-plan: decides what the recovered log is made of. Reads only. */
import { analyse, type Analysis } from './analyse.js';
import { backupLog, type CheckedBackup } from './backups.js';
import type { RecoverOptions, Context } from './context.js';
import { codeOf, hiddenEntries } from './damage-findings.js';
import type { Damage } from './damage-log.js';
import { fingerprint } from './fingerprint.js';
import type { Log } from './log.js';
import { PartList } from './part-list.js';
import type { LogPlan, Policy, Quarantined } from './plan.js';
import { planMirror } from './recover-mirror.js';
import { lineLength, lostIn, planRegion, type RegionWorld } from './recover-regions.js';
import { scanLog } from './scan-log.js';
import { siblingsOf } from './siblings.js';
import { cutOf } from './store-checks.js';
import { plural } from './text.js';

/** Plans the recovery of one log. Throws LogctlError; a refusal is a plan with `refusal`. */
export async function planLog(
  context: Context,
  log: Log,
  options: RecoverOptions,
  receipt: string,
): Promise<LogPlan> {
  const analysis = await analyse(context, log, options);
  try {
    const planner = new LogPlanner(context, analysis, options, receipt);
    return await planner.plan();
  } finally {
    analysis.scan.close();
  }
}

class LogPlanner {
  private readonly parts = new PartList();
  private readonly policy: Policy;
  private readonly out: LogPlan;
  private readonly world: RegionWorld;

  constructor(
    private readonly context: Context,
    private readonly analysis: Analysis,
    private readonly options: RecoverOptions,
    receipt: string,
  ) {
    const { scan, log, findings } = analysis;
    this.policy = options.policy ?? 'tail';
    this.out = emptyPlan(log, this.policy, options.maxLost ?? 0);
    this.out.findings = findings.inOrder();
    this.out.bytesBefore = scan.bytes;
    this.out.keysBefore = scan.keydir.count;
    this.out.unfinished = findings.has('unfinished-compaction');
    const { backups, mirror } = analysis;
    const usable = mirror?.state === 'agrees' || mirror?.state === 'differs';
    const { parts } = this;
    const mirrorPath = usable ? mirror.path : undefined;
    this.world = { context, scan, backups, mirror: mirrorPath, receipt, parts };
  }

  async plan(): Promise<LogPlan> {
    const { scan, findings } = this.analysis;
    const cut = cutOf(scan);
    const base = this.analysis.backups.find(({ verdict }) => verdict === 'ok');
    const isCut =
      cut !== undefined && (base !== undefined || scan.log.missing || cut.includes('torn'));
    const isOrphan = findings.has('orphan-start');
    if (!isCut && !isOrphan && scan.damages.length === 0 && scan.tail !== 'unended') {
      return this.finish('none');
    }
    if (this.policy === 'strict') {
      return this.refuse('policy strict refuses any damage', ['--dry-run']);
    }
    if (isCut) return this.planCut(base, cut);
    if (isOrphan && this.policy === 'salvage' && base !== undefined) {
      await this.putBase(base, 'the log does not continue it');
    }
    return this.planLines(scan.damages);
  }

  /** The log was cut by a killed compaction: the base comes before any policy. */
  private async planCut(base: CheckedBackup | undefined, cut: string): Promise<LogPlan> {
    const { scan, log } = this.analysis;
    if (base === undefined) {
      const words = `${log.path}: ${cut}, and no backup that verifies is here`;
      return this.refuse(words, ['--backup-dir', 'DIR', '--dry-run']);
    }
    await this.putBase(base, `the log was cut by a killed compaction: ${cut}`);
    const [first, ...others] = scan.damages;
    if (first?.offset !== 0) return this.planLines(scan.damages);
    // What follows the cut was acknowledged later: it stands behind the base, in order.
    const region = await planRegion(this.world, first);
    this.out.regions.push({ ...region, action: 'replace by the base', entriesLost: 0 });
    return this.planLines(others, lineLength(first));
  }

  private async putBase(base: CheckedBackup, why: string): Promise<void> {
    const { log, backups } = this.analysis;
    const backup = await scanLog(this.context, backupLog(log, base.path));
    backup.close();
    this.parts.range(base.path, 0, backup.bytes);
    if (backup.tail === 'unended') this.parts.text('\n', `ends the last line of ${base.path}`);
    const { path, madeAt } = base;
    this.out.base = { path, madeAt, lines: backup.lines, keys: backup.keydir.count, why };
    this.out.passedOver = backups.flatMap((other) => {
      return other !== base && other.verdict === 'ok' ? [other.path] : [];
    });
  }

  /** Everything but the cut: the damaged lines in order under the policy. */
  private async planLines(damages: readonly Damage[], from = 0): Promise<LogPlan> {
    const { scan } = this.analysis;
    const path = scan.log.path;
    const blocking = damages.find((damage) => !this.isTornEnd(damage));
    if (this.policy === 'tail' && blocking !== undefined) return this.refuseTail(blocking);
    let at = from;
    for (const damage of damages) {
      this.parts.range(path, at, damage.offset - at);
      at = damage.offset;
      if (this.policy === 'prefix') {
        await this.cutHere(damage);
        return this.finish('recover');
      }
      this.out.regions.push(await planRegion(this.world, damage));
      at += lineLength(damage);
    }
    this.parts.range(path, at, scan.bytes - at);
    const lastIsEntry = damages.at(-1)?.ended !== false;
    if (scan.tail === 'unended' && lastIsEntry) this.endLastLine();
    return this.finish('recover');
  }

  private endLastLine(): void {
    this.parts.text('\n', 'ends the last line, which is whole');
    const { lastEntry } = this.analysis.scan.counter;
    this.out.regions.push({
      code: 'unended-line',
      line: lastEntry?.line ?? 0,
      offset: lastEntry?.offset ?? 0,
      length: lastEntry?.length ?? 0,
      action: 'end with a newline',
      why: 'the entry is whole; without its newline the next append would be glued to it',
      entriesBack: 0,
      entriesLost: 0,
      keys: [],
    });
  }

  /** What policy `tail` may take: the end, when nothing valid is in it or behind it. */
  private isTornEnd(damage: Damage): boolean {
    const code = codeOf(damage);
    return (code === 'torn-tail' || code === 'nul-tail') && !damage.followed;
  }

  private refuseTail(damage: Damage): LogPlan {
    const { scan } = this.analysis;
    const behind =
      scan.lines - damage.line - scan.damages.filter((d) => d.line > damage.line).length;
    const lines = plural(behind, 'valid line follows', 'valid lines follow');
    const follow = `${lines} line ${damage.line}`;
    const inside = hiddenEntries(damage).length;
    const what =
      behind > 0 ? follow : `line ${damage.line} is ${inside > 0 ? 'not' : 'more than'} one`;
    return this.refuse(`policy tail only drops a torn end, and ${what}`, ['--policy', 'salvage']);
  }

  /** Policy prefix: the log ends before its first damage. */
  private async cutHere(damage: Damage): Promise<void> {
    const { scan } = this.analysis;
    const { path, line, offset } = damage;
    const length = scan.bytes - offset;
    const code = codeOf(damage);
    const reason = `${code}: policy prefix ends the log here`;
    this.parts.drop({ path, line, offset, length, reason });
    let entriesLost = scan.damages.reduce((sum, d) => sum + lostIn(scan, d, codeOf(d)), 0);
    const counted = await scanLog(this.context, scan.log, { fold: false, until: offset });
    counted.close();
    const total = (ops: number[]) => ops.reduce((sum, count) => sum + count, 0);
    entriesLost += total(scan.counter.ops) - total(counted.counter.ops);
    const why = 'the log is kept up to its first damage';
    const place = { code, line, offset, length };
    const counts = { entriesBack: 0, entriesLost, keys: [] };
    this.out.regions.push({ ...place, action: 'quarantine', why, ...counts });
  }

  private refuse(message: string, next: string[]): LogPlan {
    return { ...this.out, action: 'refused', refusal: { message, next } };
  }

  private async finish(action: 'none' | 'recover'): Promise<LogPlan> {
    const { context, analysis, options, out, parts } = this;
    const { scan, log } = analysis;
    out.action = action;
    out.parts = parts.parts;
    out.quarantine = mergeRanges(parts.quarantine);
    out.bytesQuarantined = parts.quarantined;
    out.bytesInserted = parts.inserted;
    out.bytesKept = parts.keptOf(log.path);
    out.bytesAfter = action === 'none' ? scan.bytes : parts.bytes;
    out.linesKept = scan.lines - scan.damages.length;
    out.entriesLost = out.regions.reduce((sum, region) => sum + region.entriesLost, 0);
    const { directory } = siblingsOf(log.path);
    out.freeBytes = context.disk.freeBytes(options.output === undefined ? directory : '.');
    await planMirror(context, analysis, options, out);
    if (out.action === 'none') return out;
    out.neededBytes = Math.ceil(out.bytesAfter + neededForLedger(out.quarantine));
    if (out.entriesLost > out.budget) return this.refuseLoss();
    const paths = new Set(parts.parts.flatMap((part) => ('path' in part ? [part.path] : [])));
    if (!log.missing) paths.add(log.path);
    const { mirror } = out;
    if (mirror !== undefined && context.disk.stat(mirror.path)) paths.add(mirror.path);
    for (const path of paths) out.basis.push(await fingerprint(context, path));
    return out;
  }

  private refuseLoss(): LogPlan {
    const { out } = this;
    const regions = out.regions.filter(({ entriesLost }) => entriesLost > 0).length;
    const about = `about ${plural(out.entriesLost, 'entry', 'entries')}`;
    const would = `${plural(regions, 'damaged region')} would lose ${about}`;
    const next = ['--policy', this.policy, '--max-lost', String(out.entriesLost)];
    return this.refuse(`${would}, the budget is ${out.budget}`, next);
  }
}

/** A quarantine record holds up to 64 KiB of bytes in base64; beyond that only a hash. */
function neededForLedger(quarantine: readonly Quarantined[]): number {
  return quarantine.reduce((sum, { length }) => sum + Math.min(length, 65_536) * 1.4 + 300, 4_096);
}

/** Neighbouring dropped ranges of one line become one record. */
function mergeRanges(ranges: readonly Quarantined[]): Quarantined[] {
  const merged: Quarantined[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    const touches = last !== undefined && last.path === range.path && last.line === range.line;
    if (touches && last.offset + last.length === range.offset) last.length += range.length;
    else merged.push({ ...range });
  }
  return merged;
}

function emptyPlan(log: Log, policy: Policy, budget: number): LogPlan {
  return {
    path: log.path,
    dialect: log.dialect.name,
    policy,
    action: 'none',
    passedOver: [],
    unfinished: false,
    basis: [],
    regions: [],
    parts: [],
    quarantine: [],
    linesKept: 0,
    bytesKept: 0,
    bytesQuarantined: 0,
    bytesInserted: 0,
    bytesBefore: 0,
    bytesAfter: 0,
    entriesLost: 0,
    budget,
    keysBefore: 0,
    findings: [],
    neededBytes: 0,
    freeBytes: 0,
  };
}
