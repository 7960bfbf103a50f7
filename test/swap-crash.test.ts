/**
 * The promise of compaction under every crash: each disk that a power cut or a kill may leave is
 * made, and a reader and the next run must find every acknowledged entry, once and in order.
 * The same check must fail for protocols that lack one step. `npm run torture` goes further.
 */
import { describe, expect, it } from 'vitest';
import { countText } from './helpers/crash-states.js';
import { checkEnd, play, playTwice, type Scene } from './helpers/swap-crashes.js';
import { checkMany, checkModels, noCount, scenes } from './helpers/swap-scenes.js';
import { MUTANTS } from './helpers/swap-mutants.js';

const scene: Scene = { before: 3, written: 3, entryBytes: 700, first: 0, pace: 1 };
const unended: Scene = { ...scene, unended: true };

describe('a compaction beside a writer', () => {
  it.each([
    ['ends in a newline', scene],
    ['ends without one', { ...unended, written: 0 }],
    ['ends without one, beside a writer', unended],
  ])('loses nothing in any crash where the log %s', async (_end, base) => {
    const count = await checkMany(base, { paces: [1, 3], step: 29, statesMax: 24 });
    console.log(countText(count));
    expect(count.states).toBeGreaterThan(100);
  });

  it('loses nothing without a crash, whenever the writer begins and however fast', async () => {
    let races = 0;
    for await (const { one, played } of scenes(scene, { paces: [1, 2, 3, 5, 8], step: 1 })) {
      await checkEnd(one, played);
      races += 1;
    }
    console.log(`${races} races`);
    expect(races).toBeGreaterThan(200);
  });
});

describe('a compactor that is killed', () => {
  it('before any effect leaves a log that the next run finishes', async () => {
    let deaths = 0;
    for (const pace of [1, 3]) {
      const { effects } = await play({ ...scene, pace });
      for (let killAt = 0; killAt < effects; killAt += 1) {
        for (const first of [10, 40]) {
          const one = { ...scene, pace, first, killAt };
          await checkEnd(one, await play(one));
          deaths += 1;
        }
      }
    }
    console.log(`${deaths} deaths`);
    expect(deaths).toBeGreaterThan(50);
  });

  it('and finished by a run that a power cut ends leaves a log to finish, too', async () => {
    const total = noCount();
    for (let killAt = 12; killAt < 40; killAt += 5) {
      const { scene: both, ...played } = await playTwice({
        ...scene,
        first: 20,
        pace: 2,
        killAt,
      });
      const options = { statesMax: 25, from: played.from };
      await checkModels(both, played, options, total);
    }
    console.log(countText(total));
    expect(total.states).toBeGreaterThan(200);
  });
});

describe('the check', () => {
  it.each(MUTANTS)('sees $name', async ({ scene: more, mutate }) => {
    const wrong = { ...scene, ...more, mutate };
    const all = checkMany(wrong, { paces: [3, 1], step: 3, statesMax: 8 });
    await expect(all).rejects.toThrow(/lost|inverted|twice|is left|cannot be read|is no log/);
  });
});
