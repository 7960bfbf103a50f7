/** recover-part: what recover says of one log, and which commands it suggests. */
import { dirname } from 'node:path';
import { EXIT, LogctlError, type ExitCode } from '../errors.js';
import type { NextStep, RecoverLogPart } from '../model.js';
import type { LogPlan } from './plan.js';
import { verdictOf } from '../report.js';
import { thousands } from '../text.js';

/** The part of a log before anything was done with it. */
export function plannedPart(plan: LogPlan): RecoverLogPart {
  const doing = isDoing(plan) ? 'would recover' : 'nothing to do';
  const result = plan.action === 'refused' ? 'refused' : doing;
  const exitCode = plan.action === 'refused' ? EXIT.refused : EXIT.ok;
  return {
    ...emptyPart(plan.path, plan.dialect),
    ...{ bytes: plan.bytesBefore, lines: plan.linesBefore },
    ...withExit(exitCode),
    ...{ result, plan },
  };
}

/** True where the plan changes a file, or leftovers of a compaction are cleared up. */
export function isDoing({ action, mirror, unfinished }: LogPlan): boolean {
  if (action === 'refused') return false;
  const writesMirror = mirror !== undefined && mirror.action !== 'none';
  return action === 'recover' || writesMirror || unfinished;
}

/** A part that says nothing yet. */
export function emptyPart(path: string, dialect: string): RecoverLogPart {
  return {
    ...{ path, dialect, verdict: 'ok', exitCode: EXIT.ok, bytes: 0, lines: 0 },
    ...{ result: 'nothing to do', plan: null, original: null, quarantine: null },
    ...{ receipt: null, output: null, finished: false, verified: null, mirror: null },
  };
}

/** An exit code and the word for it. */
export const withExit = (exitCode: ExitCode) => ({ exitCode, verdict: verdictOf(exitCode) });

/** Why nothing was done with a log whose plan is refused. */
export function refusalOf({ path, refusal }: LogPlan): LogctlError {
  const next = refusal!.next.map((options) => recoverCommand('--dry-run', ...options, path));
  return new LogctlError('refused', refusal!.message, 'Nothing was changed.', { path, next });
}

/** The words of a recover command. */
export const recoverCommand = (...words: string[]): string[] => ['logctl', 'recover', ...words];

/** The options under which a plan was made. */
export function optionsOf({ policy, budget, mirror }: LogPlan): string[] {
  const words = policy === 'tail' ? [] : ['--policy', policy];
  if (budget > 0) words.push('--max-lost', String(budget));
  if (mirror?.action === 'adopt') words.push('--adopt-mirror');
  else if (mirror?.action === 'replace') words.push('--replace-mirror');
  else if (mirror !== undefined) words.push('--mirror');
  return words;
}

/** What to do after a dry run of plans that would change something. */
export function stepsAfterDryRun(
  plans: readonly LogPlan[],
  targets: readonly string[],
): NextStep[] {
  const doing = plans.filter(isDoing);
  if (doing.length === 0) return [];
  const words = targets.length > 0 ? targets : doing.map(({ path }) => path);
  const argv = recoverCommand('--yes', ...optionsOf(doing[0]), ...words);
  return [{ argv, why: '', writes: true }];
}

/** Throws LogctlError `no-space`, with both ways out, before anything is written. */
export function checkSpace(plans: readonly LogPlan[]): void {
  const rooms = new Map<string, { needed: number; free: number; path: string }>();
  for (const { path, neededBytes, freeBytes } of plans) {
    const directory = dirname(path);
    const room = rooms.get(directory) ?? { needed: 0, free: freeBytes, path };
    rooms.set(directory, { ...room, needed: room.needed + neededBytes });
  }
  for (const [directory, { needed, free, path }] of rooms) {
    if (needed <= free) continue;
    const counts = [needed, free].map(thousands);
    const message = `no space: ${counts[0]} bytes needed in ${directory}, ${counts[1]} are free`;
    const hint = 'Nothing was changed, no temporary file was left.';
    const options = optionsOf(plans.find((plan) => plan.path === path)!);
    const bare = options.filter((word) => !word.includes('mirror'));
    const next = [
      recoverCommand('--yes', ...bare, '-o', '/other/disk/FILE', path),
      recoverCommand('--yes', ...options, '--evidence-dir', '/other/disk', path),
    ];
    throw new LogctlError('no-space', message, hint, { path, next });
  }
}
