/** library-readers: states, entries and values of a log for programs, in bounded memory. */
import type { Context, EntriesOptions } from '../context.js';
import { listEntries, textOf as textAt } from '../entries.js';
import { LogctlError } from '../errors.js';
import { stringToKey } from '../keydir/key-bytes.js';
import type { Version } from '../library.js';
import { readingContext, type WorldOptions } from './library-context.js';
import { whileListed } from '../listed-files.js';
import { openLog } from '../log.js';
import type { Semantics } from '../keydir/keydir.js';
import type { EntryRow } from '../model.js';
import { findMoment } from '../moment.js';
import { pulled } from './pulled.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { KIND, type LineBatch } from '../scan/kernel.js';
import { listBackups } from '../siblings.js';
import { refuseDamage } from './sound-scan.js';
import { eachText, textOf } from './value-texts.js';
import { readRange } from '../keydir/values.js';

/** A moment: milliseconds since 1970 UTC, a Date, or RFC 3339 text. */
export type Time = number | Date | string;

export interface StateOptions extends WorldOptions {
  /** The state that ends with the last entry not after this; default now. */
  at?: Time;
  /** `documented` (default), or what the format's own code would load: `upstream`. */
  semantics?: Semantics;
}

export interface EntryQuery extends WorldOptions {
  /** Inclusive. */
  since?: Time;
  until?: Time;
  key?: string;
  /** Name of the operation, in any case. */
  op?: string;
}

/** An entry of a log. `value` is absent where the entry has none. */
export interface LogEntry extends Omit<EntryRow, 'value' | 'raw'> {
  value?: unknown;
}

/**
 * Yields the state of a log, keys in the order in which each was last created. Memory is bounded
 * by the live keys, not by their values. Throws LogctlError: `damaged` where bytes in the middle
 * cannot be read, `out-of-range` for a time before log and backups.
 */
export async function* streamState(
  path: string,
  options: StateOptions = {},
): AsyncGenerator<{ key: string; value: unknown }> {
  const scan = await scanAt(readingContext(options), path, options.at, options);
  try {
    const { keydir, sources } = scan;
    yield* pulled<{ key: string; value: unknown }>((emit) => {
      const take = (key: string, text: string) => emit({ key, value: JSON.parse(text) });
      return eachText(keydir, sources, take, options.semantics);
    });
  } finally {
    scan.close();
  }
}

/** Yields entries in file order. Throws LogctlError. */
export async function* readEntries(path: string, query: EntryQuery = {}): AsyncGenerator<LogEntry> {
  const { key, op, since, until, dialect } = query;
  const options: EntriesOptions = {
    ...{ key, op, dialect, values: true },
    ...(since === undefined ? {} : { since: timeMs(since) }),
    ...(until === undefined ? {} : { until: timeMs(until) }),
  };
  const context = readingContext(query);
  await othersFirst();
  const rows = pulled<EntryRow>((emit) => listEntries(context, [path], options, emit));
  for await (const { value, ...row } of rows) {
    yield value === undefined ? row : { ...row, value: JSON.parse(value) as unknown };
  }
}

/**
 * Yields each entry as the object that its line holds, all members, in file order. What a crash
 * left at the end, less than an entry or than a batch, is left out. Throws LogctlError `damaged`.
 */
export async function* readObjects(
  path: string,
  options: WorldOptions = {},
): AsyncGenerator<Record<string, unknown>> {
  const context = readingContext(options);
  await othersFirst();
  const log = await openLog(context, path, options);
  const lines: { file: number; offset: number; length: number }[] = [];
  const onRows = ({ count, kind, offset, length }: LineBatch, _: number, file: string) => {
    const index = log.files.findIndex((one) => one.path === file);
    for (let row = 0; row < count; row++) {
      // What is left of bad lines, past the look for damage, is a torn end.
      if (kind[row] === KIND.blank || kind[row] === KIND.bad) continue;
      lines.push({ file: index, offset: offset[row], length: length[row] });
    }
  };
  const scan = await scanLog(context, log, { fold: false, onRows });
  await refuseDamage(context, scan, options);
  try {
    for (const { file, offset, length } of lines) {
      const text = await textAt(scan.sources[file], offset, length);
      yield JSON.parse(text) as Record<string, unknown>;
    }
  } finally {
    scan.close();
  }
}

/** The value of a key now; undefined where it has none. Throws LogctlError. */
export async function readValue(
  path: string,
  key: string,
  options: WorldOptions = {},
): Promise<unknown> {
  const scan = await scanAt(readingContext(options), path, undefined, options);
  try {
    const { keydir, sources } = scan;
    const index = keydir.find(stringToKey(key));
    if (index < 0) return undefined;
    return JSON.parse(textOf(await readRange(keydir.at(index), sources, keydir))) as unknown;
  } finally {
    scan.close();
  }
}

/** Every version of a key, newest first, backups included; none where there is no log yet. */
export async function historyOf(
  context: Context,
  path: string,
  key: string,
  { dialect, backupDir }: WorldOptions,
): Promise<Version<unknown>[]> {
  const isThere = context.disk.stat(path) !== undefined;
  if (!isThere && listBackups(context.disk, path, backupDir).length === 0) return [];
  const options = { history: key, values: true, limit: 0, dialect, backupDir };
  const { entries } = await listEntries(context, [path], options);
  return entries.map(({ time, op, value, path: file, line, offset }) => {
    const parsed = value === undefined ? undefined : (JSON.parse(value) as unknown);
    return { time, op, value: parsed, path: file, line, offset };
  });
}

/** The state at a time, keys in order. */
export async function stateAt(
  context: Context,
  path: string,
  time: Time,
  options: WorldOptions,
): Promise<Map<string, unknown>> {
  const scan = await scanAt(context, path, time, options);
  try {
    const state = new Map<string, unknown>();
    await eachText(scan.keydir, scan.sources, (key, text) => void state.set(key, JSON.parse(text)));
    return state;
  } finally {
    scan.close();
  }
}

/**
 * Lets timers and sockets have their turn. A small log is read without waiting for anything: a
 * program that reads in a loop would answer nobody else until the loop is over.
 */
const othersFirst = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A scan of the log up to a time; the caller closes it. Damage inside it is refused. */
async function scanAt(
  context: Context,
  path: string,
  time: Time | undefined,
  options: WorldOptions,
): Promise<LogScan> {
  const { backupDir } = options;
  await othersFirst();
  const log = await openLog(context, path, options);
  const at = time === undefined ? undefined : timeMs(time);
  const scan = await whileListed(context, log, async (current) => {
    const moment = await findMoment(context, current, { at, backupDir });
    return scanLog(context, moment.log, { until: moment.until });
  });
  await refuseDamage(context, scan, { backupDir });
  return scan;
}

function timeMs(time: Time): number {
  const ms = typeof time === 'string' ? Date.parse(time) : Number(time);
  if (!Number.isNaN(ms)) return ms;
  throw new LogctlError('usage', `${String(time)} is no time`, 'RFC 3339: 2026-11-20T09:00:00Z');
}
