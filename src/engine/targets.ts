/** targets: what the words of a command line name: logs, directories of logs, globs, `-`. */
import { basename, dirname, join } from 'node:path';
import type { Context, TargetOptions } from './context.js';
import { isInterruption, LogctlError } from './errors.js';
import { expandGlob, isGlob } from './glob.js';
import { companionSuffixes as suffixes } from './dialects/index.js';
import { openLog, type Log } from './log.js';
import { isSideFile, listBackups } from './siblings.js';
import { isLogByName, logsIn, storeAt, type FailedTarget } from './store-search.js';
import { plural } from './text.js';

/** What was found: logs in the order named, and the directories that were searched for them. */
export interface Targets {
  logs: Log[];
  directories: string[];
}

/**
 * Resolves targets. Paths stay as they were written. Throws LogctlError: `not-found` or
 * `not-a-log` (exit 10) with the logs nearby, `usage` when nothing was named and nothing is here.
 * With `failed`, what several targets throw goes there, and the others are resolved all the same.
 */
export async function resolveTargets(
  context: Context,
  targets: readonly string[],
  options: TargetOptions,
  failed?: FailedTarget[],
): Promise<Targets> {
  const found: Targets = { logs: [], directories: [] };
  const words = targets.length > 0 ? targets : [await defaultTarget(context)];
  for (const word of words) {
    try {
      await addTarget(context, found, word, options, failed);
    } catch (error) {
      if (failed === undefined || words.length === 1) throw error;
      if (isInterruption(error)) throw error;
      failed.push({ path: word, error });
    }
  }
  const seen = new Set<string>();
  found.logs = found.logs.filter(({ path }) => !seen.has(path) && seen.add(path));
  const how = options.dialect === undefined ? 'from its content' : 'named by --dialect';
  for (const { path, dialect } of found.logs) {
    context.say?.(1, `${path}: dialect ${dialect.name}, ${how}`);
  }
  return found;
}

async function defaultTarget(context: Context): Promise<string> {
  for (const word of ['data/logs', 'data']) {
    const logs = await logsIn(context, word, {}, []);
    if (logs.length === 0) continue;
    context.say?.(0, `no target named: taking ${word}`);
    return word;
  }
  const hint = 'name a log or a directory: logctl inspect data';
  throw new LogctlError('usage', 'no target, and no logs in data/logs or data here', hint);
}

async function addTarget(
  context: Context,
  found: Targets,
  word: string,
  options: TargetOptions,
  failed: FailedTarget[] | undefined,
): Promise<void> {
  if (word === '-') {
    found.logs.push(await openLog(context, '-', options));
    return;
  }
  const stat = context.disk.stat(word);
  if (stat === undefined && isGlob(word)) return addGlob(context, found, word, options, failed);
  if (stat?.kind === 'directory') {
    const store = storeAt(context, word, options, true);
    if (store !== undefined) return void found.logs.push(store);
    const unread: FailedTarget[] = [];
    const logs = await logsIn(context, word, options, unread);
    if (unread.length > 0 && (failed === undefined || logs.length === 0)) throw unread[0].error;
    if (logs.length === 0) throw nothingHere(context, word);
    failed?.push(...unread);
    found.logs.push(...logs);
    found.directories.push(word);
    return;
  }
  if (stat === undefined && !hasSiblings(context, word, options)) throw noSuchFile(context, word);
  found.logs.push(await openLog(context, word, options));
}

async function addGlob(
  context: Context,
  found: Targets,
  word: string,
  options: TargetOptions,
  failed: FailedTarget[] | undefined,
): Promise<void> {
  const paths = expandGlob(context.disk, word).filter((path) => !isSideFile(basename(path)));
  if (paths.length === 0) throw noSuchFile(context, word);
  for (const path of paths) await addTarget(context, found, path, options, failed);
}

function hasSiblings(context: Context, word: string, options: TargetOptions): boolean {
  const isLeft = (suffix: string) => context.disk.stat(word + suffix)?.kind === 'file';
  return listBackups(context.disk, word, options.backupDir).length > 0 || suffixes.some(isLeft);
}

function noSuchFile(context: Context, word: string): LogctlError {
  const near = logsNearby(context, word);
  const hint =
    near === undefined
      ? `the nearest directory that is there: ${nearestDirectory(context, word)}`
      : `${near.folder} holds ${plural(near.names.length, 'log')}: ${near.names.join(', ')}`;
  const next = near === undefined ? [] : [['logctl', 'inspect', near.folder]];
  return new LogctlError('not-found', `${word}: no such file`, hint, { path: word, next });
}

function nearestDirectory(context: Context, word: string): string {
  let folder = dirname(word);
  while (folder !== dirname(folder) && context.disk.stat(folder) === undefined) {
    folder = dirname(folder);
  }
  return folder === '.' ? 'the working directory' : folder;
}

/** Logs, by their names alone, in the named directory, its `logs`, or `data/logs` here. */
function logsNearby(context: Context, word: string) {
  const folders = [dirname(word), join(dirname(word), 'logs'), 'data/logs'];
  for (const folder of folders) {
    const all = context.disk.list(folder) ?? [];
    const names = all.filter((name) => isLogByName(name) && !isSideFile(name)).slice(0, 12);
    if (names.length > 0) return { folder, names };
  }
  return undefined;
}

function nothingHere(context: Context, word: string): LogctlError {
  const { hint, next } = waysOn(context, word);
  const details = { path: word, next };
  return new LogctlError('not-found', `${word}: no logs in this directory`, hint, details);
}

/** What to look at instead of the directory `word`. */
function waysOn(context: Context, word: string): { hint: string; next: string[][] } {
  const near = logsNearby(context, join(word, 'x'));
  if (near === undefined) return { hint: 'name a log file, or a directory of logs', next: [] };
  const { folder, names } = near;
  const own = dirname(join(word, 'x'));
  if (folder !== own && folder !== join(own, 'logs')) {
    return { hint: `logs nearby: ${folder}`, next: [['logctl', 'inspect', folder]] };
  }
  // Logs by their names alone: their directory was just searched. Asked for, one is described.
  const paths = names.map((name) => join(folder, name));
  return {
    hint: `of no known format: ${paths.join(', ')}`,
    next: [['logctl', 'inspect', paths[0]]],
  };
}
