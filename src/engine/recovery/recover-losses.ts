/** recover-losses: what a damaged line costs: entries that go with it, and keys at risk. */
import { codeOf, hiddenEntries } from '../damage/damage-findings.js';
import type { Damage } from '../damage/damage-log.js';
import { stringToKey } from '../keydir/key-bytes.js';
import type { KeyAtRisk } from './plan.js';
import type { LogScan } from '../checks/scan-log.js';
import { PROBLEM } from '../scan/kernel.js';

/** Whole entries that go with a damaged line: what was never whole counts nothing. */
export function lostIn(scan: LogScan, damage: Damage): number {
  if ((damage.problem & PROBLEM.white) !== 0 || damage.replayed) return 0;
  const code = codeOf(damage);
  switch (code) {
    case 'torn-tail':
    case 'nul-tail':
    case 'glued-lines':
      return perhapsIn(damage);
    case 'bad-entry':
      return damage.head.trimStart().startsWith('{') ? 1 : 0;
    case 'bad-utf8':
    case 'crc-mismatch':
      return 1;
    case 'nul-run':
      return estimate(scan, lostBytes(damage));
    default:
      if (damage.retried || cannotBeEntry(damage)) return perhapsIn(damage);
      return Math.max(perhapsIn(damage), estimate(scan, damage.length));
  }
}

/** What looks like whole entries inside fragments, and is given up with them. */
const perhapsIn = ({ pieces }: Damage): number =>
  pieces.reduce((sum, piece) => sum + (piece.kind === 'fragment' ? piece.perhaps : 0), 0);

/** Log text, a conflict marker, a closing bracket: no entry of any format begins so. */
const cannotBeEntry = ({ head }: Damage): boolean => {
  const start = head.trimStart();
  return !/^[{["\d-]/.test(start) || /^\[\s*$/.test(start);
};

/** False for what cannot have been an entry, whole or torn: blanks, and JSON that is none. */
export function mayHoldEntries(scan: LogScan, damage: Damage): boolean {
  if ((damage.problem & PROBLEM.white) !== 0 || damage.replayed) return false;
  return lostIn(scan, damage) > 0 || damage.pieces.length > 0 || damage.batch !== undefined;
}

/** Bytes that held entries: a fragment between zero bytes and a whole entry was none. */
function lostBytes({ pieces }: Damage): number {
  return pieces.reduce((sum, { kind, length }, at) => {
    const torn = kind === 'fragment' && pieces[at - 1]?.kind !== 'nul';
    return kind === 'nul' || torn ? sum + length : sum;
  }, 0);
}

/** How many entries of the log's usual size fit into so many bytes; at least one. */
function estimate(scan: LogScan, bytes: number): number {
  const entries = scan.counter.ops.reduce((sum, count) => sum + count, 0);
  const checkpoint = scan.counter.firstLength;
  const whole = scan.bytes - scan.damagedBytes - checkpoint;
  const usual = entries > 1 ? whole / (entries - 1) : bytes;
  return Math.max(1, Math.round(bytes / Math.max(1, usual)));
}

/** The keys a damaged line is about, as far as its bytes tell, and how they come out of it. */
export function keysAtRisk(scan: LogScan, damage: Damage): KeyAtRisk[] {
  const saved = hiddenEntries(damage).flatMap(({ key }) => (key === undefined ? [] : [key]));
  const keys = new Set([...saved, ...(damage.key === undefined ? [] : [damage.key])]);
  return [...keys].map((key) => {
    const settled = damage.replaced || damage.superseded.has(key) || saved.includes(key);
    if (settled) return { key, impact: 'harmless' };
    if (damage.replayed) return { key, impact: 'changed' };
    const isLive = scan.keydir.find(stringToKey(key)) >= 0;
    if ((damage.problem & PROBLEM.deletes) === 0)
      return { key, impact: isLive ? 'changed' : 'lost' };
    return { key, impact: isLive ? 'could come back' : 'harmless' };
  });
}
