/**
 * kill -9 of a program that appends JSON lines as most do: no lock, no look at the last byte, and a
 * long line in two writes. After each ten deaths verify and recover: no whole line is lost.
 */
import { execFileSync, spawn } from 'node:child_process';
import { afterAll, expect, it } from 'vitest';
import { randomFrom } from './helpers/crash-states.js';
import { LinesFolder } from './helpers/lines-folder.js';
import { announcedSeed } from './helpers/seed.js';

const deaths = 100;
/** Deaths after which the file is mended. */
const deathsTogether = 10;
const folder = new LinesFolder();
afterAll(() => folder.remove());

/** Says the number of each line on stdout once all of it is written. */
const appender = `
const { openSync, writeSync } = require('node:fs');
const [path, from] = process.argv.slice(1);
const file = openSync(path, 'a');
for (let n = Number(from); ; n++) {
  const text = 'x'.repeat((n * 37) % 900);
  const line = JSON.stringify({ type: 'step', id: n, payload: { text, deep: [{ n }] } }) + '\\n';
  const half = line.length >> 1;
  writeSync(file, line.slice(0, half));
  for (const until = performance.now() + 0.2; performance.now() < until; );
  writeSync(file, line.slice(half));
  writeSync(1, n + '\\n');
}
`;

/** Numbers acknowledged until the kill, which comes after `lifeMs` of writing. */
function runUntilKilled(from: number, lifeMs: number): Promise<number[]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', appender, folder.path('s.jsonl'), String(from)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), lifeMs);
      said += chunk.toString();
    });
    child.on('close', () => resolve(said.split('\n').slice(0, -1).map(Number)));
  });
}

it(`a killed appender loses no whole line over ${deaths} deaths`, async () => {
  const random = randomFrom(announcedSeed('kills of an appender'));
  const acknowledged: number[] = [];
  let glued = 0;
  for (let death = 0; death < deaths; death++) {
    // Each life begins with numbers of its own, so that no line is written twice.
    acknowledged.push(...(await runUntilKilled(death * 1_000_000, random() * 12)));
    if ((death + 1) % deathsTogether === 0) glued += await mended(acknowledged);
  }
  console.log(
    `${deaths} deaths, ${acknowledged.length} acknowledged lines, ${glued} glued: ` +
      `as many entries would have been lost to readers`,
  );
});

/** Verify and recover: every acknowledged line is there then. Gives how many lines were glued. */
async function mended(acknowledged: readonly number[]): Promise<number> {
  const before = await folder.json('verify', 's.jsonl');
  const done = await folder.json('recover', '--yes', '--policy', 'salvage', 's.jsonl');
  expect(done.exitCode).toBe(0);
  expect((await folder.json('verify', 's.jsonl')).exitCode).toBe(0);
  const lines = folder.read('s.jsonl').split('\n').slice(0, -1);
  const kept = new Set(lines.map((line) => (JSON.parse(line) as { id: number }).id));
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  expect(kept.size).toBe(lines.length);
  // The system itself agrees on what a line is.
  expect(execFileSync('wc', ['-l', folder.path('s.jsonl')]).toString()).toMatch(
    new RegExp(`^${lines.length} `),
  );
  return before.findings.filter(({ code }) => code === 'glued-lines').length;
}
