/** recover-part: what recover says of one log, and whether there is room for its plan. */
import { dirname } from 'node:path';
import type { RecoverOptions } from '../context.js';
import { EXIT, LogctlError, type ExitCode } from '../errors.js';
import type { RecoverLogPart } from '../model.js';
import type { LogPlan } from './plan.js';
import { optionsOf, recoverCommand } from './recover-words.js';
import { verdictOf } from '../report.js';
import { noSpaceWords } from '../text.js';

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

/** Throws LogctlError `no-space`, with both ways out, before anything is written. */
export function checkSpace(plans: readonly LogPlan[], options: RecoverOptions): void {
  const rooms = new Map<string, { needed: number; free: number; path: string }>();
  for (const { path, neededBytes, freeBytes } of plans) {
    const directory = dirname(path);
    const room = rooms.get(directory) ?? { needed: 0, free: freeBytes, path };
    rooms.set(directory, { ...room, needed: room.needed + neededBytes });
  }
  for (const [directory, { needed, free, path }] of rooms) {
    if (needed <= free) continue;
    const message = noSpaceWords(directory, { needed, free });
    const hint = 'Nothing was changed, no temporary file was left.';
    const own = optionsOf(
      plans.find((plan) => plan.path === path)!,
      options,
    ).filter(([name]) => name !== '--evidence-dir');
    const bare = own.filter(([name]) => !name.includes('mirror')).flat();
    const next = [
      recoverCommand('--yes', ...bare, '-o', '/other/disk/FILE', path),
      recoverCommand('--yes', ...own.flat(), '--evidence-dir', '/other/disk', path),
    ];
    throw new LogctlError('no-space', message, hint, { path, next });
  }
}
