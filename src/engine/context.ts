/** What every verb is given: the world, as arguments. */
import type { Disk, DiskReader, SourceFile, SyncSource } from './disk.js';
import type { HolderSearch, KernelLocks } from './kernel-locks.js';
import type { KernelName } from './scan/choose-kernel.js';
import type { SavedPlan } from './recovery/plan.js';

/** How far a long read has come. `total` is 0 where it cannot be known. Bytes. */
export interface Progress {
  /** What is being done, in one word: `read`, `hash`, `write`. */
  phase: string;
  path: string;
  done: number;
  total: number;
}

/** What locks of other programs are judged by. */
export interface Processes {
  /** Our own number. */
  self: number;
  /** True for a process that runs, of whatever user. */
  isAlive(pid: number): boolean;
}

export interface Context {
  disk: DiskReader;
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Our own version, for reports. */
  version: string;
  /** Present when `-` may be read. */
  stdin?: () => SyncSource;
  /** The log itself, where it lies in no file as it is read: `openSource` gives this one. */
  made?: SourceFile;
  /** Called some times a second at most by the reader of long files. */
  progress?: (at: Progress) => void;
  /** Who has a file open, by its id; absent where the system cannot tell. */
  holders?: (id: string) => HolderSearch;
  /** Processes of this machine; absent where none can be looked at. */
  processes?: Processes;
  /** Waits; real time in the product. */
  sleep(ms: number): Promise<void>;
  /** Bytes per chunk, for tests; undefined picks 512 KiB. */
  chunkBytes?: number;
  /** Reads with this kernel, for tests; undefined takes the one that pays. */
  kernel?: KernelName;
  /** Threads that may read one file; undefined: one. */
  threads?: number;
  /** Bytes of the parts they share, for tests; undefined picks nearly 1 MiB. */
  segmentBytes?: number;
  /** Throws when the user interrupted; called between chunks. */
  checkpoint?: () => void | Promise<void>;
  /** Talk: always (0), for `-v` (1), for `-vv` (2). */
  say?: (level: 0 | 1 | 2, text: string) => void;
}

/** What writing verbs are given besides. */
export interface WriteContext extends Context {
  disk: Disk;
  locks: KernelLocks;
  /** Fresh hex digits for the name of a temporary file. */
  random(): string;
}

/** What single dialects are told: see `Dialect.takes`. */
export interface FormatOptions {
  /** Where key, value, time and deletion stand in each line (RFC 6901), where no format says so. */
  keyAt?: string;
  valueAt?: string;
  timeAt?: string;
  /** `POINTER` or `POINTER=VALUE`. */
  deleteAt?: string;
  /** A command that turns each line into the format's own, a line in, a line out. */
  decode?: string;
  /** Read this archive segment instead of the store. */
  archive?: string;
  /** Records that were moved to archives count as well. */
  includeArchived?: boolean;
}

/** Where logs, backups and mirrors are looked for: options of every command that reads them. */
export interface TargetOptions extends FormatOptions {
  /** Dialect by name instead of by content. */
  dialect?: string;
  /** Backups lie here besides the log's own directory. */
  backupDir?: string;
  /** The main JSON file, where it is not `../NAME.json`. */
  mirror?: string;
}

export interface InspectOptions extends TargetOptions {
  /** Largest keys listed; default 3. */
  top?: number;
}

/** Which entries `inspect --entries` and `--history` give. Bounds are inclusive. */
export interface EntriesOptions extends TargetOptions {
  /** Every version of this key, across the backups too, newest first. */
  history?: string;
  op?: string;
  /** Exactly this key. */
  key?: string;
  keyGlob?: string;
  /** Milliseconds since 1970 UTC. */
  since?: number;
  until?: number;
  startLine?: number;
  endLine?: number;
  /** Rows at most; 0 for all. */
  limit?: number;
  values?: boolean;
  raw?: boolean;
}

export interface VerifyOptions extends TargetOptions {
  /** Tail, size and newest backup only. */
  quick?: boolean;
  maxFindings?: number;
  /** The severity from which the exit code is not 0; default attention. */
  failOn?: 'attention' | 'damage';
  /** Milliseconds. */
  maxBackupAge?: number;
}

export interface ReplayOptions extends TargetOptions {
  format?: 'json' | 'jsonl';
  keyGlob?: string;
  /** At most one of the three. `at`: milliseconds since 1970 UTC. */
  at?: number;
  line?: number;
  offset?: number;
  onError?: 'fail' | 'stop' | 'skip';
  semantics?: 'documented' | 'upstream';
  hash?: boolean;
  expectHash?: string;
  /** Compare with this log or state file instead of printing the state. */
  diff?: string;
  /** Report only: no state is written to the sink. */
  quiet?: boolean;
}

export interface CompactOptions extends TargetOptions {
  /** Bytes below which a log is skipped; default 1 MiB. */
  minSize?: number;
  /** Share of reclaimable bytes below which a log is skipped, 0 to 1. */
  minGarbage?: number;
  /** Compact also below the size when the newest backup is older than this, ms. */
  every?: number;
  /** Ignore the thresholds, never a safety rule. */
  force?: boolean;
  /** Backups kept; default 3. */
  backups?: number;
  /** Compress backups older than this, ms; undefined: never. */
  gzipBackups?: number;
  dryRun?: boolean;
  /** How long to wait for another compactor or writer, ms; default 0. */
  lockWait?: number;
  /** The operator says that no writer runs. */
  offline?: boolean;
  /** Fold logs that are skipped as well, so that their live bytes are known: metrics want them. */
  countLive?: boolean;
}

export interface RecoverOptions extends TargetOptions {
  policy?: 'tail' | 'prefix' | 'salvage' | 'strict';
  /** Whole entries that may be lost; default 0. */
  maxLost?: number;
  /** Write the recovered log here and leave the original as it is. */
  output?: string;
  /** Keep original, quarantine and receipt here instead of beside the log. */
  evidenceDir?: string;
  /** Rebuild the main JSON file; where keys only it has would go, refuse unless told how. */
  rebuildMirror?: boolean;
  adoptMirror?: boolean;
  replaceMirror?: boolean;
  /** How long to wait for another process' lock, ms; default 0. */
  lockWait?: number;
  /** The operator says that no writer runs. */
  offline?: boolean;
  /** A missing log without siblings is nothing to do. */
  ifExists?: boolean;
  /** Show the plan, change nothing. */
  dryRun?: boolean;
  /** Apply these plans instead of making new ones; a changed input voids them. */
  plan?: SavedPlan;
}

export interface BenchFsyncOptions extends TargetOptions {
  /** Rounds of each method; undefined: 2,000, or as many as fit into 10 s. */
  rounds?: number;
}

/** What measuring a disk is given besides. */
export interface BenchContext extends Context {
  disk: Disk;
  /** Milliseconds with fractions, on a clock that never goes back. */
  clockMs(): number;
  /** Fresh hex digits for the names of scratch files. */
  random(): string;
}

/** Takes the bytes of a result in order; a promise means: wait before the next. */
export type Sink = (bytes: Uint8Array) => void | Promise<void>;
