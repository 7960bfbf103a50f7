// A damaged log of every format that is large enough for the SIMD kernel and for a second thread.
import { afterAll, it } from 'vitest';
import { compareKernels, largeFormats, removeLargeLogs } from './helpers/large-logs.js';
import { announcedSeed } from './helpers/seed.js';

afterAll(removeLargeLogs);

it.each(largeFormats)('is read as the reference reads it: $name', (format) => {
  const seed = announcedSeed(`a large log of ${format.name}`);
  compareKernels(format, { seed, bytes: 5 << 20, damages: 3 });
});
