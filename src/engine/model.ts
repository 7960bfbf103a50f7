/** The nouns of the engine as plain data. Types only: every other file speaks these words. */
import type { BenchFsyncReport } from './bench-fsync/bench-fsync-model.js';
import type { ExitCode } from './errors.js';
import type { Finding } from './findings.js';
import type { DirectoryTotals, StorePart } from './store-part.js';
import type { Semantics } from './keydir/keydir.js';
import type { RecoverReport } from './recovery/recover-model.js';

/** Where a line sits. `line` counts from 1; `offset` and `length` are bytes, newline excluded. */
export interface Position {
  path: string;
  line: number;
  offset: number;
  length: number;
}

/**
 * What each file of a log is for. Replay reads the checkpoints, then the segments, in order. A
 * `document` is a checkpoint that is one JSON value; an `archive` holds what was moved out.
 */
export type Role = 'checkpoint' | 'document' | 'segment' | 'archive';

export interface LogFile {
  path: string;
  role: Role;
  /** Only so many of its first bytes count; absent: all. */
  bytesMax?: number;
  /** It lies beside this log, or in this store: see `openBeside`. Absent: it is what was named. */
  beside?: string;
}

/** A command to copy. The first suggestion of a list never destroys anything. */
export interface NextStep {
  argv: string[];
  why: string;
  writes: boolean;
}

/** One word that carries the verdict. */
export type Verdict =
  | 'ok'
  | 'attention'
  | 'damaged'
  | 'no verdict'
  | 'not found'
  | 'busy'
  | 'refused'
  | 'changed underneath'
  | 'recovered with loss';

/** A failure that ended a command, or one log's part of it. */
export interface Failure {
  code: string;
  message: string;
  hint: string;
}

/** What every report has: the JSON envelope of README. `logs` differs per command. */
export interface Envelope<Name extends string, LogPart> {
  schema: `logctl/${Name}@1`;
  version: string;
  verdict: Verdict;
  exitCode: ExitCode;
  durationMs: number;
  logs: LogPart[];
  findings: Finding[];
  notChecked: string[];
  next: NextStep[];
  /** Present when the command failed before or instead of a verdict. */
  error?: Failure;
}

/** What each log of a report has. */
export interface LogPart {
  path: string;
  dialect: string;
  verdict: Verdict;
  exitCode: ExitCode;
  bytes: number;
  lines: number;
  /** This log alone failed: the others of the call went on. */
  error?: Failure;
}

/** Counts and times of one pass over a log. Times are RFC 3339 UTC, null where there is none. */
export interface LogSummary {
  /** Entries per operation name, in the dialect's order; every operation has its row. */
  entries: Record<string, number>;
  firstTime: string | null;
  lastTime: string | null;
  keys: { live: number; upstream: number; removed: number };
  liveBytes: number;
  reclaimableBytes: number;
  tail: 'whole' | 'unended' | 'torn' | 'nul' | 'empty' | 'missing';
  /** What its dialect is, in words, where it is no program's own format. */
  about?: string;
  /** Its lines have no keys, so there is no state: the options that would name them. */
  needsForKeys?: string;
}

/** One backup beside a log. `ms` is the number in its name. */
export interface BackupPart {
  path: string;
  ms: number;
  madeAt: string;
  bytes: number;
  /** `unread` where `--quick` left it out. */
  verdict: 'ok' | 'damaged' | 'unread';
  compressed: boolean;
  /** Left by the format's own library, and never removed by us; `ms` is when it was written. */
  companion?: true;
  /** Time of the oldest entry it can show; null when unknown. */
  entriesSince: string | null;
}

/** How far back every entry can be had, and where the chain of backups is broken. */
export interface RestoreWindow {
  since: string | null;
  gaps: { after: string; before: string }[];
}

export interface MirrorPart {
  path: string;
  state: 'agrees' | 'differs' | 'being written' | 'torn' | 'missing' | 'unread';
  keys: number;
  /** Keys whose values differ, or that only the log has. At most 1,000 are named. */
  differing: string[];
  differingKeys: number;
  /** Keys that only the mirror has. At most 1,000 are named. */
  ahead: string[];
  aheadKeys: number;
}

/** A process that has the log open. */
export interface Holder {
  pid: number;
  command: string;
  writes: boolean;
  append: boolean;
}

export interface LargestKey {
  key: string;
  bytes: number;
  versions: number;
}

