/**
 * Real writers of opslog, killed at random moments; agents compact without having seen each other,
 * as the library lets them. After each death: verify, recover, and the library loads. Nothing that
 * was acknowledged may be missing then, and what the library alone would have lost is counted.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { rmSync } from 'node:fs';
import { cli } from './helpers/cli.js';
import { randomFrom } from './helpers/crash-states.js';
import {
  allowedBy,
  buildWriter,
  LibraryWriter,
  wrongIn,
  type Allowed,
} from './helpers/opslog-process.js';
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

/** Deaths of a store before the next begins anew: its creation is a moment to die at too. */
const roundsOfStore = 8;

/** Kills all writers of a store, again and again; gives what was saved, and what was wrong. */
async function killAgain(agents: string[], rounds: number) {
  const result = { saved: 0, deaths: 0, wrong: [] as string[] };
  let folder = '';
  for (let round = 0; round < rounds; round++) {
    if (round % roundsOfStore === 0) folder = freshFolder();
    // Agents that join at once lose each other's registration, or the manifest: that happens too.
    const writers = agents.map((agent) => LibraryWriter.start(script, folder, agent, round));
    await Promise.all(writers.map((writer) => writer.reaches('begun')));
    await new Promise((resolve) => setTimeout(resolve, random() * 60));
    await Promise.all(writers.map((writer) => writer.kill()));
    result.deaths += agents.length;
    const allowed = allowedBy(folder, agents);
    // Nothing was begun: there may be no store yet.
    if (allowed.size === 0) continue;
    const { saved, wrong } = await mended(folder, allowed);
    result.saved += saved;
    result.wrong.push(...wrong.map((words) => `round ${round}: ${words}`));
  }
  return result;
}

/** Verify and recover behind a death: what the library alone had lost, and what is lost now. */
async function mended(folder: string, allowed: Allowed) {
  const saved = wrongIn(entriesOf(await seenByLibrary(folder)), allowed).length;
  const { exitCode } = await verified(folder);
  if (exitCode !== 0) await recovered(folder, '--max-lost', '0');
  const { exitCode: exitAfter, codes } = await verified(folder);
  const wrong = [
    ...wrongIn(await seenByLogctl(folder), allowed),
    ...wrongIn(entriesOf(await seenByLibrary(folder)), allowed),
  ];
  // A leftover of the death may stay; damage may not.
  if (exitAfter > 3) wrong.push(`verify ${codes.join(', ')}`);
  return { saved, wrong };
}

/** A hundred deaths together. */
const alone = { agents: ['-'], rounds: 52 };
const three = { agents: ['alpha', 'beta', 'gamma'], rounds: 16 };

describe('a writer that is killed', () => {
  it(`${alone.rounds} times, alone: the library loads all that was acknowledged`, async () => {
    const { saved, deaths, wrong } = await killAgain(alone.agents, alone.rounds);
    console.log(
      `${deaths} deaths alone: ${saved} keys the library would have lost (LOGCTL_SEED=${seed})`,
    );
    expect(wrong).toEqual([]);
  });

  it('with two other agents: what their compactions lose is saved', async () => {
    const { saved, deaths, wrong } = await killAgain(three.agents, three.rounds);
    console.log(`${deaths} deaths of three agents: ${saved} keys saved (LOGCTL_SEED=${seed})`);
    expect(wrong).toEqual([]);
    expect(saved).toBeGreaterThan(0);
  });
});

describe('compact beside live writers', () => {
  /** How often it ended with which code while writers wrote, and how verify did beside it. */
  const hammer = async (agents: string[], how: string, ...options: string[]) => {
    const folder = freshFolder();
    const writers = [];
    for (const agent of agents) {
      const writer = LibraryWriter.start(script, folder, agent, 0, how);
      await writer.reaches('ready');
      writers.push(writer);
    }
    const codes: Record<number, number> = {};
    const health = new Set<number>();
    for (const until = Date.now() + 1_500; Date.now() < until;) {
      const { exitCode } = await cli(['compact', folder, '--force', ...options]);
      codes[exitCode] = (codes[exitCode] ?? 0) + 1;
      health.add((await verified(folder)).exitCode);
    }
    for (const writer of writers) await writer.stop();
    console.log(`beside ${agents.join(', ')} compact ended with ${JSON.stringify(codes)}`);
    return { folder, codes, health };
  };

  it('is refused while a single writer has the store open, and safe between', async () => {
    const { folder, codes, health } = await hammer(['-'], 'sessions');
    expect(codes[0]).toBeGreaterThan(2);
    expect(codes[11]).toBeGreaterThan(2);
    expect(Object.keys(codes)).toEqual(['0', '11']);
    // What the library writes and renames meanwhile is no damage.
    expect([...health]).toEqual([0]);
    const allowed = allowedBy(folder, ['-']);
    expect(wrongIn(await seenByLogctl(folder), allowed)).toEqual([]);
    expect(wrongIn(entriesOf(await seenByLibrary(folder)), allowed)).toEqual([]);
  });

  // Agents write one manifest.json.tmp at once: what is garbled for a moment is damage, 4.
  it.each([
    { said: 'is refused beside three agents', options: [], codesAllowed: ['4', '11'] },
    {
      said: 'loses nothing even when it was told that no agent runs',
      options: ['--offline'],
      codesAllowed: ['0', '3', '4', '11', '21', '22'],
    },
  ])('$said, whose own compactions go on', async ({ options, codesAllowed }) => {
    const agents = ['alpha', 'beta', 'gamma'];
    const { folder, codes } = await hammer(agents, 'refreshes', ...options);
    expect(Object.keys(codes).filter((code) => !codesAllowed.includes(code))).toEqual([]);
    await recovered(folder, '--max-lost', '0');
    expect((await cli(['compact', folder, '--force', '--offline'])).exitCode).toBe(0);
    const allowed = allowedBy(folder, agents);
    expect(wrongIn(await seenByLogctl(folder), allowed)).toEqual([]);
    expect(wrongIn(entriesOf(await seenByLibrary(folder)), allowed)).toEqual([]);
  });
});
