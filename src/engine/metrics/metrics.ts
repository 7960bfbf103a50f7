/** metrics: what a run did, for node_exporter's textfile collector. */
import { basename, dirname } from 'node:path';
import { openMode, writeOutput } from '../apply.js';
import { isInFuture } from '../checks/backup-order.js';
import type { Context } from '../context.js';
import { readSmallPlain, type Disk, type DiskReader } from '../disk.js';
import { EXIT, LogctlError, type ExitCode } from '../errors.js';
import type { Severity } from '../findings.js';
import { metricsText, parseMetrics, type MetricName, type Sample } from './metrics-text.js';
import type { Report } from '../model.js';
import { listBackups } from '../siblings.js';

/** A run that has ended. */
export interface MetricsRun {
  command: string;
  exitCode: ExitCode;
  /** Absent when the run ended before it had one. */
  report?: Report;
  backupDir?: string;
}

/** Sizes of one log, bytes; absent where the run did not learn them. */
interface Sizes {
  before?: number;
  after: number;
  live?: number;
}

const fileBytesMax = 16 * 1024 * 1024;
const severities: Severity[] = ['error', 'attention', 'notice'];
const windows = { '24h': 24 * 3_600_000, '7d': 7 * 24 * 3_600_000 };

/**
 * The samples in a metrics file; none where there is no file. Throws LogctlError `refused` for a
 * file that is not ours: better before the run than after it.
 */
export function readMetrics(disk: DiskReader, path: string): Sample[] {
  const stat = disk.lstat(path);
  if (stat === undefined) return [];
  const text = stat.kind === 'file' ? readSmallPlain(disk, path, fileBytesMax) : undefined;
  if (text !== undefined) return parseMetrics(text, path);
  const hint = 'name a file of its own for --metrics-textfile';
  throw new LogctlError('refused', `${path} is no metrics file of logctl`, hint, { path });
}

/**
 * Writes what a run did, by a temporary file and a rename. The series of other commands stay as
 * they are, those of this command are replaced; a failed run keeps the time of the last success. A
 * run that ended before it knew its logs counts for all that the file names. Throws LogctlError.
 */
export async function writeMetrics(
  context: Pick<Context, 'now' | 'say'> & { disk: Disk; random(): string },
  path: string,
  run: MetricsRun,
): Promise<void> {
  const before = readMetrics(context.disk, path);
  const folder = dirname(path);
  if (context.disk.stat(folder)?.kind !== 'directory') {
    throw new LogctlError('io', `${path}: no such directory`, `mkdir -p ${folder}`, { path });
  }
  const isOwn = ({ labels }: Sample) => labels.command === run.command;
  const old = before.filter(isOwn);
  const samples = [...before.filter((sample) => !isOwn(sample)), ...samplesOf(context, run, old)];
  const options = { force: true, random: context.random(), mode: openMode };
  await writeOutput(context, path, options, async (sink) => {
    await sink(Buffer.from(metricsText(samples)));
  });
}

function samplesOf(
  context: Pick<Context, 'now'> & { disk: Disk },
  run: MetricsRun,
  old: readonly Sample[],
): Sample[] {
  const logs = run.report === undefined || run.report.report === 'error' ? [] : run.report.logs;
  if (logs.length === 0) return outcomeOfAll(context, run, old);
  const label = labelsOf(logs.map(({ path }) => path));
  return logs.flatMap(({ path, exitCode }) => {
    const log = label(path);
    return [
      ...outcome(context, run.command, { log, exitCode }, old),
      ...facts(context, run, path, log),
    ];
  });
}

/** Nothing is known but that it failed: sizes and counts stay, what the last runs found out. */
function outcomeOfAll(context: Pick<Context, 'now'>, run: MetricsRun, old: readonly Sample[]) {
  const known = [...new Set(old.map(({ labels }) => labels.log))];
  const logs = known.length > 0 ? known : [''];
  const { command, exitCode } = run;
  const kept = old.filter(({ name }) => !outcomeNames.has(name));
  return [...logs.flatMap((log) => outcome(context, command, { log, exitCode }, old)), ...kept];
}

