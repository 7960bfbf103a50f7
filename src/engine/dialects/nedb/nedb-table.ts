/** nedb-table: the documents being loaded, kept as the library's plain object `dataById` does. */
import { isJsonKey, keyToString, stringToKey } from '../../keydir/key-bytes.js';
import { Keydir, type LiveRange } from '../../keydir/keydir.js';
import { deserialized, type NedbDocument } from './nedb-documents.js';

/** What is odd about a document. */
export interface OddDocument {
  id: unknown;
  /** The library would write it down otherwise than it stands. */
  changed: boolean;
  /** The library's own words where it cannot write it down at all. */
  refusal?: string;
}

/** Two `_id` of different kinds that are one property name: the later one replaced the other. */
export interface Collision {
  name: string;
  line: number;
  offset: number;
}

/**
 * Property name to the line of the last document put under it. What is odd about a document is
 * held apart, by name, so that the others cost an entry of the keydir and no object.
 */
export class NedbTable {
  readonly ranges = new Keydir();
  readonly odd = new Map<string, OddDocument>();
  collisions = 0;
  firstCollision: Collision | undefined;
  private hasArrayIndex = false;
  /** Documents under `__proto__`, which no plain object keeps. */
  lostToPrototype = 0;
  /** Documents whose `_id` is `""`, 0, false or null. */
  falsyIds = 0;
  firstFalsyId: { line: number; offset: number } | undefined;

  /** `dataById[name] = document`, `name` being the document's `_id` as a property name. */
  put(name: string, document: NedbDocument, range: LiveRange): void {
    if (name === '__proto__') {
      this.lostToPrototype++;
      return;
    }
    const { changed, refusal } = document;
    const { _id: id } = document.value as { _id: unknown };
    const key = stringToKey(name);
    const isOdd = changed || refusal !== undefined || typeof id !== 'string';
    if (isOdd || this.odd.size > 0) this.noteCollision(name, key, id, range);
    this.ranges.put(key, 0, key.length, range);
    this.hasArrayIndex ||= arrayIndex(name) !== undefined;
    if (isOdd) this.odd.set(name, { id, changed, ...(refusal === undefined ? {} : { refusal }) });
    else if (this.odd.size > 0) this.odd.delete(name);
  }

  /** `delete dataById[name]`. */
  delete(name: string): void {
    const key = stringToKey(name);
    this.ranges.delete(key, 0, key.length);
    if (this.odd.size > 0) this.odd.delete(name);
  }

  /** Entries in the order of `Object.values(dataById)`: names that are array indexes come first. */
  loadedOrder(): Uint32Array {
    const order = this.ranges.order('documented');
    if (!this.hasArrayIndex) return order;
    const place = new Map([...order].map((entry) => [entry, arrayIndex(this.nameAt(entry))]));
    const placeOf = (entry: number) => place.get(entry) ?? arrayIndexMax;
    return order.sort((a, b) => placeOf(a) - placeOf(b));
  }

  /** The line of the document that stands under a key's name; undefined: there is none. */
  lineOf(key: Uint8Array): number | undefined {
    const name = isJsonKey(key) ? nameOfJson(keyToString(key)) : key;
    const entry = this.ranges.find(name);
    return entry < 0 ? undefined : this.ranges.at(entry).line;
  }

  /** What is odd about the document of this entry; undefined: nothing. */
  oddAt(index: number): OddDocument | undefined {
    return this.odd.size === 0 ? undefined : this.odd.get(this.nameAt(index));
  }

  /** The `_id` of the document of this entry. */
  idAt(index: number): unknown {
    const odd = this.oddAt(index);
    return odd === undefined ? this.nameAt(index) : odd.id;
  }

  private nameAt(index: number): string {
    return keyToString(this.ranges.key(index));
  }

  private noteCollision(name: string, key: Uint8Array, id: unknown, range: LiveRange): void {
    if (this.ranges.find(key) < 0) return;
    const before = this.odd.has(name) ? this.odd.get(name)!.id : name;
    if (typeof before === typeof id && JSON.stringify(before) === JSON.stringify(id)) return;
    this.collisions++;
    this.firstCollision ??= { name, line: range.line, offset: range.offset };
  }
}

/** The name of an `_id` that is no string; empty where JavaScript cannot make one. */
function nameOfJson(json: string): Uint8Array {
  try {
    return stringToKey(String(deserialized(Buffer.from(json)).value));
  } catch {
    // An object with a toString that is none: such a document is a corrupt line there.
    return new Uint8Array(0);
  }
}

/** Behind the largest index that an array can have. Source: ECMA-262, "array index". */
const arrayIndexMax = 2 ** 32 - 1;

function arrayIndex(name: string): number | undefined {
  if (!/^(0|[1-9]\d{0,9})$/.test(name)) return undefined;
  return Number(name) < arrayIndexMax ? Number(name) : undefined;
}
