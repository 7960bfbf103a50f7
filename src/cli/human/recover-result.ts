/** What became of a recovery, in words. */
import type { LogPlan, RecoverLogPart } from '../../engine/index.js';
import { logFailure } from './heading.js';
import { toneOfVerdict, type Look } from './look.js';
import { commandLines } from './next.js';
import { regionLabel, regionWords } from './recover-plan.js';
import { labelled } from './text.js';
import { count, thousands } from './units.js';

const labelWidth = 12;
const regionsMax = 12;

/** All about one log. */
export function resultBlock(log: RecoverLogPart, look: Look): string[] {
  const { path, result, plan, output, verdict } = log;
  const row = (label: string, text: string) =>
    labelled(label, text, { labelWidth, columns: look.columns });
  if (result === 'written') {
    return [`${output}   written   ${stateWords(log)}`, `${path}   as it was`];
  }
  const title = `${path}   ${look.paint(toneOfVerdict(verdict), result)}`;
  if (result === 'put back') {
    const kept = log.original === null ? 'the log is its original already' : undefined;
    const where =
      output === null
        ? row('recovered', kept ?? `stays as ${log.original}`)
        : row('written', `${count(log.bytes, 'byte')} to ${output}; the log is as it was`);
    return [title, ...where];
  }
  if (plan === null || result === 'nothing to do') return [title, ...logFailure(log, look)];
  const done = plan.action === 'recover' ? [...regionRows(plan, row), ...sumRows(plan)] : [];
  return [
    title,
    ...(log.finished ? row('first', 'an interrupted compaction was completed') : []),
    ...done,
    ...(log.quarantine !== null && plan.entriesLost > 0 ? row('ledger', log.quarantine) : []),
    ...(log.mirror === null ? [] : row('mirror', mirrorWords(log))),
    ...row('verify', verifyWords(log)),
    ...(log.receipt === null ? [] : row('receipt', log.receipt)),
    ...(log.receipt === null ? [] : undoRows(log.receipt, look)),
  ];
}

/** One row for each file of a log, where many are shown. */
export function briefRow(
  log: RecoverLogPart,
  short: (path: string) => string,
  look: Look,
): string[] {
  const { path, plan, result, verdict, mirror } = log;
  const word = look.paint(toneOfVerdict(verdict), result);
  const isDone = plan !== null && log.error === undefined;
  const words = isDone && plan.action === 'recover' ? `   ${stateWords(log)}` : '';
  const rebuilt =
    mirror === null ? [] : [`${short(mirror.path)}   rebuilt   ${count(mirror.keys, 'key')}`];
  const own =
    mirror !== null && plan?.action === 'none' ? [] : [`${short(path)}   ${word}${words}`];
  return [...own, ...rebuilt];
}

function stateWords({ plan }: RecoverLogPart): string {
  if (plan === null) return '';
  const { keysAfter, hashAfter } = plan.state;
  const lost = `${count(plan.entriesLost, 'entry', 'entries')} lost`;
  return `${count(keysAfter, 'key')}, state ${hashAfter.slice(0, 8)}, ${lost}`;
}

function regionRows(plan: LogPlan, row: (label: string, text: string) => string[]): string[] {
  const { regions, entriesLost, budget, linesKept, base } = plan;
  const torn = regions.every(({ code }) => code === 'torn-tail' || code === 'nul-tail');
  if (torn && base === undefined) return [];
  if (entriesLost > 0) {
    const bytes = count(plan.bytesQuarantined, 'byte');
    const lines = regions.reduce((sum, one) => sum + (one.entriesLost > 0 ? one.lines : 0), 0);
    const about = `about ${count(entriesLost, 'entry', 'entries')}`;
    const kept = `${count(linesKept, 'entry', 'entries')} kept`;
    return [`  ${kept}, ${count(lines, 'line')} given up (${bytes}, ${about})`];
  }
  const lines = regions.slice(0, regionsMax).flatMap((region) => {
    return row(regionLabel(region), regionWords(region, plan));
  });
  const more = regions.length - regionsMax;
  return [
    ...(base === undefined ? [] : row('base', base.path)),
    ...lines,
    ...(more > 0 ? row('', `and ${count(more, 'more region')}`) : []),
    ...row('lost', `0 entries; budget ${budget}`),
  ];
}

function sumRows({ bytesKept, bytesQuarantined, bytesBefore, bytesInserted, base }: LogPlan) {
  const kept = `${thousands(bytesKept)} kept + ${thousands(bytesQuarantined)} quarantined`;
  const from = base === undefined ? '' : ' with the base';
  return [
    `  ${kept} = ${count(bytesBefore, 'byte')} of the original`,
    ...(bytesInserted > 0 ? [`  ${count(bytesInserted, 'byte')} put in${from}`] : []),
  ];
}

const mirrorWords = ({ mirror }: RecoverLogPart) =>
  mirror === null ? '' : `${mirror.path} rebuilt, ${count(mirror.keys, 'key')}`;

function verifyWords({ verified, plan }: RecoverLogPart): string {
  if (verified === null) return '-';
  const open = verified.findings.filter(({ severity }) => severity !== 'notice');
  const found = open.map(({ code }) => code);
  if (found.length > 0) return `${verified.verdict}: ${[...new Set(found)].join(', ')}`;
  const before = plan?.findings.find(({ code }) => code === 'mirror-differs');
  return before === undefined
    ? 'no problems found'
    : `no problems found, ${before.path} agrees again`;
}

function undoRows(receipt: string, look: Look): string[] {
  const argv = ['logctl', 'recover', '--undo', receipt];
  const [first, ...more] = commandLines(argv, look.columns - labelWidth - 2);
  const pad = ' '.repeat(labelWidth + 2);
  return [`  ${'undo'.padEnd(labelWidth)}${first}`, ...more.map((line) => pad + line)];
}
