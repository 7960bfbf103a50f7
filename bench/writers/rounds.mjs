// Runs every writer in processes of their own, round after round, and shows the figures.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aligned, median } from '../columns.mjs';
import { contestants, remarks, yardstick } from './contestants.mjs';
import { fsyncMs } from './fsync.mjs';

const program = fileURLToPath(new URL('one.mjs', import.meta.url));
const headings = ['WRITER, CALLERS', 'ON DISK', 'ENTRIES/S', 'LOWEST', 'HIGHEST', 'VS GROUP'];

/** What has to hold: `fast` writes at least `times` as many entries a second as `slow`. */
const expectations = [
  { fast: yardstick, slow: 'opslog immediate, 64', times: 1 },
  { fast: 'logctl async, 64', slow: 'opslog group, 64', times: 1 },
  { fast: 'logctl async, 1', slow: 'opslog group, 1', times: 1 },
  { fast: yardstick, slow: 'logctl immediate, 1', times: 8, timesOnSlowDisks: 20 },
];

/**
 * Runs all rows whose store is installed: { rows, fsyncs }, one figure a round.
 * Each round starts with another row, and measures the disk's own fsync first.
 */
export function runRounds({ dataDir, rounds, seconds, only, missing, say }) {
  const rows = contestants
    .filter(({ name, store }) => !missing.includes(store) && (!only || only.includes(name)))
    .map((contestant) => ({ ...contestant, runs: [] }));
  const fsyncs = [];
  for (let round = 0; round < rounds; round++) {
    fsyncs.push(inFolder(dataDir, fsyncMs));
    for (const row of [...rows.slice(round % rows.length), ...rows.slice(0, round % rows.length)]) {
      say(`round ${round + 1}: ${row.name}`);
      row.runs.push(inFolder(dataDir, (folder) => runOne(row, folder, seconds)));
    }
  }
  return { rows, fsyncs };
}

/** Returns the table, what is to know of its rows, and which of the expectations held. */
export function roundsText({ rows, fsyncs }) {
  const table = rows.map((row) => rowTexts(row, rows));
  const lines = aligned([[...headings, 'p50 ms', 'p99 ms'], ...table], { leftColumns: 2 });
  return [
    ...lines,
    '',
    ...remarks,
    '',
    ...expectations.flatMap((one) => heldText(one, rows, fsyncs)),
  ];
}

function rowTexts(row, rows) {
  const { name, runs } = row;
  const failed = runs.find(({ failure }) => failure !== undefined);
  if (failed) return [name, failed.failure, '-', '-', '-', '-', '-', '-'];
  const rates = runs.map(rateOf);
  return [
    name,
    onDiskText(row),
    whole(median(rates)),
    whole(Math.min(...rates)),
    whole(Math.max(...rates)),
    times(
      ratioOf(
        row,
        rows.find((other) => other.name === yardstick),
      ),
    ),
    median(runs.map(({ p50 }) => p50)).toFixed(3),
    median(runs.map(({ p99 }) => p99)).toFixed(3),
  ];
}

/** What a store says of itself must fit what a look into its files found. */
function onDiskText({ answers, runs }) {
  const fits = runs.every(({ found }) => found === (answers !== 'nothing'));
  return fits ? answers : `${answers} (not so: ${runs.map(({ found }) => found)})`;
}

function heldText({ fast, slow, times: least, timesOnSlowDisks }, rows, fsyncs) {
  const [one, other] = [fast, slow].map((name) => rows.find((row) => row.name === name));
  const ratio = ratioOf(one, other);
  if (ratio === undefined) return [];
  const wanted = timesOnSlowDisks && median(fsyncs) >= 1 ? timesOnSlowDisks : least;
  const verdict = ratio >= wanted ? 'holds' : 'DOES NOT HOLD';
  return [
    `${verdict}: ${fast} writes ${times(ratio)} times as much as ${slow} (at least ${wanted})`,
  ];
}

/** How many times as many entries a second, the median of the rounds' own ratios. */
function ratioOf(row, other) {
  if ([row, other].some((one) => !one || one.runs.some(({ failure }) => failure))) return undefined;
  return median(row.runs.map((run, round) => rateOf(run) / rateOf(other.runs[round])));
}

const rateOf = ({ entries, ms }) => (entries / ms) * 1_000;
const whole = (value) => String(Math.round(value));
const times = (ratio) => (ratio === undefined ? '-' : ratio.toFixed(2));

function runOne({ store, mode, callers }, folder, seconds) {
  // This variable makes every start of Node read certificates, which no program here needs.
  const { NODE_EXTRA_CA_CERTS: _unused, ...env } = process.env;
  const run = JSON.stringify({ store, mode, callers, seconds, folder });
  const child = spawnSync(process.execPath, [program, run], { env, encoding: 'utf8' });
  if (child.status === 0) return JSON.parse(child.stdout);
  return { failure: `failed: ${child.stderr.split('\n').find((line) => /error/i.test(line))}` };
}

/** Gives `act` a folder of its own on the disk that is measured; removes it. */
export function inFolder(dataDir, act) {
  const folder = mkdtempSync(join(dataDir, 'writers-'));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
