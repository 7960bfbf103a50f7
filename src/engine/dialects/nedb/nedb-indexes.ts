/** nedb-indexes: what the library's indexes make of documents: their keys, order and violations. */
import { createHash } from 'node:crypto';

/** An index line's options. Source: indexes.js:38-76. */
export interface NedbIndex {
  fieldName: string;
  unique: boolean;
  sparse: boolean;
}

/** A text longer than this is kept by its hash. */
const heldTextMax = 64;

/** The values under which an index keeps a document; none where a sparse one leaves it out. */
export function indexKeys(document: unknown, { fieldName, sparse }: NedbIndex): unknown[] {
  const key = valueOf(document, fieldName.split(','));
  if (sparse && isAbsent(key)) return [];
  return Array.isArray(key) ? distinct(key) : [key];
}

function isAbsent(key: unknown): boolean {
  if (key === undefined) return true;
  if (typeof key !== 'object' || key === null) return false;
  return Object.values(key).every((part) => part === undefined);
}

/** One field's value; of several fields an object of them. Source: model.js getDotValues. */
function valueOf(document: unknown, fields: string[]): unknown {
  if (fields.length === 1) return valueAt(document, fields[0].split('.'));
  const values: Record<string, unknown> = {};
  for (const field of fields) values[field] = valueAt(document, field.split('.'));
  return values;
}

/** Source: model.js getDotValue. A field of an array is that field of each of its elements. */
function valueAt(holder: unknown, parts: string[]): unknown {
  if (!holder) return undefined;
  if (parts.length === 0) return holder;
  const member = (holder as Record<string, unknown>)[parts[0]];
  if (parts.length === 1) return member;
  if (!Array.isArray(member)) return valueAt(member, parts.slice(1));
  const index = parseInt(parts[1], 10);
  if (!Number.isNaN(index)) return valueAt(member[index], parts.slice(2));
  return member.map((element) => valueAt(element, parts.slice(1)));
}

/** Elements of an array once each; objects and arrays by identity. Source: indexes.js:17-25. */
function distinct(elements: unknown[]): unknown[] {
  const seen = new Map<unknown, unknown>();
  for (const element of elements) {
    const isObject = typeof element === 'object' && element !== null && !(element instanceof Date);
    seen.set(isObject ? element : canonicalThing(element), element);
  }
  return [...seen.values()];
}

/** Finds the first value that two documents of a unique index share. */
export class UniqueRule {
  private readonly seen = new Set<string>();

  constructor(readonly index: NedbIndex) {}

  /** The value that makes the library throw, as an object of one member; undefined: none. */
  violatedBy(document: unknown): { key: unknown } | undefined {
    for (const key of indexKeys(document, this.index)) {
      const text = canonicalThing(key);
      const held = text.length > heldTextMax ? digest(text) : text;
      if (this.seen.has(held)) return { key };
      this.seen.add(held);
    }
    return undefined;
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest('base64');

/**
 * A text that is equal for two values exactly where model.js compareThings finds them equal: the
 * names of an object's members order its values and are not compared themselves.
 */
function canonicalThing(thing: unknown): string {
  if (thing === undefined) return 'u';
  if (thing === null) return 'l';
  if (typeof thing === 'number') return `n${thing}`;
  if (typeof thing === 'string') return `s${JSON.stringify(thing)}`;
  if (typeof thing === 'boolean') return `b${thing}`;
  if (thing instanceof Date) return `d${thing.getTime()}`;
  if (Array.isArray(thing)) return `[${thing.map(canonicalThing).join(',')}]`;
  return `{${valuesByName(thing).map(canonicalThing).join(',')}}`;
}

const valuesByName = (thing: object): unknown[] =>
  Object.keys(thing)
    .sort()
    .map((name) => (thing as Record<string, unknown>)[name]);

/** Which type comes first: undefined, null, numbers, strings, booleans, dates, arrays, objects. */
function rankOf(thing: unknown): number {
  if (thing === undefined) return 0;
  if (thing === null) return 1;
  const simple = ['number', 'string', 'boolean'].indexOf(typeof thing);
  if (simple >= 0) return 2 + simple;
  return thing instanceof Date ? 5 : Array.isArray(thing) ? 6 : 7;
}

/** The order in which the library's index, and so its compaction, has two values. */
export function compareThings(a: unknown, b: unknown): number {
  const rank = rankOf(a);
  if (rank !== rankOf(b)) return rank - rankOf(b);
  if (rank < 2) return 0;
  if (rank === 5) return (a as Date).getTime() - (b as Date).getTime();
  if (rank === 6) return compareLists(a as unknown[], b as unknown[]);
  if (rank === 7) return compareLists(valuesByName(a as object), valuesByName(b as object));
  return (a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0;
}

function compareLists(a: unknown[], b: unknown[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareThings(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
