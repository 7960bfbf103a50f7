/** compact-due: is a log worth compacting now? Thresholds only: no safety rule is decided here. */
import { summaryOf } from '../checks/analyse.js';
import { isInFuture } from '../checks/backup-order.js';
import type { CompactOptions, Context } from '../context.js';
import type { DiskReader } from '../disk.js';
import type { Log } from '../log.js';
import { KIND, PROBLEM } from '../scan/kernel.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { listBackups } from '../siblings.js';
import { plural } from '../text.js';

/** Below this, a log is not worth its backup. Source: the format's documents. */
const minSizeDefault = 1 << 20;

/** Cron and timers start some minutes early or late: a day must not become 25 hours by that. */
const jitterMs = 600_000;

const readBytes = 1 << 18;

/** Whether to compact, why (in words), and what was learnt of the log on the way. */
export interface Due {
  isDue: boolean;
  /** For a skipped log what it lacks, `below 1 MiB`; else what makes it due. */
  why: string;
  /** Bytes of the log's files. */
  bytes: number;
  /** What a fold showed, where one was needed. Bytes. */
  counted?: { keys: number; liveBytes: number; lines: number };
}

/**
 * Holds a log against the thresholds. `every` lifts the size alone, `force` everything. A log that
 * is what compaction leaves has nothing to give: compacting it would only push a backup out.
 * `countLive` folds a log that is skipped, too. Throws LogctlError where the log cannot be read.
 */
export async function whetherDue(context: Context, log: Log, options: CompactOptions) {
  const due = await decide(context, log, options);
  sayThresholds(context, log, options);
  if (due.isDue || options.countLive !== true || due.counted !== undefined) return due;
  return { ...due, counted: await count(context, log) };
}

async function decide(context: Context, log: Log, options: CompactOptions): Promise<Due> {
  const bytes = bytesOf(context.disk, log);
  const due = (why: string, more: Partial<Due> = {}): Due => ({ isDue: true, why, bytes, ...more });
  const skipped = (why: string, more: Partial<Due> = {}) => due(why, { isDue: false, ...more });
  // A log that is gone or was cut is for the safety rules to judge.
  if (options.force === true || log.missing) return due('forced');
  const { minSize = minSizeDefault, minGarbage } = options;
  if (bytes < minSize && !isOld(context, log, options)) {
    return skipped(`below ${sizeWords(minSize)}`);
  }
  if ((await isOneLine(context, log, bytes)) && (await isSound(context, log)))
    return skipped('one line only');
  if (await isCompacted(context, log)) return skipped('nothing new since it was compacted');
  if (minGarbage === undefined) return due(bytes < minSize ? 'by its age' : 'by its size');
  const counted = await count(context, log);
  const garbage = Math.max(0, bytes - counted.liveBytes) / Math.max(1, bytes);
  if (garbage >= minGarbage) return due('by its garbage', { counted });
  const words = `${percent(garbage)} reclaimable, below ${percent(minGarbage)}`;
  return skipped(words, { counted });
}

/** Bytes of a log's files as they are now. */
export function bytesOf(disk: DiskReader, log: Log): number {
  return log.files.reduce((sum, { path }) => sum + (disk.stat(path)?.size ?? 0), 0);
}

function isOld(context: Context, log: Log, { every, backupDir }: CompactOptions): boolean {
  if (every === undefined) return false;
  const now = context.now();
  const backups = listBackups(context.disk, log.path, backupDir);
  // A name from the future says that a clock was wrong, not that a compaction is recent.
  const newest = backups.find(({ ms }) => !isInFuture(ms, now));
  const slackMs = Math.min(jitterMs, every / 10);
  return newest === undefined || now - newest.ms + slackMs >= every;
}

