/** store-search: the logs and stores in a directory tree, lost ones with copies included. */
import { join } from 'node:path';
import type { Context, TargetOptions } from './context.js';
import { companionSuffixes } from './dialects/index.js';
import { isInterruption, LogctlError } from './errors.js';
import { openLogAs, probeDirectory, probeFile, recogniseStore, type Log } from './log.js';
import { dialectNamed, recognise, refuseOthersOptions } from './recognise.js';
import { isSideFile, logOfBackup } from './siblings.js';
import { goneIn } from './listed-files.js';

/** A target of several that names no log: the others go on. `error`: whatever was thrown. */
export interface FailedTarget {
  path: string;
  error: unknown;
}

/** Directories below one that was named: deeper ones are no part of a data directory. */
const depthMax = 8;
/** Programs keep other people's files there. */
const passedOver = new Set(['node_modules', '.git']);

/**
 * The store that a directory is; undefined where it is none, or not of the dialect named.
 * `isNamed`: the operator named this very directory. Throws LogctlError.
 */
export function storeAt(
  context: Context,
  path: string,
  options: TargetOptions,
  isNamed: boolean,
): Log | undefined {
  const probe = probeDirectory(context, path, isNamed);
  const dialect = probe && recognise(probe);
  if (probe === undefined || dialect === undefined) return undefined;
  if (options.dialect !== undefined && options.dialect !== dialect.name) return undefined;
  refuseOthersOptions(probe, dialect, options);
  return openLogAs(context, path, dialect.withOptions?.(options) ?? dialect);
}

/**
 * The logs in a directory and below it, in order of their paths; symbolic links to directories are
 * not followed. One that cannot be read goes to `unread` and hides no other.
 */
export async function logsIn(
  context: Context,
  folder: string,
  options: TargetOptions,
  unread: FailedTarget[],
  depth = 0,
): Promise<Log[]> {
  const logs: Log[] = [];
  const names = context.disk.list(folder) ?? [];
  for (const name of candidates(names)) {
    const path = join(folder, name);
    try {
      logs.push(...(await logsAt(context, path, options, unread, depth)));
    } catch (error) {
      // Gone since it was listed: there is nothing to say of it.
      if (error instanceof LogctlError && goneIn(context.disk, error) === path) continue;
      if (isInterruption(error)) throw error;
      unread.push({ path, error });
    }
  }
  return logs;
}

/** Names that may be logs: those that are there, and those whose copies are left. */
function candidates(names: readonly string[]): string[] {
  const lost = names.flatMap((name) => logOfBackup(name) ?? logOfCompanion(name) ?? []);
  const there = names.filter((name) => !isSideFile(name) && !isCompanion(name, names));
  return [...new Set([...there, ...lost])].sort();
}

function logOfCompanion(name: string): string | undefined {
  const suffix = companionSuffixes.find((one) => name.endsWith(one) && name.length > one.length);
  // A name is a guess here: only those that look like a log of their own count.
  const log = suffix && name.slice(0, -suffix.length);
  return log !== undefined && isLogByName(log) ? log : undefined;
}

/** True for the endings that logs and stores of one file have, whatever is in them. */
export const isLogByName = (name: string): boolean => /\.(jsonl|db|ndjson|log)$/.test(name);

/** True for a copy beside its log; alone it is looked at itself, too. */
function isCompanion(name: string, names: readonly string[]): boolean {
  const log = logOfCompanion(name);
  return (
    log !== undefined ||
    companionSuffixes.some((one) => {
      return name.endsWith(one) && names.includes(name.slice(0, -one.length));
    })
  );
}

async function logsAt(
  context: Context,
  path: string,
  options: TargetOptions,
  unread: FailedTarget[],
  depth: number,
): Promise<Log[]> {
  const { disk } = context;
  const stat = disk.stat(path);
  if (stat?.kind === 'directory') {
    const store = storeAt(context, path, options, false);
    if (store !== undefined) return [store];
    const isPassed = passedOver.has(path.slice(path.lastIndexOf('/') + 1));
    if (isPassed || depth >= depthMax || disk.lstat(path)?.kind === 'symlink') return [];
    return logsIn(context, path, options, unread, depth + 1);
  }
  if (stat !== undefined && stat.kind !== 'file') return [];
  const probe = await probeFile(context, path, false);
  const named = options.dialect === undefined ? undefined : dialectNamed(options.dialect);
  const isNamed = named?.recognises(probe) === true;
  const dialect = isNamed ? named : await recogniseStore(context, probe, options);
  if (dialect === undefined || (named !== undefined && named !== dialect)) return [];
  const log = openLogAs(context, path, dialect.withOptions?.(options) ?? dialect);
  return [{ ...log, isFound: true }];
}
