/** The help of `logctl` and `logctl --help`, made from the commands and options that there are. */
import { COMMANDS } from './commands/index.js';
import { globalOptions } from './global-options.js';
import { version } from './version.js';

const helpEnd = `A target is a log, a store directory, or a directory that holds logs.
Exit codes: 0 ok, 3 act soon, 4 damaged, 8 no verdict, 10 not found, 11 busy,
            20 recovered with loss, 21 refused, 22 changed underneath

Start here: logctl inspect data
`;

/** Gives one screen: what logctl can do, and where to start. */
export function shortHelp(): string {
  const rows = COMMANDS.map(({ name, summary, effect }) => [name, summary, effect]);
  return `logctl ${version}: check, repair and compact append-only JSONL logs

Usage: logctl <command> [options] <target...>

${inColumns(rows)}
${helpEnd}`;
}

/**
 * Gives the help with the options every command takes.
 * Written here and not by commander, which takes longer to load than all the rest of this.
 */
export function programHelp(): string {
  const rows = [
    ...globalOptions.map(({ flags, description }) => [flags, description]),
    ['-h, --help', 'print this help'],
  ];
  const flagsWidth = Math.max(...rows.map(([flags]) => flags.length));
  const commands = COMMANDS.map(({ name, summary }) => [name.padEnd(flagsWidth), summary]);
  return `Usage: logctl <command> [options] <target...>

Check, repair and compact append-only JSONL logs.

Global options:
${inColumns(rows)}
Commands (logctl <command> --help says more):
${inColumns(commands)}
${helpEnd}`;
}

function inColumns(rows: string[][]): string {
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  const lines = rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at])).join('  '));
  return lines.map((line) => `  ${line.trimEnd()}\n`).join('');
}
