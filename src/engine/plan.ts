/** plan: what recover would do, as plain data: print it, review it, apply it later. */
import type { Finding, FindingCode, Impact } from './findings.js';

/** What a plan rests on: change a byte of it and the plan is void. */
export interface Fingerprint {
  path: string;
  size: number;
  sha256: string;
}

/** One piece of the new file. Offsets and lengths in bytes of `path`. */
export type PlanPart =
  /** Bytes copied as they are. */
  | { part: 'range'; path: string; offset: number; length: number }
  /** The same bytes with U+FFFD in place of invalid UTF-8. */
  | { part: 'mended'; path: string; offset: number; length: number }
  /** Bytes that no file had: newlines, entries filled from a mirror, notes. */
  | { part: 'text'; text: string; why: string };

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
  offset: number;
  length: number;
  action: 'quarantine' | 'split' | 'fill' | 'mend' | 'end with a newline' | 'replace by the base';
  why: string;
  /** Whole entries brought back from inside it or from `source`. */
  entriesBack: number;
  /** Whole entries that go, estimated where the bytes do not tell. */
  entriesLost: number;
  source?: string;
  keys: KeyAtRisk[];
}

export type Policy = 'tail' | 'prefix' | 'salvage' | 'strict';

/** The plan for one log. */
export interface LogPlan {
  path: string;
  dialect: string;
  policy: Policy;
  action: 'none' | 'recover' | 'refused';
  /** Why it is refused, and what would not be. */
  refusal?: { message: string; next: string[] };
  /** The newest backup that verifies, where the log itself cannot be the start. */
  base?: { path: string; madeAt: string; lines: number; keys: number; why: string };
  /** Other sound backups that are older than the base. */
  passedOver: string[];
  /** A compaction was interrupted: it is completed first. */
  unfinished: boolean;
  basis: Fingerprint[];
  regions: RegionPlan[];
  parts: PlanPart[];
  quarantine: Quarantined[];
  linesKept: number;
  bytesKept: number;
  bytesQuarantined: number;
  bytesInserted: number;
  /** Bytes of the original: kept and quarantined ranges partition them. */
  bytesBefore: number;
  bytesAfter: number;
  entriesLost: number;
  budget: number;
  keysBefore: number;
  findings: Finding[];
  neededBytes: number;
  freeBytes: number;
  mirror?: MirrorPlan;
}

/** What becomes of the main JSON file with `--mirror`. */
export interface MirrorPlan {
  path: string;
  action: 'none' | 'write' | 'adopt' | 'replace' | 'refused';
  keys: number;
  /** Keys that only the mirror has. */
  ahead: string[];
  /** Keys whose values differ in log and mirror. */
  differing: string[];
}

/** A plan over a review: the whole of `--save-plan FILE`. */
export interface SavedPlan {
  schema: 'logctl/plan@1';
  version: string;
  madeAt: string;
  logs: LogPlan[];
}
