/** recover-log: one log under its lock: finish what was interrupted, apply the plan, verify. */
import { strict as assert } from 'node:assert';
import { analyse } from './analyse.js';
import { writeOutput } from './apply.js';
import { withCompactionLock } from './compaction-lock.js';
import type { RecoverOptions, WriteContext } from './context.js';
import { EXIT, LogctlError } from './errors.js';
import type { Finding } from './findings.js';
import { openLog, type Log } from './log.js';
import type { RecoverLogPart } from './model.js';
import type { LogPlan } from './plan.js';
import { applyPlan, checkBasis, writeParts } from './recover-apply.js';
import { replaceMirror } from './recover-mirror-write.js';
import { checkSpace, isDoing, plannedPart, refusalOf, withExit } from './recover-part.js';
import { planLog } from './recover-plan.js';
import { exitOf, verdictOf } from './report.js';
import { stateHash } from './state-hash.js';
import { finishCompaction } from './swap-recovery.js';

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
  if (options.output !== undefined) return writeElsewhere(context, log, plan, options.output);
  const waitMs = options.lockWait ?? 0;
  return withCompactionLock(context, log.path, { waitMs }, async () => {
    await finishCompaction(context, log.path, options);
    const current = plan.unfinished ? await replan(context, log, options) : plan;
    if (current.action === 'refused') throw refusalOf(current);
    const part = { ...plannedPart(current), finished: plan.unfinished };
    await checkBasis(context, current);
    if (!isDoing(current)) return finished(context, log, current, part, options);
    if (current.action !== 'recover') return finished(context, log, current, part, options);
    const applied = await applyPlan(context, log, current, options);
    const { original, quarantine, receipt } = applied;
    return finished(context, log, current, { ...part, original, quarantine, receipt }, options);
  });
}

async function replan(context: WriteContext, log: Log, options: RecoverOptions): Promise<LogPlan> {
  const now = await openLog(context, log.path, log.dialect.name);
  const plan = await planLog(context, now, options);
  if (isDoing(plan)) checkSpace([plan]);
  return plan;
}

/** The full verify of what lies there now, and then the main JSON file. */
async function finished(
  context: WriteContext,
  log: Log,
  plan: LogPlan,
  part: RecoverLogPart,
  options: RecoverOptions,
): Promise<RecoverLogPart> {
  const now = await openLog(context, log.path, log.dialect.name);
  const { scan, findings } = await analyse(context, now, options);
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
  output: string,
): Promise<RecoverLogPart> {
  await checkBasis(context, plan);
  if (plan.neededBytes > plan.freeBytes) {
    const words = `no space for ${output}: ${plan.neededBytes} bytes needed`;
    throw new LogctlError('no-space', words, 'name a file on another disk', { path: output });
  }
  const options = { force: false, random: context.random() };
  await writeOutput(context.disk, output, options, async (sink) => {
    await writeParts(context, plan, sink);
  });
  const { scan, findings } = await analyse(
    context,
    await openLog(context, output, log.dialect.name),
    {},
  );
  try {
    const hash = await stateHash(scan.keydir, scan.sources, 'documented');
    assert(hash === plan.state.hashAfter, 'the file written does not hold what was planned');
    const { bytes, lines } = scan;
    const part = { ...plannedPart(plan), bytes, lines, output };
    return { ...part, ...outcomeOf(plan, findings.inOrder()), result: 'written' };
  } finally {
    scan.close();
  }
}
