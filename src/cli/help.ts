/** The help of `logctl` alone, made from the commands that there are. */
import { COMMANDS } from './commands/index.js';
import { version } from './version.js';

/** What exit codes mean and where to start; also the end of `logctl --help`. */
export const helpEnd = `A target is a log, a store directory, or a directory that holds logs.
Exit codes: 0 ok, 3 act soon, 4 damaged, 8 no verdict, 10 not found, 11 busy,
            20 recovered with loss, 21 refused, 22 changed underneath

Start here: logctl inspect data
`;

/** Gives one screen: what logctl can do, and where to start. */
export function shortHelp(): string {
  const nameWidth = Math.max(...COMMANDS.map(({ name }) => name.length));
  const summaryWidth = Math.max(...COMMANDS.map(({ summary }) => summary.length));
  const rows = COMMANDS.map(
    ({ name, summary, effect }) =>
      `  ${name.padEnd(nameWidth)}  ${summary.padEnd(summaryWidth)}  ${effect}\n`,
  );
  return `logctl ${version}: check, repair and compact append-only JSONL logs

Usage: logctl <command> [options] <target...>

${rows.join('')}
${helpEnd}`;
}
