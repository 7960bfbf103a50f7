/** bench-fsync: can this disk keep the promises that a log makes? */
import { basename, dirname, join } from 'node:path';
import { deviceOf } from './bench-fsync/bench-fsync-device.js';
import {
  METHODS,
  type Bench,
  type Method,
  type Rounds,
} from './bench-fsync/bench-fsync-methods.js';
import type {
  BenchEntrySizes,
  BenchFsyncPart,
  BenchFsyncReport,
  BenchMethod,
} from './bench-fsync/bench-fsync-model.js';
import { percentilesOf, roundsNeeded } from './bench-fsync/bench-fsync-percentiles.js';
import { profileOf, WriteProfile } from './bench-fsync/bench-fsync-profile.js';
import { EntryBytes, Scratch, scratchPrefix } from './bench-fsync/bench-fsync-scratch.js';
import { answerOf, diskFindings } from './bench-fsync/bench-fsync-verdict.js';
import type { BenchContext, BenchFsyncOptions } from './context.js';
import { LogctlError } from './errors.js';
import { finding, type Finding } from './findings.js';
import type { Log } from './log.js';
import { envelope, exitOf, verdictOf } from './report.js';
import { resolveTargets } from './targets.js';
import { noSpaceWords, thousands } from './text.js';
import { shellQuote } from './shell-quote.js';

const roundsDefault = 2_000;
/** Of each method, where no rounds were asked for: all of them end within two minutes. */
const budgetDefaultMs = 10_000;
const warmUpRounds = 50;
const warmUpMs = 2_500;
/** A method writes no more, whatever its rounds: large entries would fill the disk. */
const bytesMax = 1 << 28;
/** Sizes that stand for those of a log; odd, so that the median is one of them. */
const sizesTaken = 63;
/** About what a game bot writes; only where there is no entry to learn from. */
const sizeDefault = 512;
/** A scratch file that nobody wrote to for so long was left by a run that was killed. */
const leftoverMs = 60_000;

/**
 * Measures each directory that holds a target, with scratch files that are removed however it
 * ends; the logs are only read. Rounds are asked for, or as many of 2,000 as fit into 10 s.
 * Throws LogctlError, also when the user interrupts.
 */
export async function benchFsync(
  context: BenchContext,
  targets: string[],
  options: BenchFsyncOptions = {},
): Promise<BenchFsyncReport> {
  const startedAt = context.now();
  const places = await placesOf(context, targets, options);
  const parts: BenchFsyncPart[] = [];
  const findings: Finding[] = [];
  for (const place of places) {
    const { part, found } = await benchDirectory(context, place, options);
    parts.push(part);
    findings.push(...found);
  }
  const { rounds = roundsDefault } = options;
  const budgetMs = options.rounds === undefined ? budgetDefaultMs : null;
  const rest = { findings, notChecked: notChecked(parts), next: [] };
  const filled = envelope(context, 'bench-fsync', startedAt, parts, rest);
  return { ...filled, report: 'bench-fsync', rounds, budgetMs };
}

/** A directory, and the logs in it that were named. */
interface Place {
  directory: string;
  logs: Log[];
}

async function placesOf(
  context: BenchContext,
  targets: string[],
  options: BenchFsyncOptions,
): Promise<Place[]> {
  if (targets.includes('-')) {
    throw new LogctlError('usage', 'standard input lies on no disk', 'name a log or a directory');
  }
  const places = new Map<string, Place>();
  const placeAt = (directory: string): Place => {
    const place = places.get(directory) ?? { directory, logs: [] };
    places.set(directory, place);
    return place;
  };
  for (const word of targets.length > 0 ? targets : [undefined]) {
    try {
      const { logs } = await resolveTargets(context, word === undefined ? [] : [word], options);
      for (const log of logs) placeAt(dirname(log.path)).logs.push(log);
    } catch (error) {
      // Before the first log is there is the best time to ask.
      const isEmpty = error instanceof LogctlError && error.code === 'not-found';
      const isDirectory = word !== undefined && context.disk.stat(word)?.kind === 'directory';
      if (!isEmpty || !isDirectory) throw error;
      placeAt(word);
    }
  }
  return [...places.values()];
}

async function benchDirectory(
  context: BenchContext,
  { directory, logs }: Place,
  options: BenchFsyncOptions,
): Promise<{ part: BenchFsyncPart; found: Finding[] }> {
  const profile = new WriteProfile();
  for (const log of logs) profile.join(await profileOf(context, log, options));
  const known = profile.sizesAtRanks(sizesTaken);
  const list = known.length > 0 ? known : [sizeDefault];
  const sizes: BenchEntrySizes = {
    median: list[(list.length - 1) / 2],
    largest: list[list.length - 1],
    from: known.length > 0 ? 'log' : 'default',
  };
  const leftovers = leftoversIn(context, directory);
  const device = deviceOf(context.disk, directory);
  const methods = await runMethods(context, directory, list, options);
  const answer = answerOf(methods, profile.busiestMinute);
  const fsType = context.disk.fsType(directory);
  const found = [...diskFindings(directory, fsType, { device, methods, answer }), ...leftovers];
  const exitCode = exitOf(found);
  const part: BenchFsyncPart = {
    path: logs.length === 1 ? logs[0].path : directory,
    dialect: [...new Set(logs.map(({ dialect }) => dialect.name))].join(' '),
    ...{ verdict: verdictOf(exitCode), exitCode, bytes: profile.bytes, lines: profile.lines },
    ...{ directory, device, sizes, methods, answer },
  };
  return { part, found };
}

