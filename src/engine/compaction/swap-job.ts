/** swap-job: what replacing a log is asked to do; compact and recover each make one. */
import type { Sink } from '../context.js';
import type { SyncSource } from '../disk.js';
import type { Intent } from './intent.js';
import type { Stretch } from './swap-late.js';

/** One replacement of a log by a new file, beside whatever writers there are. */
export interface SwapJob {
  /** The log. It exists, as a regular file. */
  path: string;
  /**
   * The same file, opened once for reading. The lease sits on it: nothing may open it again for
   * writing meanwhile. The caller closes it.
   */
  old: SyncSource;
  /** Bytes of `old` that the new head stands for. Whole lines that follow are carried. */
  prefixLength: number;
  /** Both ends of the prefix when it was read (`prefixEnds`); default: when the swap begins. */
  ends?: Uint8Array;
  /** Lines in the prefix, for the line number of a torn end; default: not known, counted from 0. */
  prefixLines?: number;
  /** The prefix ends inside a line: what comes behind it may be the line's rest, not a line. */
  endsInLine?: boolean;
  /** Base name under which the old file stays, in the log's directory. */
  keptAs: string;
  /** Writes the new head. Called once, into a temporary nobody else sees. */
  writeHead(sink: Sink): Promise<void>;
  /** Reads the head back from disk (`headLength` bytes); throws to leave the log as it is. */
  proveHead(temporary: SyncSource, headLength: number): Promise<void>;
  /**
   * True where the end of `old` that no newline ends is a whole entry, false where it is the start
   * of one. Throws LogctlError where it is damaged: the log is then left as it is.
   */
  isWhole(old: SyncSource, rest: Stretch): Promise<boolean>;
  /** Asked right before the rename: throws where the library's own lock is no longer ours. */
  fence?(): void;
  /** The operator says that no writer runs: go on where there are no leases. */
  offline: boolean;
  /** The interrupted swap that this one finishes. */
  previous?: Intent;
}

/** What a swap did. `deferred`: the new file is in place, late bytes are merged by the next run. */
export interface SwapResult {
  outcome: 'swapped' | 'deferred';
  /** Bytes of the head, and of the lines carried behind it. */
  headLength: number;
  carriedLength: number;
  /** Lines carried. */
  carriedLines: number;
  /** Path of the quarantine file that took a torn last line; null where there was none. */
  quarantine: string | null;
  /** How long an opening writer could have been held back, ms. */
  heldMs: number;
}
