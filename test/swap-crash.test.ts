/**
 * The promise of compaction under every crash: each disk that a power cut or a kill may leave is
 * made, and a reader and the next run must find every acknowledged entry, once and in order.
 * The same check must fail for protocols that lack one step.
 */
import { describe, expect, it } from 'vitest';
import type { MemoryFile } from './helpers/memory-file.js';
import { logPath } from './helpers/compaction-world.js';
import { countText, type CrashCount } from './helpers/crash-states.js';
import type { FakeLocks } from './helpers/fake-locks.js';
import type { RecordingDisk } from './helpers/recording-disk.js';
import { checkEnd, checkScene, play, type Scene } from './helpers/swap-crashes.js';

const models = ['journal', 'posix'] as const;
const scene: Scene = { before: 3, written: 3, entryBytes: 700, first: 0, pace: 1 };
const statesMax = 300;

/** Scenes whose writer begins at each point, for some paces. */
async function* scenes(base: Scene, paces: number[], step = 1) {
  for (const pace of paces) {
    for (let first = 0, points = 1; first <= points; first += step) {
      const one = { ...base, first, pace };
      const played = await play(one);
      points = played.points;
      yield { one, played };
    }
  }
}

async function checkMany(base: Scene, paces: number[], step: number) {
  const total: CrashCount = { states: 0, effects: 0, sampled: false, seed: 0, ms: 0 };
  for await (const { one, played } of scenes(base, paces, step)) {
    await checkEnd(one, await play(one));
    for (const model of models) {
      const count = await checkScene(one, played, { model, statesMax });
      total.states += count.states;
      total.effects += count.effects;
      total.ms += count.ms;
      total.sampled ||= count.sampled;
      total.seed = count.seed;
    }
  }
  return total;
}

describe('a compaction beside a writer', () => {
  it('loses nothing in any crash, whenever the writer begins', async () => {
    const count = await checkMany(scene, [1, 4], 9);
    console.log(countText(count));
    expect(count.states).toBeGreaterThan(1_000);
  });
});
