/** What replay says about the state it wrote. */
import { basename } from 'node:path';
import type { ReplayLogPart, ReplayPoint, ReplayReport } from '../../engine/index.js';
import { consequences, findingLines } from './findings.js';
import { heading, logFailure } from './heading.js';
import type { Look } from './look.js';
import { nextSteps } from './next.js';
import { labelled, page, shorten, wrap } from './text.js';
import { count, fullBytes, thousands, toSecond } from './units.js';

const namedKeysMax = 10;

/** Short where all went well: it stands on stderr, below the state. */
export function replayText(report: ReplayReport, look: Look): string {
  const { logs, findings, next } = report;
  const alone = logs.length === 1 ? logs[0].path : undefined;
  const nameOf = (path: string) => (path === alone ? '' : path);
  return page([
    ...logs.map((log) => logLines(report, log, look)),
    findingLines(findings, look, { nameOf }),
    consequences(findings, look),
    nextSteps(next, look.columns),
  ]);
}

function logLines(report: ReplayReport, log: ReplayLogPart, look: Look): string[] {
  const wellKnown = log.verdict === 'ok' && report.logs.length === 1;
  const head = wellKnown ? [] : [heading(log, look)];
  // At damage nothing was written, and there is no state to speak of.
  if (log.error !== undefined || log.verdict === 'damaged') {
    return [...head, ...logFailure(log, look), '  no state was written'];
  }
  return [
    ...head,
    ...wrap(pointWords(log), look.columns),
    ...wrap(sizeWords(report, log), look.columns),
    ...hashLines(log),
    ...diffLines(log, look),
  ];
}

function pointWords(log: ReplayLogPart): string {
  const { at, next, semantics } = log;
  const reader = semantics === 'upstream' ? ", as the format's own program loads it" : '';
  if (at === null && next === null) return `state of the whole log${reader}`;
  if (at === null) return `state before the first entry${reader}`;
  const file = at.path === log.path ? '' : `${basename(at.path)} `;
  const where = `${file}line ${at.line}`;
  const state = at.time === null ? `state at ${where}` : `state at ${at.time} (${where})`;
  const end = next === null ? 'the end of the log' : `the next entry is ${nextWords(at, next)}`;
  return `${state}, ${end}${reader}`;
}

function nextWords(at: ReplayPoint, next: ReplayPoint): string {
  if (next.time === null) return `line ${next.line}`;
  // On the same day the clock says enough.
  const sameDay = at.time?.slice(0, 11) === next.time.slice(0, 11);
  return sameDay ? next.time.slice(11) : next.time;
}

function sizeWords({ askedTime }: ReplayReport, log: ReplayLogPart): string {
  const { keys, keysShown, output, outputBytes, diff } = log;
  // A comparison prints no key of the state.
  const shown = keysShown === keys || diff !== undefined ? '' : `${thousands(keysShown)} of `;
  const written = output === undefined ? '' : `, written to ${output}, ${fullBytes(outputBytes)}`;
  const asked = askedTime === undefined ? '' : `, asked for ${toSecond(askedTime)}`;
  return `${shown}${count(keys, 'key')}${written}${asked}`;
}

function hashLines({ stateHash, expectedHash }: ReplayLogPart): string[] {
  if (stateHash === null) return [];
  if (expectedHash === undefined) return [`sha256 ${stateHash}`];
  if (expectedHash === stateHash) return [`sha256 ${stateHash}, as expected`];
  return [`sha256   ${stateHash}`, `expected ${expectedHash}`];
}

function diffLines({ diff }: ReplayLogPart, look: Look): string[] {
  if (diff === undefined) return [];
  const { against, added, removed, changed } = diff;
  const kinds = { 'only here': added, 'only there': removed, differ: changed };
  const named = Object.entries(kinds).filter(([, keys]) => keys.length > 0);
  if (named.length === 0) return wrap(`no difference to ${against}`, look.columns);
  return [
    ...wrap(`compared with ${against}:`, look.columns),
    ...named.flatMap(([label, keys]) =>
      labelled(label, keyList(keys), { labelWidth: 12, columns: look.columns }),
    ),
  ];
}

function keyList(keys: string[]): string {
  const names = keys.slice(0, namedKeysMax).map((key) => shorten(key, 40));
  const more =
    keys.length > names.length ? [`and ${thousands(keys.length - names.length)} more`] : [];
  return `${count(keys.length, 'key')}: ${[...names, ...more].join(', ')}`;
}
