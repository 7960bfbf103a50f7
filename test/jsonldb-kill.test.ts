/**
 * kill -9 of real writers in the middle of a write, a compaction, a clear: what was synced is there
 * after verify and recover, the library loads it and goes on. What the library alone would have
 * made of the same files is counted.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import { buildScript } from './helpers/engine-build.js';
import { afterRound, roundOf, wrongKeys } from './helpers/jsonldb-rounds.js';
import {
  libraryLoads,
  recovered,
  replayed,
  storeFolder,
  verified,
} from './helpers/jsonldb-store.js';
import { announcedSeed } from './helpers/seed.js';

const { script, directory } = buildScript('test/helpers/jsonldb-writer.ts');
afterAll(() => rmSync(directory, { recursive: true }));

const deaths = 100;
const salvage = ['--policy', 'salvage', '--max-lost', '100'];
/** A store may be empty after a clear: nothing tells then whose it is. */
const ours = ['--dialect', 'jsonldb'];

/** A running writer and what it has said: the last round tried, and the last one synced. */
class Writer {
  tried = -1;
  synced = -1;
  refused = 0;
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;

  constructor(path: string, seed: number, { first = 0, rounds = 0, pauseMs = 0 } = {}) {
    const args = [path, seed, first, rounds, pauseMs].map(String);
    // The library keeps a lock for 100 s where it thinks it is tested.
    const env = { ...process.env, NODE_ENV: 'production' };
    this.child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      const [word, number] = line.split(' ');
      if (word === 'try') this.tried = Number(number);
      if (word === 'ack') this.synced = Number(number);
      if (word === 'refused') this.refused++;
    });
  }

  async works(rounds: number): Promise<void> {
    const from = this.synced;
    while (this.synced < from + rounds && this.child.exitCode === null) await wait(2);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

it(`J20: ${deaths} writers that are killed lose nothing that was synced`, async () => {
  const seed = announcedSeed('deaths of jsonl-db writers');
  const path = join(storeFolder(), 'db.jsonl');
  let synced: Map<string, unknown> = new Map();
  const alone = { deaths: 0, keys: 0, refusals: 0 };
  let next = 0;
  for (let death = 0; death < deaths; death++) {
    const writer = new Writer(path, seed, { first: next });
    await writer.works(1 + (death % 2));
    await wait((seed * (death + 7)) % 23);
    await writer.kill();
    for (let round = next; round <= writer.synced; round++) {
      synced = afterRound(synced, roundOf(seed, round));
    }
    const interrupted = writer.tried > writer.synced ? roundOf(seed, writer.tried) : undefined;
    const lost = wrongKeys(await aloneLoaded(path), synced, interrupted);
    alone.deaths += lost.length > 0 ? 1 : 0;
    alone.keys += lost.length;
    // Its heartbeat has stopped; ten seconds later this is what shows.
    if (existsSync(`${path}.lock`)) utimesSync(`${path}.lock`, 1e9, 1e9);
    expect([0, 3, 4]).toContain((await verified(path, ...ours)).exitCode);
    if (existsSync(path)) {
      expect((await recovered(path, ...salvage, ...ours)).exitCode).toBeOneOf([0, 20]);
    }
    const { entries, exitCode } = await replayed(path, '--semantics', 'upstream', ...ours);
    expect(exitCode).toBeOneOf([0, 3]);
    expect(wrongKeys(new Map(entries), synced, interrupted), `death ${death}`).toEqual([]);
    expect(new Map(await libraryLoads(path, { ignoreReadErrors: false }))).toEqual(
      new Map(entries),
    );
    synced = new Map(entries);
    next = writer.tried + 1;
  }
  const words = `in ${alone.deaths} of ${deaths} deaths jsonl-db alone would have lost`;
  console.log(`${words} ${alone.keys} synced values that recover kept; ${next} rounds`);
});

it('compact beside a live writer is refused or safe, never lossy', async () => {
  const seed = announcedSeed('compact beside jsonl-db');
  const path = join(storeFolder(), 'db.jsonl');
  writeFileSync(path, '');
  const rounds = 250;
  const writer = new Writer(path, seed, { rounds, pauseMs: 60 });
  const results: Record<string, number> = {};
  let isOver = false;
  void writer.ended.then(() => (isOver = true));
  while (!isOver) {
    const { exitCode } = await cli(['compact', '--force', path, '-q', ...ours]);
    results[exitCode] = (results[exitCode] ?? 0) + 1;
    await wait(15);
  }
  console.log(
    `compact ended with ${JSON.stringify(results)}; writer kept out ${writer.refused} times`,
  );
  expect(Object.keys(results).filter((code) => !['0', '11'].includes(code))).toEqual([]);
  expect(results[0]).toBeGreaterThan(2);
  expect(results[11]).toBeGreaterThan(2);
  let state: Map<string, unknown> = new Map();
  for (let round = 0; round < rounds; round++) state = afterRound(state, roundOf(seed, round));
  expect(writer.synced).toBe(rounds - 1);
  expect(new Map((await replayed(path, ...ours)).entries)).toEqual(state);
  expect(new Map(await libraryLoads(path))).toEqual(state);
});

/** What the library makes of the files as the kill left them, on a copy. */
async function aloneLoaded(path: string): Promise<Map<string, unknown>> {
  const folder = storeFolder();
  for (const suffix of ['', '.bak', '.dump']) {
    if (existsSync(path + suffix)) cpSync(path + suffix, join(folder, `db.jsonl${suffix}`));
  }
  return new Map(await libraryLoads(join(folder, 'db.jsonl')));
}
