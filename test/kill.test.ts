/**
 * kill -9 of the compactor before each of its calls and at random moments, beside a living writer:
 * the next run must find every acknowledged entry, once and in order.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { randomFrom } from './helpers/crash-states.js';
import { nodeDisk } from '../src/engine/disk.js';
import { loadKernelLocks } from '../src/engine/kernel-locks.js';
import { buildHammer, Hammer } from './helpers/hammer.js';

const { leases } = await loadKernelLocks(nodeDisk);
const given = it.runIf(leases === 'kernel');
const scripts = buildHammer();
const lanes: Hammer[] = [];
const seed = Number(process.env.LOGCTL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const deathsEach = 104;
/** Two compactions, about. */
const spreadMs = 120;

afterAll(() => {
  for (const lane of lanes) lane.remove();
  scripts.remove();
});

/** Kills compactors one after the other beside one writer, then compacts to the end. */
async function kill(count: number, moment: (death: number) => object) {
  const lane = Hammer.make(scripts);
  lanes.push(lane);
  await lane.write({ burst: 4, pauseMs: 4 });
  let deaths = 0;
  for (let death = 0; death < count; death += 1) {
    const done = await lane.compact(1000, moment(death));
    if (done === undefined) deaths += 1;
  }
  const last = await lane.compact(2);
  const written = await lane.stop();
  return { deaths, last, wrong: lane.audit(), entries: written[0].acknowledged };
}

describe('a compactor that is killed', () => {
  given('before each of its calls, or at any moment, leaves all to the next run', async () => {
    const random = randomFrom(seed);
    const lanesNow = [
      kill(deathsEach, (death) => ({ dieAt: death + 1 })),
      kill(deathsEach, () => ({ dieAfterMs: 1 + random() * spreadMs })),
    ];
    const [steps, moments] = await Promise.all(lanesNow);
    console.log(
      `${steps.deaths} deaths before calls, ${moments.deaths} at random (LOGCTL_SEED=${seed}); ` +
        `${steps.entries + moments.entries} entries`,
    );
    for (const { last, wrong } of [steps, moments]) {
      expect(last!.results).toEqual({ compacted: 2 });
      expect(wrong).toEqual([]);
    }
    expect(steps.deaths + moments.deaths).toBeGreaterThanOrEqual(200);
  });
});
