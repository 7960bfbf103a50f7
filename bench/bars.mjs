// The figures to reach, as data: what each compares, the least that must be reached, and the goal.
import { floor, threaded } from './contestants.mjs';

const chunks = 'chunks';
const duckdb = 'duckdb';
const verify = (threads) => threaded('verify', threads);
const index = (threads) => threaded('index', threads);

/**
 * Returns one bar: { name, first, goal, better, measured }. A run that misses a `first` fails.
 *
 * `better` is `lower` or `higher`. `measured` either names data and two programs, { kind, of,
 * against, compare }, compared by
 *   time    how many times as long `of` takes as `against`,
 *   speed   how many times as fast `of` is as `against`,
 *   memory  how many times as much memory `against` needs at its peak as `of`,
 * or { probe }: the name of a figure that probes.mjs finds out.
 */
function bar(name, { first, goal, better = 'higher', ...measured }) {
  return { name, first, goal, better, measured };
}

const lower = { better: 'lower' };
const onPlayers = { kind: 'players' };
const onSmall = { kind: 'small' };

/** In the order in which the check prints them. */
export const bars = [
  bar('verify players, times as long as wc -l, 1 thread', {
    ...{ first: 13, goal: 8, ...lower },
    ...{ ...onPlayers, compare: 'time', of: verify(1), against: floor },
  }),
  bar('verify players, times as long as wc -l, 2 threads', {
    ...{ first: 8, goal: 5, ...lower },
    ...{ ...onPlayers, compare: 'time', of: verify(2), against: floor },
  }),
  bar('verify players, times as fast as chunks, 1 thread', {
    ...{ first: 6.5, goal: 9 },
    ...{ ...onPlayers, compare: 'speed', of: verify(1), against: chunks },
  }),
  bar('verify players, times as fast as chunks, 2 threads', {
    ...{ first: 11, goal: 15 },
    ...{ ...onPlayers, compare: 'speed', of: verify(2), against: chunks },
  }),
  bar('index players, times as fast as DuckDB, 2 threads', {
    ...{ first: 3.5, goal: 5 },
    ...{ ...onPlayers, compare: 'speed', of: index(2), against: duckdb },
  }),
  bar('index small, times as fast as DuckDB, 2 threads', {
    ...{ first: 3.5, goal: 5 },
    ...{ ...onSmall, compare: 'speed', of: index(2), against: duckdb },
  }),
  bar("index players, DuckDB's memory, times ours", {
    ...{ first: 8, goal: 15 },
    ...{ ...onPlayers, compare: 'memory', of: index(2), against: duckdb },
  }),
  bar("index small, DuckDB's memory, times ours", {
    ...{ first: 2, goal: 4 },
    ...{ ...onSmall, compare: 'memory', of: index(2), against: duckdb },
  }),
  bar('index players, 2 threads, times as fast as 1', {
    ...{ first: 1.6, goal: 1.85 },
    ...{ ...onPlayers, compare: 'speed', of: index(2), against: index(1) },
  }),
  bar('keydir, bytes a key of 14 bytes', { first: 64, goal: 56, ...lower, probe: 'keyBytes' }),
  bar('keydir, ns an upsert', { first: 130, goal: 80, ...lower, probe: 'upsertNs' }),
  bar('compact, writing, times as long as cp of the output', {
    ...{ first: 4, goal: 2, ...lower, probe: 'compactToCopy' },
  }),
  bar('logctl --help, times as long as node -e 0', {
    ...{ first: 1.6, goal: 1.25, ...lower, probe: 'helpToNode' },
  }),
  bar('verify of a 10 KB log, times as long as node -e 0', {
    ...{ first: 6.4, goal: 3, ...lower, probe: 'smallToNode' },
  }),
];
