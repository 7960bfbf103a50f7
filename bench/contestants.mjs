// Who is measured, and what each one really does with the file.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const benchFolder = dirname(fileURLToPath(import.meta.url));
const logctlProgram = join(dirname(benchFolder), 'bin', 'logctl.js');

/** The name of the program that the others are compared with. */
export const yardstick = 'logctl verify';

/** The name of the program that does the least one can do with every byte. */
export const floor = 'wc -l';

/**
 * Returns the programs to run on a file: { name, does, command, args, accepts, printsState } each.
 *
 * `accepts`: exit codes of a run that did its work (logctl ends with 3 where it has advice).
 * `printsState`: standard output goes to /dev/null, as it is as big as the state.
 */
export function contestantsFor(path, { threads, only }) {
  const threadArgs = threads ? ['--threads', threads] : [];
  const logctl = (verb, does) => ({
    name: `logctl ${verb}`,
    does,
    command: process.execPath,
    args: [logctlProgram, verb, ...threadArgs, path],
    accepts: [0, 3],
    printsState: verb === 'replay',
  });
  const node = (name, does) => ({
    name,
    does,
    command: process.execPath,
    args: [join(benchFolder, 'peers', `${name}.mjs`), path],
    accepts: [0],
  });
  const tool = (name, does, [command, ...args]) => {
    return { name, does, command, args: [...args, path], accepts: [0] };
  };
  const all = [
    logctl('verify', 'checks UTF-8, JSON, entry rules and checkpoints'),
    logctl('replay', 'folds the log, writes the whole state to /dev/null'),
    logctl('inspect', 'counts entries, live keys, live and reclaimable bytes'),
    node('chunks', 'node: 1 MiB reads, indexOf newline, JSON.parse, Map; state stays in memory'),
    node('readline', 'node: readline, JSON.parse, Map; state stays in memory'),
    tool('jq empty', 'parses every line, keeps and prints nothing', ['jq', 'empty']),
    tool(floor, 'counts newlines and looks at nothing else', ['wc', '-l']),
  ];
  return only ? all.filter(({ name }) => only.includes(name)) : all;
}
