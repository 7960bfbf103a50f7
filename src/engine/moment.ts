/** moment: a point in a log's life: by time, line or byte, backups included. */
import { backupLog, checkBackups, type CheckedBackup } from './checks/backups.js';
import type { Context, ReplayOptions } from './context.js';
import { LogctlError } from './errors.js';
import { unlessGone } from './listed-files.js';
import type { Log } from './log.js';
import type { ReplayPoint } from './model.js';
import { scanLog } from './checks/scan-log.js';
import { KIND, type LineBatch } from './scan/kernel.js';
import { isoTime } from './text.js';

/** The prefix of one file that a state is taken from. `until`: bytes; Infinity for all. */
export interface Moment {
  log: Log;
  until: number;
  at: ReplayPoint | null;
  next: ReplayPoint | null;
}

/** Finds the moment that `--at`, `--line` or `--offset` name. Throws `out-of-range` (exit 21). */
export async function findMoment(
  context: Context,
  log: Log,
  options: ReplayOptions,
): Promise<Moment> {
  const { at, line, offset } = options;
  if (line !== undefined) return byPlace(context, log, { line });
  if (offset !== undefined) return byPlace(context, log, { offset });
  if (at !== undefined) return byTime(context, log, options, at);
  return { log, until: Infinity, at: null, next: null };
}

async function byPlace(
  context: Context,
  log: Log,
  wanted: { line?: number; offset?: number },
): Promise<Moment> {
  const { line = Infinity, offset = Infinity } = wanted;
  const finder = new Finder((row) => row.line <= line && row.offset <= offset);
  const scan = await scanLog(context, log, { fold: false, onRows: finder.see });
  scan.close();
  const inRange = line === Infinity ? offset < scan.bytes : line >= 1 && line <= scan.lines;
  if (inRange) return finder.moment(log);
  throw outOfRange(log.path, line === Infinity ? 'byte' : 'line', scan);
}

function outOfRange(
  path: string,
  unit: 'byte' | 'line',
  { bytes, lines }: { bytes: number; lines: number },
): LogctlError {
  if (bytes === 0) {
    const hint = `leave ${unit === 'byte' ? '--offset' : '--line'} out`;
    return new LogctlError('out-of-range', `${path} is empty`, hint, { path });
  }
  const range = unit === 'byte' ? `bytes 0 to ${bytes - 1}` : `lines 1 to ${lines}`;
  const words = unit === 'line' && lines === 1 ? 'line 1 only' : range;
  return new LogctlError('out-of-range', `${path} has ${words}`, 'choose a point inside', { path });
}

async function byTime(
  context: Context,
  log: Log,
  options: ReplayOptions,
  time: number,
): Promise<Moment> {
  const past = log.dialect.at?.(context, log, time);
  if (past !== undefined) return { log: past, until: Infinity, at: null, next: null };
  const finder = new Finder((row) => row.time <= time);
  const scan = await scanLog(context, log, { fold: false, onRows: finder.see });
  scan.close();
  if (finder.found) return finder.moment(log);
  // Older than this log: the newest backup that had begun by then holds the state of that time.
  const backups = await checkBackups(context, log, options);
  for (const backup of backups) {
    if (backup.verdict !== 'ok' || !(backup.firstTime <= time)) continue;
    const older = new Finder((row) => row.time <= time);
    const inBackup = await unlessGone(context.disk, backup.path, () => {
      return scanLog(context, backupLog(log, backup), { fold: false, onRows: older.see });
    });
    if (inBackup === undefined) continue;
    inBackup.close();
    return older.moment(backupLog(log, backup));
  }
  throw tooOld(log, backups, scan.counter.firstTime);
}

function tooOld(log: Log, backups: readonly CheckedBackup[], firstTime: number): LogctlError {
  const sound = backups.filter(({ verdict }) => verdict === 'ok');
  const oldest = Math.min(
    ...[firstTime, ...sound.map((backup) => backup.firstTime)].filter(isTime),
  );
  const since = isoTime(oldest);
  if (since === null) {
    const hint = 'choose a point with --line or --offset';
    return new LogctlError('out-of-range', `${log.path} has no times`, hint, { path: log.path });
  }
  const what = sound.length > 0 ? 'the log and its backups begin' : 'the log begins';
  const next = [['logctl', 'replay', log.path, '--at', since]];
  return new LogctlError('out-of-range', `${what} at ${since}`, 'choose a later time', {
    path: log.path,
    next,
  });
}

const isTime = (time: number) => !Number.isNaN(time);

interface Row {
  line: number;
  offset: number;
  time: number;
}

/** Remembers the last row that fits and the first one behind it. */
class Finder {
  private last: (Row & { end: number; path: string }) | undefined;
  private after: (Row & { path: string }) | undefined;

  constructor(private readonly fits: (row: Row) => boolean) {}

  get found(): boolean {
    return this.last !== undefined;
  }

  readonly see = (batch: LineBatch, firstLine: number, path: string): void => {
    for (let i = 0; i < batch.count; i++) {
      if (batch.kind[i] === KIND.blank || batch.kind[i] === KIND.bad) continue;
      const row = { line: firstLine + i, offset: batch.offset[i], time: batch.time[i] };
      if (this.fits(row)) {
        this.last = { ...row, path, end: row.offset + batch.length[i] + 1 };
        this.after = undefined;
      } else {
        this.after ??= { ...row, path };
      }
    }
  };

  moment(log: Log): Moment {
    const { last, after } = this;
    const point = ({ path, line, offset, time }: Row & { path: string }) => {
      return { path, line, offset, time: isoTime(time) };
    };
    return {
      log,
      until: last?.end ?? 0,
      at: last === undefined ? null : point(last),
      next: after === undefined ? null : point(after),
    };
  }
}
