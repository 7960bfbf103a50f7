/** damage-findings: damaged lines as findings: which code, what it does to the data. */
import type { UpstreamRules } from '../dialects/dialect.js';
import type { Damage } from './damage-log.js';
import type { EntryPiece, Piece } from './damage.js';
import { finding, type Finding, type FindingCode, type Impact } from '../findings.js';
import { stringToKey } from '../keydir/key-bytes.js';
import type { LogScan } from '../checks/scan-log.js';
import { PROBLEM } from '../scan/kernel.js';
import { plural, thousands } from '../text.js';

type Stake = Pick<Finding, 'key' | 'impact' | 'liveLine'>;

/** One finding per damaged line, in file order. Call it when the whole log was read. */
export function damageFindings(scan: LogScan): Finding[] {
  const { upstream } = scan.log.dialect;
  const refused = upstream.refusesBadLines ? scan.damages.find(refusesReader) : undefined;
  return scan.damages.map((damage) => {
    const code = codeOf(damage);
    const { path, line, offset, length } = damage;
    const stake = stakeOf(damage, code, scan);
    const severity = isCutByReader(damage) ? ('attention' as const) : undefined;
    const details = { line, offset, length, ...stake, ...(severity && { severity }) };
    const words = wordsOf(damage, code, upstream);
    if (damage !== refused) return finding(code, path, words, details);
    const consequence = consequenceOf(damage, code, upstream);
    return finding(code, path, words, { ...details, consequence });
  });
}

/** The code of a damaged line, from its problem bits, its pieces and its place. */
export function codeOf(damage: Damage): FindingCode {
  const { problem, pieces } = damage;
  if (damage.batch !== undefined) return 'torn-tail';
  if ((problem & PROBLEM.crc) !== 0) return 'crc-mismatch';
  if (damage.replayed) return (problem & PROBLEM.utf8) !== 0 ? 'bad-utf8' : 'reader-differs';
  if ((problem & PROBLEM.json) === 0)
    return (problem & PROBLEM.utf8) !== 0 ? 'bad-utf8' : 'bad-entry';
  const entries = hiddenEntries(damage);
  const isLast = !damage.followed && entries.length === 0;
  const last = pieces.at(-1);
  if (isLast && last?.kind === 'nul') return 'nul-tail';
  if (isLast && !damage.ended) return 'torn-tail';
  if (pieces.some((piece) => piece.kind === 'nul')) return 'nul-run';
  return entries.length > 0 ? 'glued-lines' : 'bad-json';
}

/** Whole entries inside a damaged line, which no reader of the format sees. */
export function hiddenEntries(damage: Damage): EntryPiece[] {
  return damage.pieces.filter((piece) => piece.kind === 'entry');
}

/**
 * True where a reader that parses every line throws. Invalid UTF-8 alone does not stop one: it is
 * decoded to U+FFFD. Nor do the blanks that String.trim takes from both ends of the file.
 */
export function refusesReader(damage: Damage): boolean {
  if ((damage.problem & (PROBLEM.json | PROBLEM.refused)) === 0) return false;
  if (damage.length > damage.head.length || (damage.followed && damage.offset > 0)) return true;
  return Buffer.from(damage.head, 'latin1').toString('utf8').trim() !== '';
}

/** A whole entry with a character in it at which the format's own reader cuts the line. */
export const isCutByReader = ({ replayed, problem }: Damage) =>
  replayed && (problem & (PROBLEM.breaks | PROBLEM.utf8)) === PROBLEM.breaks;

function consequenceOf(damage: Damage, code: FindingCode, rules: UpstreamRules): string {
  const { line } = damage;
  const { reader, writer = 'its program' } = rules;
  const name = reader[0].toUpperCase() + reader.slice(1);
  const refuses = `${name} refuses this file as it is (JSON error, line ${line}).`;
  if (code !== 'torn-tail') return refuses;
  const glue = `its next append would be glued to line ${line} and nobody could read it.`;
  return `${refuses} Repair it before ${writer} starts: ${glue}`;
}

const ownReaderCuts = "the format's own reader cuts it there";

function wordsOf(damage: Damage, code: FindingCode, { cutsLines }: UpstreamRules): string {
  const bad = (damage.problem & PROBLEM.utf8) !== 0 ? ', with invalid UTF-8 in it' : '';
  switch (code) {
    case 'torn-tail':
      return damage.batch === undefined
        ? `the last entry stops early${bad}`
        : `the last batch stops early: ${damage.batch.here} of its ${damage.batch.of} entries`;
    case 'nul-tail':
    case 'nul-run':
      return nulWords(damage);
    case 'glued-lines':
      return gluedWords(damage);
    case 'reader-differs':
      return `a line break that is no LF inside the line: ${cutsLines ?? ownReaderCuts}`;
    case 'bad-utf8':
      return damage.replayed
        ? 'invalid UTF-8 inside a string: readers see U+FFFD there'
        : 'invalid UTF-8';
    case 'bad-entry':
      return (damage.problem & PROBLEM.refused) !== 0
        ? 'null where an entry belongs'
        : 'JSON, but not an entry';
    case 'crc-mismatch':
      return 'the bytes do not match the checksum the line carries';
    default:
      return (damage.problem & PROBLEM.white) !== 0
        ? 'a line of whitespace between entries'
        : `not JSON${bad}`;
  }
}

