/** A recovery's plan in words: what is kept, what goes, what is put in, what it needs. */
import { basename } from 'node:path';
import type { LogPlan, RecoverLogPart, RegionPlan } from '../../engine/index.js';
import type { Look } from './look.js';
import { labelled, shorten } from './text.js';
import { briefBytes, count, thousands, toSecond } from './units.js';

const labelWidth = 12;
const regionsMax = 12;
const keysMax = 5;

/** True for a log whose plan waits to be applied. */
export const isPlanned = ({ result }: RecoverLogPart): boolean => result === 'would recover';

/** The rows of one log's plan, `indent` columns in. */
export function planRows({ plan }: RecoverLogPart, look: Look, indent: number): string[] {
  if (plan === null) return [];
  const row = rowsOf(look, indent);
  const unfinished = plan.unfinished
    ? row('first', 'an interrupted compaction is completed, its leftovers are removed')
    : [];
  if (plan.action !== 'recover') return unfinished;
  return [
    ...unfinished,
    ...baseRows(plan, row),
    ...keptRows(plan, row),
    ...regionRows(plan, row),
    ...lostRows(plan, row),
    ...plan.notes.flatMap((note) => row('note', note)),
    ...(plan.missing ? [] : row('original', `stays as ${originalName(plan)}`)),
  ];
}

type Row = (label: string, text: string) => string[];

const rowsOf = (look: Look, indent: number): Row => {
  const pad = ' '.repeat(indent - 2);
  return (label, text) => {
    const columns = look.columns - pad.length;
    return labelled(label, text, { labelWidth, columns }).map((line) => pad + line);
  };
};

const originalName = ({ path, replaces = path, stamp }: LogPlan): string =>
  `${basename(replaces)}.original.${stamp}`;

function baseRows({ base, passedOver, linesKept, bytesBefore, regions }: LogPlan, row: Row) {
  if (base === undefined) return [];
  const back = regions.reduce((sum, { entriesBack }) => sum + entriesBack, 0);
  const behind = linesKept + back;
  const own = bytesBefore === 0 ? ' (the log itself is empty)' : ' of the log itself';
  return [
    ...row('base', `${basename(base.path)}, made ${toSecond(base.madeAt)}`),
    ...row('', `${count(base.lines, 'line')}, every line sound, ${count(base.keys, 'key')}`),
    ...row('', base.why),
    ...row('then', `${count(behind, 'entry', 'entries')}${own}`),
    ...passedOver.flatMap((path) => row('passed over', `${basename(path)}, older and sound`)),
  ];
}

function keptRows(plan: LogPlan, row: Row): string[] {
  const { linesKept, bytesKept, bytesInserted, base, bytesBefore } = plan;
  if (bytesBefore === 0 || (base !== undefined && linesKept === 0)) return [];
  const inserted = base === undefined && bytesInserted > 0;
  return [
    ...row('keep', `${count(linesKept, 'line')}, ${count(bytesKept, 'byte')}, as they are`),
    ...(inserted ? row('put in', `${count(bytesInserted, 'byte')} that the log did not have`) : []),
  ];
}

function regionRows(plan: LogPlan, row: Row): string[] {
  const { regions } = plan;
  const lines = regions.slice(0, regionsMax).flatMap((region) => {
    const torn = region.code === 'torn-tail' || region.code === 'nul-tail';
    if (torn && region.action === 'quarantine') return row('quarantine', tornWords(region));
    return [...row(regionLabel(region), regionWords(region, plan)), ...keyRows(region, row)];
  });
  const more = regions.length - regionsMax;
  return more > 0 ? [...lines, ...row('', `and ${count(more, 'more region')}`)] : lines;
}

const tornWords = ({ length, offset, line, code }: RegionPlan) =>
  `${count(length, code === 'nul-tail' ? 'zero byte' : 'byte')} from byte ${offset} ` +
  `(line ${line}, never complete)`;

const mendWords = ({ code }: RegionPlan) =>
  code === 'reader-differs' ? 'escapes for line breaks' : 'U+FFFD in place of invalid UTF-8';

/** Where one damaged region is. */
export function regionLabel({ action, lines, line }: RegionPlan): string {
  if (action === 'bring back') return 'bring back';
  return lines > 0 ? `line ${line}` : 'front';
}

