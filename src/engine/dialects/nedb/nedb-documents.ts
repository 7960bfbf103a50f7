/** nedb-documents: a line as the library reads it, and as it would write it again. */
import { jsonToKey, stringToKey } from '../../keydir/key-bytes.js';

/** A line as model.js deserialize gives it: any JSON value, with Date objects in it. */
export interface NedbDocument {
  value: unknown;
  /** The library would write it down otherwise than it stands: dates that are no plain number. */
  changed: boolean;
  /** The library's own words where it cannot write it down at all. */
  refusal?: string;
}

/** A longer line is not looked over in the quick way. */
const plainBytesMax = 2_048;
/**
 * A name with a dot, in a text without escapes: after its last dot the quote, then the colon. Any
 * dot before that would do as well, but then a value of dots would be read once for each of them.
 */
const dottedName = /\.[^".]*"\s*:/;
/** A date as the library writes it, which JavaScript can hold. */
const ownDate = /\{"\$\$date":-?\d{1,15}\}/g;

/**
 * What a load has to know of a line: as `deserialized`, but dates inside the members may be left
 * as the objects they are written as. Throws what that throws.
 */
export function skimmed(bytes: Uint8Array): NedbDocument {
  const text = textOf(bytes);
  // A line this short cannot be nested so deep that the library's reviver overflows the stack.
  if (bytes.length > plainBytesMax || text.includes('\\')) return revived(text);
  const rest = text.includes('$') ? text.replace(ownDate, '0') : text;
  if (rest.includes('$') || dottedName.test(rest)) return revived(text);
  const value: unknown = JSON.parse(text);
  const id = (value as { _id?: unknown } | null)?._id;
  return typeof id === 'object' ? revived(text) : { value, changed: false };
}

/** Parses a line. Throws what JSON.parse throws, and RangeError where it is nested too deep. */
export function deserialized(bytes: Uint8Array): NedbDocument {
  return revived(textOf(bytes));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** Source: model.js deserialize. */
function revived(text: string): NedbDocument {
  let changed = false;
  const value: unknown = JSON.parse(text, function (this: object, name: string, member: unknown) {
    if (name === '$$date') {
      const date = new Date(member as number);
      if (date.getTime() !== member || Object.keys(this).length !== 1) changed = true;
      return date;
    }
    return typeof member === 'object' && member !== null ? dateOr(member) : member;
  });
  const refusal = refusalToWrite(value);
  return { value, changed, ...(refusal === undefined ? {} : { refusal }) };
}

/** What the library says when it is to write this; undefined where it can. */
export function refusalToWrite(value: unknown): string | undefined {
  try {
    serialized(value);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** An object with a `$$date` is that date, whatever else it holds. */
function dateOr(member: object): unknown {
  const { $$date: date } = member as { $$date?: unknown };
  return date ? date : member;
}

/** Source: model.js serialize. Throws the library's own words for names it refuses to write. */
export function serialized(document: unknown): string {
  return JSON.stringify(document, function (this: Record<string, unknown>, name, value: unknown) {
    checkName(name, value);
    if (value === undefined || value === null) return value;
    const own = this[name];
    return own instanceof Date ? { $$date: own.getTime() } : value;
  });
}

function checkName(name: string, value: unknown): void {
  if (name.startsWith('$') && !isOwnName(name, value)) {
    throw new Error('Field names cannot begin with the $ character');
  }
  if (name.includes('.')) throw new Error('Field names cannot contain a .');
}

function isOwnName(name: string, value: unknown): boolean {
  if (name === '$$date') return typeof value === 'number';
  if (name === '$$deleted') return value === true;
  return name === '$$indexCreated' || name === '$$indexRemoved';
}

/** An `_id` as the bytes of a key. */
export function keyOfId(id: unknown): Uint8Array {
  if (typeof id === 'string') return stringToKey(id);
  return jsonToKey(jsonOfId(id));
}

/** The `_id` as JSON; what the library cannot write is shown without its rules. */
function jsonOfId(id: unknown): string {
  try {
    return serialized(id);
  } catch {
    // A name with `$` or a dot inside the _id: the library's rule, not ours.
    return JSON.stringify(id);
  }
}
