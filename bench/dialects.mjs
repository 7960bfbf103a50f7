// Verifies a store of each format, and a log of the bot of as many bytes, in the same rounds.
// Usage: npm run bench:dialects -- [--records 1000000] [--rounds 3] [--threads 1]
//        [--kind players,small] [--only nedb,jsonl] [--results FILE] [--data-dir DIR]
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aligned, median } from './columns.mjs';
import { logctlProgram } from './contestants.mjs';
import { makeDice, openOutput, player, progressiveLine, reading, userId } from './generate.mjs';
import { memoryMethod } from './measure.mjs';
import { opsFileOf, opslogLines, writeStoreHead } from './opslog-store.mjs';
import { resultsText } from './results.mjs';
import { readWhole, runRounds } from './rounds.mjs';
import { describeMachine, parseSettings } from './settings.mjs';

const firstTime = Date.parse('2026-01-01T00:00:00.000Z');

/** How much longer than the bot's log a store may take, by the processors' time. */
const bar = 1.5;

/** How each format words a record, what it calls its file, and what logctl must be told of it. */
const formats = {
  opslog: { name: 'opslog', isStore: true, lines: opslogLines },
  jsonldb: {
    name: 'store.jsonl',
    lines:
      () =>
      ({ key, value }) =>
        `{"k":${key},"v":${value}}\n`,
  },
  nedb: {
    name: 'store.db',
    lines:
      () =>
      ({ key, value }) =>
        `{"_id":${key},${value.slice(1)}\n`,
  },
  jsonl: {
    name: 'lines.jsonl',
    options: ['--key-at', '/id', '--time-at', '/time'],
    lines:
      () =>
      ({ time, key, value }) =>
        `{"time":"${time}","id":${key},"data":${value}}\n`,
  },
};

/** What records are: as in the logs of those kinds. */
const kinds = {
  players: { name: userId, value: player },
  small: { name: (index) => `sensor.${1_000_000 + index}`, value: reading },
};

const settings = parseSettings();
const wanted = settings.only ?? Object.keys(formats);
const folder = join(settings.dataDir, 'dialects');
const printed = [];
const machine = describeMachine();
print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}`);
print(`load ${machine.load.toFixed(1)} before the run; peak memory: ${memoryMethod}`);
print(`${settings.records} records, each of its own key; medians of ${settings.rounds} rounds\n`);

const rows = [];
for (const kind of settings.kinds.filter((name) => name in kinds)) {
  for (const format of wanted) rows.push(await rowOf(format, kind));
}
const headings = [
  'RECORDS',
  'FORMAT',
  'MB',
  'CPU s',
  "BOT'S LOG, CPU s",
  'RATIO',
  'PEAK MB',
  "BOT'S LOG",
];
print(aligned([headings, ...rows.map(({ cells }) => cells)], { leftColumns: 2 }).join('\n'));
const longest = Math.max(...rows.map(({ ratio }) => ratio));
print(`\nat most ${longest.toFixed(2)} times the time of the bot's log (wanted: ${bar})`);
print(`load ${describeMachine().load.toFixed(1)} after the run`);
if (settings.resultsPath) {
  const text = resultsText('bench:dialects', process.argv.slice(2), printed);
  writeFileSync(settings.resultsPath, text);
}
if (longest > bar) process.exitCode = 1;

/** Makes a store and a log of as many bytes, measures both, and removes them. */
async function rowOf(format, kind) {
  process.stderr.write(`making ${format}, ${kind}\n`);
  mkdirSync(folder, { recursive: true });
  try {
    const { name, isStore, lines, options = [] } = formats[format];
    const path = join(folder, name);
    if (isStore) writeStoreHead(path, new Date(firstTime).toISOString());
    const file = isStore ? opsFileOf(path) : path;
    const bytes = write(file, kind, lines(), (count) => count < settings.records);
    const log = join(folder, 'bot.log');
    write(log, kind, progressiveLine, (_, written) => written < bytes);
    const contestants = [verify(format, [...options, path]), verify('bot', [log])];
    for (const one of [file, log]) readWhole(one);
    await runRounds(contestants, settings.rounds, format);
    return figuresOf([kind, format], bytes, contestants);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes records while `goesOn`, which is told their number and bytes. Gives the bytes. */
function write(path, kind, lineOf, goesOn) {
  const { name, value } = kinds[kind];
  const out = openOutput(path);
  const dice = makeDice(11);
  for (let index = 0; goesOn(index, out.bytes()); index++) {
    const ms = firstTime + index * 137;
    const time = new Date(ms).toISOString();
    const key = JSON.stringify(name(index));
    out.write(lineOf({ time, key, value: value(dice, index, ms) }));
  }
  out.close();
  return statSync(path).size;
}

function verify(name, args) {
  const threads = String(settings.threads[0]);
  return {
    name,
    command: process.execPath,
    args: [logctlProgram, 'verify', '--threads', threads, ...args],
    accepts: [0, 3],
  };
}

function figuresOf(what, bytes, contestants) {
  const failed = contestants.flatMap(({ runs }) => runs).find(({ failure }) => failure);
  if (failed) throw new Error(`${what.join(', ')}: ${failed.failure}`);
  const [own, bot] = contestants.map(({ runs }) => runs);
  const cost = ({ cpuSeconds, ms }) => cpuSeconds ?? ms / 1e3;
  const ratio = median(own.map((run, round) => cost(run) / cost(bot[round])));
  const seconds = (runs) => median(runs.map(cost)).toFixed(2);
  const peak = (runs) => String(Math.round(Math.max(...runs.map((run) => run.peakBytes)) / 1e6));
  const cells = [...what, String(Math.round(bytes / 1e6)), seconds(own), seconds(bot)];
  return { ratio, cells: [...cells, ratio.toFixed(2), peak(own), peak(bot)] };
}

function print(text) {
  printed.push(text);
  console.log(text);
}
