// The entries that every writer is given: players of about 350 bytes, the same in every run.
import { makeDice, player, userId } from '../generate.mjs';

// More values than keys, and no multiple of them: a key's value differs from the one before.
const values = 20_011;
const firstTime = Date.parse('2026-01-01T00:00:00.000Z');

/** Returns a function that gives entry number i as [key, value], values parsed beforehand. */
export function makeEntries(keys = 10_000) {
  const dice = makeDice(5);
  const made = Array.from({ length: values }, (_, i) => {
    return JSON.parse(player(dice, i, firstTime + i * 137));
  });
  // A prime step: neighbours in time are no neighbours among the keys.
  return (i) => [userId((i * 7_919) % keys), made[i % values]];
}