const sum = (pieces: Piece[], kind: Piece['kind']) =>
  pieces.reduce((bytes, piece) => bytes + (piece.kind === kind ? piece.length : 0), 0);

function nulWords(damage: Damage): string {
  const zeros = `${plural(sum(damage.pieces, 'nul'), 'zero byte')}`;
  const entries = hiddenEntries(damage);
  const where =
    sum(damage.pieces, 'nul') === damage.length ? '' : ` in a line of ${thousands(damage.length)}`;
  return entries.length === 0
    ? `${zeros}${where}`
    : `${zeros}, then ${plural(entries.length, 'whole entry', 'whole entries')}`;
}

function gluedWords(damage: Damage): string {
  const entries = hiddenEntries(damage);
  const torn = sum(damage.pieces, 'fragment');
  const whole = entries.reduce((bytes, { length }) => bytes + length, 0);
  const count = plural(entries.length, 'whole entry', 'whole entries');
  const isFirst = damage.pieces.find(({ kind }) => kind !== 'separator')?.kind === 'entry';
  const nothing = `${plural(torn, 'byte')} that ${torn === 1 ? 'belongs' : 'belong'} to nothing`;
  const words =
    torn === 0
      ? `${count} of ${plural(whole, 'byte')} on one line`
      : isFirst
        ? `${count} of ${plural(whole, 'byte')}, then ${nothing}`
        : `${plural(torn, 'byte')} of a torn entry, then ${count} of ${plural(whole, 'byte')}`;
  return hasBreaks(damage) ? `${words}, and line breaks that are no LF` : words;
}

/** The format's own reader ends lines inside this one: what is whole of it, it may see. */
const hasBreaks = ({ problem }: Damage): boolean => (problem & PROBLEM.breaks) !== 0;

/** What the damage does to the data: the worst over the keys it is about. */
function stakeOf(damage: Damage, code: FindingCode, scan: LogScan): Stake {
  const entries = hiddenEntries(damage);
  const keys = [...new Set(entries.map(({ key }) => key ?? ''))].filter((key) => key !== '');
  if (keys.length === 0 && damage.key !== undefined) keys.push(damage.key);
  if (damage.replaced) return { key: keys[0], impact: 'harmless' };
  if (damage.replayed) {
    const harmless = damage.key !== undefined && damage.superseded.has(damage.key);
    const impact = code === 'reader-differs' ? 'lost' : 'changed';
    return { key: damage.key, impact: harmless ? 'harmless' : impact };
  }
  if (code === 'glued-lines' && hasBreaks(damage)) return { impact: 'unknown' };
  if (keys.length === 0) return { impact: emptyOfData(damage, code) ? 'harmless' : 'unknown' };
  const stakes = keys.map((key) => stakeOfKey(key, damage, scan));
  const rank: Impact[] = ['lost', 'changed', 'unknown', 'harmless'];
  return stakes.sort((a, b) => rank.indexOf(a.impact!) - rank.indexOf(b.impact!))[0];
}

/** Whitespace, and zero bytes behind the last entry, never held anything acknowledged. */
const emptyOfData = (damage: Damage, code: FindingCode) =>
  (damage.problem & PROBLEM.white) !== 0 ||
  (code === 'bad-entry' && (damage.problem & PROBLEM.utf8) === 0);

function stakeOfKey(key: string, damage: Damage, { keydir, folded }: LogScan): Stake {
  if (!folded) return { key, impact: damage.superseded.has(key) ? 'harmless' : 'unknown' };
  const live = keydir.find(stringToKey(key));
  const liveLine = live < 0 ? undefined : keydir.at(live).line;
  if (damage.superseded.has(key)) return { key, impact: 'harmless', liveLine };
  if (live < 0) return { key, impact: deletesKey(key, damage) ? 'harmless' : 'lost' };
  return { key, impact: 'changed', liveLine };
}

/** True where the last that a damaged line says of a key is that it goes. */
function deletesKey(key: string, damage: Damage): boolean {
  const last = hiddenEntries(damage).findLast((entry) => entry.key === key);
  return last?.deletes ?? (damage.problem & PROBLEM.deletes) !== 0;
}
