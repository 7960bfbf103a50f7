/** logctl inspect: what is in here, and should I care? */
import { Option, type Command } from 'commander';
import { inspect, listEntries, LogctlError } from '../../engine/reading.js';
import type { EntriesOptions } from '../../engine/index.js';
import type { Io, OutputStream } from '../io.js';
import { entryJson } from '../present.js';
import type { Session } from '../session.js';
import { parseGlob, wholeNumber } from '../values.js';
import type { Outcome } from './command.js';
import { addTargets, timeOption } from './targets.js';

interface InspectFlags {
  top?: number;
  entries?: boolean;
  history?: string;
  follow?: boolean;
  op?: string;
  key?: string;
  since?: number;
  until?: number;
  start?: number;
  end?: number;
  limit?: number;
  values?: boolean;
  raw?: boolean;
  format?: 'jsonl';
}

/** Rows that are collected before they are shown; a stream of records needs no limit. */
const limitDefault = 100;
/** What -f shows before the first new entry, unless asked for otherwise: as `tail` has it. */
const followedRowsDefault = 10;
const streamBatchChars = 65_536;

/** Flags that say which entries to list and how. */
const entryFlags = [
  'op',
  'key',
  'since',
  'until',
  'start',
  'end',
  'limit',
  'values',
  'raw',
  'format',
] as const satisfies (keyof InspectFlags)[];

export function define(command: Command, io: Io): void {
  addTargets(command)
    .hook('preAction', () => refuseContradictions(command.optsWithGlobals()))
    .addOption(wholeOption('--top <n>', 'largest keys listed (default: 3)', 0))
    .addOption(new Option('--entries', 'list entries').conflicts('top'))
    .addOption(
      new Option('--history <key>', 'every version of a key, across the backups too').conflicts([
        'entries',
        'key',
        'top',
      ]),
    )
    .addOption(
      new Option('-f, --follow', 'print entries as they come').conflicts(['history', 'top', 'end']),
    )
    .option('--op <name>', 'only entries of this operation')
    .addOption(new Option('--key <glob>', 'only entries of these keys').argParser(parseGlob))
    .addOption(timeOption('--since <time>', 'only entries from then on: a time, or an age', io))
    .addOption(timeOption('--until <time>', 'only entries up to then', io))
    .addOption(wholeOption('--start <line>', 'from this line on', 1))
    .addOption(wholeOption('--end <line>', 'up to this line', 1))
    .addOption(
      wholeOption(
        '-n, --limit <n>',
        `rows; 0 for all (default: ${limitDefault}, jsonl: all; -f: ${followedRowsDefault} first)`,
        0,
      ),
    )
    .option('--values', 'print values too: logs may hold secrets')
    .option('--raw', 'print whole lines too')
    .addOption(
      new Option('--format <format>', 'one JSON record a line on stdout').choices(['jsonl']),
    );
}

export async function run(session: Session, command: Command): Promise<Outcome> {
  const flags = command.opts<InspectFlags>();
  const { context, where, io } = session;
  if (flags.follow) {
    const { limit = followedRowsDefault } = flags;
    const begin = limit === 0 ? ({ from: 'start' } as const) : { last: limit };
    const options = { ...entriesOptions(flags, 0), ...begin };
    const { followLogs } = await import('./follow.js');
    return followLogs(session, command.args, options, flags.format);
  }
  if (flags.entries === undefined && flags.history === undefined) {
    const report = await inspect(context, command.args, { ...where, top: flags.top });
    return { report, stream: 'out' };
  }
  if (flags.format === undefined) {
    const options = { ...entriesOptions(flags, limitDefault), ...where };
    return { report: await listEntries(context, command.args, options), stream: 'out' };
  }
  const lines = batchLines(io.out);
  const options = { ...entriesOptions(flags, 0), ...where };
  const report = await listEntries(context, command.args, options, (row) => {
    return lines.add(entryJson(row));
  });
  await lines.flush();
  return { report, stream: 'err' };
}

const wholeOption = (flags: string, description: string, least: number) =>
  new Option(flags, description).argParser(wholeNumber(least));

function entriesOptions(flags: InspectFlags, limit: number): EntriesOptions {
  const { history, op, key, since, until, start, end, values, raw } = flags;
  return {
    history,
    op,
    keyGlob: key,
    since,
    until,
    startLine: start,
    endLine: end,
    limit: flags.limit ?? limit,
    values,
    raw,
  };
}

/** An option that would be ignored is a misunderstanding: better said than passed over. */
function refuseContradictions(flags: InspectFlags & { json?: boolean }): void {
  if (flags.json && flags.format !== undefined) {
    throw usage('--json is one document, --format jsonl many: choose one');
  }
  if (flags.json && flags.follow) {
    throw usage('--json is one document, --follow has no end: add --format jsonl instead');
  }
  if (flags.entries || flags.follow || flags.history !== undefined) return;
  const name = entryFlags.find((flag) => flags[flag] !== undefined);
  if (name !== undefined) throw usage(`--${name} is about single entries: add --entries`);
}

const usage = (message: string) => new LogctlError('usage', message, '');

/** Joins lines, because one write each would cost more than making them. */
function batchLines(out: OutputStream) {
  let text = '';
  const flush = async () => {
    const ready = text;
    text = '';
    if (ready !== '') await out.write(ready);
  };
  return {
    flush,
    add(line: string): void | Promise<void> {
      text += `${line}\n`;
      if (text.length >= streamBatchChars) return flush();
    },
  };
}
