// Measures logctl and other programs on the same file, in the same run, round after round.
// Usage: npm run bench -- [--kind players,small,checkpoint] [--size 256MiB] [--rounds 3]
//        [--threads N] [--only NAME,NAME] [--json FILE] [--data-dir DIR]
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { contestantsFor } from './contestants.mjs';
import { generate } from './generate.mjs';
import { measure, memoryMethod } from './measure.mjs';
import { describeMachine, parseSettings, sizeText } from './settings.mjs';
import { tableOf } from './table.mjs';

const settings = parseSettings();
const machine = describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}`);
console.log(`peak memory: ${memoryMethod}; page cache warm; process start included`);

const results = [];
for (const kind of settings.kinds) results.push(await compare(kind));
if (settings.jsonPath) {
  const record = { machine, memoryMethod, rounds: settings.rounds, results };
  writeFileSync(settings.jsonPath, `${JSON.stringify(record, null, 2)}\n`);
}

/** Runs all contestants on one kind of data and prints their table. */
async function compare(kind) {
  process.stderr.write(`making ${kind}, ${sizeText(settings.size)}\n`);
  const path = generate({ kind, size: settings.size, dataDir: settings.dataDir });
  const contestants = contestantsFor(path, settings).map((contestant) => {
    return { ...contestant, runs: [] };
  });
  readWhole(path);
  for (let round = 0; round < settings.rounds; round++) {
    for (const contestant of rotated(contestants, round)) {
      process.stderr.write(`${kind}, round ${round + 1}: ${contestant.name}\n`);
      contestant.runs.push(await measure(contestant));
    }
  }
  const bytes = statSync(path).size;
  console.log(`\n${basename(path)}: ${sizeText(bytes)}, medians of ${settings.rounds} rounds\n`);
  console.log(tableOf({ bytes, contestants }));
  const programs = contestants.map(({ name, does, args, runs }) => ({ name, does, args, runs }));
  return { kind, path, bytes, programs };
}

/** Starts each round with another program, so that none always follows the same neighbour. */
function rotated(list, by) {
  const cut = by % list.length;
  return [...list.slice(cut), ...list.slice(0, cut)];
}

/** Brings the file into the page cache, so that the first program reads what the others read. */
function readWhole(path) {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(4 << 20);
  while (readSync(file, buffer, 0, buffer.length, null) > 0);
  closeSync(file);
}
