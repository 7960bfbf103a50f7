/** opslog-plan: what recover would do with a store: a new generation of all that can be found. */
import { join } from 'node:path';
import { analyse, type Analysis } from '../../checks/analyse.js';
import { codeOf } from '../../damage/damage-findings.js';
import type { Context, RecoverOptions } from '../../context.js';
import { FINDINGS, type Finding } from '../../findings.js';
import { stateHash } from '../../keydir/state-hash.js';
import type { Log } from '../../log.js';
import { fingerprint } from '../../recovery/fingerprint.js';
import type { LogPlan, RegionPlan } from '../../recovery/plan.js';
import { emptyPlan } from '../../recovery/plan-empty.js';
import { freshStamp } from '../../recovery/recover-evidence.js';
import { plural } from '../../text.js';
import { generationBytes, writtenHash } from './opslog-generation.js';
import { manifestName } from './opslog-manifest.js';
import { salvageStore, type Salvaged } from './opslog-salvage.js';

/** Plans the recovery of a store. Throws LogctlError; a refusal is a plan with `refusal`. */
export async function planStore(
  context: Context,
  log: Log,
  options: RecoverOptions,
): Promise<LogPlan> {
  const analysis = await analyse(context, log, options);
  try {
    const plan = planOf(context, analysis, options);
    if (!isWanted(analysis)) return await withState(context, analysis, plan);
    const salvaged = await salvageStore(context, log.dialect, log.path);
    try {
      await decide(context, analysis, salvaged, plan);
      return plan;
    } finally {
      salvaged.sources.close();
    }
  } finally {
    analysis.scan.close();
  }
}

/** What recover is for: damage, what nobody reads, and what the library would not load again. */
function isWanted({ findings, scan }: Analysis): boolean {
  const isMended = ({ code }: Finding) => ['recover', 'salvage'].includes(FINDINGS[code].remedy);
  return findings.all.some(isMended) || scan.differingLines > 0 || hasStaleLock(findings.all);
}

const hasStaleLock = (findings: readonly Finding[]): boolean =>
  findings.some(({ code }) => code === 'stale-lock');

function planOf(context: Context, analysis: Analysis, options: RecoverOptions): LogPlan {
  const { scan, log, findings } = analysis;
  const manifest = join(log.path, manifestName);
  return {
    ...emptyPlan(log, options),
    replaces: manifest,
    stamp: freshStamp(context.disk, manifest, context.now(), options.evidenceDir),
    findings: findings.inOrder(),
    linesBefore: scan.lines,
    linesKept: scan.lines - scan.damages.length,
    bytesBefore: scan.bytes,
    bytesKept: scan.bytes,
    bytesAfter: scan.bytes,
  };
}

async function withState(context: Context, { scan }: Analysis, plan: LogPlan): Promise<LogPlan> {
  const hash = await stateHash(scan.keydir, scan.sources, 'documented');
  const { count } = scan.keydir;
  const state = { keysBefore: count, keysAfter: count, hashBefore: hash, hashAfter: hash };
  return { ...plan, state, freeBytes: context.disk.freeBytes(plan.path) };
}

async function decide(
  context: Context,
  analysis: Analysis,
  salvaged: Salvaged,
  plan: LogPlan,
): Promise<void> {
  const { scan, findings } = analysis;
  const { keydir, sources, base } = salvaged;
  plan.regions = regionsOf(analysis, salvaged);
  plan.notes = notesOf(salvaged);
  plan.entriesLost = salvaged.entriesLost;
  plan.state = {
    keysBefore: scan.keydir.count,
    keysAfter: keydir.count,
    hashBefore: await stateHash(scan.keydir, scan.sources, 'documented'),
    hashAfter: await writtenHash(keydir, sources.files),
  };
  plan.action = 'recover';
  plan.bytesInserted = generationBytes(keydir);
  plan.neededBytes = plan.bytesInserted + 65_536;
  plan.freeBytes = context.disk.freeBytes(plan.path);
  const beside = plan.path;
  for (const { path } of sources.files) {
    plan.basis.push(await fingerprint(context, path, { beside }));
  }
  const manifest = join(plan.path, manifestName);
  if (base.names.reading.state !== 'missing') {
    plan.basis.push(await fingerprint(context, manifest, { beside }));
  }
  refuse(plan, findings.all);
}

/** Damage that is more than a torn end wants a policy that says so. */
function refuse(plan: LogPlan, findings: readonly Finding[]): void {
  const { policy, entriesLost, budget } = plan;
  const worst = findings.find(({ code, path }) => {
    // Choosing the base comes before any policy, as with logs that were cut.
    const isManifest = path.endsWith(`/${manifestName}`);
    return FINDINGS[code].remedy === 'salvage' && !isManifest;
  });
  const damaged = findings.some(({ severity, code }) => {
    return severity !== 'notice' && FINDINGS[code].remedy !== 'look';
  });
  if (policy === 'strict' && damaged) {
    refuseWith(plan, 'policy strict refuses any damage', ['--policy', 'tail']);
  } else if (policy !== 'salvage' && worst !== undefined) {
    const message = `${worst.code} is more than a torn end: policy ${policy} leaves it`;
    refuseWith(plan, message, ['--policy', 'salvage', ...lossOption(entriesLost)]);
  } else if (entriesLost > budget) {
    const about = `about ${plural(entriesLost, 'entry', 'entries')}`;
    const message = `${about} would be lost, the budget is ${budget}`;
    refuseWith(plan, message, ['--policy', policy, ...lossOption(entriesLost)]);
  }
}

const lossOption = (lost: number): string[] => (lost > 0 ? ['--max-lost', String(lost)] : []);

function refuseWith(plan: LogPlan, message: string, options: string[]): void {
  plan.action = 'refused';
  plan.refusal = { message, next: [options] };
}

function regionsOf({ scan }: Analysis, { found }: Salvaged): RegionPlan[] {
  const damaged = scan.damages.map((damage): RegionPlan => {
    const { line, offset, length, pieces, path } = damage;
    const entriesBack = pieces.filter(({ kind }) => kind === 'entry').length;
    const action = entriesBack > 0 ? 'split' : 'quarantine';
    const code = codeOf(damage);
    const why = 'stays in its file, which nothing reads any more';
    return {
      code,
      line,
      lines: 1,
      offset,
      length,
      action,
      why,
      entriesBack,
      entriesLost: 0,
      keys: [],
      source: path,
    };
  });
  const more = found.map(({ path, entriesBack, entriesLost, why, keys, line }): RegionPlan => ({
    ...{ code: 'unread-entries', line, lines: 0, offset: 0, length: 0, action: 'bring back', why },
    ...{ entriesBack, entriesLost, source: path },
    keys: keys.map((key) => ({ key, impact: 'harmless' })),
  }));
  return [...damaged, ...more];
}

function notesOf({ base, agents }: Salvaged): string[] {
  const from = {
    manifest: 'a new generation takes the place of the current one; no old file is changed',
    temporary: 'the manifest is rebuilt from manifest.json.tmp',
    names: 'the manifest is rebuilt from the newest whole snapshot and the logs behind it',
  }[base.from];
  const kept = agents === undefined ? [] : [`agents kept: ${agents.join(', ')}`];
  return [from, ...kept];
}
