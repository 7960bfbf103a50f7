/** recover: plan, apply, prove. One log or many, each for itself. */
import { dirname } from 'node:path';
import { refuseDecoded } from './decode/decoded-disk.js';
import type { RecoverOptions, WriteContext } from './context.js';
import { EXIT, isInterruption, LogctlError } from './errors.js';
import { openLog, type Log } from './log.js';
import { dialectNamed } from './recognise.js';
import type { NextStep, RecoverLogPart, RecoverReport } from './model.js';
import { checkPlan } from './recovery/plan-check.js';
import type { LogPlan, SavedPlan } from './recovery/plan.js';
import { recoverLog } from './recovery/recover-log.js';
import { checkSpace, emptyPart, isDoing, plannedPart, withExit } from './recovery/recover-part.js';
import { planLog } from './recovery/recover-plan.js';
import { undo, undoTarget, undoUnderLock } from './recovery/recover-undo.js';
import { requirePlanShape } from './recovery/saved-plan.js';
import {
  optionsOf,
  recoverCommand,
  refusalOf,
  stepsAfterDryRun,
} from './recovery/recover-words.js';
import { envelope, failureOf } from './report.js';
import type { FailedTarget } from './store-search.js';
import { resolveTargets } from './targets.js';
import { withCompactionLock } from './compaction/compaction-lock.js';

/** What became of the question: `nobody`: there is no one to ask. */
export type Approval = boolean | 'nobody';

/** Asked once with the plans, before anything is changed; only true lets them be applied. */
export type Approve = (planned: RecoverReport) => Approval | Promise<Approval>;

/** A log with its plan, or why there is none. */
interface Planned {
  log: Log | undefined;
  part: RecoverLogPart;
}

/**
 * Plans the recovery of logs, asks, and applies it. With several logs, one that fails has its
 * `error` and the others go on; a single one throws LogctlError once anything was to be done. A
 * refused plan is a report with exit code 21.
 */
export async function recover(
  context: WriteContext,
  targets: string[],
  options: RecoverOptions,
  approve: Approve,
): Promise<RecoverReport> {
  refuseDecoded(options);
  const startedAt = context.now();
  const planned = await planAll(context, targets, options);
  const plans = planned.flatMap(({ part }) => (part.plan === null ? [] : [part.plan]));
  const doing = plans.filter(isDoing);
  if (options.output !== undefined && plans.length > 1) {
    const hint = 'name one log, or leave -o out';
    throw new LogctlError('usage', `-o is for one log, here are ${plans.length}`, hint);
  }
  const report = (parts: RecoverLogPart[]) => reportOf(context, startedAt, parts, options, targets);
  const before = report(planned.map(({ part }) => part));
  if (options.dryRun === true || doing.length === 0) return before;
  if (options.output === undefined) checkSpace(doing, options);
  const approval = await approve(before);
  if (approval !== true) return notApproved(before, targets, doing, { options, approval });
  const parts: RecoverLogPart[] = [];
  for (const one of planned) parts.push(await applyOne(context, one, options, planned.length > 1));
  return report(parts);
}

/** Puts back what the recovery of `receiptPath` replaced. Throws LogctlError. */
export async function undoRecovery(
  context: WriteContext,
  receiptPath: string,
  targets: string[],
  options: RecoverOptions,
): Promise<RecoverReport> {
  const startedAt = context.now();
  const target = await undoTarget(context, receiptPath, targets[0]);
  const { path, receipt } = target;
  const dialect = dialectNamed(receipt.plan.dialect);
  const work = (fence?: () => void) => undo(context, receiptPath, target, options, fence);
  const finishAndUndo = (fence: () => void) =>
    undoUnderLock(context, receiptPath, target, options, fence);
  const waitMs = options.lockWait ?? 0;
  const store = dialect.store?.(context.disk, dirname(receiptPath));
  const isApart = options.output !== undefined || store !== undefined;
  const back = isApart
    ? await (store?.undo(context, receiptPath, target, options) ?? work())
    : await withCompactionLock(context, { path, dialect }, { waitMs }, finishAndUndo);
  const part: RecoverLogPart = {
    ...emptyPart(path, receipt.plan.dialect),
    ...{ bytes: back.bytes, result: 'put back', original: back.kept, output: back.output },
  };
  return reportOf(context, startedAt, [part], options, targets);
}

/** How a store of several files is recovered; undefined for a log of one. */
const storeOf = ({ disk }: WriteContext, { dialect, path }: Log) => dialect.store?.(disk, path);

async function planAll(
  context: WriteContext,
  targets: string[],
  options: RecoverOptions,
): Promise<Planned[]> {
  if (options.plan !== undefined) return planSaved(context, options.plan, options);
  const failed: FailedTarget[] = [];
  const logs = await logsOf(context, targets, options, failed);
  const planned: Planned[] = [];
  for (const log of logs) {
    try {
      const plan = storeOf(context, log)?.plan ?? planLog;
      planned.push({ log, part: plannedPart(await plan(context, log, options)) });
    } catch (error) {
      if (logs.length + failed.length === 1) throw error;
      planned.push({ log: undefined, part: failedPart(context, log, error) });
    }
  }
  for (const { path, error } of failed) {
    planned.push({ log: undefined, part: failedPart(context, { path }, error) });
  }
  return planned;
}

