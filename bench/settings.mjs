// The options of the benchmark programs, and how sizes are written.
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const benchFolder = dirname(fileURLToPath(import.meta.url));
const units = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 };

const options = {
  kind: { type: 'string', default: 'players,small,checkpoint' },
  size: { type: 'string', default: '256MiB' },
  rounds: { type: 'string', default: '3' },
  threads: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'string' },
  'data-dir': { type: 'string', default: join(benchFolder, 'data') },
};

/** Returns what the command line asks for, `size` in bytes. Throws an Error naming the fault. */
export function parseSettings() {
  const { values } = parseArgs({ options });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds ${values.rounds}: expected 1 or more`);
  }
  return {
    kinds: values.kind.split(','),
    size: parseSize(values.size),
    rounds,
    threads: values.threads,
    only: values.only?.split(','),
    jsonPath: values.json,
    dataDir: relative('', values['data-dir']) || '.',
  };
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
