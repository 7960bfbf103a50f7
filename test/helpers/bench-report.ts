// A report of bench-fsync made by hand: a small machine with a memory card.
import type { BenchFsyncReport } from '../../src/engine/index.js';

const times = { p50: 7.9, p95: 12.4, p99: 21.7, p999: null, max: 218.4 };
const row = (name: string, group: number | null, rate: number | null, rounds = 2_000) => {
  return { name, group, rounds, entriesPerSecond: rate, ...times };
};
/** A memory card under a quiet log. */
export const benchFsync: BenchFsyncReport = {
  ...{ schema: 'logctl/bench-fsync@1', report: 'bench-fsync', version: '1.0.0', durationMs: 9 },
  ...{ verdict: 'ok', exitCode: 0, findings: [], next: [], rounds: 2_000, budgetMs: 10_000 },
  notChecked: ['p99.9: it needs 10,000 rounds (--rounds 10000)'],
  logs: [
    {
      ...{ path: 'data/logs/players.log', dialect: 'progressive', verdict: 'ok', exitCode: 0 },
      ...{ bytes: 2_418_112, lines: 4_672, directory: 'data/logs' },
      device: {
        ...{ filesystem: 'ext4', source: '/dev/mmcblk0p2', rotational: false },
        ...{ writeCache: 'write back', virtual: false },
      },
      sizes: { median: 412, largest: 6_802, from: 'log' },
      methods: [
        row('open+append+fsync', 1, 118),
        { ...row('append, no fsync', 1, 182_000), p50: 0.0014, p95: 0.012, p99: 0.94 },
        row('append+fsync', 64, 6_940, 1_279),
        row('swap', null, null),
      ],
      answer: {
        ...{ busiestMinute: 24, neededPerSecond: 0.4, durablePerSecond: 118 },
        ...{ groupedPerSecond: 6_940, timesEnough: 295, answer: 'enough' },
      },
    },
  ],
};
