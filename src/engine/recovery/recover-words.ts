/** recover-words: the recover commands a run suggests, with the options it was given itself. */
import type { RecoverOptions } from '../context.js';
import { LogctlError } from '../errors.js';
import type { NextStep } from '../model.js';
import { siblingsOf } from '../siblings.js';
import type { LogPlan } from './plan.js';

/** The words of a recover command. */
export const recoverCommand = (...words: string[]): string[] => ['logctl', 'recover', ...words];

/**
 * The options of this run that another run of the same plan needs, as they are typed; each with its
 * value. What says how to ask (`--yes`, `--dry-run`) is not among them.
 */
export function optionsOf(plan: LogPlan, options: RecoverOptions): string[][] {
  const { policy, budget } = plan;
  const { output, evidenceDir, offline } = options;
  return [
    ...(policy === 'tail' ? [] : [['--policy', policy]]),
    ...(budget > 0 ? [['--max-lost', String(budget)]] : []),
    ...(output === undefined ? [] : [['-o', output]]),
    ...(evidenceDir === undefined ? [] : [['--evidence-dir', evidenceDir]]),
    ...(offline === true ? [['--offline']] : []),
    ...mirrorOptions(plan, options),
  ];
}

/** Also of a plan that was saved, or refused before it came to the main JSON file. */
function mirrorOptions({ path, mirror }: LogPlan, options: RecoverOptions): string[][] {
  const { rebuildMirror, adoptMirror, replaceMirror } = options;
  const isElsewhere = mirror !== undefined && mirror.path !== siblingsOf(path).mirror;
  const named = options.mirror ?? (isElsewhere ? mirror.path : undefined);
  const file = named === undefined ? [] : [['--mirror', named]];
  if (adoptMirror === true || mirror?.action === 'adopt') return [...file, ['--adopt-mirror']];
  if (replaceMirror === true || mirror?.action === 'replace') {
    return [...file, ['--replace-mirror']];
  }
  const isWanted = rebuildMirror === true || mirror !== undefined;
  return !isWanted ? [] : named === undefined ? [['--mirror']] : file;
}

/** What to do after a dry run. `doing`: the plans that would change something, at least one. */
export function stepsAfterDryRun(
  doing: readonly LogPlan[],
  targets: readonly string[],
  options: RecoverOptions,
): NextStep[] {
  const words = targets.length > 0 ? targets : doing.map(({ path }) => path);
  const argv = recoverCommand('--yes', ...optionsOf(doing[0], options).flat(), ...words);
  return [{ argv, why: '', writes: true }];
}

/** Why nothing was done with a log whose plan is refused, and the dry runs that would not be. */
export function refusalOf(plan: LogPlan, options: RecoverOptions): LogctlError {
  const { path, refusal } = plan;
  const { message, next: ways } = refusal!;
  const own = optionsOf(plan, options);
  const next = ways.map((way) => recoverCommand('--dry-run', ...changedBy(way, own), path));
  return new LogctlError('refused', message, 'Nothing was changed.', { path, next });
}

const answers = ['--adopt-mirror', '--replace-mirror'];

/** The options of a run with those of `way`, which take the place of what they contradict. */
function changedBy(way: string[], own: string[][]): string[] {
  const isAnswer = way.some((word) => answers.includes(word));
  const kept = own.filter(([name, value]) => {
    // An answer asks for the main JSON file itself; where that lies has to be said all the same.
    const isSaid = answers.includes(name) || (name === '--mirror' && value === undefined);
    return !way.includes(name) && !(isAnswer && isSaid);
  });
  return [...kept.flat(), ...way];
}
