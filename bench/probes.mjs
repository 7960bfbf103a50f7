// The figures that take more than two programs on one file: what a key costs, how fast compact
// writes, how long small commands take.
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './columns.mjs';
import { contestantsFor, logctlProgram, threaded } from './contestants.mjs';
import { timeRatio } from './figures.mjs';
import { generate } from './generate.mjs';
import { measure } from './measure.mjs';
import { readWhole, runRounds } from './rounds.mjs';
import { sizeOf } from './settings.mjs';

const node = process.execPath;
const smallLogBytes = 10_000;
/** Starting a program takes little time, and varies much. */
const startsEachRound = 5;

/** A program ended in a way that gives no figure. */
class NoFigure extends Error {}

/**
 * Returns { figures, notes }. `figures`: numbers by the names that bars use; what could not be had
 * is not there. `notes`: a sentence about each.
 */
export async function probeAll(settings) {
  const found = { figures: {}, notes: [] };
  for (const probe of [probeKeydir, probeCompact, probeStart]) {
    try {
      const { figures, note } = await probe(settings);
      Object.assign(found.figures, figures);
      found.notes.push(note);
    } catch (error) {
      if (!(error instanceof NoFigure)) throw error;
      found.notes.push(error.message);
    }
  }
  return found;
}

/**
 * What a key costs: a log of many keys beside one of the same lines that are all of one key. The
 * difference in time is that of the upserts, the difference in memory that of the keys.
 */
async function probeKeydir(settings) {
  const only = [threaded('index', 1)];
  const pair = ['small', 'one-key'].map((kind) => {
    const path = generate({ kind, size: sizeOf(kind, settings), dataDir: settings.dataDir });
    readWhole(path);
    const { contestants } = contestantsFor(kind, path, { ...settings, threads: [1], only });
    return { ...contestants[0], name: `${only[0]} of ${kind}` };
  });
  await runRounds(pair, settings.rounds, 'keydir');
  const [many, one] = pair.map(soundRuns);
  const { lines, keys } = await countsOf(pair[0].args.at(-1));
  const difference = (figureOf) => median(many.map((run, i) => figureOf(run) - figureOf(one[i])));
  const cpuNs = Math.round((difference(({ cpuSeconds }) => cpuSeconds) * 1e9) / lines);
  return {
    figures: {
      upsertNs: (difference(({ ms }) => ms) * 1e6) / lines,
      keyBytes: difference(({ peakBytes }) => peakBytes) / keys,
    },
    note:
      `keydir: ${lines} lines of ${keys} keys beside as many of one key, 1 thread; ` +
      `by the processor's time ${cpuNs} ns an upsert`,
  };
}

/** How many lines and live keys a log has, as logctl counts them. */
async function countsOf(path) {
  const args = [logctlProgram, 'inspect', '--json', path];
  const [{ output }] = soundRuns({ runs: [await measure(program('inspect', node, args))] });
  const [{ lines, keys }] = JSON.parse(output).logs;
  return { lines, keys: keys.live };
}

/**
 * How fast compact writes: for how long it says that it wrote (-vv), without its waits for the
 * disk, beside `cp` of what came out, which does not wait for the disk either.
 */
async function probeCompact(settings) {
  const size = sizeOf('checkpoint', settings);
  const path = generate({ kind: 'checkpoint', size, dataDir: settings.dataDir });
  const folder = join(settings.dataDir, 'compacting');
  const log = join(folder, 'compacted.log');
  const copy = program('cp', 'cp', [log, join(folder, 'copy')]);
  const rounds = [];
  try {
    for (let round = 0; round < settings.rounds; round++) {
      process.stderr.write(`compact, round ${round + 1}\n`);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      copyFileSync(path, log);
      const wroteMs = await compactOnce(log);
      const [{ ms }] = soundRuns({ name: 'cp', runs: [await measure(copy)] });
      rounds.push({ ratio: wroteMs / ms, wroteMs, copyMs: ms, bytes: statSync(log).size });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [wrote, copied] = ['wroteMs', 'copyMs'].map((name) => {
    return Math.round(median(rounds.map((round) => round[name])));
  });
  return {
    figures: { compactToCopy: median(rounds.map(({ ratio }) => ratio)) },
    note: `compact: ${rounds[0].bytes} bytes written in ${wrote} ms, copied in ${copied} ms`,
  };
}

/** Compacts a log and returns for how many milliseconds it wrote without waiting for the disk. */
async function compactOnce(log) {
  const args = [logctlProgram, 'compact', '--force', '-vv', log];
  const [{ errors }] = soundRuns({
    name: 'compact',
    runs: [await measure(program('', node, args))],
  });
  const said = /bytes written in (\d+) ms, (\d+) ms of them for the disk/.exec(errors);
  if (!said) throw new NoFigure('compact: does not say for how long it wrote');
  return Number(said[1]) - Number(said[2]);
}

/** How long small commands take beside a Node that does nothing. */
async function probeStart(settings) {
  const path = generate({ kind: 'players', size: smallLogBytes, dataDir: settings.dataDir });
  const starts = [
    program('node -e 0', node, ['-e', '0']),
    program('logctl --help', node, [logctlProgram, '--help']),
    program('logctl verify of 10 KB', node, [logctlProgram, 'verify', path]),
  ];
  await runRounds(starts, settings.rounds * startsEachRound, 'start');
  const [nothing, help, small] = starts.map(soundRuns);
  const ms = (runs) => Math.round(median(runs.map((run) => run.ms)));
  return {
    figures: { helpToNode: timeRatio(help, nothing), smallToNode: timeRatio(small, nothing) },
    note:
      `start: node -e 0 ${ms(nothing)} ms, logctl --help ${ms(help)} ms, ` +
      `logctl verify of 10 KB ${ms(small)} ms`,
  };
}

function program(name, command, args) {
  return { name, command, args, accepts: [0, 3] };
}

/** The runs of a program. Throws NoFigure when one of them failed. */
function soundRuns({ name, runs }) {
  const failed = runs.find((run) => run.failure);
  if (failed) throw new NoFigure(`${name}: ${failed.failure}`);
  return runs;
}
