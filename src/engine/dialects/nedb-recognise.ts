/** nedb-recognise: is this a datafile of nedb? By its first lines, else by its name and copies. */
import type { Probe } from './dialect.js';

/** So many lines decide; those that are damaged do not count. */
const linesAsked = 32;

/** Documents with an `_id`, or lines of the library's own, and nothing that is another format's. */
export function recognisesNedb({ kind, path, names, head }: Probe): boolean {
  if (kind !== 'file') return false;
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const known = lines.slice(0, linesAsked).filter((line) => looksLikeLine(line)).length;
  if (known > 0) return known * 2 >= Math.min(lines.length, linesAsked);
  // Nothing left to recognise it by: empty, lost sectors, or torn in its first member.
  const isTorn = text !== '' && ownStarts.some((start) => start.startsWith(text));
  if (!isTorn && !/^\0*$/.test(text)) return false;
  const base = path.slice(path.lastIndexOf('/') + 1);
  return names.includes(`${base}~`) || /\.(db|nedb)$/.test(base);
}

/** How documents and the library's own lines begin most of the time. */
const ownStarts = ['{"_id":', '{"$$deleted":', '{"$$indexCreated":', '{"$$indexRemoved":'];

function looksLikeLine(line: string): boolean {
  const text = line.replace(/^\ufeff/, '');
  // A torn or very long line shows its first member only.
  if (ownStarts.some((start) => text.startsWith(start))) return true;
  if (!/"(_id|\$\$indexCreated|\$\$indexRemoved)"\s*:/.test(text)) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && ownNames.some((name) => name in value);
  } catch {
    // Damaged: its other lines decide.
    return false;
  }
}

const ownNames = ['_id', '$$indexCreated', '$$indexRemoved'];
