/** What bench-fsync shows: the disk, a row a method, what it means for the log. */
import type { BenchFsyncPart, BenchFsyncReport, BenchMethod } from '../../engine/index.js';
import { findingLines } from './findings.js';
import { toneOfVerdict, type Look } from './look.js';
import { table, type Column } from './table.js';
import { page, wrap } from './text.js';
import { count, seconds, thousands } from './units.js';

/** Everything that the report has, one block a directory. */
export function benchFsyncText(report: BenchFsyncReport, look: Look): string {
  return page([
    ...report.logs.flatMap((part) => [
      headLines(report, part, look),
      methodLines(report, part, look),
      shortLines(part, look),
      answerLines(part, look),
    ]),
    report.logs.length === 0 ? [] : cacheLines(report, look),
    findingLines(report.findings, look, { nameOf: (path) => path }),
  ]);
}

function headLines(report: BenchFsyncReport, part: BenchFsyncPart, look: Look): string[] {
  const { directory, sizes } = part;
  const from =
    sizes.from === 'default' ? 'no log here to take sizes from' : `median ${logWords(part)}`;
  const largest = sizes.largest > sizes.median ? `, largest ${thousands(sizes.largest)}` : '';
  const entries = `entries of ${count(sizes.median, 'byte')} (${from}${largest})`;
  return [
    ...wrap(`${directory} on ${diskWords(part)}`, look.columns),
    ...wrap(`${entries}, ${roundWords(report, part)}`, look.columns),
  ];
}

function diskWords({ device }: BenchFsyncPart): string {
  const { filesystem, source, rotational, writeCache, virtual } = device;
  const facts = [
    source === null || source === filesystem ? '' : source,
    virtual ? 'a virtual disk' : '',
    rotational === null || virtual ? '' : rotational ? 'rotational' : 'not rotational',
    writeCache === null ? '' : `write cache: ${writeCache}`,
  ].filter((fact) => fact !== '');
  const name = filesystem === 'unknown' ? 'an unknown filesystem' : filesystem;
  return facts.length === 0 ? name : `${name} (${facts.join(', ')})`;
}

const logWords = ({ path, directory }: BenchFsyncPart) =>
  path === directory ? 'of the logs here' : 'of this log';

function roundWords({ rounds, budgetMs }: BenchFsyncReport, { methods }: BenchFsyncPart): string {
  const isCut = methods.some((method) => method.rounds < rounds);
  if (!isCut) return `${count(rounds, 'round')} each`;
  const why = budgetMs === null ? '' : ` into ${seconds(budgetMs)}`;
  return `as many of ${count(rounds, 'round')} as fit${why}`;
}

function methodLines({ rounds }: BenchFsyncReport, { methods }: BenchFsyncPart, look: Look) {
  type Cell = Column & { cell(method: BenchMethod): string; shown?: boolean };
  const some = (has: (method: BenchMethod) => boolean) => methods.some(has);
  const number = (head: string, cell: (method: BenchMethod) => string, shown = true): Cell => {
    return { head, kind: 'number', cell, shown };
  };
  const columns: Cell[] = [
    { head: 'METHOD', kind: 'text', flexible: true, cell: ({ name }) => nameOf(name) },
    number('GROUP', ({ group }) => (group === null ? '-' : String(group))),
    number(
      'ROUNDS',
      (method) => thousands(method.rounds),
      some((method) => method.rounds < rounds),
    ),
    number('ENTRIES/S', ({ entriesPerSecond: rate }) => (rate === null ? '-' : perSecond(rate))),
    number('P50', ({ p50 }) => briefly(p50)),
    number('P95', ({ p95 }) => briefly(p95)),
    number(
      'P99',
      ({ p99 }) => briefly(p99),
      some(({ p99 }) => p99 !== null),
    ),
    number(
      'P99.9',
      ({ p999 }) => briefly(p999),
      some(({ p999 }) => p999 !== null),
    ),
    number('MAX', ({ max }) => briefly(max)),
  ];
  const shown = columns.filter((column) => column.shown !== false);
  const rows = methods.map((method) => shown.map(({ cell }) => cell(method)));
  return table(shown, rows, look.columns);
}

const nameOf = (name: string) => (name === 'swap' ? 'swap (rename+fsync)' : name);

const perSecond = (rate: number) => thousands(Math.round(rate));

/** Two figures and a unit, for a column: `1.4 us`, `940 us`, `7.9 ms`, `64 ms`. */
function briefly(ms: number | null): string {
  if (ms === null) return '-';
  const [amount, unit] = ms < 0.9995 ? [ms * 1_000, 'us'] : [ms, 'ms'];
  return `${amount < 9.95 ? amount.toFixed(1) : thousands(Math.round(amount))} ${unit}`;
}

/** Why a percentile is missing. */
function shortLines({ methods }: BenchFsyncPart, look: Look): string[] {
  const missing = [
    { name: 'p99', rounds: 1_000, few: methods.some(({ p99 }) => p99 === null) },
    { name: 'p99.9', rounds: 10_000, few: methods.some(({ p999 }) => p999 === null) },
  ].filter(({ few }) => few);
  if (missing.length === 0) return [];
  const words = missing.map(({ name, rounds }) => `${name} needs ${thousands(rounds)} rounds`);
  const most = missing[missing.length - 1].rounds;
  return wrap(`  not shown: ${words.join(', ')} (--rounds ${most})`, look.columns);
}

function answerLines(part: BenchFsyncPart, look: Look): string[] {
  const { answer, verdict, path, directory } = part;
  const { busiestMinute, neededPerSecond, durablePerSecond, groupedPerSecond } = answer;
  const durable = `The disk can do ${perSecond(durablePerSecond)} a second one by one`;
  const grouped = `${perSecond(groupedPerSecond)} in groups of 64`;
  if (busiestMinute === null || neededPerSecond === null) {
    return wrap(`${durable}, ${grouped}. No entry here says how many are needed.`, look.columns);
  }
  const whose = path === directory ? "These logs'" : "This log's";
  const peak = `${count(busiestMinute, 'entry', 'entries')}, ${rough(neededPerSecond)} a second`;
  const words = `${whose} busiest minute: ${peak}. ${durable}: ${conclusion(part, grouped)}`;
  const lines = wrap(words, look.columns);
  return answer.answer === 'enough'
    ? lines
    : lines.map((line) => look.paint(toneOfVerdict(verdict), line));
}

function conclusion({ answer }: BenchFsyncPart, grouped: string): string {
  switch (answer.answer) {
    case 'enough':
      return `enough, ${rough(answer.timesEnough ?? 0)} times over. No need for group commit.`;
    case 'group commit':
      return `too few, and enough with group commit (${grouped}).`;
    case 'not enough':
    case 'unknown':
      return `too few, also with group commit (${grouped}).`;
  }
}

/** `0.4`, `295`: one decimal where it matters. */
function rough(amount: number): string {
  return amount < 9.95 ? String(Math.round(amount * 10) / 10) : thousands(Math.round(amount));
}

function cacheLines({ findings }: BenchFsyncReport, look: Look): string[] {
  const suspects = findings.some(({ code }) => ['fsync-too-fast', 'disk-volatile'].includes(code));
  const words = 'Whether the disk really keeps what fsync promised, only a power cut can show';
  const nothing = 'nothing here looks like a cache that answers too fast';
  return wrap(suspects ? `${words}.` : `${words}; ${nothing}.`, look.columns);
}
