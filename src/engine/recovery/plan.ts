/** plan: what recover would do, as plain data: print it, review it, apply it later. */
import type { FormatOptions } from '../context.js';
import type { Finding, FindingCode, Impact } from '../findings.js';

/** What a plan rests on: change a byte of it and the plan is void. */
export interface Fingerprint {
  path: string;
  /** Bytes from the start of the file; what a writer appends later is no change. */
  size: number;
  sha256: string;
  /** Time of its last change, ms since 1970 UTC, before it was read. */
  modifiedMs: number;
}

/** One piece of the new file. Offsets and lengths in bytes of `path` (unpacked where it is .gz). */
export type PlanPart =
  /** Bytes copied as they are. `mends`: the whole line they are of lies in quarantine as well. */
  | { part: 'range'; path: string; offset: number; length: number; mends?: true }
  /** Bytes that no file had, and no values: newlines, notes, U+FFFD, escapes. */
  | { part: 'text'; text: string; why: string }
  /**
   * An entry that sets `key` to the value that lies at `from` in the main JSON file, spacing taken
   * out, with `time` (ms since 1970 UTC). `length` and `sha256`: of the entry with its newline.
   */
  | {
      part: 'entry';
      key: string;
      time: number;
      from: { path: string; offset: number; length: number };
      length: number;
      sha256: string;
      why: string;
    };

/** Bytes of the original that the new file lacks; they go to the quarantine file. */
export interface Quarantined {
  path: string;
  line: number;
  offset: number;
  length: number;
  reason: string;
}

/** A key that the damage touches, and how it comes out of it. */
export interface KeyAtRisk {
  key: string;
  impact: Impact | 'could come back';
}

/** What is done with one damaged region, and why. */
export interface RegionPlan {
  code: FindingCode;
  line: number;
  /** Damaged lines that lie together, counted from `line`. */
  lines: number;
  offset: number;
  length: number;
  action:
    | 'quarantine'
    | 'split'
    | 'fill'
    | 'mend'
    | 'end with a newline'
    | 'put the base in front'
    | 'replace by the base'
    | 'bring back'
    | 'keep';
  why: string;
  /** Whole entries brought back from inside it or from `source`. */
  entriesBack: number;
  /** Whole entries that go, estimated where the bytes do not tell. */
  entriesLost: number;
  source?: string;
  /** At most 1,000 are named. */
  keys: KeyAtRisk[];
}

export type Policy = 'tail' | 'prefix' | 'salvage' | 'strict';

/** Live keys and the state hash, before as the log is read now, and after. */
export interface PlannedState {
  keysBefore: number;
  keysAfter: number;
  hashBefore: string;
  hashAfter: string;
}

/** The plan for one log. */
export interface LogPlan {
  path: string;
  /** The file that is replaced, where it is not the log itself. */
  replaces?: string;
  dialect: string;
  /** What the dialect was told; absent: nothing. */
  options?: FormatOptions;
  policy: Policy;
  /** Milliseconds since 1970 UTC, in the names of original, quarantine and receipt. */
  stamp: number;
  action: 'none' | 'recover' | 'refused';
  /** Why it is refused, and the options that would not be. */
  refusal?: { message: string; next: string[][] };
  /** The newest backup that verifies, where the log itself cannot be the start. */
  base?: { path: string; madeAt: string; lines: number; keys: number; why: string };
  /** Other sound backups that are older than the base. */
  passedOver: string[];
  /** What is left as it is though it is odd, in words. */
  notes: string[];
  /** The path names no file: it is made anew. */
  missing: boolean;
  /** A compaction was interrupted: it is completed first. */
  unfinished: boolean;
  basis: Fingerprint[];
  regions: RegionPlan[];
  parts: PlanPart[];
  quarantine: Quarantined[];
  linesBefore: number;
  /** Lines of the original that stay as they are. */
  linesKept: number;
  bytesKept: number;
  bytesQuarantined: number;
  bytesInserted: number;
  /** Bytes of the original: kept and quarantined ranges partition them. */
  bytesBefore: number;
  bytesAfter: number;
  entriesLost: number;
  budget: number;
  state: PlannedState;
  findings: Finding[];
  /** Bytes that are written before anything is taken away, and what is free for them. */
  neededBytes: number;
  freeBytes: number;
  mirror?: MirrorPlan;
}

/** What becomes of the main JSON file with `--mirror`. */
export interface MirrorPlan {
  path: string;
  action: 'none' | 'write' | 'adopt' | 'replace' | 'refused';
  /** A file is there now; it stays under another name. */
  exists: boolean;
  keys: number;
  /** Bytes of the file to be written. */
  bytes: number;
  /** Where the file that is there now stops being JSON; undefined when it is whole or missing. */
  tornAt?: number;
  /** Keys that only the mirror has. */
  ahead: string[];
  /** Keys whose values differ in log and mirror. */
  differing: string[];
}

/** Plans over a review: the whole of `--save-plan FILE`. */
export interface SavedPlan {
  schema: 'logctl/plan@1';
  version: string;
  madeAt: string;
  /** Of the JSON text of `logs`: against accidents, for anybody can make it anew. */
  sha256: string;
  logs: LogPlan[];
}
