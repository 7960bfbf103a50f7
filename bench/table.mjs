// The benchmark's figures as text: one row a program, medians, ratios within the same rounds.
import { aligned, median } from './columns.mjs';
import { floor } from './contestants.mjs';
import { timeRatio } from './figures.mjs';

const headings = ['PROGRAM', 'MB/s', 'LOWEST', 'HIGHEST'].concat([
  'VS VERIFY',
  'VS CHUNKS',
  'VS WC',
  'CPU s',
  'PEAK MB',
]);
/** How the names begin of those that the others are compared with. */
const yardsticks = ['logctl verify', 'chunks', floor];

/**
 * Returns the table and, below it, what each program did and who was left out.
 *
 * VS VERIFY, VS CHUNKS, VS WC: how many times as long a program took as the first `logctl verify`,
 * `chunks` and `wc -l`, the median of the rounds' own ratios. A program that failed in any round
 * has no figures.
 */
export function tableOf({ bytes, contestants, leftOut }) {
  const rows = contestants.map((contestant) => rowOf(contestant, { bytes, contestants }));
  const lines = aligned([headings, ...rows]);
  // The same command with more threads does the same.
  const isNew = ({ does }, i) => contestants.findIndex((other) => other.does === does) === i;
  return [...lines, '', ...contestants.filter(isNew).map(noteOf), ...leftOut].join('\n');
}

function rowOf({ name, runs }, { bytes, contestants }) {
  if (runs.some((run) => run.failure)) return [name, 'failed', ...headings.slice(2).map(() => '-')];
  const speeds = runs.map((run) => bytes / 1e3 / run.ms);
  const known = (name) => runs.map((run) => run[name]).filter((value) => value !== undefined);
  const [peaks, cpu] = [known('peakBytes'), known('cpuSeconds')];
  return [
    name,
    whole(median(speeds)),
    whole(Math.min(...speeds)),
    whole(Math.max(...speeds)),
    ...yardsticks.map((yardstick) => ratioTo(yardstick, runs, contestants)),
    cpu.length > 0 ? median(cpu).toFixed(2) : '?',
    peaks.length > 0 ? whole(Math.max(...peaks) / 1e6) : '?',
  ];
}

function ratioTo(yardstick, runs, contestants) {
  const other = contestants.find(({ name }) => name.startsWith(yardstick));
  if (!other || other.runs.some((run) => run.failure)) return '-';
  return timeRatio(runs, other.runs).toFixed(2);
}

function noteOf({ name, does, runs }) {
  const failed = runs.find((run) => run.failure);
  if (failed) return `${name}: FAILED, ${failed.failure}`;
  const said = runs[0].output ? ` [${runs[0].output}]` : '';
  return `${name}: ${does}${said}`;
}

function whole(value) {
  return String(Math.round(value));
}
