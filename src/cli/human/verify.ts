/** What verify shows: the verdict, the findings, what was read and what was not checked. */
import type { Finding, VerifyReport } from '../../engine/index.js';
import { consequences, findingLines } from './findings.js';
import { heading, logFailure } from './heading.js';
import type { Look } from './look.js';
import { nextSteps } from './next.js';
import { labelled, page, shorten, widthOf } from './text.js';
import { count, seconds } from './units.js';

const labelWidth = 13;

/** One heading per log, then what concerns them all. */
export function verifyText(report: VerifyReport, look: Look): string {
  const { logs, findings, findingsCut } = report;
  const alone = logs.length === 1 ? logs[0].path : undefined;
  const nameOf = (path: string) => (path === alone ? '' : path);
  const cut =
    findingsCut === 0
      ? []
      : [`  ${count(findingsCut, 'more finding')} not listed: raise --max-findings to see them`];
  return page([
    headings(report, look),
    [...findingLines(findings.filter(isAboutSoundness), look, { nameOf }), ...cut],
    consequences(findings, look),
    summary(report, look),
    nextSteps(report.next, look.columns),
  ]);
}

/** Size is no matter of soundness: inspect speaks of it. */
const isAboutSoundness = ({ code }: Finding) => code !== 'compaction-due';

function headings({ logs, findings }: VerifyReport, look: Look): string[] {
  const pathWidth = Math.max(0, ...logs.map(({ path }) => widthOf(path)));
  return logs.flatMap((log) => {
    const own = logs.length === 1 ? findings : findings.filter(({ path }) => path === log.path);
    const words = log.verdict === 'ok' ? wordsOfOk(own) : log.verdict;
    return [heading(log, look, { words, pathWidth }), ...logFailure(log, look)];
  });
}

/** With `--fail-on damage` a log is ok that somebody should look at all the same. */
const wordsOfOk = (findings: Finding[]): string =>
  findings.some(({ severity }) => severity === 'attention')
    ? 'no damage found'
    : 'no problems found';

function summary({ logs, findings, notChecked, durationMs, quick }: VerifyReport, look: Look) {
  const row = (label: string, text: string) =>
    labelled(label, text, { labelWidth, columns: look.columns });
  const lines = sum(logs, ({ lines }) => lines);
  const bytes = sum(logs, ({ bytes }) => bytes);
  const read = `${count(lines, 'line')}, ${count(bytes, 'byte')}, ${seconds(durationMs)}`;
  // With something to act on, what went well would only push it off the screen.
  const calm = findings.every(({ severity }) => severity === 'notice');
  const checked = [...new Set(logs.flatMap((log) => log.checked))].join(', ');
  // A quick look knows no lines, and sizes only from outside.
  const seen = quick
    ? row('looked at', `${checked}, of ${count(bytes, 'byte')}, ${seconds(durationMs)}`)
    : [...row('read', read), ...(calm && checked !== '' ? row('checked', checked) : [])];
  return [
    ...seen,
    ...notChecked.flatMap((text, at) => row(at === 0 ? 'not checked' : '', shorten(text, 400))),
  ];
}

function sum<Part>(parts: Part[], of: (part: Part) => number): number {
  return parts.reduce((total, part) => total + of(part), 0);
}
