/** Dialect: one on-disk format. Everything the engine knows of a format it learns through this. */
import type { LogScan } from '../checks/scan-log.js';
import type {
  CompactOptions,
  Context,
  FormatOptions,
  RecoverOptions,
  TargetOptions,
  WriteContext,
} from '../context.js';
import type { DiskReader, SourceFile } from '../disk.js';
import type { FindingList } from '../finding-list.js';
import type { Keydir } from '../keydir/keydir.js';
import type { Log } from '../log.js';
import type { EntryWriting } from '../writer/entry-text.js';
import type { CompactLogPart, LogFile, RecoverLogPart, Role, StorePart } from '../model.js';
import type { LogPlan } from '../recovery/plan.js';
import type { Receipt } from '../recovery/recover-evidence.js';
import type { Undone } from '../recovery/recover-undo.js';
import type { LineBatch, LineCodec } from '../scan/kernel.js';

/** What a store looks like from outside. */
export interface Probe {
  path: string;
  kind: 'file' | 'directory';
  /** Names in the store directory, or beside the file. */
  names: readonly string[];
  /** The first bytes of the file; empty for a directory. */
  head: Uint8Array;
  /** The operator named this very path; else a search came by it. */
  isNamed: boolean;
}

/** How the format's own program reads, where that is not what its documents say. */
export interface UpstreamRules {
  /** What reads it, in words: `the bot`. */
  reader: string;
  /** Who appends to it at its next start, in words; absent: its program. */
  writer?: string;
  /** One line that is not JSON makes the whole log unreadable. */
  refusesBadLines: boolean;
  /** Whitespace at both ends of the file is no damage. */
  trimsFile: boolean;
  /** Keys it cannot hold, as canonical text. */
  losesKeys: readonly string[];
  /** A whole-state entry is merged over the state (documented: it replaces). */
  mergesState: boolean;
  /** Who cuts lines at the characters that the shape's `breaks` name, and what comes of it. */
  cutsLines?: string;
  /** Base names of logs it writes and never reads back. */
  ignoresLogs: readonly string[];
  /**
   * Loads a log exactly as the format's own library does, where the rules above are not all of it.
   * `until`: only so many bytes of the last file. The caller closes the sources.
   */
  load?(context: Context, log: Log, until?: number): Promise<UpstreamLoad>;
}

/** What the format's own library makes of a log. */
export interface UpstreamLoad {
  /** Why it would not load. Absent: it loads. */
  refusal?: { message: string; path: string; line?: number; offset?: number };
  /** The state, as the documented one of this table; its order is the library's own. */
  keydir: Keydir;
  sources: SourceFile[];
}

/** Takes the entries of a log's segments, and has their state in its keydir at the end. */
export interface EntryFold {
  /** `firstLine`: of row 0. `writers`: names by their number in the batch. */
  see(
    batch: LineBatch,
    place: { firstLine: number; file: number; writers: readonly string[] },
  ): void;
  finish(sources: readonly SourceFile[]): void | Promise<void>;
}

/** Gives the fold of one pass, into the keydir of that pass. */
export type MakeEntryFold = (keydir: Keydir) => EntryFold;

/** The writing verbs for a store of several files, in the format's own way. */
export interface StoreWriting {
  compact(context: WriteContext, log: Log, options: CompactOptions): Promise<CompactLogPart>;
  plan(context: Context, log: Log, options: RecoverOptions): Promise<LogPlan>;
  /** Applies a plan that was approved. */
  recover(
    context: WriteContext,
    log: Log,
    plan: LogPlan,
    options: RecoverOptions,
  ): Promise<RecoverLogPart>;
  undo(
    context: WriteContext,
    receiptPath: string,
    target: { receipt: Receipt; path: string },
    options: RecoverOptions,
  ): Promise<Undone>;
}

/** The lock of the format's own library. */
export interface StoreLock {
  /** `words` name the holder, or what is odd about it. May wait for a heartbeat. */
  look(context: Context, path: string): Promise<{ state: LockState; words: string }>;
  /** Holds it while we write; undefined where this log has none. Throws LogctlError `busy`. */
  take(context: WriteContext, path: string): Promise<HeldLock | undefined>;
}

