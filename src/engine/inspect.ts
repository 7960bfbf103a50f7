/** inspect: what is in here, and should I care? */
import { basename, dirname, join } from 'node:path';
import { analyse, backupPart, summaryOf, type Analysis } from './checks/analyse.js';
import { restoreWindow } from './checks/backups.js';
import { decodedContext } from './decode/decoded-disk.js';
import type { Context, InspectOptions } from './context.js';
import { EXIT } from './errors.js';
import type { Finding } from './findings.js';
import { keyToString } from './keydir/key-bytes.js';
import type { Keydir } from './keydir/keydir.js';
import type { Log } from './log.js';
import type { DirectoryTotals, InspectLogPart, InspectReport, LargestKey } from './model.js';
import { envelope, exitOf, failureOf, nextFor, verdictOf } from './report.js';
import { KIND } from './scan/kernel.js';
import { isSideFile } from './siblings.js';
import type { FailedTarget } from './store-search.js';
import { resolveTargets } from './targets.js';

const topDefault = 3;
const dayMs = 86_400_000;

/**
 * Looks at logs. With several, one that fails has its `error` and the others go on; a single one
 * throws LogctlError. One directory as target adds `totals`.
 */
export async function inspect(
  outside: Context,
  targets: string[],
  options: InspectOptions = {},
): Promise<InspectReport> {
  const context = decodedContext(outside, options);
  const startedAt = context.now();
  const failed: FailedTarget[] = [];
  const { logs, directories } = await resolveTargets(context, targets, options, failed);
  const findings: Finding[] = [];
  const parts: InspectLogPart[] = [];
  const isOneOfMany = targets.length > 1 || logs.length + failed.length > 1;
  for (const log of logs) {
    parts.push(await inspectOne(context, log, options, findings, isOneOfMany));
  }
  for (const { path, error } of failed) {
    parts.push(failedPart(context, { path, dialect: '' }, error));
  }
  const target = directories.length === 1 && logs.length > 1 ? directories[0] : undefined;
  const next = nextSteps(parts, findings, target);
  const report: InspectReport = {
    ...envelope(context, 'inspect', startedAt, parts, { findings, next }),
    report: 'inspect',
  };
  if (directories.length === 1 && targets.length <= 1)
    report.totals = totalsOf(context, directories[0], parts);
  return report;
}

async function inspectOne(
  context: Context,
  log: Log,
  options: InspectOptions,
  findings: Finding[],
  isOneOfMany: boolean,
): Promise<InspectLogPart> {
  try {
    const analysis = await analyse(context, log, options);
    analysis.scan.close();
    const own = analysis.findings.inOrder();
    for (const one of own) findings.push(one);
    return partOf(context, analysis, own, options.top ?? topDefault);
  } catch (error) {
    if (!isOneOfMany) throw error;
    return failedPart(context, { path: log.path, dialect: log.dialect.name }, error);
  }
}

function partOf(
  context: Context,
  analysis: Analysis,
  findings: readonly Finding[],
  top: number,
): InspectLogPart {
  const { log, scan, backups, mirror, writers } = analysis;
  const exitCode = exitOf(findings);
  const { firstTime, lastTime, firstKind } = scan.counter;
  const written = Number.isNaN(lastTime) ? context.disk.stat(log.path)?.mtimeMs : lastTime;
  const store = log.dialect.describe?.(context, log.path);
  const start = { firstTime, startsWithState: firstKind === KIND.state };
  return {
    path: log.path,
    dialect: log.dialect.name,
    verdict: verdictOf(exitCode),
    exitCode,
    bytes: scan.bytes,
    lines: scan.lines,
    ...summaryOf(scan),
    lastEntryAgeMs: written === undefined ? null : Math.round(context.now() - written),
    writers: writers?.holders ?? null,
    hiddenProcesses: writers?.hidden ?? 0,
    backups: backups.map(backupPart),
    restore: restoreWindow(start, backups),
    mirror,
    largest: largestKeys(scan.keydir, top),
    ...(store === undefined ? {} : { store }),
    growthBytesPerDay: growthOf(analysis),
  };
}