export interface InspectLogPart extends LogPart, LogSummary {
  /** Milliseconds since the last entry was written (its time, else the file's mtime). */
  lastEntryAgeMs: number | null;
  /** Processes that have it open for writing; null where the system cannot tell. */
  writers: Holder[] | null;
  /** Processes of other users, which could not be looked into. */
  hiddenProcesses: number;
  backups: BackupPart[];
  restore: RestoreWindow;
  mirror: MirrorPart | null;
  largest: LargestKey[];
  /** Present for stores of several files. */
  store?: StorePart;
  /** Bytes by which the log grows in a day; null when its times do not tell. */
  growthBytesPerDay: number | null;
}

/** One listed entry (`inspect --entries`, `--history`). */
export interface EntryRow {
  path: string;
  line: number;
  offset: number;
  length: number;
  time: string | null;
  op: string;
  key: string | null;
  /** Bytes of the value; 0 for a delete. */
  bytes: number;
  /** The value as JSON text, byte for byte; only with `--values`. In JSON it stands as it is. */
  value?: string;
  /** The whole line; only with `--raw`. */
  raw?: string;
}

export interface InspectReport extends Envelope<'inspect', InspectLogPart> {
  report: 'inspect';
  totals?: DirectoryTotals;
}

/** `inspect --entries` and `--history`: the rows are streamed, this is what is said about them. */
export interface EntriesReport extends Envelope<'entries', LogPart> {
  report: 'entries';
  entries: EntryRow[];
  /** Rows that matched; more than `entries.length` when a limit cut them. */
  matched: number;
  history?: string;
  /** The instants `--since` and `--until` were understood as, RFC 3339 UTC. */
  since?: string;
  until?: string;
}

export interface VerifyLogPart extends LogPart, LogSummary {
  checked: string[];
  backups: BackupPart[];
  mirror: MirrorPart | null;
}

export interface VerifyReport extends Envelope<'verify', VerifyLogPart> {
  report: 'verify';
  /** True with `--quick`. */
  quick: boolean;
  /** Findings beyond `--max-findings`. */
  findingsCut: number;
}

/** The point of a log a state was taken at. */
export interface ReplayPoint {
  path: string;
  line: number;
  offset: number;
  time: string | null;
}

export interface ReplayLogPart extends LogPart {
  semantics: Semantics;
  /** The last entry inside the state, and the first behind it. */
  at: ReplayPoint | null;
  next: ReplayPoint | null;
  keys: number;
  keysShown: number;
  liveBytes: number;
  outputBytes: number;
  /** sha-256, hex; null unless asked for or free to have. */
  stateHash: string | null;
  expectedHash?: string;
  output?: string;
  diff?: { against: string; added: string[]; removed: string[]; changed: string[] };
}

export interface ReplayReport extends Envelope<'replay', ReplayLogPart> {
  report: 'replay';
  /** The instant `--at` was understood as, RFC 3339 UTC. */
  askedTime?: string;
}

/** What compact did, or would do, with one log. Sizes in bytes. */
export interface CompactLogPart extends LogPart {
  result: 'compacted' | 'would compact' | 'skipped' | 'deferred' | 'not compacted';
  /** Why it was skipped or not compacted, in words. */
  reason?: string;
  bytesBefore: number;
  bytesAfter: number;
  /** Documented and upstream state hash; equal before and after, or nothing was changed. */
  stateHash: { before: string; after: string } | null;
  upstreamHash: { before: string; after: string } | null;
  /** Keys that only the upstream state has, kept in a checkpoint of their own for its reader. */
  keysKeptForReader: number;
  /** Live keys, and the bytes of keys and values; null where the log was not folded. */
  keys: number | null;
  liveBytes: number | null;
  backup: string | null;
  backupsKept: number;
  backupsRemoved: string[];
  /** Where backups are now that this run moved to `--backup-dir`, or compressed. */
  backupsMoved?: string[];
  backupsCompressed?: string[];
  quarantine: string | null;
  /** How long writers could have been held back, ms. */
  heldMs: number;
  neededBytes: number;
  freeBytes: number;
}

export interface CompactReport extends Envelope<'compact', CompactLogPart> {
  report: 'compact';
  dryRun: boolean;
}

/** What stopped a command before it had a report of its own kind. */
export interface FailureReport extends Envelope<'error', LogPart> {
  report: 'error';
}

export type { DirectoryTotals, StorePart } from './store-part.js';
export type { RecoverLogPart, RecoverReport } from './recovery/recover-model.js';

export type Report =
  | InspectReport
  | EntriesReport
  | VerifyReport
  | ReplayReport
  | CompactReport
  | RecoverReport
  | BenchFsyncReport
  | FailureReport;
