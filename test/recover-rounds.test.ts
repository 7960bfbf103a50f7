/**
 * Goal: no damage makes recover invent, lose or reorder anything, fail, or change its mind. Method:
 * fixed seeds of `npm run torture -- recover`, whose oracle judges by the bytes alone.
 */
import { expect, it } from 'vitest';
import { recoverRounds } from './helpers/recover-rounds.js';

it.each([1, 51, 101])('keeps what is whole in the 50 recoveries from seed %s on', async (first) => {
  const { faults } = await recoverRounds({ first, rounds: 50 });
  expect(faults).toEqual([]);
});

/** What rounds have found, a seed of each kind: damaged logs that were once taken for others. */
const found: [seed: number, what: string][] = [];

it.each(found)('keeps what is whole with seed %s: %s', async (first) => {
  expect((await recoverRounds({ first, rounds: 1 })).faults).toEqual([]);
});