/** What is done with one damaged region. */
export function regionWords(region: RegionPlan, plan: LogPlan): string {
  const { action, line, lines, length, entriesBack, entriesLost, source } = region;
  const gone = plan.quarantine.reduce(
    (sum, one) => (one.line === line ? sum + one.length : sum),
    0,
  );
  const back = count(entriesBack, 'entry', 'entries');
  switch (action) {
    case 'split': {
      const bytes = count(Math.max(0, length - gone), 'byte');
      return `split: ${count(gone, 'byte')} quarantined, ${back} of ${bytes} brought back`;
    }
    case 'fill':
      return `filled: ${back} from ${basename(source ?? '')}, ${count(lines, 'line')} quarantined`;
    case 'mend':
      return `mended: ${mendWords(region)}, the line as it was in quarantine`;
    case 'quarantine': {
      const about = entriesLost > 0 ? `, about ${count(entriesLost, 'entry', 'entries')}` : '';
      return `given up: ${count(length, 'byte')}${about}; ${region.code}, ${region.why}`;
    }
    case 'end with a newline':
      return 'completed: its newline was missing';
    case 'replace by the base':
      return `replaced by the base, ${back} behind it`;
    case 'bring back':
      return `${back} of ${basename(source ?? '')}: ${region.why}`;
    case 'put the base in front':
      return `${basename(source ?? '')} goes in front: ${region.why}`;
    case 'keep':
      return `kept: ${count(lines, 'line')} that stand twice (${region.code}); ${region.why}`;
  }
}

function keyRows({ keys }: RegionPlan, row: Row): string[] {
  const atRisk = keys.filter(({ impact }) => impact !== 'harmless');
  if (atRisk.length === 0) return [];
  const named = atRisk.slice(0, keysMax).map(({ key, impact }) => `${shorten(key, 40)} ${impact}`);
  const more = atRisk.length > keysMax ? ` and ${atRisk.length - keysMax} more` : '';
  return row('', `${atRisk.length === 1 ? 'key' : 'keys'} ${named.join(', ')}${more}`);
}

function lostRows({ entriesLost, budget, base, regions }: LogPlan, row: Row): string[] {
  const lost = count(entriesLost, 'entry', 'entries');
  if (base !== undefined && entriesLost === 0) {
    const after = toSecond(base.madeAt).slice(11);
    const doubt = `an entry acknowledged after ${after} cannot be ruled out`;
    return row('lost', `${lost} that are on this disk; ${doubt}: nothing here would show it`);
  }
  const torn = regions.some(({ code }) => code === 'torn-tail' || code === 'nul-tail');
  const beyond = torn ? ' beyond the torn tail' : '';
  return row('lost', `${entriesLost > 0 ? 'about ' : ''}${lost}${beyond}; budget ${budget}`);
}

/** The state before and after, where one log is shown alone. */
export function stateRows({ plan }: RecoverLogPart, look: Look): string[] {
  if (plan === null || plan.action !== 'recover') return [];
  const { keysBefore, keysAfter, hashBefore, hashAfter } = plan.state;
  // Lines without keys have no state: nothing is to be said of it.
  if (keysBefore === 0 && keysAfter === 0) return [];
  const keys = count(keysAfter, 'key');
  const before = keysBefore === keysAfter ? '' : ` instead of ${thousands(keysBefore)}`;
  const same = hashBefore === hashAfter ? ', before = after' : `, before ${shortHash(hashBefore)}`;
  return rowsOf(look, 2)('state', `${keys}${before}, sha256 ${shortHash(hashAfter)}${same}`);
}

const shortHash = (hash: string) => `${hash.slice(0, 8)}...${hash.slice(-4)}`;

/** What becomes of the main JSON file. */
export function mirrorRows({ plan }: RecoverLogPart, look: Look, indent: number): string[] {
  const mirror = plan?.mirror;
  if (plan === null || mirror === undefined || mirror.action === 'none') return [];
  const row = rowsOf(look, indent);
  const { action, exists, keys, bytes, tornAt, ahead, differing, path } = mirror;
  const more = [...ahead, ...differing];
  const named = more.slice(0, keysMax).map((key) => shorten(key, 40));
  const rest = more.length > keysMax ? ` and ${more.length - keysMax} more` : '';
  const all = `${named.join(', ')}${rest}`;
  const isOne = more.length === 1;
  const values = count(more.length, 'value');
  const adopted = `${values} it had ${isOne ? 'becomes an entry' : 'become entries'}: ${all}`;
  const gone = `${values} of the old one ${isOne ? 'goes' : 'go'}: ${all}`;
  const where = indent === 2 ? `${basename(path)}: ` : '';
  return [
    ...row(
      indent === 2 ? 'mirror' : 'write',
      `${where}${count(keys, 'key')} from the recovered state, ${count(bytes, 'byte')}`,
    ),
    ...(action === 'adopt' ? row('', adopted) : []),
    ...(action === 'replace' ? row('', gone) : []),
    ...(exists ? row('original', `stays as ${basename(path)}.original.${plan.stamp}`) : []),
    ...(tornAt === undefined || more.length > 0
      ? []
      : row('', `its first ${count(tornAt, 'byte')} hold no key or value that is newer`)),
  ];
}

/** What all plans need together. */
export function needsRow(logs: RecoverLogPart[], look: Look): string[] {
  const plans = logs.flatMap(({ plan }) => (plan === null ? [] : [plan]));
  const needed = plans.reduce((sum, { neededBytes }) => sum + neededBytes, 0);
  const free = Math.min(...plans.map(({ freeBytes }) => freeBytes));
  const words = `${briefBytes(needed)} of disk, ${briefBytes(free)} are free`;
  return rowsOf(look, 2)('needs', words);
}
