// Verifies and replays logs of 1, 2, 5 and 10 GB: is the time linear, and the memory constant?
// Usage: npm run bench:large -- [--size 10GB] [--rounds 5] [--threads 2]
//        [--results FILE] [--data-dir DIR]
import { closeSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { aligned } from './columns.mjs';
import { contestantsFor, threaded } from './contestants.mjs';
import { bytesOf, generate } from './generate.mjs';
import { memoryMethod } from './measure.mjs';
import { resultsText } from './results.mjs';
import { readWhole, runRounds } from './rounds.mjs';
import { describeMachine, parseSettings } from './settings.mjs';

const sizeDefault = 10e9;
/** The sizes, as shares of the largest; the log is made once and cut to each of them. */
const shares = [1, 0.5, 0.2, 0.1];
/** No line of the data is longer. */
const lineBytesMax = 4_096;
/** How much longer a gigabyte of a larger log may take than one of the smallest. */
const tolerance = 0.15;

const settings = parseSettings();
const threads = settings.threads.at(-1);
const names = ['verify', 'replay'].map((command) => threaded(command, threads));
const printed = [];
const machine = describeMachine();
print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}`);
print(`load ${machine.load.toFixed(1)} before the run; peak memory: ${memoryMethod}\n`);

process.stderr.write('making the log\n');
const size = settings.size ?? sizeDefault;
const path = generate({ kind: 'players', size, dataDir: settings.dataDir });
const measured = [];
try {
  for (const share of shares) {
    if (share < 1) cutAtLine(Math.round(size * share));
    // The smaller, the more often: a noisy neighbour must not weigh more in a short run.
    measured.unshift(...(await measureNow(Math.min(settings.rounds, Math.round(1 / share)))));
  }
} finally {
  rmSync(path);
}
const rows = names.flatMap((name) => rowsOf(measured.filter((one) => one.name === name)));
const headings = ['PROGRAM', 'GB', 'SECONDS', 'MB/s', 'PEAK MB', 'TIME PER GB, OF THE SMALLEST'];
print(aligned([headings, ...rows.map(({ cells }) => cells)]).join('\n'));
const longest = Math.max(...rows.map(({ share }) => share));
const [most, wanted] = [longest - 1, tolerance].map((part) => `${Math.round(part * 100)} %`);
print(`\na gigabyte of a larger log takes at most ${most} longer (wanted: ${wanted})`);
print(`load ${describeMachine().load.toFixed(1)} after the run`);
if (settings.resultsPath) {
  writeFileSync(settings.resultsPath, resultsText('bench:large', process.argv.slice(2), printed));
}
if (longest > 1 + tolerance) process.exitCode = 1;

/** Runs both programs on the log as it is; their mean time and greatest memory of all runs. */
async function measureNow(times) {
  const bytes = bytesOf(path);
  readWhole(path);
  const { contestants } = contestantsFor('players', path, { ...settings, only: names });
  await runRounds(contestants, times, `${(bytes / 1e9).toFixed(2)} GB`);
  return contestants.map(({ name, runs }) => ({
    name,
    bytes,
    ms: runs.reduce((sum, { ms }) => sum + ms, 0) / times,
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes ?? Number.NaN)),
    failure: runs.find(({ failure }) => failure)?.failure,
  }));
}

/** Cuts the log behind the first line that ends after so many bytes. */
function cutAtLine(bytes) {
  const file = openSync(path, 'r');
  const found = Buffer.alloc(lineBytesMax);
  readSync(file, found, 0, lineBytesMax, bytes);
  closeSync(file);
  truncateSync(path, bytes + found.indexOf('\n') + 1);
}

/** The rows of one program, each with how long a gigabyte takes as a share of the first row's. */
function rowsOf(runs) {
  const [smallest] = runs;
  return runs.map(({ name, bytes, ms, peakBytes, failure }) => {
    if (failure) throw new Error(`${name}: ${failure}`);
    const share = ms / bytes / (smallest.ms / smallest.bytes);
    const speed = Math.round(bytes / 1e3 / ms);
    const size = (bytes / 1e9).toFixed(2);
    const peak = Number.isNaN(peakBytes) ? '?' : String(Math.round(peakBytes / 1e6));
    const cells = [name, size, (ms / 1e3).toFixed(1), String(speed), peak, share.toFixed(2)];
    return { share, cells };
  });
}

function print(text) {
  printed.push(text);
  console.log(text);
}
