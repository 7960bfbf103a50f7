/** What inspect shows of several logs: a table, the findings, what to do. */
import type { DirectoryTotals, InspectLogPart, InspectReport } from '../../engine/index.js';
import { consequences, findingLines } from './findings.js';
import { logFailure } from './heading.js';
import { toneOfVerdict, type Look } from './look.js';
import { nextSteps } from './next.js';
import { table, type Column } from './table.js';
import { labelled, page, shorten } from './text.js';
import { briefBytes, columnBytes, count, thousands, toMinute } from './units.js';

const findingsOfEachMax = 3;

/** The report over a directory or over several targets. */
export function overviewText(report: InspectReport, look: Look): string {
  const nameOf = nameBelow(report.totals?.path);
  const failed = report.logs.filter(({ error }) => error !== undefined);
  return page([
    [headline(report, look)],
    report.logs.length === 0 ? [] : logTable(report.logs, nameOf, look),
    report.totals === undefined ? [] : totalsLine(report.totals, look),
    failed.flatMap((log) => logFailure(log, look)),
    findingLines(report.findings, look, { nameOf, eachMax: findingsOfEachMax }),
    consequences(report.findings, look),
    nextSteps(report.next, look.columns),
  ]);
}

/** Names below a directory are told without it. */
function nameBelow(directory: string | undefined): (path: string) => string {
  const prefix = directory === undefined ? '' : `${directory.replace(/\/+$/, '')}/`;
  return (path) => (path.startsWith(prefix) ? path.slice(prefix.length) : path);
}

function headline({ logs, totals }: InspectReport, look: Look): string {
  const attention = logs.filter(({ verdict }) => verdict === 'attention').length;
  const others = new Map<string, number>();
  for (const { verdict } of logs) {
    if (verdict !== 'ok' && verdict !== 'attention') {
      others.set(verdict, (others.get(verdict) ?? 0) + 1);
    }
  }
  const parts = [...others].map(([verdict, number]) => `${number} ${verdict}`);
  if (attention > 0) parts.push(`${attention} ${attention === 1 ? 'needs' : 'need'} attention`);
  const state = parts.join(', ') || (logs.length === 0 ? '' : 'all ok');
  const tail = [count(logs.length, 'log'), state].filter((part) => part !== '').join(', ');
  if (totals === undefined) return tail;
  return `${shorten(totals.path, look.columns - tail.length - 2)}: ${tail}`;
}

function logTable(logs: InspectLogPart[], nameOf: (path: string) => string, look: Look): string[] {
  const timed = logs.some(({ lastTime }) => lastTime !== null);
  const dialects = new Set(logs.flatMap(({ dialect }) => dialect || []));
  const named = dialects.size > 1 || !timed;
  const verdicts = new Map(logs.map(({ verdict }) => [verdict as string, toneOfVerdict(verdict)]));
  const columns: (Column & { cell(log: InspectLogPart): string; shown?: boolean })[] = [
    { head: 'LOG', kind: 'text', flexible: true, cell: (log) => nameOf(log.path) },
    { head: 'DIALECT', kind: 'text', cell: (log) => log.dialect, shown: named },
    { head: 'SIZE', kind: 'size', cell: (log) => columnBytes(log.bytes) },
    { head: 'LINES', kind: 'number', cell: (log) => thousands(log.lines) },
    { head: 'KEYS', kind: 'number', cell: keyCount },
    {
      ...{ head: 'LAST ENTRY', kind: 'text', cell: (log) => toMinute(log.lastTime) },
      ...{ shown: timed, expendable: named },
    },
    {
      head: 'VERDICT',
      kind: 'text',
      cell: (log) => log.verdict,
      paint: (verdict) => look.paint(verdicts.get(verdict) ?? 'plain', verdict),
    },
  ];
  const shown = columns.filter((column) => column.shown !== false);
  const rows = logs.map((log) => shown.map(({ cell }) => cell(log)));
  return table(shown, rows, look.columns);
}

/** Where lines have no keys, 0 would say that there was nothing in it. */
const keyCount = ({ keys, needsForKeys }: InspectLogPart): string =>
  needsForKeys === undefined ? thousands(keys.live) : '-';

/** What a directory holds as a whole. */
export function totalsLine(totals: DirectoryTotals, look: Look): string[] {
  const { logs, logBytes, backups, backupBytes, mirrors, sideFiles } = totals;
  const { freeBytes, growthBytesPerDay } = totals;
  const parts = [
    `${count(logs, 'log')} ${briefBytes(logBytes)}`,
    backups === 0 ? 'no backups' : `${count(backups, 'backup')} ${briefBytes(backupBytes)}`,
    mirrors === 0 ? '' : count(mirrors, 'mirror'),
    sideFiles === 0 ? '' : count(sideFiles, 'side file'),
    growthBytesPerDay === null ? '' : `+${briefBytes(growthBytesPerDay)} a day`,
    `${briefBytes(freeBytes)} free`,
  ];
  // A number and its unit stay on one line.
  const kept = parts.filter((part) => part !== '').map((part) => part.replaceAll(' ', '\u00a0'));
  const lines = labelled('total', kept.join(', '), { labelWidth: 7, columns: look.columns });
  return lines.map((line) => line.replaceAll('\u00a0', ' '));
}
