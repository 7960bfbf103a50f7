// Hundreds of large damaged logs of every format through whole commands, with each kernel.
import { afterAll, it } from 'vitest';
import { compareKernels, largeFormats, removeLargeLogs } from '../helpers/large-logs.js';
import { announcedSeed } from '../helpers/seed.js';

const rounds = Number(process.env.LOGCTL_ROUNDS ?? 40);
afterAll(removeLargeLogs);

it.each(largeFormats)('reads large logs of $name as the reference does', (format) => {
  const first = announcedSeed(`large logs of ${format.name}`);
  for (let round = 0; round < rounds; round++) {
    compareKernels(format, { seed: first + round, bytes: 9 << 20, damages: round % 8 });
  }
});
