/** recover-log: one log under its lock: finish what was interrupted, apply the plan, verify. */
import { analyse, analyseScan, type Analysis } from '../checks/analyse.js';
import { privateMode, writeOutput } from '../apply.js';
import { withCompactionLock } from '../compaction/compaction-lock.js';
import type { RecoverOptions, WriteContext } from '../context.js';
import { EXIT, LogctlError } from '../errors.js';
import type { Finding } from '../findings.js';
import { openLogAs, type Log } from '../log.js';
import type { RecoverLogPart } from '../model.js';
import type { LogPlan } from './plan.js';
import { applyPlan, checkBasis, mustHold, writeParts, type AppliedPlan } from './recover-apply.js';
import { checkEvidenceDir } from './recover-evidence.js';
import { replaceMirror } from './recover-mirror-write.js';
import { checkSpace, isDoing, plannedPart, withExit } from './recover-part.js';
import { planLog } from './recover-plan.js';
import { refusalOf } from './recover-words.js';
import { exitOf, verdictOf } from '../report.js';
import { stateHash } from '../keydir/state-hash.js';
import { finishCompaction } from '../compaction/swap-recovery.js';
import { plural } from '../text.js';

/**
 * Applies the plan for one log. Where a compaction was interrupted it is completed first, and the
 * log planned anew. Throws LogctlError; nothing is changed then but what was completed.
 */
export async function recoverLog(
  context: WriteContext,
  log: Log,
  plan: LogPlan,
  options: RecoverOptions,
): Promise<RecoverLogPart> {
  if (options.output !== undefined) return writeElsewhere(context, log, plan, options);
  const { evidenceDir, lockWait: waitMs = 0 } = options;
  if (evidenceDir !== undefined && plan.action === 'recover') {
    checkEvidenceDir(context, evidenceDir, plan);
  }
  return withCompactionLock(context, log, { waitMs }, async (fence) => {
    await finishCompaction(context, log.path, options);
    const current = plan.unfinished ? await replan(context, log, options) : plan;
    if (current.action === 'refused') throw refusalOf(current, options);
    const part = { ...plannedPart(current), finished: plan.unfinished };
    await checkBasis(context, current, current !== plan || options.plan === undefined);
    const verified = (part: RecoverLogPart, analysis: Analysis) =>
      finished(context, current, part, analysis);
    if (current.action !== 'recover') {
      const now = openLogAs(context, log.path, log.dialect);
      return verified(part, await analyse(context, now, options));
    }
    const applied = await applyPlan(context, log, current, options, fence);
    // Leftovers of a log that was not there could not be told from its files before.
    if (current.missing) await finishCompaction(context, log.path, options);
    const { original, quarantine, receipt } = applied;
    const analysis = await analyseApplied(context, log, applied, options);
    return verified({ ...part, original, quarantine, receipt }, analysis);
  });
}

async function replan(context: WriteContext, log: Log, options: RecoverOptions): Promise<LogPlan> {
  const now = openLogAs(context, log.path, log.dialect);
  const plan = await planLog(context, now, options);
  if (isDoing(plan)) checkSpace([plan], options);
  return plan;
}

/**
 * The full verify of the log as it lies there now. Where it is the very file that was read back and
 * proved before the swap, and has not grown, what that reading found holds; else it is read anew.
 */
async function analyseApplied(
  context: WriteContext,
  log: Log,
  { proof: { scan, id } }: AppliedPlan,
  options: RecoverOptions,
): Promise<Analysis> {
  const now = context.disk.stat(log.path);
  if (now?.id === id && now.size === scan.bytes) {
    // The temporary's file was closed with the swap: values are read from the log itself.
    scan.sources.splice(0, 1, context.disk.open(log.path));
    return analyseScan(context, scan, options);
  }
  scan.close();
  return analyse(context, openLogAs(context, log.path, log.dialect), options);
}

/** What the verify found, and the main JSON file. */
async function finished(
  context: WriteContext,
  plan: LogPlan,
  part: RecoverLogPart,
  { scan, findings }: Analysis,
): Promise<RecoverLogPart> {
  try {
    const writes = plan.mirror !== undefined && plan.mirror.action !== 'none';
    const mirror = writes ? await replaceMirror(context, scan, plan) : null;
    const left = findings.inOrder().filter(({ path }) => path !== mirror?.path);
    const { bytes, lines } = scan;
    return { ...part, ...outcomeOf(plan, left), bytes, lines, mirror };
  } finally {
    scan.close();
  }
}

function outcomeOf(plan: LogPlan, findings: Finding[]) {
  const verified = { verdict: verdictOf(exitOf(findings)), findings };
  const lost = plan.entriesLost > 0;
  const damaged = exitOf(findings) === EXIT.damaged;
  const exitCode = damaged ? EXIT.damaged : lost ? EXIT.recoveredWithLoss : EXIT.ok;
  const result: RecoverLogPart['result'] = lost ? 'recovered with loss' : 'recovered';
  return { ...withExit(exitCode), result, verified };
}

/** With `-o`: the recovered log goes there, proved, and the log stays as it is. */
async function writeElsewhere(
  context: WriteContext,
  log: Log,
  plan: LogPlan,
  given: RecoverOptions,
): Promise<RecoverLogPart> {
  const output = given.output!;
  await checkBasis(context, plan, false);
  if (plan.neededBytes > plan.freeBytes) {
    const words = `no space for ${output}: ${plural(plan.neededBytes, 'byte')} needed`;
    throw new LogctlError('no-space', words, 'name a file on another disk', { path: output });
  }
  const modes = plan.basis.flatMap(({ path }) => context.disk.stat(path)?.mode ?? []);
  const mode = () => modes.reduce((all, one) => all & one, modes[0] ?? privateMode());
  const options = { random: context.random(), mode };
  await writeOutput(context, output, options, async (sink) => {
    await writeParts(context, log, plan, sink);
  });
  const { scan, findings } = await analyse(context, openLogAs(context, output, log.dialect), {});
  try {
    const hash = await stateHash(scan.keydir, scan.sources, 'documented');
    const words = 'the file written does not hold what was planned';
    mustHold(hash === plan.state.hashAfter, words, given);
    const { bytes, lines } = scan;
    const part = { ...plannedPart(plan), bytes, lines, output };
    return { ...part, ...outcomeOf(plan, findings.inOrder()), result: 'written' };
  } finally {
    scan.close();
  }
}
