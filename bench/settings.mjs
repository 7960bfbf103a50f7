// The options of the benchmark programs, how sizes are written, and the machine they run on.
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const benchFolder = dirname(fileURLToPath(import.meta.url));
const units = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 };

/** How big the log of each kind is when nobody asks for another size. */
const defaultSizes = {
  players: '1GiB',
  small: '512MiB',
  checkpoint: '840MB',
  opslog: '256MiB',
  'one-key': '512MiB',
};

const options = {
  kind: { type: 'string', default: 'players,small,checkpoint,opslog' },
  size: { type: 'string' },
  records: { type: 'string', default: '1000000' },
  rounds: { type: 'string', default: '5' },
  threads: { type: 'string', default: '1,2' },
  only: { type: 'string' },
  check: { type: 'boolean', default: false },
  json: { type: 'string' },
  results: { type: 'string' },
  'data-dir': { type: 'string', default: join(benchFolder, 'data') },
};

/**
 * Returns what the command line asks for. `size`, if given, in bytes: of every kind.
 * Where that is wrong it says so and ends the process with 2.
 */
export const parseSettings = () => orUsage(settingsOf);

/** Returns what `read` makes of the command line; ends with 2 and its words where it throws. */
export function orUsage(read) {
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${error.message}\nNext: bench/README.md lists the options\n`);
    return process.exit(2);
  }
}

function settingsOf() {
  const { values } = parseArgs({ options });
  return {
    kinds: values.kind.split(','),
    size: values.size === undefined ? undefined : parseSize(values.size),
    records: parseCount('--records', values.records),
    rounds: parseCount('--rounds', values.rounds),
    threads: values.threads.split(',').map((text) => parseCount('--threads', text)),
    only: values.only?.split(','),
    check: values.check,
    jsonPath: values.json,
    resultsPath: values.results,
    dataDir: relative('', values['data-dir']) || '.',
  };
}

/** Returns how big a log of that kind is to be, in bytes. */
export function sizeOf(kind, { size }) {
  return size ?? parseSize(defaultSizes[kind]);
}

/** Returns a whole number from 1. Throws an Error that names the option for anything else. */
export function parseCount(option, text) {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new Error(`${option} ${text}: expected 1 or more`);
}

/** Returns bytes: `64MiB`, `700 MB`, `1048576`. Throws an Error for anything else. */
export function parseSize(text) {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]i?b|b)?$/i.exec(text);
  if (!match) throw new Error(`--size ${text}: expected a size like 256MiB`);
  return Math.round(Number(match[1]) * units[(match[2] ?? 'B').toUpperCase()]);
}

/** Returns a size for people: MiB where it has no rest, else MB. */
export function sizeText(bytes) {
  return bytes % units.MIB === 0 ? `${bytes / units.MIB} MiB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Returns the machine and the Node that the figures belong to, and how busy it is now. */
export function describeMachine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown processor',
    cores: processors.length,
    memoryBytes: totalmem(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    load: loadavg()[0],
  };
}
