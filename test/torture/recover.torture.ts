/**
 * Random damaged logs through the whole circle of recover: plan, refuse or apply, verify, plan
 * again, the saved plan, undo. An oracle judges each by its bytes alone.
 */
import { expect, it } from 'vitest';
import { countText, recoverRounds } from '../helpers/recover-rounds.js';
import { announcedSeed } from '../helpers/seed.js';

const rounds = Number(process.env.LOGCTL_ROUNDS ?? 10_000);
const reportEvery = 1_000;

it(`keeps what is whole in ${rounds} random recoveries`, async () => {
  const first = announcedSeed('recover torture');
  const faults: string[] = [];
  for (let done = 0; done < rounds; done += reportEvery) {
    const many = { first: first + done, rounds: Math.min(reportEvery, rounds - done) };
    const count = await recoverRounds(many, console.log);
    faults.push(...count.faults);
    console.log(`from seed ${many.first}: ${countText(count)}`);
  }
  console.log(`${rounds} rounds, ${faults.length} with a fault`);
  expect(faults.length).toBe(0);
});
