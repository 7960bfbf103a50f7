/**
 * Goal: no damage makes recover invent, lose or reorder anything, fail, or change its mind. Method:
 * fixed seeds of `npm run torture -- recover`, whose oracle judges by the bytes alone.
 */
import { expect, it } from 'vitest';
import { recoverRounds } from './helpers/recover-rounds.js';

/** Seeds that found something, one of each kind. A change of the scenes makes them other ones. */
const found: [seed: number, what: string][] = [
  [38, 'a mark before a log that is put behind its copy'],
  [48, 'a torn line alone beside a sound copy'],
  [87, 'a fill beside an empty line'],
  [98, 'a mended line before which nothing is left'],
  [138, 'entries that something stands between'],
  [343, 'a mark before a line with a checksum'],
  [427, 'a second run that finds the copy'],
  [433, 'an only line that is no entry'],
  [562, 'damage in the first line under policy prefix'],
  [661, 'conflict marks around a line that is twice there'],
  [883, 'a store that was cut beside a copy of later'],
];

it.each([1, 51, 101])('keeps what is whole in the 50 recoveries from seed %s on', async (first) => {
  for (let seed = first; seed < first + 50; seed++) {
    expect((await recoverRounds({ first: seed, rounds: 1 })).faults).toEqual([]);
  }
});

const seesNothing = async (first: number) => {
  expect((await recoverRounds({ first, rounds: 1 })).faults).toEqual([]);
};
it.each(found)('keeps what is whole with seed %s: %s', seesNothing);
