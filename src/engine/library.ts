/** library: what a program that keeps its state in a log works with. Types only. */
import type { Batch } from './writer/batch.js';
import type { Disk } from './disk.js';
import type { KernelLocks } from './kernel-locks.js';
import type { TailEvent, TailOptions } from './tail/tail-events.js';

/**
 * When a write counts as done.
 *
 * - `immediate`: its promise resolves after the fsync; calls of one turn of the event loop share
 *   it.
 * - `group`: the same, at most `groupCommitSize` entries to an fsync.
 * - `async`: its promise resolves at once; `sync`, `flush` and `close` make it durable.
 * - `none`: its promise resolves after the write, and nothing calls fsync. For development.
 */
export type WriteMode = 'immediate' | 'group' | 'async' | 'none';

/** A disk that may bring its own locks, as one in memory has to. */
export type LockedDisk = Disk & { readonly locks?: KernelLocks };

/** What `openLog` is told. Times in milliseconds. */
export interface LogOptions {
  /** Default `immediate`. */
  writeMode?: WriteMode;
  /** Entries to an fsync at most in mode `group`; default 50. */
  groupCommitSize?: number;
  /** A group takes no entry that came later than this after its first; default 100. */
  groupCommitMs?: number;
  /** No lock is taken and no file opened for writing; works on a read-only mount. */
  readOnly?: boolean;
  /** False: append only. No value is kept in memory, and none can be asked for. */
  load?: boolean;
  /** False: a log that is missing starts empty, whatever the main file beside it holds. */
  adopt?: boolean;
  /** Keep this main JSON file as the state is. */
  mirror?: string;
  /** Write the mirror at most this often; default 0: after every change. */
  mirrorMs?: number;
  /**
   * What becomes of keys and values that only the main file has, when the log is opened: `refuse`
   * (default) throws and names them, `adopt` appends them, `replace` keeps the old file and writes
   * a new one.
   */
  mirrorConflict?: 'refuse' | 'adopt' | 'replace';
  /** Version of the values this program writes; needs `migrate` once it is raised. */
  version?: number;
  /** Gives the value of today for one of an older version (0: written without one). */
  migrate?(value: unknown, from: number): unknown;
  /** Backups lie here besides the log's own directory. */
  backupDir?: string;
  /** How long to wait for other processes that write the log; default 30,000. */
  lockWaitMs?: number;
  /** The format by name, instead of by content. */
  dialect?: string;
  /** Default the real one. */
  disk?: LockedDisk;
  /** The clock of the entries' times; default the system's. */
  now?(): number;
}

/** What was repaired so that the log could be opened, or appended to. */
export interface Recovered {
  /** One line for a person. */
  text: string;
  /** A compaction that had been interrupted was finished. */
  compaction: boolean;
  /** Bytes at the end that were no whole entry, and the file that keeps them. */
  droppedBytes: number;
  quarantine: string | null;
  /** The last line was whole and had no newline: the next write begins with one. */
  unended: boolean;
  /** The state was taken over from this main JSON file. */
  adopted: string | null;
  /** What was done with the mirror: null where it agreed. */
  mirror: {
    path: string;
    was: 'missing' | 'torn' | 'behind' | 'ahead';
    kept: string | null;
  } | null;
}

/** What a log holds and what its writer did. Sizes in bytes, times RFC 3339 UTC. */
export interface LogStats {
  /** Null where values are not loaded. */
  keys: number | null;
  /** Deletes that removed a key. */
  deleted: number | null;
  entries: number;
  bytes: number;
  liveBytes: number | null;
  reclaimable: number | null;
  lastEntryAt: string | null;
  lastCompactionAt: string | null;
  /** Changes that are not on the disk yet. */
  queued: number;
  fsyncs: number;
}

/** One version of one key. */
export interface Version<Value> {
  time: string | null;
  op: string;
  /** Undefined for a delete. */
  value: Value | undefined;
  path: string;
  line: number;
  offset: number;
}

/**
 * An open log: a durable map of keys to JSON values.
 *
 * A change shows at once in `get` and the rest; its promise says when it is on the disk. After a
 * failed write every waiting and later write is rejected, what was acknowledged stays readable,
 * and the log has to be opened again. Every method may reject with LogctlError.
 */
export interface LogHandle<Value = unknown> {
  readonly path: string;
  /** What opening repaired, and appends since; null where all was well. */
  readonly recovered: Recovered | null;
  readonly size: number;
  /** A copy of the value: changing it changes nothing in the log. */
  get(key: string): Value | undefined;
  has(key: string): boolean;
  /** Keys in the order in which each was last created. */
  keys(): IterableIterator<string>;
  entries(): IterableIterator<[string, Value]>;
  set(key: string, value: Value): Promise<void>;
  /** True where the key was there. An entry is written in any case. */
  delete(key: string): Promise<boolean>;
  /** The whole state becomes `data`. */
  replace(
    data: Readonly<Record<string, Value>> | Iterable<readonly [string, Value]>,
  ): Promise<void>;
  /**
   * All changes made through `batch` count together or not at all: one write, one fsync. An error
   * of the callback leaves everything as it was; a batch without changes touches no disk.
   */
  batch<Result>(fill: (batch: Batch<Value>) => Result | Promise<Result>): Promise<Result>;
  /**
   * Appends an entry of the format's own members, which are carried as `JSON.stringify` carries
   * them; number, checksum and, where it has no own one, time are added. Needs `load: false`.
   */
  append(entry: Readonly<Record<string, unknown>>): Promise<void>;
  /** Takes the last change of the log back by appending its inverse; again: the change is back. */
  undo(): Promise<UndoResult | null>;
  /** Every version of a key, newest first, backups included. */
  history(key: string): Promise<Version<Value>[]>;
  /** The state that ends with the last entry not after this time (ms, a Date, or RFC 3339). */
  at(time: number | Date | string): Promise<Map<string, Value>>;
  /**
   * Reads what other processes appended; gives how many entries were read: the new ones, or all of
   * a file that a compaction has put in the place of the one we knew.
   */
  refresh(): Promise<number>;
  /** Follows the log: what this process and others append from now on, unless told otherwise. */
  tail(options?: TailOptions): AsyncIterableIterator<TailEvent>;
  /** Resolves when all changes so far are on the disk, fsync included. */
  sync(): Promise<void>;
  /** The same, and the mirror is written. In mode `none` nothing calls fsync. */
  flush(): Promise<void>;
  /** `flush`, then no more changes. Closing twice is closing once. */
  close(): Promise<void>;
  stats(): LogStats;
}

/** The change that `undo` took back. */
export interface UndoResult {
  /** Operation of the entry; `batch` for several that counted together. */
  op: string;
  /** When it was made, RFC 3339 UTC. */
  time: string | null;
  keys: string[];
}
