/** nedb-recognise: is this a datafile of nedb? By its first lines, else by its name and copies. */
import type { Probe } from '../dialect.js';

/** So many lines decide; those that are damaged do not count. */
const linesAsked = 32;

/** Documents with an `_id`, or lines of the library's own, and no more lines of anything else. */
export function recognisesNedb({ kind, path, names, head }: Probe): boolean {
  if (kind !== 'file') return false;
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const seen = lines.slice(0, linesAsked).map((line) => kindOfLine(line));
  const own = seen.filter((one) => one === 'own').length;
  if (own > 0) return own >= seen.filter((one) => one === 'other').length;
  // Nothing left to recognise it by: empty, lost sectors, or torn in its first member.
  const isTorn = text !== '' && ownStarts.some((start) => start.startsWith(text));
  if (!isTorn && !/^\0*$/.test(text)) return false;
  const base = path.slice(path.lastIndexOf('/') + 1);
  return names.includes(`${base}~`) || /\.(db|nedb)$/.test(base);
}

/** How documents and the library's own lines begin most of the time. */
const ownStarts = ['{"_id":', '{"$$deleted":', '{"$$indexCreated":', '{"$$indexRemoved":'];

function kindOfLine(line: string): 'own' | 'other' | 'damaged' {
  const text = line.replace(/^\ufeff/, '');
  // A torn or very long line shows its first member only.
  if (ownStarts.some((start) => text.startsWith(start))) return 'own';
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null;
    return isObject && ownNames.some((name) => name in value) ? 'own' : 'other';
  } catch {
    // Whatever it was: its other lines decide.
    return 'damaged';
  }
}

const ownNames = ['_id', '$$indexCreated', '$$indexRemoved'];
