// How long a `set` takes while the log is compacted again and again, against an idle log.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aligned, median, quantile } from '../columns.mjs';
import { generate } from '../generate.mjs';
import { sizeText } from '../settings.mjs';
import { fsyncMs } from './fsync.mjs';

const program = fileURLToPath(new URL('paced.mjs', import.meta.url));
const logctlProgram = fileURLToPath(new URL('../../bin/logctl.js', import.meta.url));
const idleSeconds = 3;
const compactionsLeast = 3;
const marginMs = 50;

/**
 * Compacts a log of `size` bytes, nearly all of them live, so that it is as big again each time,
 * while another process writes to it: { size, fsyncs, idle, busy, compactions } each a figure a
 * round; `idle` and `busy` hold all waits of a round, as `paced.mjs` tells them.
 */
export async function measureCompacting({ dataDir, rounds, size, seconds, say }) {
  const source = generate({ kind: 'checkpoint', size, dataDir });
  const result = { size: statSync(source).size, fsyncs: [], idle: [], busy: [], compactions: [] };
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    say(`set beside compactions, round ${round + 1}`);
    const folder = mkdtempSync(join(dataDir, 'compacting-'));
    try {
      const path = join(folder, 'sessions.log');
      copyFileSync(source, path);
      result.fsyncs.push(fsyncMs(folder));
      await measureRound(path, result, Math.min(seconds, 1) * idleSeconds);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return result;
}

/** Returns the table and whether the expectation held. */
export function compactingText({ size, idle, busy, compactions }) {
  const row = (name, rounds) => {
    const at = (share, from) => middle(rounds, share, from).toFixed(2);
    const count = rounds.reduce((sum, { called }) => sum + called.length, 0);
    const calls = [at(0.5, 'called'), at(0.99, 'called'), at(1, 'called')];
    return [name, String(count), ...calls, at(0.99, 'due')];
  };
  const headings = ['LOG', 'SETS', 'p50 ms', 'p99 ms', 'LONGEST', 'p99 FROM DUE'];
  const more = middle(busy, 0.99, 'called') - middle(idle, 0.99, 'called');
  const verdict = more <= marginMs ? 'holds' : 'DOES NOT HOLD';
  return [
    ...aligned([headings, row('idle', idle), row('while compacting', busy)]),
    '',
    `a log of ${sizeText(size)}, compacted ${median(compactions)} times a round by logctl` +
      ' compact --force; a set is due every 5 ms',
    `${verdict}: p99 while compacting is ${more.toFixed(1)} ms above idle (at most ${marginMs})`,
  ];
}

/** The median over the rounds of each round's quantile. */
function middle(rounds, share, from) {
  return median(rounds.map((waits) => quantile(waits[from], share)));
}

async function measureRound(path, result, seconds) {
  const writer = spawn(process.execPath, [program, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = linesOf(writer.stdout);
  const waits = async () => {
    writer.stdin.write('\n');
    return JSON.parse((await answers.next()).value);
  };
  try {
    // Opened, and warm.
    await waits();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    result.idle.push(await waits());
    let compactions = 0;
    const end = performance.now() + seconds * 1_000;
    for (; compactions < compactionsLeast || performance.now() < end; compactions++) {
      await compactOnce(path);
    }
    result.busy.push(await waits());
    result.compactions.push(compactions);
  } finally {
    writer.stdin.end();
    await once(writer, 'exit');
  }
}

async function compactOnce(path) {
  const args = [logctlProgram, 'compact', '--force', '--backups', '1', path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`logctl compact ended with ${code}`);
}

async function* linesOf(stream) {
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) {
    const lines = `${text}${piece}`.split('\n');
    text = lines.pop();
    yield* lines;
  }
}
