/** plan-check: may a plan that came from a file be carried out? Its paths, its sums, its basis. */
import { basename, dirname, join, normalize, relative } from 'node:path';
import type { RecoverOptions, WriteContext } from '../context.js';
import { companionSuffixes, dialectNames } from '../dialects/index.js';
import { LogctlError } from '../errors.js';
import { logOfBackup, siblingsOf } from '../siblings.js';
import { partitionFault } from './part-list.js';
import type { LogPlan, PlanPart } from './plan.js';

/**
 * Throws LogctlError `refused` where a plan, whose shape was found right, names a file that is none
 * of its log's, or does not add up: whoever applies it may have rights that its maker has not.
 * What lies elsewhere (`backupDir`, `mirror`) counts only where this run names it, too.
 */
export function checkPlan(context: WriteContext, plan: LogPlan, options: RecoverOptions): void {
  const isStore = context.disk.stat(plan.path)?.kind === 'directory';
  const fault =
    strangerIn(plan, (path) => {
      return isStore ? isInside(plan.path, path) : isOfLog(plan, path, options);
    }) ??
    (dialectNames.includes(plan.dialect) ? undefined : `no format is called ${plan.dialect}`) ??
    ((plan.action === 'refused') === (plan.refusal !== undefined)
      ? undefined
      : 'it is refused without a reason, or has one and is not') ??
    (isStore ? storeFault(plan) : logFault(plan));
  if (fault === undefined) return;
  const words = `the plan for ${plan.path} cannot be applied: ${fault}`;
  const hint = 'Nothing was changed: save a plan of this log anew.';
  throw new LogctlError('refused', words, hint, { path: plan.path });
}

/** The first path of a plan that is none of its log's, in words. */
function strangerIn(plan: LogPlan, isOwn: (path: string) => boolean): string | undefined {
  const { replaces, base, passedOver, basis, regions, parts, quarantine, mirror } = plan;
  const named = [
    ...[replaces, base?.path, mirror?.path].flatMap((path) => path ?? []),
    ...passedOver,
    ...basis.map(({ path }) => path),
    ...regions.flatMap(({ source }) => source ?? []),
    ...parts.flatMap((part) => (part.part === 'range' ? [part.path] : [])),
    ...quarantine.map(({ path }) => path),
  ];
  const stranger = named.find((path) => !isOwn(path));
  return stranger === undefined ? undefined : `${stranger} is no file of this log`;
}

/** The log, its backups, what its library left beside it, its main JSON file. */
function isOfLog(plan: LogPlan, path: string, { backupDir, mirror }: RecoverOptions): boolean {
  if (path === plan.path) return true;
  const { directory, name, mirror: implied } = siblingsOf(plan.path);
  const isIn = (folder: string) => join(folder, basename(path)) === normalize(path);
  if (logOfBackup(basename(path)) === name) {
    return isIn(directory) || (backupDir !== undefined && isIn(backupDir));
  }
  const mirrors = [mirror, implied].flatMap((one) => (one === undefined ? [] : [normalize(one)]));
  if (mirrors.includes(normalize(path))) return true;
  return isIn(directory) && companionSuffixes.some((suffix) => basename(path) === name + suffix);
}

/** A store is a directory, and all of it lies in there. */
function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith('../');
}

function storeFault({ path, replaces }: LogPlan): string | undefined {
  if (replaces !== undefined && relative(path, dirname(replaces)) === '') return undefined;
  return 'it does not say what it replaces';
}

/** What a plan rests on, and that kept and quarantined bytes are all there are. */
function logFault(plan: LogPlan): string | undefined {
  const { path, replaces, action, missing, basis, parts, quarantine, mirror } = plan;
  if (replaces !== undefined) return `${replaces} is no file of this log`;
  const known = new Map(basis.map((file) => [file.path, file]));
  if (
    mirror !== undefined &&
    mirror.action !== 'none' &&
    known.has(mirror.path) !== mirror.exists
  ) {
    return 'it says nothing of the main JSON file that it replaces';
  }
  if (action !== 'recover') return undefined;
  if (known.has(path) === missing) return 'it says nothing of the log that it rests on';
  if (!missing && known.get(path)!.size !== plan.bytesBefore) return 'its sizes do not agree';
  const read = parts.flatMap((part) => {
    if (part.part === 'range') return [part.path];
    return part.part === 'entry' ? [part.from.path] : [];
  });
  const unbound = [...read, ...quarantine.map((one) => one.path)].find((at) => !known.has(at));
  if (unbound !== undefined) return `it says nothing of ${unbound}, of which it takes bytes`;
  const byte = partitionFault(path, plan.bytesBefore, parts, quarantine);
  if (byte !== undefined) return `byte ${byte} is neither kept nor in quarantine, or it is both`;
  const bytes = parts.reduce((sum, part) => sum + bytesOf(part), 0);
  return bytes === plan.bytesAfter ? undefined : 'its parts are not as long as it says';
}

const bytesOf = (part: PlanPart): number =>
  part.part === 'text' ? Buffer.byteLength(part.text) : part.length;
