// `npm run torture -- states|hammer|faults|powercut`: hours if need be, one file after the other.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/torture/*.torture.ts'],
    testTimeout: 4 * 3_600_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
    disableConsoleIntercept: true,
  },
});
