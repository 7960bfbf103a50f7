/** json-refusals: values as JSON text, and a clear no to what JSON would drop or change. */
import { framed } from './entry-text.js';
import { LogctlError } from '../errors.js';

/** Deeper values are refused: JSON.stringify would run out of stack not far beyond. */
const depthMax = 1_000;

/** What cannot be carried, and where below the value it sits. */
interface Refusal {
  path: string;
  what: string;
}

/**
 * A value as JSON on one line, line separators escaped.
 *
 * An object's own `toJSON` is its word and is taken (a Date becomes its ISO string); instances of
 * classes are carried as their own members; -0 becomes 0, which equals it.
 * Throws LogctlError `refused`, with the path to the member, for everything that would come back
 * as something else or not at all: undefined, functions, symbols, BigInt, NaN, Infinity, invalid
 * dates, holes and extra members of arrays, Map, Set and their like, cycles, nesting over 1,000.
 */
export function jsonText(value: unknown): string {
  const refusal = findRefusal(value, '', []);
  if (refusal !== undefined) {
    const message = `${refusal.path}: ${refusal.what} cannot be kept as JSON`;
    throw new LogctlError('refused', message, 'convert it first, or leave that member out');
  }
  return framed(JSON.stringify(value));
}

/** `name` is what a `toJSON` is told: the member's key. */
function findRefusal(value: unknown, name: string | number, above: object[]) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : refuse(String(value));
    case 'object':
      return value === null ? undefined : inObject(value, name, above);
    default:
      return refuse(typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`);
  }
}

const refuse = (what: string): Refusal => ({ path: '$', what });

function inObject(value: object, name: string | number, above: object[]): Refusal | undefined {
  if (above.includes(value)) return refuse('a reference to itself');
  if (above.length === depthMax) return refuse(`nesting deeper than ${depthMax} levels`);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') {
    if (value instanceof Date && Number.isNaN(value.getTime())) return refuse('an invalid Date');
    const stands = (value as { toJSON(key: string): unknown }).toJSON(String(name));
    return stands === value ? inMembers(value, above) : findRefusal(stands, name, above);
  }
  return inMembers(value, above);
}

function inMembers(value: object, above: object[]): Refusal | undefined {
  const builtIn = nameOfBuiltIn(value);
  if (builtIn !== undefined) return refuse(`a ${builtIn}`);
  const names = Object.keys(value);
  if (Array.isArray(value) && names.length > value.length) {
    return { path: `$.${names[value.length]}`, what: 'a member of an array that is no element' };
  }
  if (Object.getOwnPropertySymbols(value).length > 0) return refuse('a member named by a symbol');
  above.push(value);
  const found = Array.isArray(value)
    ? inElements(value, above)
    : inNamed(value as Record<string, unknown>, names, above);
  above.pop();
  return found;
}

function inElements(value: readonly unknown[], above: object[]): Refusal | undefined {
  for (let at = 0; at < value.length; at++) {
    const found = findRefusal(value[at], at, above);
    if (found !== undefined) return below(at, found);
  }
  return undefined;
}

function inNamed(value: Record<string, unknown>, names: readonly string[], above: object[]) {
  for (const name of names) {
    const found = findRefusal(value[name], name, above);
    if (found !== undefined) return below(name, found);
  }
  return undefined;
}

const below = (name: string | number, found: Refusal): Refusal => {
  return { ...found, path: `$${step(name)}${found.path.slice(1)}` };
};

function step(name: string | number): string {
  if (typeof name === 'number') return `[${name}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `.${name}`
    : `[${JSON.stringify(name)}]`;
}

/** Built-in objects that JSON writes as `{}`, or as something they are not. */
function nameOfBuiltIn(value: object): string | undefined {
  // Nearly every value is one of these two, and asking what it is costs more than writing it.
  if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) return undefined;
  if (ArrayBuffer.isView(value)) return value.constructor.name;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (value instanceof Error) return 'Error';
  return SILENT.has(tag) ? tag : undefined;
}

const SILENT = new Set(
  'Map Set WeakMap WeakSet WeakRef RegExp Promise ArrayBuffer SharedArrayBuffer Generator'.split(
    ' ',
  ),
);
