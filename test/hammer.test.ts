/**
 * Real writers that know nothing of us against compaction in a loop. Every acknowledged entry is
 * looked up in the chain of backups: none may be lost, doubled or out of order.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { statSync } from 'node:fs';
import { nodeDisk } from '../src/engine/disk.js';
import { loadKernelLocks } from '../src/engine/kernel-locks.js';
import { buildHammer, Hammer, percentile, type WriterResult } from './helpers/hammer.js';

const { leases } = await loadKernelLocks(nodeDisk);
const given = it.runIf(leases === 'kernel');
const scripts = buildHammer();
const hammers: Hammer[] = [];
const hammer = () => {
  const one = Hammer.make(scripts);
  hammers.push(one);
  return one;
};
/** A few thousand entries a second, as far as the disk can. */
const busy = { burst: 16, pauseMs: 4 };

afterAll(() => {
  for (const one of hammers) one.remove();
  scripts.remove();
});

function report(swaps: number, written: readonly WriterResult[]): void {
  const entries = written.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const waited = written.flatMap(({ waitedMs }) => waitedMs).sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(waited, share).toFixed(1));
  console.log(`${swaps} swaps, ${entries} entries; writers waited p50 ${p50} ms, p99 ${p99} ms`);
}

describe.each([1, 2])('beside %i busy writers', (writers) => {
  given('no run is refused, and no entry is lost, doubled or out of order', async () => {
    const one = hammer();
    for (let i = 0; i < writers; i += 1) await one.write(busy);
    const done = await one.compact(150, { pauseMs: 25 });
    const written = await one.stop();
    report(150, written);
    expect(done!.messages).toEqual([]);
    expect(done!.results).toEqual({ compacted: 150 });
    expect(one.audit()).toEqual([]);
  });
});

describe('beside other programs', () => {
  given('a writer without a pause may have a run refused, and loses nothing', async () => {
    const one = hammer();
    for (let i = 0; i < 2; i += 1) await one.write({ burst: 50, pauseMs: 0 });
    const done = await one.compact(15);
    await one.stop();
    console.log(done!.results);
    const { compacted = 0, deferred = 0, busy: refused = 0 } = done!.results;
    expect(compacted + deferred + refused).toBe(15);
    expect(one.audit()).toEqual([]);
  });

  given('a writer that keeps its descriptor is named, and the log stays as it is', async () => {
    const one = hammer();
    const writer = await one.write({ burst: 0, pauseMs: 5 });
    const before = statSync(one.path);
    const done = await one.compact(1);
    await one.stop();
    expect(done!.results).toEqual({ busy: 1 });
    expect(done!.messages[0]).toContain(`pid ${writer.pid}`);
    expect(done!.messages[0]).toContain('hammer-writer');
    expect(statSync(one.path).ino).toBe(before.ino);
    expect(one.audit()).toEqual([]);
  });

  given('a second compactor waits, and both lose nothing', async () => {
    const one = hammer();
    await one.write(busy);
    const both = await Promise.all([one.compact(25), one.compact(25)]);
    await one.stop();
    expect(both.map((done) => done!.results)).toEqual([{ compacted: 25 }, { compacted: 25 }]);
    expect(one.audit()).toEqual([]);
  });
});
