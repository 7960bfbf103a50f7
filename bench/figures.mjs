// What a bar asks for, computed from what was measured; and whether it was reached.
import { aligned, median } from './columns.mjs';

/**
 * Returns the rows of all bars with their verdicts: { rows, missed }. `results`: of `compare`, one
 * a kind. `probes`: { name: figure }. A figure that could not be had counts as missed.
 */
export function judge(bars, { results, probes }) {
  const judged = bars.map((bar) => {
    const figure = figureOf(bar.measured, { results, probes });
    return { bar, figure, isReached: isReached(bar.first, bar.better, figure) };
  });
  return { rows: judged.map(rowOf), missed: judged.filter(({ isReached: ok }) => !ok).length };
}

/** Returns the rows of `judge` as lines. */
export function judgementText(rows) {
  return aligned([['BAR', 'FIRST BAR', 'GOAL', 'MEASURED', 'VERDICT'], ...rows]);
}

/** Returns which programs the bars need on which kind of data: { kind: [name] }. */
export function programsFor(bars) {
  const needed = {};
  for (const { measured } of bars) {
    if (measured.kind === undefined) continue;
    const names = (needed[measured.kind] ??= []);
    for (const name of [measured.of, measured.against]) {
      if (!names.includes(name)) names.push(name);
    }
  }
  return needed;
}

/** Returns how many times as long `of` takes as `against`: the median of the rounds' own ratios. */
export function timeRatio(of, against) {
  return median(of.map((run, round) => run.ms / against[round].ms));
}

function figureOf({ probe, kind, compare, of, against }, { results, probes }) {
  if (probe !== undefined) return probes[probe];
  const contestants = results.find((result) => result.kind === kind)?.contestants ?? [];
  const [ours, theirs] = [of, against].map((name) => runsOf(contestants, name));
  if (ours === undefined || theirs === undefined) return undefined;
  switch (compare) {
    case 'time':
      return timeRatio(ours, theirs);
    case 'speed':
      return timeRatio(theirs, ours);
    case 'memory':
      return peakOf(theirs) / peakOf(ours);
  }
}

/** Returns a program's runs; undefined where it was left out or one of them failed. */
function runsOf(contestants, name) {
  const runs = contestants.find((contestant) => contestant.name === name)?.runs ?? [];
  return runs.length === 0 || runs.some((run) => run.failure) ? undefined : runs;
}

function peakOf(runs) {
  return Math.max(...runs.map((run) => run.peakBytes ?? Number.NaN));
}

function isReached(limit, better, figure) {
  if (figure === undefined || Number.isNaN(figure)) return false;
  return better === 'lower' ? figure <= limit : figure >= limit;
}

function rowOf({ bar, figure, isReached: ok }) {
  const sign = bar.better === 'lower' ? 'at most' : 'at least';
  const isKnown = figure !== undefined && !Number.isNaN(figure);
  const verdict = isReached(bar.goal, bar.better, figure) ? 'ok, goal reached' : 'ok';
  return [
    bar.name,
    `${sign} ${bar.first}`,
    String(bar.goal),
    isKnown ? figure.toFixed(2) : 'nothing',
    ok ? verdict : 'missed',
  ];
}
