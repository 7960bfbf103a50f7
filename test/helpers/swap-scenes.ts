/** Many scenes of one kind: the writer begins at every moment of the compaction. */
import type { CrashCount, CrashOptions } from './crash-states.js';
import { checkEnd, checkScene, play, type Played, type Scene } from './swap-crashes.js';

/** Which moments and paces; `step` leaves out moments, `statesMax` states per moment. */
export interface SceneSteps {
  paces: readonly number[];
  step: number;
  statesMax?: number;
  seed?: number;
}

/** The scenes, each played once: first the writer begins at point 0, then at later ones. */
export async function* scenes(base: Scene, { paces, step }: SceneSteps) {
  for (const pace of paces) {
    // How many moments there are: a writer that never begins shows all of them.
    const { points } = await play({ ...base, first: Infinity, pace });
    for (let first = 0; first <= points; first += step) {
      const one = { ...base, first, pace };
      yield { one, played: await play(one) };
    }
  }
}

/** Checks every crash of every scene, under both models. Throws where a promise is broken. */
export async function checkMany(base: Scene, steps: SceneSteps): Promise<CrashCount> {
  const total = noCount();
  for await (const { one, played } of scenes(base, steps)) {
    await checkModels(one, played, { statesMax: steps.statesMax, seed: steps.seed }, total);
    await checkEnd(one, played);
  }
  return total;
}

/** Checks every crash of one scene, under both models, and adds to `total`. */
export async function checkModels(
  scene: Scene,
  played: Played,
  options: Omit<CrashOptions, 'model'>,
  total: CrashCount,
): Promise<void> {
  for (const model of ['journal', 'posix'] as const) {
    const count = await checkScene(scene, played, { ...options, model });
    total.states += count.states;
    total.effects += count.effects;
    total.ms += count.ms;
    total.sampled ||= count.sampled;
    total.seed = count.seed;
  }
}

/** A count of nothing yet. */
export const noCount = (): CrashCount => ({
  ...{ states: 0, effects: 0, sampled: false, seed: 0, ms: 0 },
});
