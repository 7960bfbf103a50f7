/** What compact did, or would do: one row per log. */
import { basename } from 'node:path';
import type { CompactLogPart, CompactReport } from '../../engine/index.js';
import { consequences, findingLines } from './findings.js';
import { logFailure } from './heading.js';
import { toneOfVerdict, type Look } from './look.js';
import { nextSteps } from './next.js';
import { table, type Column } from './table.js';
import { page, paragraph } from './text.js';
import { briefBytes, count, thousands } from './units.js';

/** A table, what each log has to say besides, and what a dry run would need. */
export function compactText(report: CompactReport, look: Look): string {
  const { logs, findings, next } = report;
  return page([
    logs.length === 0 ? [] : logTable(logs, look),
    logs.flatMap((log) => remarks(log, look)),
    findingLines(findings, look, { nameOf: (path) => path }),
    consequences(findings, look),
    report.dryRun ? dryRunWords(logs) : [],
    nextSteps(next, look.columns),
  ]);
}

function logTable(logs: CompactLogPart[], look: Look): string[] {
  const tones = new Map(logs.map(({ result, verdict }) => [result as string, verdict]));
  const paint = (result: string) => look.paint(toneOfVerdict(tones.get(result) ?? 'ok'), result);
  const columns: (Column & { cell(log: CompactLogPart): string })[] = [
    { head: 'LOG', kind: 'text', flexible: true, cell: ({ path }) => basename(path) },
    { head: 'RESULT', kind: 'text', paint, cell: ({ result }) => result },
    { head: 'BYTES', kind: 'text', cell: sizeWords },
    { head: 'STATE HASH', kind: 'text', cell: hashWords },
    { head: 'BACKUPS', kind: 'number', cell: ({ backupsKept }) => thousands(backupsKept) },
  ];
  const rows = logs.map((log) => columns.map(({ cell }) => cell(log)));
  return table(columns, rows, look.columns);
}

function sizeWords({ bytesBefore, bytesAfter }: CompactLogPart): string {
  const before = thousands(bytesBefore);
  return bytesAfter === bytesBefore ? before : `${before} -> ${thousands(bytesAfter)}`;
}

function hashWords({ stateHash }: CompactLogPart): string {
  if (stateHash === null) return '-';
  const [before, after] = [stateHash.before.slice(0, 8), stateHash.after.slice(0, 8)];
  return `${before} ${stateHash.before === stateHash.after ? '=' : 'is not'} ${after}`;
}

function remarks(log: CompactLogPart, look: Look): string[] {
  const { keysKeptForReader, quarantine } = log;
  const words = [
    log.reason ?? '',
    keysKeptForReader === 0 ? '' : `${count(keysKeptForReader, 'key')} kept for the bot`,
    quarantine === null ? '' : `an unfinished entry went to ${quarantine}`,
  ].filter((part) => part !== '');
  const said = words.length === 0 ? [] : [`${basename(log.path)}: ${words.join(', ')}`];
  return [...said.flatMap((text) => paragraph(text, look.columns)), ...logFailure(log, look)];
}

function dryRunWords(logs: CompactLogPart[]): string[] {
  if (logs.length === 0) return ['dry run, nothing was changed'];
  const needed = Math.max(...logs.map(({ neededBytes }) => neededBytes));
  const free = Math.min(...logs.map(({ freeBytes }) => freeBytes));
  return [
    'dry run, nothing was changed; ' +
      `${count(needed, 'byte')} of disk needed, ${briefBytes(free)} are free`,
  ];
}
