/** What inspect shows of a single log. */
import type {
  BackupPart,
  Finding,
  InspectLogPart,
  InspectReport,
  MirrorPart,
  StorePart,
} from '../../engine/index.js';
import { consequences, findingLines } from './findings.js';
import { heading, logFailure } from './heading.js';
import type { Look } from './look.js';
import { nextSteps } from './next.js';
import { overviewText, totalsLine } from './overview.js';
import { table } from './table.js';
import { labelled, page, shorten } from './text.js';
import {
  age,
  columnBytes,
  count,
  fullBytes,
  percent,
  thousands,
  toMinute,
  toSecond,
} from './units.js';

const labelWidth = 11;
const backupRowsMax = 10;
const chiefOps = 3;
const chiefTypes = 6;

/** One log in full, several as a table. `report` is escaped already, its next steps are not. */
export function inspectText(report: InspectReport, look: Look): string {
  if (report.logs.length !== 1) return overviewText(report, look);
  const [log] = report.logs;
  const nameOf = (path: string) => (path === log.path ? '' : path);
  const backups = backupTable(log.backups, look);
  const restore = row('restore', restoreWords(log), look);
  return page([
    [heading(log, look)],
    ...(log.error === undefined
      ? [
          [...fields(log, look), ...(backups.length === 0 ? restore : [])],
          backups,
          backups.length === 0 ? [] : restore,
          largestTable(log, look),
          report.totals === undefined ? [] : totalsLine(report.totals, look),
        ]
      : [logFailure(log, look)]),
    findingLines(report.findings.filter(isNews), look, { nameOf }),
    consequences(report.findings, look),
    nextSteps(report.next, look.columns),
  ]);
}

/** The bytes row and the next step say it already. */
const isNews = ({ code }: Finding) => code !== 'compaction-due';

/** What the tail of a log is, in words for people. */
const tailWords: Record<InspectLogPart['tail'], string> = {
  whole: 'whole, ends with a newline',
  unended: 'a whole entry without a newline: the next append would be glued to it',
  torn: 'torn: the last entry stops early',
  nul: 'zero bytes at the end',
  empty: 'empty, 0 bytes',
  missing: 'the log itself is missing',
};

function fields(log: InspectLogPart, look: Look): string[] {
  const reclaimable = `${thousands(log.reclaimableBytes)} reclaimable`;
  const share = percent(log.reclaimableBytes, log.bytes);
  return [
    ...row('size', `${fullBytes(log.bytes)}, ${count(log.lines, 'line')}`, look),
    ...row('entries', entryWords(log), look),
    ...(log.about === undefined ? [] : row('format', log.about, look)),
    ...row('time', timeWords(log), look),
    ...row('keys', keyWords(log), look),
    ...row('bytes', `${thousands(log.liveBytes)} live, ${reclaimable} (${share})`, look),
    ...row('tail', tailWords[log.tail], look),
    ...row('writer', writerWords(log), look),
    ...(log.store === undefined ? [] : storeRows(log.store, look)),
    ...(log.mirror === null ? [] : row('mirror', mirrorWords(log.mirror), look)),
  ];
}

const row = (label: string, text: string, { columns }: Look) =>
  labelled(label, text, { labelWidth, columns });

/** Who writes a store of several files, and how far back its generations go. */
function storeRows({ writers, generations }: StorePart, look: Look): string[] {
  const agents = writers.filter(({ agent }) => agent !== null);
  const named = agents.map(({ agent, clock }) => {
    return `${shorten(agent!, 24)}${clock === null ? '' : ` (clock ${thousands(clock)})`}`;
  });
  const bytes = generations.reduce((sum, one) => sum + one.bytes, 0);
  const [first] = generations;
  const since = first?.madeAt == null ? '' : ` since ${toSecond(first.madeAt)}`;
  const words = `${count(generations.length, 'generation')}${since}, ${fullBytes(bytes)}`;
  return [
    ...(named.length === 0 ? [] : row('agents', named.join(', '), look)),
    ...row('history', words, look),
  ];
}

/** The chief operations come first and are always counted; others only where they occur. */
function entryWords({ entries, needsForKeys }: InspectLogPart): string {
  const all = Object.entries(entries);
  // Of lines that only have a type, the most frequent say what is in the file.
  if (needsForKeys !== undefined) return typeWords(all.filter(([, number]) => number > 0));
  const counted = all.filter(([, number], at) => at < chiefOps || number > 0);
  return counted.map(([op, number]) => `${thousands(number)} ${op}`).join(', ') || 'none';
}

function typeWords(types: [name: string, lines: number][]): string {
  const chief = types.sort(([, a], [, b]) => b - a).slice(0, chiefTypes);
  const words = chief.map(([type, lines]) => `${thousands(lines)} ${shorten(type, 24)}`);
  const others = types.length - chief.length;
  if (others > 0) words.push(`${count(others, 'other type')}`);
  return words.join(', ') || 'none';
}

