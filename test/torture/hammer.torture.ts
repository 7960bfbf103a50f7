// 20,000 swaps beside real writers; every acknowledged entry is audited.
import { afterAll, expect, it } from 'vitest';
import { buildHammer, Hammer, percentile } from '../helpers/hammer.js';

const swapsWanted = Number(process.env.LOGCTL_SWAPS ?? 20_000);
const swapsEach = 500;
const scripts = buildHammer();
afterAll(() => scripts.remove());

it(`loses nothing in ${swapsWanted} swaps`, async () => {
  const waited: number[] = [];
  let entries = 0;
  for (let swaps = 0; swaps < swapsWanted; swaps += swapsEach) {
    const one = Hammer.make(scripts);
    const writers = 1 + ((swaps / swapsEach) % 2);
    for (let i = 0; i < writers; i += 1) await one.write({ burst: 16, pauseMs: 4 });
    const done = await one.compact(swapsEach, { pauseMs: 5 });
    for (const { acknowledged, waitedMs } of await one.stop()) {
      entries += acknowledged;
      waited.push(...waitedMs);
    }
    expect(done!.messages).toEqual([]);
    expect(one.audit()).toEqual([]);
    one.remove();
    waited.sort((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(waited, share).toFixed(1));
    const so = `${swaps + swapsEach} swaps, ${entries} entries`;
    console.log(`${so}; writers waited p50 ${p50} ms, p99 ${p99} ms`);
  }
});
