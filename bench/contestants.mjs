// Who is measured, and what each one really does with the file.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasPackage, hasProgram } from './installed.mjs';

const benchFolder = dirname(fileURLToPath(import.meta.url));

/** The program that users start. */
export const logctlProgram = join(dirname(benchFolder), 'bin', 'logctl.js');

/** The name of a logctl command that reads with so many threads, as tables and bars write it. */
export function threaded(command, threads) {
  return `logctl ${command} (${threads} ${threads === 1 ? 'thread' : 'threads'})`;
}

/** The name of the program that does the least one can do with every byte. */
export const floor = 'wc -l';

/** The commands of logctl that are measured: the arguments of each, and what it does. */
const commands = {
  verify: { args: ['verify'], does: 'checks UTF-8, JSON, entry rules and checkpoints' },
  // No key is called that: the whole log is folded and no value of it printed.
  index: {
    args: ['replay', '--key', 'no such key'],
    does: 'replay of a key that is not there: folds the whole log, prints no value',
  },
  replay: { args: ['replay'], does: 'folds the log, writes the whole state to /dev/null' },
  inspect: { args: ['inspect'], does: 'counts entries, live keys, live and reclaimable bytes' },
};

/**
 * Returns who is measured on a file of that kind: { contestants, leftOut }.
 *
 * A contestant: { name, does, command, args, accepts, printsState, leaves }. `accepts`: exit codes
 * of a run that did its work (logctl ends with 3 where it has advice). `printsState`: standard
 * output goes to /dev/null, as it is as big as the state. `leaves`: a file to remove afterwards.
 * `leftOut`: sentences that say who is not measured, and why.
 */
export function contestantsFor(kind, path, { threads, only, dataDir }) {
  const ours = threads.flatMap((count) => {
    return Object.keys(commands).map((command) => logctl(command, count, path));
  });
  const peers = kind === 'opslog' ? storePeers(path) : logPeers(kind, path, dataDir);
  const wanted = [...ours, ...peers].filter(
    ({ name }) => only === undefined || only.includes(name),
  );
  return {
    contestants: wanted.filter(({ absent }) => !absent),
    leftOut: wanted.flatMap(({ name, absent }) => (absent ? [`${name}: left out, ${absent}`] : [])),
  };
}

function logctl(command, threads, path) {
  const { args, does } = commands[command];
  return {
    name: threaded(command, threads),
    does,
    command: process.execPath,
    args: [logctlProgram, ...args, '--threads', String(threads), path],
    accepts: [0, 3],
    printsState: args[0] === 'replay',
  };
}

function logPeers(kind, path, dataDir) {
  const copy = join(dataDir, 'copy');
  return [
    duckdb(kind, path),
    script('chunks', '1 MiB reads, indexOf newline, JSON.parse, Map; state stays in memory', path),
    script('readline', 'readline, JSON.parse, Map; state stays in memory', path),
    program('jq empty', 'parses every line, keeps and prints nothing', ['jq', 'empty', path]),
    program(floor, 'counts newlines and looks at nothing else', ['wc', '-l', path]),
    { ...program('cp', 'copies the file', ['cp', path, copy]), leaves: copy },
  ];
}

function storePeers(path) {
  const name = '@backloghq/opslog';
  const open = script('opslog', "opslog's own open, read-only; state stays in memory", path);
  return [{ ...open, absent: missingPackage(name) }];
}

function duckdb(kind, path) {
  const does = 'SQL with 2 threads: the last write of each key';
  const huge = 'one line of its file is longer than DuckDB reads as JSON';
  const absent = kind === 'checkpoint' ? huge : missingPackage('@duckdb/node-api');
  return { ...script('duckdb', does, path), absent };
}

function missingPackage(name) {
  if (hasPackage(name)) return undefined;
  return `${name} is not installed: npm ci --prefix bench --ignore-scripts`;
}

function script(name, does, path) {
  const args = [join(benchFolder, 'peers', `${name}.mjs`), path];
  return { name, does: `node: ${does}`, command: process.execPath, args, accepts: [0] };
}

function program(name, does, [command, ...args]) {
  const absent = hasProgram(command) ? undefined : `${command} is not installed`;
  return { name, does, command, args, accepts: [0], absent };
}
