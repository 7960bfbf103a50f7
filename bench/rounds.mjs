// Interleaved rounds: every program once in each, on one file that is in the page cache.
import { closeSync, openSync, readSync } from 'node:fs';
import { contestantsFor } from './contestants.mjs';
import { bytesOf, entriesFileOf, generate } from './generate.mjs';
import { measure } from './measure.mjs';
import { sizeOf, sizeText } from './settings.mjs';

/**
 * Runs all contestants on one kind of data, `settings.rounds` times.
 * Returns { kind, path, bytes, contestants, leftOut }; each contestant with its `runs`.
 */
export async function compare(kind, settings) {
  const size = sizeOf(kind, settings);
  process.stderr.write(`making ${kind}, ${sizeText(size)}\n`);
  const path = generate({ kind, size, dataDir: settings.dataDir });
  const { contestants, leftOut } = contestantsFor(kind, path, settings);
  readWhole(entriesFileOf(path));
  await runRounds(contestants, settings.rounds, kind);
  return { kind, path, bytes: bytesOf(path), contestants, leftOut };
}

/** Runs the contestants `rounds` times and gives each its `runs`, as `measure` gives them. */
export async function runRounds(contestants, rounds, what) {
  for (const contestant of contestants) contestant.runs = [];
  for (let round = 0; round < rounds; round++) {
    for (const contestant of rotated(contestants, round)) {
      process.stderr.write(`${what}, round ${round + 1}: ${contestant.name}\n`);
      contestant.runs.push(await measure(contestant));
    }
  }
}

/** Starts each round with another program, so that none always follows the same neighbour. */
function rotated(list, by) {
  const cut = by % list.length;
  return [...list.slice(cut), ...list.slice(0, cut)];
}

/** Brings the file into the page cache, so that the first program reads what the others read. */
export function readWhole(path) {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(4 << 20);
  while (readSync(file, buffer, 0, buffer.length, null) > 0);
  closeSync(file);
}
