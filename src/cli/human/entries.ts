/** What inspect --entries and --history show: one row an entry, its value below if asked for. */
import { basename } from 'node:path';
import type { EntriesReport, EntryRow } from '../../engine/index.js';
import { consequences, findingLines } from './findings.js';
import { logFailure } from './heading.js';
import type { Look } from './look.js';
import { nextSteps } from './next.js';
import { table, type Column } from './table.js';
import { page, shorten, wrap } from './text.js';
import { count, thousands } from './units.js';

/** Rows in the order of the report: a history begins with the newest. */
export function entriesText(report: EntriesReport, look: Look): string {
  const alone = report.logs.length === 1 ? report.logs[0].path : undefined;
  const nameOf = (path: string) => (path === alone ? '' : path);
  return page([
    headlines(report, look),
    report.entries.length === 0 ? [] : rowLines(report, look),
    failures(report, look),
    findingLines(report.findings, look, { nameOf }),
    consequences(report.findings, look),
    advice(report, look),
    nextSteps(report.next, look.columns),
  ]);
}

function headlines({ entries, matched, history, logs, since, until }: EntriesReport, look: Look) {
  const names = logs.map(({ path }) => path).join(', ');
  const what = history === undefined ? names : history;
  const some = entries.length > 0 && entries.length < matched;
  const which = history === undefined ? 'first' : 'newest';
  const counted =
    history === undefined ? count(matched, 'entry', 'entries') : count(matched, 'version');
  const tail = `${counted}${some ? `, the ${which} ${thousands(entries.length)}` : ''}`;
  const range = [
    since === undefined ? '' : `since ${since}`,
    until === undefined ? '' : `until ${until}`,
  ].filter((part) => part !== '');
  return [
    what === '' ? tail : `${shorten(what, look.columns - tail.length - 2)}: ${tail}`,
    ...(range.length === 0 ? [] : [range.join(', ')]),
  ];
}

function rowLines({ entries, history }: EntriesReport, look: Look): string[] {
  const files = new Set(entries.map(({ path }) => path));
  const columns: (Column & { cell(row: EntryRow): string; shown?: boolean })[] = [
    { head: 'TIME', kind: 'text', cell: ({ time }) => time ?? '-' },
    { head: 'OP', kind: 'text', cell: ({ op }) => shorten(op, 16) },
    {
      head: 'KEY',
      kind: 'text',
      flexible: true,
      cell: ({ key }) => key ?? '-',
      shown: history === undefined,
    },
    { head: 'BYTES', kind: 'number', cell: ({ bytes }) => thousands(bytes) },
    {
      head: 'FILE',
      kind: 'text',
      flexible: true,
      cell: ({ path }) => basename(path),
      shown: history !== undefined || files.size > 1,
    },
    { head: 'LINE', kind: 'number', cell: ({ line }) => String(line) },
    {
      ...{ head: 'OFFSET', kind: 'number', cell: ({ offset }) => String(offset) },
      // The line finds an entry as well; keys and files are more than a line holds.
      expendable: history === undefined && files.size > 1,
    },
  ];
  const shown = columns.filter((column) => column.shown !== false);
  const [heads, ...rows] = table(
    shown,
    entries.map((entry) => shown.map(({ cell }) => cell(entry))),
    look.columns,
  );
  // Whoever asks for values wants all of them: they are neither wrapped nor shortened.
  const below = ({ value, raw }: EntryRow) =>
    [value, raw].flatMap((text) => (text === undefined ? [] : [`    ${text}`]));
  return [heads, ...rows.flatMap((line, at) => [line, ...below(entries[at])])];
}

/** Logs that failed alone: their entries are missing above. */
function failures({ logs }: EntriesReport, look: Look): string[] {
  return logs.flatMap((log) => {
    return log.error === undefined
      ? []
      : [shorten(log.path, look.columns), ...logFailure(log, look)];
  });
}

function advice({ entries, matched }: EntriesReport, look: Look): string[] {
  if (entries.length === 0) return [];
  const hidden = entries.every(({ value, raw }) => value === undefined && raw === undefined);
  const parts = [
    hidden ? '--values to see them' : '',
    entries.length < matched ? '-n 0 for all' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? [] : wrap(`Add ${parts.join(', ')}.`, look.columns);
}
