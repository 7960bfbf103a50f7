// The full circle with the real library: it loads what compact and recover wrote, and goes on.
import { Store } from '@backloghq/opslog';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import {
  freshFolder,
  manifestOf,
  recovered,
  removeStores,
  seenByLibrary,
  seenByLogctl,
  verified,
  type Entries,
} from './helpers/opslog-store.js';

afterAll(removeStores);

type Value = { v: unknown };
const agents = ['alpha', 'beta', 'gamma'];
const options = { checkpointOnClose: false, checkpointThreshold: 10_000 };

async function opened(folder: string, agentId?: string): Promise<Store<Value>> {
  const store = new Store<Value>();
  await store.open(folder, agentId === undefined ? options : { ...options, agentId });
  return store;
}

/** Values of all kinds, updates with small differences, deletions and an undo. */
async function fill(store: Store<Value>, prefix: string): Promise<void> {
  const long = { text: 'ünï\u2028 \ud800 "\\ '.repeat(20), list: [1, [2], { three: null }] };
  for (let i = 0; i < 12; i++) await store.set(`${prefix}${i}`, { v: { ...long, i } });
  for (let i = 0; i < 12; i += 3) await store.set(`${prefix}${i}`, { v: { ...long, i: -i } });
  await store.delete(`${prefix}5`);
  await store.batch(() => {
    store.set(`${prefix}b1`, { v: 'bätch' });
    store.set('__proto__', { v: prefix });
    store.delete(`${prefix}7`);
  });
}

async function writtenBy(who: readonly (string | undefined)[]): Promise<string> {
  const folder = freshFolder();
  for (const agent of who) {
    const store = await opened(folder, agent);
    await fill(store, agent ?? 'k');
    await store.close();
  }
  return folder;
}

const stateOf = (seen: { entries: Entries } | { refusal: string }): Entries => {
  if ('refusal' in seen) throw new Error(seen.refusal);
  return seen.entries;
};

/** Damages the last log: a torn line with a whole one glued to it. */
function glue(folder: string): void {
  const logs = readdirSync(join(folder, 'ops')).sort();
  const line = { ts: '2030-01-01T00:00:00.000Z', op: 'set', id: 'glued', prev: null };
  appendFileSync(join(folder, 'ops', logs.at(-1)!), `{"ts":"2030-01-01T00:00:00.000Z","op":"se`);
  appendFileSync(
    join(folder, 'ops', logs.at(-1)!),
    `${JSON.stringify({ ...line, data: { v: 1 } })}\n`,
  );
}

describe.each([
  { name: 'one writer', who: [undefined], offline: [] as string[] },
  { name: 'three agents', who: agents, offline: ['--offline'] },
])('with $name', ({ who, offline }) => {
  it('O11: the library loads what compact wrote, and logctl what it wrote and undid', async () => {
    const folder = await writtenBy(who);
    const before = stateOf(await seenByLibrary(folder));
    const { out, exitCode } = await cli(['compact', folder, '--force', '--json', ...offline]);
    expect(exitCode).toBe(0);
    const { logs } = JSON.parse(out) as {
      logs: { stateHash: { before: string; after: string } }[];
    };
    expect(logs[0].stateHash.after).toBe(logs[0].stateHash.before);
    expect(stateOf(await seenByLibrary(folder))).toEqual(before);
    expect(await seenByLogctl(folder)).toEqual(before);
    expect(Object.keys((manifestOf(folder).activeAgentOps ?? {}) as object)).toEqual(
      who[0] === undefined ? [] : agents,
    );
    await goesOn(folder, who);
  });

  it('the library loads what recover wrote, and logctl what it wrote then', async () => {
    const folder = await writtenBy(who);
    const before = new Map(stateOf(await seenByLibrary(folder)));
    glue(folder);
    expect((await recovered(folder, '--max-lost', '1')).exitCode).toBe(20);
    const after = stateOf(await seenByLibrary(folder));
    expect(new Map(after)).toEqual(new Map([...before, ['glued', { v: 1 }]]));
    expect(await seenByLogctl(folder)).toEqual(after);
    await goesOn(folder, who);
  });
});

/** Everybody writes on, reads the others, undoes, and compacts; logctl and library agree. */
async function goesOn(folder: string, who: readonly (string | undefined)[]): Promise<void> {
  for (const agent of who) {
    const store = await opened(folder, agent);
    await store.set('shared', { v: agent ?? 'single' });
    await store.set('undone', { v: agent ?? 'single' });
    // It takes the last line from the log.
    expect(await store.undo()).toBe(true);
    await store.close();
  }
  const theirs = stateOf(await seenByLibrary(folder));
  expect(new Map(theirs).get('shared')).toEqual({ v: who.at(-1) ?? 'single' });
  expect(new Map(theirs).has('undone')).toBe(false);
  expect(await seenByLogctl(folder)).toEqual(theirs);
  expect((await verified(folder)).exitCode).toBe(0);
  const last = await opened(folder, who[0]);
  await last.compact();
  await last.close();
  expect((await verified(folder)).codes).toEqual([]);
  expect(new Map(await seenByLogctl(folder))).toEqual(new Map(theirs));
}