/** True for one whole line: what compaction nearly always leaves. */
async function isOneLine(context: Context, log: Log, bytes: number): Promise<boolean> {
  if (log.files.length !== 1 || bytes === 0) return false;
  const file = context.disk.open(log.files[0].path);
  const chunk = new Uint8Array(readBytes);
  try {
    for (let at = 0; at < bytes;) {
      const length = await file.read(chunk, at);
      const newline = chunk.subarray(0, length).indexOf(0x0a);
      if (newline >= 0) return at + newline + 1 === bytes;
      if (length === 0) return false;
      at += length;
      await context.checkpoint?.();
    }
    return false;
  } finally {
    file.close();
  }
}

async function isSound(context: Context, log: Log): Promise<boolean> {
  const scan = await scanLog(context, log, { fold: false });
  scan.close();
  return isWhole(scan);
}

/** A damaged log is never what compaction leaves: the safety rules are to see it. */
const isWhole = ({ tail, findings }: LogScan) =>
  tail === 'whole' && findings.all.every(({ severity }) => severity !== 'error');

/** True where compaction has been here and nothing came since. */
function isCompacted(context: Context, log: Log): Promise<boolean> {
  const isLines = log.dialect.compaction === 'lines';
  return isLines ? hasOnlyLiveLines(context, log) : isOneState(context, log);
}

/** True where each key has one line, nothing was deleted, and the last line is whole. */
async function hasOnlyLiveLines(context: Context, log: Log): Promise<boolean> {
  let sets = 0;
  let others = 0;
  const scan = await scanLog(context, log, {
    onRows({ count: rows, kind }) {
      for (let row = 0; row < rows; row++) {
        if (kind[row] === KIND.put) sets++;
        else if (kind[row] !== KIND.meta && kind[row] !== KIND.blank) others++;
      }
    },
  });
  scan.close();
  return others === 0 && sets === scan.keydir.count && isWhole(scan);
}

/** True for a checkpoint, with one before it for merging readers, and lines without effect. */
async function isOneState(context: Context, log: Log): Promise<boolean> {
  if (!(await beginsWithCheckpoint(context, log))) return false;
  let states = 0;
  let others = 0;
  const scan = await scanLog(context, log, {
    fold: false,
    onRows({ count: rows, kind, problem }) {
      for (let row = 0; row < rows; row++) {
        if (kind[row] === KIND.state) states += (problem[row] & PROBLEM.upstreamOnly) === 0 ? 1 : 0;
        else if (kind[row] !== KIND.meta && kind[row] !== KIND.blank) others++;
      }
    },
  });
  scan.close();
  return states === 1 && others === 0 && isWhole(scan);
}

async function beginsWithCheckpoint(context: Context, log: Log): Promise<boolean> {
  const { checkpointStart } = log.dialect;
  if (checkpointStart === undefined) return false;
  const file = context.disk.open(log.files[0].path);
  try {
    const head = Buffer.alloc(checkpointStart.length);
    await file.read(head, 0);
    return head.toString('latin1') === checkpointStart;
  } finally {
    file.close();
  }
}

async function count(context: Context, log: Log): Promise<NonNullable<Due['counted']>> {
  const scan = await scanLog(context, log);
  try {
    const { keys, liveBytes } = summaryOf(scan);
    return { keys: keys.live, liveBytes, lines: scan.lines };
  } finally {
    scan.close();
  }
}

function sayThresholds(context: Context, { path }: Log, options: CompactOptions): void {
  const { minSize = minSizeDefault, minGarbage, every, force } = options;
  const words = [
    `--min-size ${minSize}`,
    ...(minGarbage === undefined ? [] : [`--min-garbage ${minGarbage}`]),
    ...(every === undefined ? [] : [`--every ${every} ms`]),
  ].join(' ');
  const text = force === true ? 'forced, no threshold counts' : `threshold ${words}`;
  context.say?.(1, `${path}: ${text}`);
}

const percent = (share: number) => `${Math.floor(share * 100)} %`;

/** `1 MiB` where it is a whole number of them, else bytes. */
function sizeWords(bytes: number): string {
  const units = ['GiB', 'MiB', 'KiB'];
  for (const [at, unit] of units.entries()) {
    const size = 1024 ** (units.length - at);
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return plural(bytes, 'byte');
}
