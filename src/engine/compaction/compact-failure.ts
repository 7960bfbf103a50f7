/** compact-failure: why one log was not compacted: its part of the report, findings, next steps. */
import { dirname } from 'node:path';
import { analyse } from '../checks/analyse.js';
import { bytesOf } from './compact-due.js';
import type { CompactOptions, WriteContext } from '../context.js';
import { lateFinding } from '../checks/late-entries.js';
import { EXIT, LogctlError } from '../errors.js';
import { finding, type Finding } from '../findings.js';
import type { LateBackup } from './late-backup.js';
import type { Log } from '../log.js';
import type { CompactLogPart, Failure, NextStep } from '../model.js';
import { failureOf, nextFor, verdictOf } from '../report.js';
import { listBackups } from '../siblings.js';
import type { FailedTarget } from '../store-search.js';

/** What is said of one log. */
export interface CompactOutcome {
  part: CompactLogPart;
  findings: Finding[];
  next: NextStep[];
}

/** The part of a log of which nothing is known but its files. */
export function plainPart(
  { disk }: WriteContext,
  log: Log,
  { backupDir }: CompactOptions,
): CompactLogPart {
  const backupsKept = listBackups(disk, log.path, backupDir).length;
  return {
    ...noPart(log.path),
    dialect: log.dialect.name,
    backupsKept,
    ...sizes(bytesOf(disk, log)),
  };
}

/** The part of a target that led to no log. */
export function failedTarget(context: WriteContext, { path, error }: FailedTarget): CompactOutcome {
  const { exitCode, ...failure } = failureOf(error, context);
  const verdict = verdictOf(exitCode);
  const part: CompactLogPart = { ...noPart(path), result: 'not compacted', exitCode, verdict };
  return { part: { ...part, error: failure }, findings: [], next: stepsOf(error) ?? [] };
}

function noPart(path: string): CompactLogPart {
  return {
    ...{ path, dialect: '', verdict: 'ok', exitCode: 0, lines: 0, result: 'skipped', ...sizes(0) },
    ...{ stateHash: null, upstreamHash: null, keysKeptForReader: 0, keys: null, liveBytes: null },
    ...{ backup: null, backupsKept: 0, backupsRemoved: [], quarantine: null, heldMs: 0 },
    ...{ neededBytes: 0, freeBytes: 0 },
  };
}

const sizes = (bytes: number) => ({ bytes, bytesBefore: bytes, bytesAfter: bytes });

function stepsOf(error: unknown): NextStep[] | undefined {
  const next = error instanceof LogctlError ? error.details.next : undefined;
  return next?.map((argv) => ({ argv, why: '', writes: false }));
}

/**
 * Says why a log was not compacted. A damaged log is read again, for the findings that name the
 * damage; a busy one is looked up for who has it open. Interruptions are rethrown.
 */
export async function compactFailure(
  context: WriteContext,
  log: Log,
  options: CompactOptions,
  error: unknown,
): Promise<CompactOutcome> {
  const { exitCode, ...failure } = failureOf(error, context);
  const plain = plainPart(context, log, options);
  const findings = await findingsOf(context, log, options, failure).catch((again: unknown) => {
    // What the log could not be compacted for may keep it from being read, too.
    failureOf(again, context);
    return [];
  });
  const part: CompactLogPart = {
    ...plain,
    result: 'not compacted',
    reason: reasonOf(failure, plain, findings),
    verdict: verdictOf(exitCode),
    exitCode,
    error: failure,
  };
  return { part, findings, next: nextSteps(log, failure, findings, error) };
}

async function findingsOf(
  context: WriteContext,
  log: Log,
  options: CompactOptions,
  { code }: Failure,
): Promise<Finding[]> {
  if (code === 'damaged') {
    const analysis = await analyse(context, log, options);
    analysis.scan.close();
    return analysis.findings.inOrder().filter(({ severity }) => severity === 'error');
  }
  return code === 'busy' ? writersOf(context, log) : [];
}

function writersOf({ disk, locks }: WriteContext, { path }: Log): Finding[] {
  const stat = disk.stat(path);
  if (stat === undefined) return [];
  const writers = locks.holders(stat.id).holders.filter(({ writes }) => writes);
  return writers.map(({ pid, command, append }) => {
    const how = append ? 'for appending' : 'for writing';
    return finding('live-writer', path, `pid ${pid} (${command}) keeps the file open ${how}`);
  });
}

function reasonOf(
  { code }: Failure,
  { backupsKept }: CompactLogPart,
  findings: readonly Finding[],
): string | undefined {
  switch (code) {
    case 'damaged': {
      if (backupsKept === 0) return 'The log is as it was.';
      const backups = backupsKept === 1 ? 'its backup are' : `its ${backupsKept} backups are`;
      return `The log and ${backups} as they were.`;
    }
    case 'busy': {
      const why = 'Compacting now would lose what it writes next. ';
      return `${findings.length > 0 ? why : ''}Nothing was changed.`;
    }
    case 'no-space':
      return 'Nothing was changed, no temporary file was left.';
    case 'changed':
      return 'Somebody else rewrote the log meanwhile. Nothing was changed by this run.';
    case 'refused':
    case 'unsupported':
      return 'Nothing was changed.';
    default:
      return undefined;
  }
}

function nextSteps(
  { path }: Log,
  { code }: Failure,
  findings: readonly Finding[],
  error: unknown,
): NextStep[] {
  // Findings know which policy helps; whoever refused knew only that there is damage.
  const own = code === 'damaged' ? nextFor(findings, path) : [];
  const given = stepsOf(error);
  if (own.length > 0 || given !== undefined) return own.length > 0 ? own : given!;
  const look = (argv: string[], why = '') => [{ argv, why, writes: false }];
  switch (code) {
    case 'no-space':
      return look(['df', '-h', dirname(path)]);
    case 'changed':
    case 'io':
      return look(['logctl', 'verify', path]);
    default:
      return [];
  }
}

/** What a compaction that worked still wants somebody to know: exit code 3. */
export function compactRemarks(part: CompactLogPart): Omit<CompactOutcome, 'part'> {
  const { path, quarantine, result } = part;
  const findings: Finding[] = [];
  const next: NextStep[] = [];
  if (quarantine !== null) {
    const words = `an unfinished last entry was taken out, its bytes are in ${quarantine}`;
    findings.push(finding('torn-tail', path, words, { impact: 'unknown' }));
    next.push({ argv: ['cat', quarantine], why: 'what the writer did not finish', writes: false });
  }
  if (result === 'deferred') {
    const words = 'the new log is in place; entries that came late are merged by the next run';
    findings.push(finding('unfinished-compaction', path, words, { impact: 'harmless' }));
    next.push({ argv: ['logctl', 'verify', path], why: '', writes: false });
    const why = 'finishes it, as any next run would';
    next.push({ argv: ['logctl', 'compact', path], why, writes: true });
  }
  return { findings, next };
}

/** What is said besides where backups hold entries that the log lacks: exit code 3 at least. */
export function withLate(outcome: CompactOutcome, late: readonly LateBackup[]): CompactOutcome {
  if (late.length === 0) return outcome;
  const { part } = outcome;
  const exitCode = part.exitCode === EXIT.ok ? EXIT.attention : part.exitCode;
  const found = late.map(lateFinding);
  return {
    part: { ...part, exitCode, verdict: verdictOf(exitCode) },
    findings: [...outcome.findings, ...found],
    next: [...outcome.next, ...nextFor(found, part.path)],
  };
}
