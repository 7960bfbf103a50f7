/**
 * Real writers of opslog, killed at random moments; agents compact without having seen each other,
 * as the library lets them. After each death: verify, recover, and the library loads. Nothing that
 * was acknowledged may be missing then, and what the library alone would have lost is counted.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { rmSync } from 'node:fs';
import { cli } from './helpers/cli.js';
import { randomFrom } from './helpers/crash-states.js';
import { allowedBy, buildWriter, LibraryWriter, wrongIn } from './helpers/opslog-process.js';
import {
  freshFolder,
  recovered,
  removeStores,
  seenByLibrary,
  seenByLogctl,
  verified,
  type Entries,
} from './helpers/opslog-store.js';
import { newSeed } from './helpers/seed.js';

const { script, directory } = buildWriter();
const seed = newSeed();
const random = randomFrom(seed);

afterAll(() => {
  removeStores();
  rmSync(directory, { recursive: true });
});

const entriesOf = (seen: { entries: Entries } | { refusal: string }): Entries =>
  'entries' in seen ? seen.entries : [];

/** Kills the writers of one store `deaths` times; gives what was saved and what was wrong. */
async function killAgain(agents: string[], deaths: number) {
  const folder = freshFolder();
  let saved = 0;
  const wrong: string[] = [];
  for (let round = 0; round < deaths; round++) {
    // Agents that join at once lose each other's registration, or the manifest: that happens too.
    const writers = agents.map((agent) => LibraryWriter.start(script, folder, agent, round));
    await Promise.all(writers.map((writer) => writer.ready()));
    await new Promise((resolve) => setTimeout(resolve, 10 + random() * 80));
    await Promise.all(writers.map((writer) => writer.kill()));
    const allowed = allowedBy(folder, agents);
    saved += wrongIn(entriesOf(await seenByLibrary(folder)), allowed).length;
    const { exitCode } = await verified(folder);
    if (exitCode !== 0) await recovered(folder, '--max-lost', '0');
    const after = await verified(folder);
    // A leftover of the death may stay; damage may not.
    if (after.exitCode > 3) wrong.push(`round ${round}: verify ${after.codes.join(', ')}`);
    const state = await seenByLogctl(folder);
    wrong.push(...wrongIn(state, allowed));
    wrong.push(...wrongIn(entriesOf(await seenByLibrary(folder)), allowed));
  }
  return { saved, wrong };
}

describe('a writer that is killed', () => {
  it('25 times, alone: the library loads all that was acknowledged', async () => {
    const { saved, wrong } = await killAgain(['-'], 25);
    console.log(`25 deaths alone: ${saved} keys the library would have lost (LOGCTL_SEED=${seed})`);
    expect(wrong).toEqual([]);
  }, 300_000);

  it('25 times, as one of three agents: what their compactions lose is saved', async () => {
    const { saved, wrong } = await killAgain(['alpha', 'beta', 'gamma'], 25);
    console.log(`25 deaths of three agents: ${saved} keys saved (LOGCTL_SEED=${seed})`);
    expect(wrong).toEqual([]);
    expect(saved).toBeGreaterThan(0);
  }, 300_000);
});

describe('compact beside live writers', () => {
  const hammer = async (agents: string[], extra: string[] = []) => {
    const folder = freshFolder();
    const writers = [];
    for (const agent of agents) {
      const writer = LibraryWriter.start(script, folder, agent, 0, 'refreshes');
      await writer.ready();
      writers.push(writer);
    }
    const codes = new Map<number, number>();
    const until = Date.now() + 1_500;
    while (Date.now() < until) {
      const { exitCode } = await cli(['compact', folder, '--force', ...extra]);
      codes.set(exitCode, (codes.get(exitCode) ?? 0) + 1);
    }
    for (const writer of writers) await writer.stop();
    return { folder, codes };
  };

  it('refuses while a single writer has the store open, and works when it is gone', async () => {
    const { folder, codes } = await hammer(['-']);
    expect([...codes.keys()]).toEqual([11]);
    expect((await cli(['compact', folder, '--force'])).exitCode).toBe(0);
    expect(wrongIn(await seenByLogctl(folder), allowedBy(folder, ['-']))).toEqual([]);
    const seen = await seenByLibrary(folder);
    expect(wrongIn(entriesOf(seen), allowedBy(folder, ['-']))).toEqual([]);
  });

  it('refuses beside three agents, whose own compactions go on', async () => {
    const agents = ['alpha', 'beta', 'gamma'];
    const { folder, codes } = await hammer(agents);
    expect([...codes.keys()]).toEqual([11]);
    await recovered(folder, '--max-lost', '0');
    expect((await cli(['compact', folder, '--force', '--offline'])).exitCode).toBe(0);
    const allowed = allowedBy(folder, agents);
    expect(wrongIn(await seenByLogctl(folder), allowed)).toEqual([]);
    expect(wrongIn(entriesOf(await seenByLibrary(folder)), allowed)).toEqual([]);
  });
});
