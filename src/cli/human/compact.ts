/** What compact did, or would do: one line per log, and a block for each that it could not do. */
import { basename } from 'node:path';
import type { CompactLogPart, CompactReport } from '../../engine/index.js';
import { consequences, findingLines } from './findings.js';
import { heading } from './heading.js';
import { toneOfVerdict, type Look } from './look.js';
import { nextSteps } from './next.js';
import { table, type Column } from './table.js';
import { page, paragraph, shorten, widthOf, wrap } from './text.js';
import { briefBytes, count, thousands } from './units.js';

/** A line for each log that went well, a block for each other one, the next steps. */
export function compactText(report: CompactReport, look: Look): string {
  const { logs, findings, next, dryRun } = report;
  const failed = logs.filter(hasFailed);
  const well = logs.filter((log) => !hasFailed(log));
  // A mail is about what failed: logs that nothing was done to are only counted in it.
  const shown = failed.length === 0 || dryRun ? well : well.filter(wasTouched);
  const inTable = !dryRun && shown.some(wasTouched);
  const about = new Set(failed.map(({ path }) => path));
  const others = findings.filter(({ path }) => !about.has(path));
  const blocks = failed.map((log) => failureBlock(log, report, look));
  const end = next.length > 0 ? nextSteps(next, look.columns) : hints(failed, look);
  // The next step stands right below what it is about.
  const last = blocks.pop() ?? [];
  const rows = inTable ? logTable(shown, look) : logLines(shown, look);
  const said = dryRun ? dryRunWords(logs, look) : [];
  return page([
    [...rows, ...shown.flatMap((log) => remarks(log, inTable, look)), ...said],
    findingLines(others, look, { nameOf: (path) => path }),
    consequences(others, look),
    ...blocks,
    ...(last.length > 0 ? [[...last, ...otherLogs(report, shown, look), ...end]] : [end]),
  ]);
}

const hasFailed = ({ error }: CompactLogPart) => error !== undefined;
const wasTouched = ({ result }: CompactLogPart) => result === 'compacted' || result === 'deferred';

/** What does not fit a cell stands below the table. */
const cellReasonMax = 14;

function logTable(logs: CompactLogPart[], look: Look): string[] {
  const name = nameIn(logs);
  const tones = new Map(logs.map(({ result, verdict }) => [result as string, verdict]));
  const paint = (result: string) => look.paint(toneOfVerdict(tones.get(result) ?? 'ok'), result);
  const columns: (Column & { cell(log: CompactLogPart): string })[] = [
    { head: 'LOG', kind: 'text', flexible: true, cell: name },
    { head: 'RESULT', kind: 'text', paint, cell: ({ result }) => result },
    { head: 'BYTES', kind: 'text', cell: sizeCell },
    { head: 'STATE HASH', kind: 'text', cell: hashCell },
    { head: 'BACKUPS', kind: 'text', cell: ({ backupsKept }) => thousands(backupsKept) },
  ];
  const rows = logs.map((log) => columns.map(({ cell }) => cell(log)));
  return table(columns, rows, look.columns + 2).map((line) => line.slice(2));
}

function sizeCell(log: CompactLogPart): string {
  const { reason = '', result } = log;
  const words = result === 'skipped' && reason.length <= cellReasonMax ? ` (${reason})` : '';
  return `${sizes(log)}${words}`;
}

/** `2,418,112 -> 521,530`; in units where that would push the table over the edge. */
function sizes({ bytesBefore, bytesAfter }: CompactLogPart): string {
  const write = bytesBefore < 100_000_000 ? thousands : briefBytes;
  const before = write(bytesBefore);
  return bytesAfter === bytesBefore ? before : `${before} -> ${write(bytesAfter)}`;
}

function hashCell({ stateHash }: CompactLogPart): string {
  if (stateHash === null) return '-';
  const [before, after] = [stateHash.before.slice(0, 8), stateHash.after.slice(0, 8)];
  return `${before} ${stateHash.before === stateHash.after ? '=' : 'is not'} ${after}`;
}

