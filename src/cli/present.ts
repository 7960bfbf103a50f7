/** A Report and its two faces: JSON for programs, text for people. */
import type { EntriesReport, EntryRow, Report } from '../engine/index.js';
import { escapeAll, safeJson } from './escape.js';
import { benchFsyncText } from './human/bench-fsync.js';
import { compactText } from './human/compact.js';
import { entriesText } from './human/entries.js';
import { failureText } from './human/failure.js';
import { inspectText } from './human/inspect.js';
import type { Look } from './human/look.js';
import { recoverText } from './human/recover.js';
import { replayText } from './human/replay.js';
import { verifyText } from './human/verify.js';

/** Gives the report as one line of JSON that is safe to show on a terminal. */
export function toJson(report: Report): string {
  return report.report === 'entries' ? entriesJson(report) : safeJson(JSON.stringify(report));
}

/** Gives one entry as one line of JSON; a value stands in it as its own bytes, not as a string. */
export function entryJson({ value, ...row }: EntryRow): string {
  const line = JSON.stringify(row);
  // Parsing and printing the value would change 9007199254740993 and 1.0.
  return safeJson(value === undefined ? line : `${line.slice(0, -1)},"value":${value}}`);
}

/** Gives the report as text, ending with a newline. Strings of the log are escaped in it. */
export function toText(report: Report, look: Look): string {
  // Escaped here, once, so that no view can forget it. The commands keep their true bytes, for
  // they are quoted for the shell; quoting makes them safe as well.
  const safe: Report = { ...escapeAll(report), next: report.next };
  const text = safe.error === undefined ? '' : failureText(safe.error, safe.next, look);
  // A failure's next steps stand with it already.
  return text + bodyText(safe.error === undefined ? safe : { ...safe, next: [] }, look);
}

function bodyText(report: Report, look: Look): string {
  switch (report.report) {
    case 'inspect':
      return inspectText(report, look);
    case 'entries':
      return entriesText(report, look);
    case 'verify':
      return verifyText(report, look);
    case 'replay':
      return replayText(report, look);
    case 'compact':
      return compactText(report, look);
    case 'recover':
      return recoverText(report, look);
    case 'bench-fsync':
      return benchFsyncText(report, look);
    case 'error':
      return '';
  }
}

function entriesJson({ entries, ...report }: EntriesReport): string {
  const rows = entries.map(entryJson).join(',');
  return `${safeJson(JSON.stringify(report)).slice(0, -1)},"entries":[${rows}]}`;
}