/** A log without a verdict, and why. */
function failedPart(
  context: Context,
  log: { path: string; dialect: string },
  error: unknown,
): InspectLogPart {
  const { exitCode, ...failure } = failureOf(error, context);
  return {
    ...log,
    verdict: verdictOf(exitCode),
    exitCode,
    error: failure,
    bytes: 0,
    lines: 0,
    entries: {},
    firstTime: null,
    lastTime: null,
    keys: { live: 0, upstream: 0, removed: 0 },
    liveBytes: 0,
    reclaimableBytes: 0,
    tail: 'empty',
    lastEntryAgeMs: null,
    writers: null,
    hiddenProcesses: 0,
    backups: [],
    restore: { since: null, gaps: [] },
    mirror: null,
    largest: [],
    growthBytesPerDay: null,
  };
}

/** The keys with the longest values, longest first. */
function largestKeys(keydir: Keydir, top: number): LargestKey[] {
  const largest: { index: number; bytes: number }[] = [];
  for (const index of keydir.order('documented')) {
    const bytes = keydir.at(index).length;
    if (largest.length === top && bytes <= (largest.at(-1)?.bytes ?? 0)) continue;
    const place = largest.findIndex((other) => other.bytes < bytes);
    largest.splice(place < 0 ? largest.length : place, 0, { index, bytes });
    if (largest.length > top) largest.pop();
  }
  return largest.map(({ index, bytes }) => {
    return { key: keyToString(keydir.key(index)), bytes, versions: keydir.at(index).versions };
  });
}

/** Bytes a day that appends add: all but the checkpoint at the start, over the time they took. */
function growthOf({ scan }: Analysis): number | null {
  const { firstTime, lastTime, headBytes } = scan.counter;
  const elapsed = lastTime - firstTime;
  if (!(elapsed > 0)) return null;
  return Math.round(((scan.bytes - headBytes) * dayMs) / elapsed);
}

function totalsOf(context: Context, path: string, parts: InspectLogPart[]): DirectoryTotals {
  const backups = parts.flatMap((part) => part.backups);
  const growth = parts.map(({ growthBytesPerDay }) => growthBytesPerDay ?? 0);
  const folders = new Set([path, join(path, 'logs'), ...parts.map((part) => dirname(part.path))]);
  const names = [...folders].flatMap((folder) => context.disk.list(folder) ?? []);
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
  return {
    path,
    logs: parts.length,
    logBytes: sum(parts.map(({ bytes }) => bytes)),
    backups: backups.length,
    backupBytes: sum(backups.map(({ bytes }) => bytes)),
    mirrors: parts.filter(({ mirror }) => mirror !== null && mirror.state !== 'missing').length,
    sideFiles: names.filter((name) => isSideFile(basename(name))).length - backups.length,
    freeBytes: context.disk.freeBytes(path),
    growthBytesPerDay: growth.some((bytes) => bytes > 0) ? sum(growth) : null,
  };
}

function nextSteps(parts: InspectLogPart[], findings: Finding[], directory: string | undefined) {
  const acting = parts.filter(({ exitCode }) => exitCode !== EXIT.ok);
  const codes = new Set(acting.map(({ exitCode }) => exitCode));
  const target = directory ?? (acting[0] ?? parts[0])?.path;
  if (target === undefined || target === '-') return [];
  if (codes.has(EXIT.damaged)) return nextFor(findings, target);
  if (codes.has(EXIT.attention)) {
    const why = 'reads everything and says what it did not check';
    return [{ argv: ['logctl', 'verify', target], why, writes: false }];
  }
  const due = findings.find(({ code }) => code === 'compaction-due');
  if (due === undefined) return [];
  const why = `${due.message}; this only shows what it would do`;
  return [{ argv: ['logctl', 'compact', '--dry-run', target], why, writes: false }];
}
