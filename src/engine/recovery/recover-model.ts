/** recover-model: what recover says of a run and of each log, as plain data. Types only. */
import type { Finding } from '../findings.js';
import type { Envelope, LogPart, Verdict } from '../model.js';
import type { LogPlan } from './plan.js';

/** What recover did, or would do, with one log. */
export interface RecoverLogPart extends LogPart {
  result:
    | 'nothing to do'
    | 'would recover'
    | 'recovered'
    | 'recovered with loss'
    | 'written'
    | 'put back'
    | 'refused'
    | 'not recovered';
  /** Null for `--undo`, and where a target led to no log. */
  plan: LogPlan | null;
  /** Paths of what was kept and written; null where there is none. */
  original: string | null;
  quarantine: string | null;
  receipt: string | null;
  output: string | null;
  /** An interrupted compaction was completed, or its leftovers were removed. */
  finished: boolean;
  /** What a full verify said afterwards; null where nothing was applied. */
  verified: { verdict: Verdict; findings: Finding[] } | null;
  /** The main JSON file that was rebuilt. `original`: the old one; null where there was none. */
  mirror: { path: string; original: string | null; keys: number; bytes: number } | null;
}

export interface RecoverReport extends Envelope<'recover', RecoverLogPart> {
  report: 'recover';
  dryRun: boolean;
}
