/** recover-finish: the sums of a plan: states, bytes, budget, space, and what it rests on. */
import { dirname } from 'node:path';
import type { Analysis } from '../checks/analyse.js';
import type { Context, RecoverOptions } from '../context.js';
import { fingerprint } from './fingerprint.js';
import type { PartList } from './part-list.js';
import type { LogPlan } from './plan.js';
import { planMirror, wantsMirror } from './recover-mirror.js';
import { scanPlanned, stateOf } from './recover-state.js';
import { plural } from '../text.js';

/** A plan whose action and regions are decided, with the parts of its new file. */
interface Draft {
  plan: LogPlan;
  parts: PartList;
  /** Whole entries went that no damage had taken: those of a broken batch. */
  dropsWhole: boolean;
}

/** Adds up a plan; refuses it where it would lose more than the budget allows. */
export async function finishPlan(
  context: Context,
  analysis: Analysis,
  options: RecoverOptions,
  draft: Draft,
): Promise<LogPlan> {
  const { plan, parts } = draft;
  const { scan, log } = analysis;
  if (plan.action === 'none') parts.range(log.path, 0, scan.bytes);
  plan.entriesLost = plan.regions.reduce((sum, region) => sum + region.entriesLost, 0);
  await planState(context, analysis, options, draft);
  plan.parts = parts.parts;
  plan.quarantine = parts.quarantine;
  plan.bytesQuarantined = parts.quarantined;
  plan.bytesInserted = parts.inserted;
  plan.bytesKept = parts.bytes - parts.inserted;
  plan.bytesAfter = parts.bytes;
  const loses = plan.action === 'recover' && plan.entriesLost > plan.budget;
  if (loses) return { ...plan, action: 'refused', refusal: refusedLoss(plan) };
  const { mirror } = plan;
  const mirrorBytes = mirror === undefined || mirror.action === 'none' ? 0 : mirror.bytes;
  plan.freeBytes = context.disk.freeBytes(dirname(options.output ?? log.path));
  const logBytes = plan.action === 'recover' ? plan.bytesAfter + ledgerBytes(plan) : 0;
  plan.neededBytes = logBytes + mirrorBytes;
  if (plan.neededBytes > 0) await bind(context, analysis, plan);
  return plan;
}

/** Keys and hashes before and after; with `--mirror`, what becomes of the main JSON file. */
async function planState(
  context: Context,
  { scan, log }: Analysis,
  options: RecoverOptions,
  { plan, parts, dropsWhole }: Draft,
): Promise<void> {
  let after =
    dropsWhole || isOtherState(plan) ? await scanPlanned(context, log, parts.parts) : scan;
  try {
    plan.state = await stateOf(scan, after);
    if (!wantsMirror(options)) return;
    if (!(await planMirror(context, log, after, options, { plan, parts }))) return;
    if (after !== scan) after.close();
    plan.action = 'recover';
    after = await scanPlanned(context, log, parts.parts);
    plan.state = await stateOf(scan, after);
    plan.mirror!.keys = after.keydir.count;
  } finally {
    if (after !== scan) after.close();
  }
}

/** Lines that were no entries may go without a change of state: then one reading is enough. */
function isOtherState({ regions, base, policy, action }: LogPlan): boolean {
  const changes = regions.some((region) => {
    return region.action === 'fill' || region.action === 'mend' || region.entriesBack > 0;
  });
  return action === 'recover' && (changes || base !== undefined || policy === 'prefix');
}

/** Binds the plan to every file it rests on, as far as it was read. */
async function bind(context: Context, { log, scan }: Analysis, plan: LogPlan): Promise<void> {
  const paths = new Set(plan.parts.flatMap((part) => ('path' in part ? [part.path] : [])));
  for (const part of plan.parts) if (part.part === 'entry') paths.add(part.from.path);
  for (const { source } of plan.regions) if (source !== undefined) paths.add(source);
  paths.delete(log.path);
  if (plan.mirror !== undefined) paths.add(plan.mirror.path);
  if (!log.missing) plan.basis.push(await fingerprint(context, log.path, { limit: scan.bytes }));
  for (const path of paths) {
    if (context.disk.stat(path) === undefined) continue;
    plan.basis.push(await fingerprint(context, path, { beside: log.path }));
  }
}

function refusedLoss({ regions, entriesLost, budget, policy }: LogPlan) {
  const losing = regions.filter((region) => region.entriesLost > 0).length;
  const about = `about ${plural(entriesLost, 'entry', 'entries')}`;
  return {
    message: `${plural(losing, 'damaged region')} would lose ${about}, the budget is ${budget}`,
    next: [['--policy', policy, '--max-lost', String(entriesLost)]],
  };
}

/** A quarantine record holds up to 64 KiB of bytes in base64; beyond that only a hash. */
function ledgerBytes({ quarantine, parts }: LogPlan): number {
  const records = quarantine.reduce((sum, { length }) => {
    return sum + Math.ceil(Math.min(length, 65_536) * 1.4) + 400;
  }, 4_096);
  return (
    records + parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0) + 200, 0)
  );
}
