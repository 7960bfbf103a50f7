/** Findings: grouped by code, so that ten thousand of one kind stay readable. */
import type { Finding, Severity } from '../../engine/index.js';
import { toneOfSeverity, type Look } from './look.js';
import { labelled, paragraph, shorten } from './text.js';
import { count, thousands } from './units.js';

export interface FindingsView {
  /** Findings shown of each code; default 5. */
  eachMax?: number;
  /** Gives the name a finding's path is shown by; an empty one where everybody knows it. */
  nameOf(path: string): string;
}

const severities: Severity[] = ['error', 'attention', 'notice'];
const messageWidthMax = 400;
const keyWidthMax = 50;
const consequencesMax = 3;

/** Gives the lines of all findings, the worst kind first. */
export function findingLines(findings: Finding[], look: Look, view: FindingsView): string[] {
  // Without spreading them: there may be more findings than a call takes arguments.
  const labelWidth = findings.reduce((most, { code }) => Math.max(most, code.length), 0) + 2;
  const room = { labelWidth, columns: look.columns };
  return groupByCode(findings).flatMap((group) => {
    const shown = group.slice(0, view.eachMax ?? 5);
    const lines = shown.flatMap((finding) => oneFinding(finding, look, view, labelWidth));
    if (shown.length < group.length) lines.push(...labelled('', moreOf(group, shown), room));
    return lines;
  });
}

/** What the formats' own programs would do, each sentence once, as one paragraph. */
export function consequences(findings: Finding[], look: Look): string[] {
  const sentences = [...new Set(findings.flatMap(({ consequence }) => consequence ?? []))];
  // Sentences may name their line: of a thousand damaged lines the first ones tell enough.
  const told = sentences.slice(0, consequencesMax).join(' ');
  return told === '' ? [] : paragraph(told, look.columns);
}

function groupByCode(findings: Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.code);
    if (group === undefined) groups.set(finding.code, [finding]);
    else group.push(finding);
  }
  // What another program is about to destroy is read first, and acted upon first.
  const rank = ([{ code, severity }]: Finding[]) =>
    code === 'opening-destroys' && severity !== 'notice' ? -1 : severities.indexOf(severity);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

function oneFinding(
  finding: Finding,
  look: Look,
  { nameOf }: FindingsView,
  labelWidth: number,
): string[] {
  const room = { labelWidth, columns: look.columns };
  const paint = (code: string) => look.paint(toneOfSeverity(finding.severity), code);
  const message = shorten(finding.message, messageWidthMax);
  const place = placeOf(finding);
  const name = nameOf(finding.path);
  const text = [name, place === '' ? message : `${place}: ${message}`].filter(Boolean).join('  ');
  const impact = impactOf(finding);
  return [
    ...labelled(finding.code, text, room, paint),
    ...(impact === '' ? [] : labelled('', impact, room)),
  ];
}

/** A finding without line and length is about a whole file; its message says where in it. */
function placeOf({ line, offset, length = 0 }: Finding): string {
  if (line === undefined && length === 0) return '';
  const parts = [
    line === undefined ? '' : `line ${line}`,
    offset === undefined ? '' : `byte ${offset}`,
    length === 0 ? '' : count(length, 'byte'),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function impactOf({ code, key, impact, liveLine, message }: Finding): string {
  // A message that lists keys, this one first, has said all there is.
  if (key !== undefined && liveLine === undefined && message.includes(`: ${key}`)) return '';
  const about = key === undefined ? '' : `key ${shorten(key, keyWidthMax)}`;
  if (impact === undefined) return about;
  if (key === undefined) {
    const isSaid = impact === 'harmless' || message.includes(impact);
    return isSaid ? '' : `impact ${impact}`;
  }
  const unseen = code === 'glued-lines' ? 'no reader of the format sees this entry' : '';
  if (liveLine === undefined) return [`${about}, ${impact}`, unseen].filter(Boolean).join(': ');
  if (impact === 'harmless') return `${about}, harmless: line ${liveLine} sets it again`;
  return unseen === ''
    ? `${about}, ${impact}: line ${liveLine} stays in force`
    : `${about}, ${impact}: ${unseen}, line ${liveLine} is in force instead`;
}

function moreOf(group: Finding[], shown: Finding[]): string {
  const hidden = group.slice(shown.length);
  const last = hidden[hidden.length - 1];
  const reach = last.line === undefined ? '' : `, the last at line ${last.line}`;
  return `and ${thousands(hidden.length)} more${reach} (--json has them)`;
}
