/** bench-fsync-percentiles: what a list of durations comes to, nothing left out. */

/** Rounds that a percentile needs before it says anything. */
export const roundsNeeded = { p99: 1_000, p999: 10_000 } as const;

/** Percentiles in the unit of the durations. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number | null;
  p999: number | null;
  max: number;
}

/**
 * Percentiles by nearest rank: the smallest duration that at least so many of all do not exceed.
 * Outliers stay, for they are what an operator waits for. `durations` must not be empty.
 */
export function percentilesOf(durations: Float64Array): Percentiles {
  const sorted = durations.slice().sort();
  const { length } = sorted;
  // In thousandths, because 0.95 * 20 is a little more than 19 and would round up.
  const at = (thousandths: number) => sorted[Math.ceil((thousandths * length) / 1_000) - 1];
  return {
    p50: at(500),
    p95: at(950),
    p99: length < roundsNeeded.p99 ? null : at(990),
    p999: length < roundsNeeded.p999 ? null : at(999),
    max: sorted[length - 1],
  };
}