/** All plans are looked at before the first log is opened: one that is refused refuses all. */
async function planSaved(
  context: WriteContext,
  saved: SavedPlan,
  options: RecoverOptions,
): Promise<Planned[]> {
  requirePlanShape(saved, 'this');
  for (const plan of saved.logs) checkPlan(context, plan, options);
  const planned: Planned[] = [];
  for (const plan of saved.logs) {
    const { dialect } = plan;
    const log = await openLog(context, plan.path, { ...options, ...plan.options, dialect });
    // What was free at the review may be free no more.
    const freeBytes = context.disk.freeBytes(dirname(options.output ?? plan.path));
    planned.push({ log, part: plannedPart({ ...plan, freeBytes }) });
  }
  return planned;
}

async function logsOf(
  context: WriteContext,
  targets: string[],
  options: RecoverOptions,
  failed: FailedTarget[],
) {
  if (targets.includes('-')) {
    throw new LogctlError('usage', 'standard input cannot be recovered', 'name a log');
  }
  if (options.ifExists !== true) {
    return (await resolveTargets(context, targets, options, failed)).logs;
  }
  const logs: Log[] = [];
  for (const target of targets) {
    try {
      logs.push(...(await resolveTargets(context, [target], options, failed)).logs);
    } catch (error) {
      if (error instanceof LogctlError && error.code === 'not-found') {
        context.say?.(1, `${target} is not there: nothing to do`);
      } else if (targets.length === 1 || isInterruption(error)) throw error;
      else failed.push({ path: target, error });
    }
  }
  return logs;
}

async function applyOne(
  context: WriteContext,
  { log, part }: Planned,
  options: RecoverOptions,
  isOneOfMany: boolean,
): Promise<RecoverLogPart> {
  const { plan } = part;
  if (log === undefined || plan === null || !isDoing(plan)) return part;
  try {
    const work = storeOf(context, log)?.recover ?? recoverLog;
    return await work(context, log, plan, options);
  } catch (error) {
    if (!isOneOfMany) throw error;
    return { ...failedPart(context, log, error), plan };
  }
}

/** `log` without a dialect: not even that is known of it. */
function failedPart(
  context: WriteContext,
  log: { path: string; dialect?: { name: string } },
  error: unknown,
): RecoverLogPart {
  const { exitCode, ...failure } = failureOf(error, context);
  const part = emptyPart(log.path, log.dialect?.name ?? '');
  return { ...part, ...withExit(exitCode), result: 'not recovered', error: failure };
}

function notApproved(
  report: RecoverReport,
  targets: string[],
  doing: LogPlan[],
  { options, approval }: { options: RecoverOptions; approval: Approval },
): RecoverReport {
  const name = targets.length === 1 ? targets[0] : doing.map(({ path }) => path).join(', ');
  const message =
    approval === 'nobody'
      ? `recover would change ${name} and nobody can be asked`
      : 'the plan was not applied';
  const own = optionsOf(doing[0], options).flat();
  const steps = [['--dry-run'], ['--yes']].map((first) => ({
    argv: recoverCommand(...first, ...own, ...(targets.length > 0 ? targets : [name])),
    why: '',
    writes: first[0] === '--yes',
  }));
  const error = { code: 'refused', message, hint: 'Nothing was changed.' };
  return { ...report, ...withExit(EXIT.refused), error, next: steps };
}

function reportOf(
  context: WriteContext,
  startedAt: number,
  parts: RecoverLogPart[],
  options: RecoverOptions,
  targets: readonly string[],
): RecoverReport {
  const findings = parts.flatMap(
    ({ verified, plan }) => verified?.findings ?? plan?.findings ?? [],
  );
  const doing = parts.flatMap(({ result, plan }) =>
    result === 'would recover' && plan !== null ? [plan] : [],
  );
  const steps = doing.length > 0 ? stepsAfterDryRun(doing, targets, options) : [];
  const next = [...steps, ...stepsOutOfRefusals(parts, options)];
  const dryRun = options.dryRun === true;
  const report: RecoverReport = {
    ...envelope(context, 'recover', startedAt, parts, { findings, next }),
    ...{ report: 'recover', dryRun },
  };
  const [only] = parts;
  if (parts.length !== 1 || only.result !== 'refused') return report;
  // A refusal of the only log is what the whole command has to say.
  const { code, message, hint } = refusalOf(only.plan!, options);
  return { ...report, error: { code, message, hint } };
}

/** Dry runs of one log each that its refusal names. */
function stepsOutOfRefusals(parts: RecoverLogPart[], options: RecoverOptions): NextStep[] {
  return parts
    .flatMap(({ result, plan }) => (result === 'refused' && plan !== null ? [plan] : []))
    .flatMap((plan) => refusalOf(plan, options).details.next ?? [])
    .map((argv) => ({ argv, why: '', writes: false }));
}