function timeWords({ firstTime, lastTime, lastEntryAgeMs }: InspectLogPart): string {
  if (firstTime === null || lastTime === null) return 'no entry has a time';
  const ago = lastEntryAgeMs === null ? '' : ` (${age(lastEntryAgeMs)})`;
  return `${toSecond(firstTime)} to ${toSecond(lastTime)}${ago}`;
}

function keyWords({ keys, needsForKeys }: InspectLogPart): string {
  if (needsForKeys !== undefined) return `none; replay, history and compact need ${needsForKeys}`;
  const { live, upstream, removed } = keys;
  const other = upstream === live ? '' : ` (${thousands(upstream)} for the format's own program)`;
  return `${thousands(live)} live${other}, ${thousands(removed)} deleted`;
}

function writerWords(log: InspectLogPart): string {
  const { path, writers, hiddenProcesses, lastEntryAgeMs } = log;
  const last = lastEntryAgeMs === null ? '' : `; last append ${age(lastEntryAgeMs)}`;
  const where = path === '-' ? 'of standard input' : 'here';
  if (writers === null) return `cannot be told ${where}${last}`;
  if (writers.length === 0) {
    const hidden = count(hiddenProcesses, "other user's process", "other users' processes");
    const seen = hiddenProcesses === 0 ? '' : ` (${hidden} not looked into)`;
    return `nobody has it open now${seen}${last}`;
  }
  const each = writers.map(({ pid, command, writes, append }) => {
    const does = append ? 'appends' : writes ? 'writes' : 'reads';
    return `pid ${pid} (${shorten(command, 40)}) ${does}`;
  });
  return `${each.join(', ')}${last}`;
}

function mirrorWords({ path, state, keys, differingKeys, aheadKeys }: MirrorPart): string {
  const only = aheadKeys === 0 ? '' : `, ${count(aheadKeys, 'key')} only there`;
  switch (state) {
    case 'agrees':
      return `${path} agrees, ${count(keys - aheadKeys, 'key')}${only}`;
    case 'differs':
      return `${path} differs in ${count(differingKeys, 'key')}${only}`;
    case 'being written':
      return `${path} is being written`;
    case 'torn':
      return `${path} cannot be read`;
    case 'missing':
      return `${path} is missing`;
    case 'unread':
      return `${path} was not read`;
  }
}

function backupTable(backups: BackupPart[], look: Look): string[] {
  if (backups.length === 0) return [];
  const newestFirst = [...backups].sort((a, b) => b.ms - a.ms);
  const rows = newestFirst
    .slice(0, backupRowsMax)
    .map((backup) => [
      `${backup.ms}${backup.compressed ? '.gz' : ''}`,
      toMinute(backup.madeAt),
      columnBytes(backup.bytes),
      backup.verdict,
      backup.entriesSince === null ? '-' : toSecond(backup.entriesSince),
    ]);
  const lines = table(
    [
      { head: 'BACKUP', kind: 'text', flexible: true },
      { head: 'MADE', kind: 'text' },
      { head: 'SIZE', kind: 'size' },
      { head: 'VERDICT', kind: 'text', paint: (verdict) => paintBackup(verdict, look) },
      { head: 'HOLDS ENTRIES SINCE', kind: 'text' },
    ],
    rows,
    look.columns,
  );
  const hidden = backups.length - rows.length;
  return hidden === 0 ? lines : [...lines, `  and ${thousands(hidden)} older`];
}

function paintBackup(verdict: string, look: Look): string {
  return look.paint(verdict === 'ok' ? 'good' : verdict === 'damaged' ? 'bad' : 'plain', verdict);
}

function restoreWords({ path, restore, backups, verdict }: InspectLogPart): string {
  if (path === '-') return 'cannot be told of standard input';
  const { since, gaps } = restore;
  if (since === null) return backups.length === 0 ? 'no backups' : 'how far back is not known';
  const each = gaps.map(({ after, before }) => `${toSecond(after)} and ${toSecond(before)}`);
  const whole = verdict === 'damaged' ? 'except what is damaged' : 'no gaps';
  const holes = gaps.length === 0 ? whole : `but none between ${each.join(', or ')}`;
  const alone = backups.length === 0 ? '; there are no backups' : '';
  return `every entry since ${toSecond(since)}, ${holes}${alone}`;
}

function largestTable({ largest }: InspectLogPart, look: Look): string[] {
  if (largest.length === 0) return [];
  const rows = largest.map(({ key, bytes, versions }) => [
    key,
    thousands(bytes),
    thousands(versions),
  ]);
  return table(
    [
      { head: 'LARGEST KEYS', kind: 'text', flexible: true },
      { head: 'BYTES', kind: 'number' },
      { head: 'VERSIONS', kind: 'number' },
    ],
    rows,
    look.columns,
  );
}
