// Every crash state of compaction, append and recovery, 100,000 of them and more.
import { expect, it } from 'vitest';
import { countText } from '../helpers/crash-states.js';
import type { Scene } from '../helpers/swap-crashes.js';
import { checkMany, noCount } from '../helpers/swap-scenes.js';

const statesWanted = Number(process.env.LOGCTL_STATES ?? 100_000);

it(`loses nothing in ${statesWanted} crash states`, async () => {
  const total = noCount();
  for (let round = 0; total.states < statesWanted; round += 1) {
    const scene: Scene = {
      before: 2 + (round % 3),
      written: 3 + (round % 2),
      entryBytes: 600 + 150 * (round % 5),
      unended: round % 4 === 3,
      first: 0,
      pace: 1,
    };
    const steps = { paces: [1 + (round % 5)], step: 7 + (round % 4), statesMax: 150 };
    const count = await checkMany(scene, steps);
    total.states += count.states;
    total.effects += count.effects;
    total.ms += count.ms;
    total.sampled ||= count.sampled;
    console.log(`round ${round}, ${JSON.stringify(scene)}: ${countText(count)}`);
  }
  console.log(`in all ${countText(total)}`);
  expect(total.states).toBeGreaterThanOrEqual(statesWanted);
});
