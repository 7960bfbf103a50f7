// kill -9 of a program that keeps its store in nedb: what it was told is written is there after
// recover, and the library loads it. Beside it: what the library alone would have lost each time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { randomFrom } from './helpers/crash-states.js';
import { openedByLibrary } from './helpers/nedb-library.js';
import { NedbStore } from './helpers/nedb-store.js';
import { announcedSeed } from './helpers/seed.js';

const deaths = 100;
/** Deaths of one store, before the next begins empty. */
const deathsOfStore = 10;
/** From the opening on: a few dozen changes. */
const livedMsMax = 40;

type Change = [id: string, document: unknown];
type Documents = Map<string, unknown>;

/** What a writer said before it was killed. */
interface Life {
  opened: { _id: string }[];
  acknowledged: Change[];
  /** Tried when the kill came: none, or the first of it, or all of it may be there. */
  pending: Change[];
}

async function livesAndDies(path: string, seed: number, livedMs: number): Promise<Life> {
  const script = 'test/helpers/nedb-writer.mjs';
  const argv = [script, path, String(seed)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), livedMs);
    said += bytes.toString();
  });
  await once(child, 'close');
  const life: Life = { opened: [], acknowledged: [], pending: [] };
  for (const line of said.split('\n').slice(0, -1)) {
    const { opened, tried } = JSON.parse(line) as { opened?: Life['opened']; tried?: Change[] };
    if (opened !== undefined) life.opened = opened;
    else if (tried !== undefined) life.pending = tried;
    else {
      life.acknowledged.push(...life.pending);
      life.pending = [];
    }
  }
  return life;
}

function changed(documents: Documents, changes: Change[]): Documents {
  const after = new Map(documents);
  for (const [id, document] of changes) {
    if (document === null) after.delete(id);
    else after.set(id, document);
  }
  return after;
}

/** The state that was acknowledged, and those with the first part of what was pending. */
function possibleStates(before: Documents, { acknowledged, pending }: Life): Documents[] {
  const sure = changed(before, acknowledged);
  return [0, ...pending.keys()].map((_, count) => changed(sure, pending.slice(0, count)));
}

async function recoveredState(store: NedbStore): Promise<Documents> {
  const { entries } = await store.state();
  const pairs = Object.entries(entries).map(([id, text]): Change => {
    return [JSON.parse(id) as string, JSON.parse(text)];
  });
  return new Map(pairs);
}

/** The `_id`s that the library has when it opens a copy of the store as the kill left it. */
async function loadedByLibrary(store: NedbStore): Promise<Set<string>> {
  const folder = mkdtempSync(join(tmpdir(), 'logctl-nedb-alone-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const copy = join(folder, 'db.db');
  for (const suffix of ['', '~']) {
    if (existsSync(store.path + suffix)) copyFileSync(store.path + suffix, copy + suffix);
  }
  const { documents } = await openedByLibrary(copy);
  return new Set(documents.map((text) => (JSON.parse(text) as { _id: string })._id));
}

const sorted = (documents: Documents) => [...documents].sort(([a], [b]) => (a < b ? -1 : 1));

it(`keeps all that was acknowledged over ${deaths} deaths`, async () => {
  const seed = announcedSeed('nedb deaths');
  const random = randomFrom(seed);
  let store = new NedbStore();
  let state: Documents = new Map();
  let acknowledged = 0;
  let saved = 0;
  for (let death = 0; death < deaths; death++) {
    if (death % deathsOfStore === 0) [store, state] = [new NedbStore(), new Map()];
    const life = await livesAndDies(store.path, seed + death, 1 + random() * livedMsMax);
    const opened = life.opened.map((document): Change => [document._id, document]);
    expect(sorted(new Map(opened)), `what death ${death} began with`).toEqual(sorted(state));
    const possible = possibleStates(state, life).map(sorted);
    const alone = await loadedByLibrary(store);
    expect((await store.verify()).exitCode).toBeOneOf([0, 3]);
    expect((await store.recover()).exitCode).toBe(0);
    const after = await recoveredState(store);
    expect(possible, `after death ${death}`).toContainEqual(sorted(after));
    saved += [...after.keys()].filter((id) => !alone.has(id)).length;
    acknowledged += life.acknowledged.length;
    state = after;
  }
  const { documents } = await openedByLibrary(store.path);
  expect(documents).toHaveLength(state.size);
  console.log(
    `nedb: ${deaths} deaths, ${acknowledged} changes acknowledged, none lost; ` +
      `${saved} documents the library alone would have lost`,
  );
  expect(acknowledged).toBeGreaterThan(deaths);
  expect(saved).toBeGreaterThan(0);
});