/** A lock that is ours until it is released, or until somebody takes it from us. */
export interface HeldLock {
  /** Throws LogctlError `busy` where it is no longer ours: nothing may be replaced then. */
  check(): void;
  release(): void;
}

export type LockState = 'free' | 'live' | 'stale';

export interface Dialect {
  readonly name: string;
  /** What its lines look like, for an error message. */
  readonly looksLike: string;
  recognises(probe: Probe): boolean;
  /** Asked only where no other dialect recognises a probe. */
  readonly isFallback?: boolean;
  /** What to say of it in reports, where it is no format of a program's own. */
  readonly about?: string;
  /** Lines have no keys, so there is no state: the options that would name them. */
  readonly needsForKeys?: string;
  /** Options that are its own; given for a log of another dialect they are a mistake. */
  readonly takes?: readonly (keyof FormatOptions)[];
  /** The same dialect with options of its own; absent where it has none. */
  withOptions?(options: TargetOptions): Dialect;
  /** The files of the log, in the order replay reads them. */
  layout(disk: DiskReader, path: string): LogFile[];
  /** How to read the lines of files of one role. All codecs of a dialect share one list of ops. */
  codec(role: Role): LineCodec;
  /** Byte patterns at which a whole entry may begin inside a damaged line. */
  readonly resync: readonly string[];
  /** How a line begins with which a compaction begins a log; undefined where none does. */
  readonly checkpointStart: string | undefined;
  /** Names of the operations that are checkpoints. */
  readonly checkpointOps: readonly string[];
  /**
   * Behind the log's name: copies of it that the library's own rewriting leaves, the most trusted
   * first. Where the log is damaged they are looked at as backups are; they are never removed.
   */
  readonly companionSuffixes?: readonly string[];
  /** The one of them that holds all a log stood for when it was begun. */
  readonly predecessorSuffix?: string;
  /** Its library empties a log in place when told to: 0 bytes may be meant. */
  readonly emptiesInPlace?: boolean;
  /** Folds segments in an order of its own; absent, or undefined: entries count in file order. */
  fold?(context: Context, log: Log): MakeEntryFold | undefined;
  /** Findings of this format alone. Called after a log was read, its backups and companions too. */
  checkStore?(context: Context, scan: LogScan, findings: FindingList): Promise<void>;
  /** What verify cannot know about such a log, in words. */
  readonly notChecked?: readonly string[];
  /** Absent where the library has no lock. */
  readonly lock?: StoreLock;
  /** What compaction leaves: one checkpoint, or the last line of each live key as it stands. */
  readonly compaction: 'checkpoint' | 'lines';
  /** Files of earlier states that the library leaves, oldest first: a key's history is there. */
  past?(disk: DiskReader, path: string): LogFile[];
  /** When a checkpoint was written whose records have no times, ms since 1970 UTC; NaN: unknown. */
  checkpointTime?(disk: DiskReader, path: string): number;
  /** The log as it was at a time, ms, from those files; undefined: a log without them. */
  at?(context: Context, log: Log, time: number): Log | undefined;
  /** What inspect says of a store of several files. */
  describe?(context: Context, path: string): StorePart | undefined;
  /** How a store of several files is written; absent, or undefined: as a log of one file. */
  store?(disk: DiskReader, path: string): StoreWriting | undefined;
  /** The note that stands in place of lost numbered entries, without newline. `now`: ms. */
  recoveredNote?(gap: { from: number; to: number; receipt: string; now: number }): string;
  /** One entry that sets a key, without newline. `value`: JSON text, taken as it is. */
  putEntry?(entry: { key: string; value: string; now: number }): string;
  /** How our writer appends to it; absent where the format is only read. */
  readonly writes?: EntryWriting;
  readonly upstream: UpstreamRules;
  /** Sequence numbers run through the file and are checked. */
  readonly sequenced: boolean;
}
