// The benchmark's figures as text: one row a program, medians, ratios within the same rounds.
import { aligned, median } from './columns.mjs';
import { floor, yardstick } from './contestants.mjs';

const headings = ['PROGRAM', 'MB/s', 'LOWEST', 'HIGHEST', 'VS VERIFY', 'VS WC', 'PEAK MB'];

/**
 * Returns the table and, below it, what each program did.
 *
 * VS VERIFY and VS WC: how many times as long a program took as `logctl verify` and `wc -l`, the
 * median of the rounds' own ratios. A program that failed in any round has no figures.
 */
export function tableOf({ bytes, contestants }) {
  const rows = contestants.map((contestant) => rowOf(contestant, { bytes, contestants }));
  const lines = aligned([headings, ...rows]);
  const notes = contestants.map(noteOf);
  return [...lines, '', ...notes].join('\n');
}

function rowOf({ name, runs }, { bytes, contestants }) {
  if (runs.some((run) => run.failure)) return [name, 'failed', '-', '-', '-', '-', '-'];
  const speeds = runs.map((run) => bytes / 1e3 / run.ms);
  const peaks = runs.map((run) => run.peakBytes).filter((peak) => peak !== undefined);
  return [
    name,
    whole(median(speeds)),
    whole(Math.min(...speeds)),
    whole(Math.max(...speeds)),
    ratioTo(yardstick, runs, contestants),
    ratioTo(floor, runs, contestants),
    peaks.length > 0 ? whole(Math.max(...peaks) / 1e6) : '?',
  ];
}

function ratioTo(name, runs, contestants) {
  const other = contestants.find((contestant) => contestant.name === name);
  if (!other || other.runs.some((run) => run.failure)) return '-';
  return median(runs.map((run, round) => run.ms / other.runs[round].ms)).toFixed(2);
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
