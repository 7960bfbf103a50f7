// Measures logctl and other programs on the same file, in the same run, round after round.
// Usage: npm run bench -- [--kind players,small,checkpoint,opslog] [--size SIZE] [--rounds 5]
//        [--threads 1,2] [--only NAME,NAME] [--check] [--json FILE] [--results FILE]
//        [--data-dir DIR]
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { bars } from './bars.mjs';
import { judge, judgementText, programsFor } from './figures.mjs';
import { memoryMethod } from './measure.mjs';
import { probeAll } from './probes.mjs';
import { resultsText } from './results.mjs';
import { compare } from './rounds.mjs';
import { describeMachine, parseSettings, sizeText } from './settings.mjs';
import { tableOf } from './table.mjs';

const settings = parseSettings();
const machine = describeMachine();
const printed = [];
print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}`);
print(`load ${machine.load.toFixed(1)} before the run; page cache warm; process start included`);
print(`peak memory: ${memoryMethod}`);

const results = [];
for (const [kind, only] of plan()) {
  const result = await compare(kind, { ...settings, only });
  results.push(result);
  const { path, bytes } = result;
  print(`\n${basename(path)}: ${sizeText(bytes)}, medians of ${settings.rounds} rounds\n`);
  print(tableOf(result));
}
const checked = settings.check ? await check() : undefined;
const loadAfter = describeMachine().load;
print(`\nload ${loadAfter.toFixed(1)} after the run`);

if (settings.jsonPath) {
  const record = { machine, loadAfter, memoryMethod, rounds: settings.rounds, results, checked };
  writeFileSync(settings.jsonPath, `${JSON.stringify(record, null, 2)}\n`);
}
if (settings.resultsPath) {
  writeFileSync(settings.resultsPath, resultsText('bench', process.argv.slice(2), printed));
}
if (checked?.missed > 0) process.exitCode = 1;

/** Which programs to run on which data: [kind, names] each; a check runs what its bars need. */
function plan() {
  if (settings.check && settings.only === undefined) return Object.entries(programsFor(bars));
  return settings.kinds.map((kind) => [kind, settings.only]);
}

/** Measures what the tables do not have and prints which bars are reached. */
async function check() {
  const { figures: probes, notes } = await probeAll(settings);
  const { rows, missed } = judge(bars, { results, probes });
  print(`\n${judgementText(rows).join('\n')}\n\n${notes.join('\n')}`);
  print(missed === 0 ? 'every first bar is reached' : `first bars missed: ${missed}`);
  return { rows, probes, missed };
}

function print(text) {
  printed.push(text);
  console.log(text);
}