const outcomeNames = new Set<MetricName>([
  'logctl_exit_code',
  'logctl_last_run_seconds',
  'logctl_last_success_seconds',
]);

function outcome(
  context: Pick<Context, 'now'>,
  command: string,
  { log, exitCode }: { log: string; exitCode: ExitCode },
  old: readonly Sample[],
): Sample[] {
  const now = Math.floor(context.now() / 1_000);
  const last = old.find(({ name, labels }) => {
    return name === 'logctl_last_success_seconds' && labels.log === log;
  });
  const labels = { command, log };
  const success = exitCode === EXIT.ok ? now : (last?.value ?? 0);
  return [
    { name: 'logctl_exit_code', labels, value: exitCode },
    { name: 'logctl_last_run_seconds', labels, value: now },
    { name: 'logctl_last_success_seconds', labels, value: success },
  ];
}

function facts(
  context: Pick<Context, 'now'> & { disk: Disk },
  { command, report, backupDir }: MetricsRun,
  path: string,
  log: string,
): Sample[] {
  const labels = { command, log };
  const sizes = sizesOf(report!, path);
  const samples: Sample[] = [];
  const add = (name: MetricName, value: number | undefined, more: Record<string, string> = {}) => {
    if (value !== undefined) samples.push({ name, labels: { ...labels, ...more }, value });
  };
  if (sizes !== undefined) {
    add('logctl_log_bytes', sizes.before, { when: 'before' });
    add('logctl_log_bytes', sizes.after, { when: 'after' });
    add('logctl_live_bytes', sizes.live);
    if (sizes.live !== undefined) add('logctl_dead_bytes', Math.max(0, sizes.after - sizes.live));
  }
  const backups = listBackups(context.disk, path, backupDir);
  const now = context.now();
  add('logctl_backups', backups.length);
  for (const [window, ms] of Object.entries(windows)) {
    const recent = backups.filter((backup) => {
      return !isInFuture(backup.ms, now) && now - backup.ms <= ms;
    });
    add('logctl_compactions', recent.length, { window });
  }
  for (const severity of severities) {
    const found = report!.findings.filter((one) => {
      return one.severity === severity && belongsTo(one.path, path);
    });
    add('logctl_findings', found.length, { severity });
  }
  return samples;
}

function sizesOf(report: Report, path: string): Sizes | undefined {
  const isIt = (log: { path: string }) => log.path === path;
  switch (report.report) {
    case 'compact': {
      const log = report.logs.find(isIt)!;
      const { bytesBefore: before, bytesAfter: after, liveBytes } = log;
      return { before, after, live: liveBytes ?? undefined };
    }
    case 'verify': {
      const log = report.logs.find(isIt)!;
      // A quick look folds nothing, and a failure learns nothing.
      if (log.error !== undefined) return undefined;
      return { after: log.bytes, live: report.quick ? undefined : log.liveBytes };
    }
    case 'recover': {
      const { plan, result } = report.logs.find(isIt)!;
      if (plan === null) return undefined;
      const { bytesBefore: before, bytesAfter } = plan;
      const isDone = result === 'recovered' || result === 'recovered with loss';
      return { before, after: isDone ? bytesAfter : before };
    }
    default:
      return undefined;
  }
}

/** The log's own findings and those of its side files: mirror and backups begin with its name. */
function belongsTo(found: string, path: string): boolean {
  if (found === path) return true;
  const name = basename(path);
  const other = basename(found).replace(/^\./, '');
  return other.startsWith(`${name}.`) || other === name.replace(/\.log$/, '.json');
}

/** `players` for `…/players.log`; the whole path where two logs of a run share the name. */
function labelsOf(paths: readonly string[]): (path: string) => string {
  const short = (path: string) => basename(path).replace(/\.log$/, '');
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(short(path), (counts.get(short(path)) ?? 0) + 1);
  return (path) => (counts.get(short(path)) === 1 ? short(path) : path);
}
