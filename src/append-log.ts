/**
 * append-log: the game bot's own log functions under their own names, kept by the log engine.
 *
 * A bot changes one import. The files are the same, and its old code reads them as before; what
 * is new is that they survive: writers wait for each other, a torn end is put aside, compaction
 * loses nothing. Source: append-log.js and PROGRESSIVE_STORAGE.md of the game bot.
 */
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  CompactionScheduler as LogScheduler,
  compactOwn,
  LogctlError,
  makeDirectories,
  nodeDisk,
  openLog,
  readEntries,
  readObjects,
  streamState,
  type LogHandle,
} from './engine/index.js';
import { isSideFile } from './engine/reading.js';

/** The operations that a replay knows; entries of others are kept and change nothing. */
export const OpType = { SET: 'SET', DELETE: 'DELETE', CHECKPOINT: 'CHECKPOINT' } as const;

/** What a bot appends: `op`, and the members that belong to it. */
export interface NewEntry {
  op: string;
  /** SET and DELETE. */
  key?: string;
  value?: unknown;
  /** SET without a key: all of these keys. */
  data?: unknown;
  /** Default: when it is written. RFC 3339 UTC. */
  timestamp?: string;
  [member: string]: unknown;
}

/** What a log gives back: the same, and `seq` and `crc`, which the writer adds. */
export interface StoredEntry extends NewEntry {
  seq?: number;
  crc?: string;
}

const thresholdBytes = 1_048_576;
const botLogs = ['players', 'tokens', 'game_state'];
let dataDir = 'data';
/** Logs this process has appended to, by absolute path. */
const opened = new Map<string, Promise<LogHandle>>();

/** Says where `logs/` lies; default `data` in the working directory. */
export function configure(options: { dataDir: string }): void {
  ({ dataDir } = options);
}

/**
 * Appends one entry; it is on the disk when the promise resolves. Members are carried as
 * JSON.stringify carries them. Throws LogctlError: `damaged` for a log that its reader would
 * refuse, with the command that helps; `refused` for an entry without `op`.
 */
export async function appendLogEntry(logName: string, entry: NewEntry): Promise<void> {
  const path = pathOf(logName);
  const log = await writerOf(path);
  try {
    await log.append(entry);
  } catch (error) {
    // Nobody knows what a failed write left: the next entry is appended after another look.
    if (error instanceof LogctlError && error.code !== 'refused') await forget(path, log);
    throw error;
  }
}

/** All entries of a log in order; none where there is no log. Throws LogctlError `damaged`. */
export async function readLogEntries(logName: string): Promise<StoredEntry[]> {
  const path = pathOf(logName);
  await nextTurn();
  if (!isThere(path)) return [];
  const entries: StoredEntry[] = [];
  for await (const entry of readObjects(path)) entries.push(entry as StoredEntry);
  return entries;
}

/**
 * The state that the entries make, as the bot's own code makes it: SET with `data` and CHECKPOINT
 * are merged into what is there. `{}` where there is no log. Throws LogctlError `damaged`.
 */
export async function rebuildStateFromLog<Value = unknown>(
  logName: string,
): Promise<Record<string, Value>> {
  const path = pathOf(logName);
  const state: Record<string, Value> = {};
  await nextTurn();
  if (!isThere(path)) return state;
  for await (const { key, value } of streamState(path, { semantics: 'upstream' })) {
    // Defined and not assigned: `__proto__` is a key like others.
    const how = { value: value as Value, enumerable: true, writable: true, configurable: true };
    Object.defineProperty(state, key, how);
  }
  return state;
}

/**
 * Makes of a log one CHECKPOINT of its state, whoever is writing to it, and keeps the three newest
 * backups. A log that is one, or is not there, stays as it is. Throws LogctlError; the log is
 * then as it was.
 */
export async function compactLog(logName: string): Promise<void> {
  const path = pathOf(logName);
  const part = await compactOwn(path, { minSize: 0 });
  if (part?.result !== 'skipped') return;
  for await (const { op } of readEntries(path)) {
    // One entry is too little to save a byte, but whoever asks for a checkpoint gets one.
    if (op !== OpType.CHECKPOINT) await compactOwn(path, { force: true });
    return;
  }
}

/** Compacts several logs, each for itself; then throws the first error there was. */
export async function compactAllLogs(logNames: readonly string[] = botLogs): Promise<void> {
  const errors: unknown[] = [];
  for (const name of logNames) await compactLog(name).catch((error) => void errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** Bytes of a log; 0 where there is none. */
export async function getLogSize(logName: string): Promise<number> {
  return nodeDisk.stat(pathOf(logName))?.size ?? 0;
}

/** True for a log of more bytes than `threshold`. */
export async function needsCompaction(
  logName: string,
  threshold: number = thresholdBytes,
): Promise<boolean> {
  return (await getLogSize(logName)) > threshold;
}

/**
 * Compacts logs that have grown beyond 1 MiB, by default each hour. What fails is said on stderr,
 * unless somebody listens to `failed`.
 */
export class CompactionScheduler extends LogScheduler {
  constructor(intervalMs?: number) {
    super({ intervalMs });
    this.on('failed', ({ path, error }) => {
      if (this.listenerCount('failed') > 1) return;
      const hint = error instanceof LogctlError && error.hint !== '' ? ` (${error.hint})` : '';
      console.error(`logctl: ${path} was not compacted: ${error.message}${hint}`);
    });
  }

  override start(logNames: readonly string[] = botLogs): this {
    return super.start(logNames.map(pathOf));
  }
}

// Reading a short file waits for nothing. Who reads until something has changed must not keep the
// event loop from ever changing it: hence `nextTurn` in every function that reads.
/**
 * A name is a name: one that comes from outside must not lead to another file, and none that is
 * taken for a side file would be found again. Throws LogctlError `refused`.
 */
function pathOf(logName: string): string {
  const isText = typeof logName === 'string' && logName !== '' && !/[/\\\0]/.test(logName);
  if (!isText || isSideFile(logName) || isSideFile(`${logName}.log`)) {
    const shown = typeof logName === 'string' ? JSON.stringify(logName) : `a ${typeof logName}`;
    const words = `${shown} is no name for a log`;
    const hint = 'name it as a file without directory and ending: players';
    throw new LogctlError('refused', words, hint);
  }
  return resolve(dataDir, 'logs', `${logName}.log`);
}

const isThere = (path: string) => nodeDisk.stat(path) !== undefined;

async function writerOf(path: string): Promise<LogHandle> {
  const before = await opened.get(path);
  // Removed, as a bot that starts afresh may do: then numbers begin anew, too.
  if (before !== undefined && before.stats().bytes > 0 && !isThere(path)) {
    await forget(path, before);
  }
  let opening = opened.get(path);
  if (opening === undefined) {
    makeDirectories(nodeDisk, dirname(path));
    opening = openLog(path, { load: false, adopt: false });
    opened.set(path, opening);
    opening.catch(() => opened.delete(path));
  }
  return opening;
}

async function forget(path: string, log: LogHandle): Promise<void> {
  if ((await opened.get(path)) === log) opened.delete(path);
  // It says again what its write has said already.
  await log.close().catch(() => undefined);
}
