/** verify: is it sound, and what could not be checked? Reads only, writes nothing, ever. */
import { analyse, backupPart, entriesOf, summaryOf, type Analysis } from './checks/analyse.js';
import { checkBackups, reportBackups } from './checks/backups.js';
import { decodedContext } from './decode/decoded-disk.js';
import type { Context, VerifyOptions } from './context.js';
import { worstExit } from './errors.js';
import type { Finding } from './findings.js';
import type { Log } from './log.js';
import type { BackupPart, VerifyLogPart, VerifyReport } from './model.js';
import { envelope, exitOf, failureOf, nextFor, uncheckedWords, verdictOf } from './report.js';
import { scanTail } from './checks/scan-tail.js';
import type { FailedTarget } from './store-search.js';
import { resolveTargets } from './targets.js';
import { plural } from './text.js';

const findingsMax = 1_000;

/**
 * Checks logs. With several, one that fails has its `error` and the others go on; a single one
 * throws LogctlError. Findings beyond `maxFindings` (per code, default 1,000) are only counted.
 */
export async function verify(
  outside: Context,
  targets: string[],
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const context = decodedContext(outside, options);
  const startedAt = context.now();
  const failed: FailedTarget[] = [];
  const { logs } = await resolveTargets(context, targets, options, failed);
  const collected: Collected = { findings: [], notChecked: new Set(), cut: 0 };
  const parts: VerifyLogPart[] = [];
  const isOneOfMany = targets.length > 1 || logs.length + failed.length > 1;
  for (const log of logs) {
    parts.push(await verifyOne(context, log, options, collected, isOneOfMany));
  }
  for (const { path, error } of failed) {
    parts.push(failedPart(context, { path, dialect: '' }, error));
  }
  const findings = collected.findings.slice(0, options.maxFindings ?? Infinity);
  const target = targets.length === 1 ? targets[0] : logs.length === 1 ? logs[0].path : undefined;
  const next = nextSteps(parts, collected.findings, target);
  const notChecked = [...collected.notChecked];
  return {
    ...envelope(context, 'verify', startedAt, parts, { findings, notChecked, next }),
    report: 'verify',
    quick: options.quick === true,
    findingsCut: collected.cut + collected.findings.length - findings.length,
  };
}

interface Collected {
  findings: Finding[];
  notChecked: Set<string>;
  cut: number;
}

async function verifyOne(
  context: Context,
  log: Log,
  options: VerifyOptions,
  collected: Collected,
  isOneOfMany: boolean,
): Promise<VerifyLogPart> {
  try {
    return options.quick === true
      ? await verifyQuick(context, log, options, collected)
      : await verifyWhole(context, log, options, collected);
  } catch (error) {
    if (!isOneOfMany) throw error;
    return failedPart(context, { path: log.path, dialect: log.dialect.name }, error);
  }
}

function failedPart(
  context: Context,
  log: { path: string; dialect: string },
  error: unknown,
): VerifyLogPart {
  const { exitCode, ...failure } = failureOf(error, context);
  return { ...emptyPart(log), exitCode, verdict: verdictOf(exitCode), error: failure };
}

async function verifyWhole(
  context: Context,
  log: Log,
  options: VerifyOptions,
  collected: Collected,
): Promise<VerifyLogPart> {
  const maxFindings = options.maxFindings ?? findingsMax;
  const analysis = await analyse(context, log, { ...options, maxFindings });
  const { scan, backups, mirror } = analysis;
  scan.close();
  const findings = analysis.findings.inOrder();
  for (const one of findings) collected.findings.push(one);
  collected.cut += analysis.findings.cut;
  for (const words of notChecked(analysis)) collected.notChecked.add(words);
  const exitCode = exitOf(findings, options.failOn);
  return {
    path: log.path,
    dialect: log.dialect.name,
    verdict: verdictOf(exitCode),
    exitCode,
    bytes: scan.bytes,
    lines: scan.lines,
    ...summaryOf(scan),
    checked: checkedWords(analysis),
    backups: backups.map(backupPart),
    mirror,
  };
}

/** Tail, size and newest backup: what cron can afford each minute. */
async function verifyQuick(
  context: Context,
  log: Log,
  options: VerifyOptions,
  collected: Collected,
): Promise<VerifyLogPart> {
  const { findings, bytes, tail } = await scanTail(context, log);
  const backups = await checkBackups(context, log, { ...options, onlyNewest: true });
  reportBackups(context, log, backups, findings, options.maxBackupAge);
  collected.findings.push(...findings.inOrder());
  collected.notChecked.add('everything but the last line and the newest backup (--quick)');
  const exitCode = exitOf(findings.all, options.failOn);
  return {
    ...emptyPart({ path: log.path, dialect: log.dialect.name }),
    verdict: verdictOf(exitCode),
    exitCode,
    bytes,
    tail,
    checked: ['the last line', ...backupWords(backups)],
    backups: backups.map(backupPart),
  };
}

function emptyPart(log: { path: string; dialect: string }): VerifyLogPart {
  const exitCode = 0;
  return {
    ...log,
    verdict: 'ok',
    exitCode,
    bytes: 0,
    lines: 0,
    entries: {},
    firstTime: null,
    lastTime: null,
    keys: { live: 0, upstream: 0, removed: 0 },
    liveBytes: 0,
    reclaimableBytes: 0,
    tail: 'empty',
    checked: [],
    backups: [],
    mirror: null,
  };
}

function checkedWords({ scan, backups, mirror }: Analysis): string[] {
  const { entries } = summaryOf(scan);
  const { checkpointOps } = scan.log.dialect;
  const checkpoints = checkpointOps.reduce((sum, op) => sum + entries[op], 0);
  return [
    'UTF-8',
    'JSON',
    'entry rules',
    ...(scan.checksummed > 0 ? [plural(scan.checksummed, 'checksum')] : []),
    ...(checkpoints > 0 ? [plural(checkpoints, 'checkpoint')] : []),
    ...backupWords(backups),
    ...(mirror !== null && mirror.state !== 'missing' ? ['the mirror'] : []),
  ];
}

const backupWords = (backups: readonly { verdict: string }[]) => {
  const read = backups.filter(({ verdict }) => verdict !== 'unread').length;
  return read > 0 ? [plural(read, 'backup')] : [];
};

function notChecked({ log, scan, backups, mirror }: Analysis): string[] {
  const words = uncheckedWords(entriesOf(scan), scan.checksummed);
  const { about, writes } = log.dialect;
  if (about !== undefined) words.push(`what the lines mean: ${about}`);
  if (log.path === '-') words.push('backups, mirror and writers: standard input has none');
  else if (mirror === null && writes !== undefined) {
    words.push('the main JSON file: none belongs to this log');
  }
  const isOurs = ({ companion }: BackupPart) => companion !== true;
  if (log.dialect.compaction === 'lines' && backups.some(isOurs)) {
    words.push('entries that came late into a backup: what is left of a compaction names no size');
  }
  return [...words, ...(log.dialect.notChecked ?? [])];
}

function nextSteps(parts: VerifyLogPart[], findings: Finding[], target: string | undefined) {
  const acting = parts.filter(({ exitCode }) => exitCode !== 0);
  const one = acting.length === 1 ? acting[0].path : target;
  if (worstExit(acting.map(({ exitCode }) => exitCode)) === 0 || one === undefined) return [];
  return one === '-' ? [] : nextFor(findings, parts.length > 1 && target ? target : one);
}
