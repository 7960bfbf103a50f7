/** Every finding code: its severity, what it means, and what helps. README and tests read this. */

/** error: exit 4. attention: exit 3. notice: exit 0. */
export type Severity = 'error' | 'attention' | 'notice';

/** What a finding does to the data: see `cli.md` of the JSON contract in README. */
export type Impact = 'harmless' | 'changed' | 'lost' | 'unknown';

/** What repairs it: a command of ours, or a look by a person. */
export type Remedy = 'recover' | 'salvage' | 'mirror' | 'compact' | 'look' | 'none';

interface FindingMeaning {
  severity: Severity;
  remedy: Remedy;
  /** One sentence for the README's table. */
  means: string;
}

const row = (severity: Severity, remedy: Remedy, means: string): FindingMeaning => ({
  severity,
  remedy,
  means,
});

/**
 * The table of codes. Codes are public: add freely, rename only with a major version.
 * `error` is what `recover --policy salvage` takes away.
 */
export const FINDINGS = {
  'torn-tail': row('attention', 'recover', 'the last line stops early and nothing valid follows'),
  'unended-line': row('attention', 'recover', 'the last line is whole but has no newline'),
  'nul-tail': row('attention', 'recover', 'zero bytes at the end: sectors lost in a power cut'),
  'nul-run': row('error', 'salvage', 'zero bytes in the middle'),
  'glued-lines': row('error', 'salvage', 'a torn fragment and whole entries share one line'),
  'bad-json': row('error', 'salvage', 'the line is not JSON'),
  'bad-entry': row('error', 'salvage', 'the line is JSON but not an entry of this dialect'),
  'bad-utf8': row('error', 'salvage', 'invalid UTF-8'),
  'unknown-op': row('notice', 'none', 'an operation replay ignores: kept'),
  'ignored-entry': row('notice', 'none', 'an entry without a usable key or data: kept, no effect'),
  'truncated-log': row('error', 'salvage', 'the log was cut where a backup shows there was data'),
  'log-missing': row('error', 'salvage', 'the log is gone but its siblings are there'),
  'unread-entries': row('error', 'salvage', 'acknowledged entries in files no reader looks at'),
  'orphan-start': row('attention', 'salvage', 'the log does not continue the backup beside it'),
  'checkpoint-mismatch': row('attention', 'look', 'a checkpoint differs from the state before it'),
  'crc-mismatch': row('error', 'salvage', 'the bytes of an entry do not match its crc'),
  'seq-gap': row('attention', 'look', 'sequence numbers are missing'),
  'seq-repeat': row('attention', 'look', 'a sequence number occurs twice'),
  'duplicated-block': row('notice', 'none', 'whole lines repeat a block before them: kept'),
  'time-backwards': row('notice', 'none', 'a timestamp is older than the one before'),
  'reader-differs': row('notice', 'recover', "the format's own library would load another state"),
  'reader-refuses': row('attention', 'look', "the format's own library would not load this"),
  'mirror-missing': row('attention', 'mirror', 'the main JSON file beside the log is gone'),
  'mirror-torn': row('attention', 'mirror', 'the main JSON file cannot be read'),
  'mirror-differs': row('attention', 'mirror', 'the main JSON file has other values than the log'),
  'mirror-ahead': row('notice', 'mirror', 'keys that only the main JSON file has'),
  'compaction-due': row('notice', 'compact', 'over the thresholds of compact'),
  'backup-damaged': row('attention', 'look', 'a backup that does not verify'),
  'backup-misdated': row('attention', 'look', 'a backup whose name and content tell other times'),
  'late-entries': row('attention', 'salvage', 'entries that came into a backup after compaction'),
  'backup-stale': row('attention', 'compact', 'the newest backup is older than allowed'),
  'replaced-while-read': row('notice', 'none', 'the file was renamed over while we read it'),
  'passed-over': row(
    'attention',
    'look',
    'a link or a file of another user beside a log: not read',
  ),
  'leftover-temp': row('attention', 'look', 'a temporary file an interrupted operation left'),
  'unfinished-compaction': row('attention', 'recover', 'a compaction stopped half way'),
  'opening-destroys': row(
    'attention',
    'look',
    'its own program would delete at start what is needed',
  ),
  'stale-lock': row('attention', 'look', 'a lock whose holder is gone'),
  'archive-damaged': row('attention', 'look', 'an archive segment that is gone or not whole'),
  'archive-unlisted': row(
    'notice',
    'none',
    'an archive segment of an archiving that was cut short',
  ),
  'prev-differs': row('notice', 'none', 'an entry names another previous value than there was'),
  'clock-backwards': row('notice', 'none', "an agent's clock went back: older entries may win"),
  'disk-volatile': row('attention', 'look', 'a filesystem in memory: a reboot loses everything'),
  'disk-remote': row('notice', 'none', 'a network filesystem: another machine answers fsync'),
  'disk-layered': row('notice', 'none', 'another filesystem lies below and answers fsync'),
  'disk-too-slow': row('attention', 'look', "too few fsyncs a second for the log's busiest minute"),
  'fsync-too-fast': row('attention', 'look', 'fsync returns before any device could have written'),
  'live-writer': row('notice', 'none', 'a process has the log open'),
} as const satisfies Record<string, FindingMeaning>;

export type FindingCode = keyof typeof FINDINGS;

/** One thing wrong or odd. Data with a position, never thrown. Offsets and lengths in bytes. */
export interface Finding {
  code: FindingCode;
  severity: Severity;
  path: string;
  /** Counts from 1. */
  line?: number;
  offset?: number;
  length?: number;
  key?: string;
  impact?: Impact;
  /** The line whose value of `key` is in force because of this. */
  liveLine?: number;
  message: string;
  /** What the format's own program does if it starts now. */
  consequence?: string;
}

type Details = Omit<Finding, 'code' | 'severity' | 'path' | 'message'>;

/** Makes a Finding with the severity of its code. `severity` overrides it where a rule says so. */
export function finding(
  code: FindingCode,
  path: string,
  message: string,
  details: Details & { severity?: Severity } = {},
): Finding {
  return { code, severity: FINDINGS[code].severity, path, ...details, message };
}