/** Where nothing was compacted: name, result, sizes and reason in words. */
function logLines(logs: CompactLogPart[], look: Look): string[] {
  const name = nameIn(logs);
  const width = Math.max(14, ...logs.map((log) => widthOf(name(log))));
  const widthMax = Math.min(width, look.columns - 40);
  return logs.flatMap((log) => {
    const would = log.result === 'would compact';
    const head = `${shorten(name(log), widthMax).padEnd(widthMax)}  `;
    const result = (would ? 'would do' : log.result).padEnd(10);
    const unit = log.bytesBefore < 100_000_000 ? ' bytes' : '';
    const then = would ? `then ${count(log.backupsKept, 'backup')}` : log.reason;
    const words = [`${sizes(log)}${unit}`, then].filter(Boolean).join(', ');
    const [first, ...more] = wrap(words, look.columns - widthOf(head) - 12);
    const indent = ' '.repeat(widthOf(head) + 12);
    return [
      `${head}${look.paint(toneOfVerdict(log.verdict), result)}  ${first}`,
      ...more.map((line) => indent + line),
    ];
  });
}

/** The base name, or the whole path where two logs share it. */
function nameIn(logs: CompactLogPart[]): (log: CompactLogPart) => string {
  const names = logs.map(({ path }) => basename(path));
  return ({ path }) => {
    const name = basename(path);
    return names.indexOf(name) === names.lastIndexOf(name) ? name : path;
  };
}

function remarks(log: CompactLogPart, inTable: boolean, look: Look): string[] {
  const { reason = '', keysKeptForReader, backupsMoved = [], backupsCompressed = [] } = log;
  const words = [
    inTable && reason.length > cellReasonMax ? reason : '',
    keysKeptForReader === 0 ? '' : `${count(keysKeptForReader, 'key')} kept for the bot`,
    backupsMoved.length === 0 ? '' : `${count(backupsMoved.length, 'backup')} moved`,
    backupsCompressed.length === 0 ? '' : `${count(backupsCompressed.length, 'backup')} compressed`,
  ].filter((part) => part !== '');
  return words.length === 0
    ? []
    : paragraph(`${basename(log.path)}: ${words.join(', ')}`, look.columns);
}

/** One log that was not compacted, or whose backups could not be tended afterwards. */
function failureBlock(
  log: CompactLogPart,
  { findings, next }: CompactReport,
  look: Look,
): string[] {
  const { path, verdict, result, reason, error } = log;
  const own = findings.filter((one) => one.path === path);
  // Findings say what the message says, and where.
  const message = own.length === 0 ? paragraph(error!.message, look.columns) : [];
  // A hint that is a command is among the next steps, with the options of this run.
  const isSaid = ['damaged', 'no-space'].includes(error!.code) || /^logctl /.test(error!.hint);
  const hint = next.length > 0 && !isSaid ? paragraph(error!.hint, look.columns) : [];
  return [
    heading({ ...log, dialect: '' }, look, { words: `${verdict}, ${result}` }),
    ...findingLines(own, look, { nameOf: () => '' }),
    ...message,
    ...consequences(own, look),
    ...(reason === undefined ? [] : paragraph(reason, look.columns)),
    ...hint.filter((line) => line.trim() !== ''),
  ];
}

/** Steps that are no command: only said where no command is. */
function hints(failed: CompactLogPart[], look: Look): string[] {
  const words = [...new Set(failed.map(({ error }) => error!.hint).filter((hint) => hint !== ''))];
  return words.flatMap((hint) =>
    wrap(hint, look.columns - 6).map((line, at) => `${at === 0 ? 'Next: ' : '      '}${line}`),
  );
}

function otherLogs({ logs }: CompactReport, shown: CompactLogPart[], look: Look): string[] {
  const hidden = logs.length - shown.length - 1;
  if (hidden <= 0) return [];
  const failed = logs.filter(hasFailed).length - 1;
  const skipped = logs.filter((log) => !hasFailed(log)).length - shown.length;
  return paragraph(`Other logs: ${skipped} skipped, ${failed} failed.`, look.columns);
}

function dryRunWords(logs: CompactLogPart[], look: Look): string[] {
  const due = logs.filter(({ result }) => result === 'would compact');
  if (due.length === 0) return ['dry run, nothing was changed'];
  const needed = Math.max(...due.map(({ neededBytes }) => neededBytes));
  const free = Math.min(...due.map(({ freeBytes }) => freeBytes));
  const space = `${count(needed, 'byte')} of disk needed, ${briefBytes(free)} are free`;
  return wrap(`dry run, nothing was changed; ${space}`, look.columns);
}