async function runMethods(
  context: BenchContext,
  directory: string,
  sizes: readonly number[],
  options: BenchFsyncOptions,
): Promise<BenchMethod[]> {
  const { disk } = context;
  const groupMost = Math.max(...METHODS.map(({ group }) => group ?? 0));
  requireRoom(context, directory, bytesMax + groupMost * Math.max(...sizes));
  const scratch = new Scratch(disk, directory, context.random);
  const entries = new EntryBytes(sizes);
  const bench: Bench = {
    ...{ disk, directory },
    next: (count) => entries.take(count),
    scratch: () => scratch.path(),
  };
  const results: BenchMethod[] = [];
  try {
    for (const method of METHODS) {
      const result = await runMethod(context, method, bench, entries, options);
      if (result !== undefined) results.push(result);
    }
  } finally {
    scratch.remove();
  }
  return results;
}

async function runMethod(
  context: BenchContext,
  method: Method,
  bench: Bench,
  entries: EntryBytes,
  { rounds = roundsDefault, rounds: asked }: BenchFsyncOptions,
): Promise<BenchMethod | undefined> {
  const ready = method.start(bench);
  if (ready === undefined) return undefined;
  const budgetMs = asked === undefined ? budgetDefaultMs : Infinity;
  const bytesBefore = entries.given;
  const room = (share: number) => entries.given - bytesBefore < share * bytesMax;
  const durations = new Float64Array(rounds);
  let done = 0;
  try {
    // A slow disk is warm after fewer rounds.
    for (let ms = 0, at = 0; at < warmUpRounds && ms < warmUpMs && room(0.1); at++) {
      ms += await timeRound(context, ready, bench, entries);
    }
    const sinceMs = context.clockMs();
    const goesOn = () => context.clockMs() - sinceMs < budgetMs && room(1);
    for (; done < rounds && (done === 0 || goesOn()); done++) {
      durations[done] = await timeRound(context, ready, bench, entries);
    }
  } finally {
    ready.close();
  }
  return resultOf(method, durations.subarray(0, done));
}

async function timeRound(
  { clockMs, progress, checkpoint }: BenchContext,
  ready: Rounds,
  { directory: path }: Bench,
  { given }: EntryBytes,
): Promise<number> {
  ready.before?.();
  const startedMs = clockMs();
  ready.round();
  const took = clockMs() - startedMs;
  progress?.({ phase: 'write', path, done: given, total: 0 });
  await checkpoint?.();
  return took;
}

function resultOf({ name, group }: Method, durations: Float64Array): BenchMethod {
  const rounds = durations.length;
  const totalMs = durations.reduce((sum, ms) => sum + ms, 0);
  const entriesPerSecond = group === null ? null : (group * rounds * 1_000) / totalMs;
  return { name, group, rounds, entriesPerSecond, ...percentilesOf(durations) };
}

function requireRoom({ disk }: BenchContext, directory: string, needed: number): void {
  const free = disk.freeBytes(directory);
  if (free >= needed) return;
  const message = noSpaceWords(directory, { needed, free });
  throw new LogctlError('no-space', message, `df -h ${shellQuote(directory)}`, { path: directory });
}

function leftoversIn({ disk, now }: BenchContext, directory: string): Finding[] {
  const names = (disk.list(directory) ?? []).filter((name) => name.startsWith(scratchPrefix));
  return names.flatMap((name) => {
    const path = join(directory, name);
    const stat = disk.lstat(path);
    // Young ones are another benchmark's, at work now.
    if (stat === undefined || now() - stat.mtimeMs < leftoverMs) return [];
    const words = `${basename(path)}: a benchmark was killed; it holds nothing, remove it`;
    return [finding('leftover-temp', path, words, { impact: 'harmless' })];
  });
}

function notChecked(parts: readonly BenchFsyncPart[]): string[] {
  const few = (least: number) =>
    parts.some(({ methods }) => methods.some(({ rounds }) => rounds < least));
  const words = (name: string, least: number) =>
    few(least) ? [`${name}: it needs ${thousands(least)} rounds (--rounds ${least})`] : [];
  return [
    ...words('p99', roundsNeeded.p99),
    ...words('p99.9', roundsNeeded.p999),
    'whether the disk keeps what fsync promised: only a power cut can show that',
  ];
}
