/** nedb-opening: what the library does behind the last line: the rate, the indexes, the rewrite. */
import { stringToKey } from '../../keydir/key-bytes.js';
import { Keydir, literalFile } from '../../keydir/keydir.js';
import { readValues } from '../../keydir/values.js';
import { deserialized, keyOfId, refusalToWrite, serialized } from './nedb-documents.js';
import { compareThings, indexKeys, UniqueRule, type NedbIndex } from './nedb-indexes.js';
import type { NedbLoad, NedbRefusal } from './nedb-upstream.js';

/** Share of corrupt lines above which the library refuses, unless it was given another. */
export const corruptAlertThreshold = 0.1;

const idField = '_id';

/**
 * Adds `refusal`, or the documents, if `ordered` in the library's order.
 * Source: persistence.js:281-341.
 */
export async function finishLoad(load: NedbLoad, ordered: boolean): Promise<void> {
  load.refusal = refusedRate(load) ?? makeIndexes(load);
  if (load.refusal !== undefined) return;
  load.refusal = sharedId(load) ?? (await sharedValue(load)) ?? unwritable(load);
  if (load.refusal === undefined && ordered) await arrange(load, writtenOrder(load));
}

/** The rate of corrupt lines in the library's words; undefined: it goes on. */
function refusedRate({ lines, corrupt, firstCorrupt }: NedbLoad): NedbRefusal | undefined {
  const rate = corrupt / Math.max(1, lines);
  if (!(rate > corruptAlertThreshold)) return undefined;
  const percent = Math.floor(100 * rate);
  const allowed = Math.floor(100 * corruptAlertThreshold);
  const message =
    `${percent}% of the data file is corrupt, more than given corruptAlertThreshold ` +
    `(${allowed}%). Cautiously refusing to start NeDB to prevent dataloss.`;
  return { kind: 'corrupt', message, ...firstCorrupt };
}

/** The index of `_id` is always there; a line may replace its options. Source: indexes.js:38-76. */
function makeIndexes(load: NedbLoad): NedbRefusal | undefined {
  const made: Record<string, NedbIndex> = {
    [idField]: { fieldName: idField, unique: true, sparse: false },
  };
  for (const [name, { fieldName, unique, sparse }] of Object.entries(load.indexLines)) {
    if (typeof fieldName !== 'string') {
      return { kind: 'index', message: 'fieldName must be a string' };
    }
    made[name] = { fieldName, unique: Boolean(unique), sparse: Boolean(sparse) };
  }
  load.indexes = Object.values(made);
  return undefined;
}

const indexOfId = ({ indexes }: NedbLoad) =>
  indexes.find(({ fieldName }) => fieldName === idField)!;

/** Entries of the documents in the order of the index of `_id`; an empty array is not in it. */
function writtenOrder(load: NedbLoad): Uint32Array {
  const { table } = load;
  if (table.odd.size === 0) return table.ranges.sortedOrder('documented');
  const byId = indexOfId(load);
  const first = new Map<number, unknown>();
  for (const entry of table.loadedOrder()) {
    const keys = keysInOrder(table.idAt(entry), byId);
    if (keys.length > 0) first.set(entry, keys[0]);
  }
  return Uint32Array.from(first.keys()).sort((a, b) => compareThings(first.get(a), first.get(b)));
}

/** An array stands in the index once for each element, and counts where it comes first. */
const keysInOrder = (id: unknown, byId: NedbIndex) =>
  indexKeys({ [idField]: id }, byId).sort(compareThings);

/** Two `_id` that are two names and one value: possible with arrays and objects only. */
function sharedId(load: NedbLoad): NedbRefusal | undefined {
  const { table } = load;
  const hasObjects = [...table.odd.values()].some(({ id }) => typeof id === 'object');
  const index = indexOfId(load);
  if (!hasObjects || !index.unique) return undefined;
  const rule = new UniqueRule(index);
  for (const entry of table.loadedOrder()) {
    const violation = rule.violatedBy({ [idField]: table.idAt(entry) });
    if (violation !== undefined) return uniqueRefusal(load, entry, violation.key);
  }
  return undefined;
}

/** Two documents that share the value of a field with a unique index. */
async function sharedValue(load: NedbLoad): Promise<NedbRefusal | undefined> {
  const { indexes, table } = load;
  const unique = indexes.filter((index) => index.unique && index.fieldName !== idField);
  if (unique.length === 0) return undefined;
  const rules = unique.map((index) => new UniqueRule(index));
  const refusals = new Map<UniqueRule, NedbRefusal>();
  await eachDocument(load, table.loadedOrder(), (value, entry) => {
    for (const rule of rules) {
      const violation = refusals.has(rule) ? undefined : rule.violatedBy(value);
      if (violation !== undefined) refusals.set(rule, uniqueRefusal(load, entry, violation.key));
    }
  });
  // One index is filled after the other: the first that cannot be is what it throws about.
  return rules.map((rule) => refusals.get(rule)).find((refusal) => refusal !== undefined);
}

function uniqueRefusal(load: NedbLoad, entry: number, key: unknown): NedbRefusal {
  const words = JSON.stringify(key) as string | undefined;
  const message = `Can't insert key ${words}, it violates the unique constraint`;
  return { kind: 'unique', message, ...placeOf(load, entry) };
}

/** The first document, or index, that the compaction of every load could not write. */
function unwritable(load: NedbLoad): NedbRefusal | undefined {
  const { odd, ranges } = load.table;
  const byId = indexOfId(load);
  // An empty array is under no key of the index, so that document is never written.
  const refused = [...odd].flatMap(([name, { id, refusal }]) => {
    const keys = refusal === undefined ? [] : keysInOrder(id, byId);
    return keys.length > 0 ? [{ name, refusal, first: keys[0] }] : [];
  });
  refused.sort((a, b) => compareThings(a.first, b.first));
  if (refused.length > 0) {
    const [{ name, refusal }] = refused;
    const entry = ranges.find(stringToKey(name));
    return { kind: 'name', message: refusal!, ...placeOf(load, entry) };
  }
  for (const [name, { fieldName, unique, sparse }] of Object.entries(load.indexLines)) {
    if (name === idField) continue;
    const message = refusalToWrite({ $$indexCreated: { fieldName, unique, sparse } });
    if (message !== undefined) return { kind: 'name', message };
  }
  return undefined;
}

function placeOf({ table }: NedbLoad, entry: number) {
  const { line, offset } = table.ranges.at(entry);
  return { key: keyOfId(table.idAt(entry)), line, offset };
}

/** Puts the documents into their order; in place of bytes that it changes come the library's. */
async function arrange(load: NedbLoad, order: Uint32Array): Promise<void> {
  const { ranges, odd } = load.table;
  const keydir = new Keydir();
  const literals = new Map<number, { offset: number; length: number }>();
  const changed = odd.size === 0 ? order.subarray(0, 0) : order.filter((entry) => isChanged(entry));
  await eachDocument(load, changed, (value, entry) => {
    literals.set(entry, keydir.addLiteral(serialized(value)));
  });
  for (const entry of order) {
    const literal = literals.get(entry);
    const range = ranges.at(entry);
    const key = odd.size === 0 ? ranges.key(entry) : keyOfId(load.table.idAt(entry));
    const value = literal === undefined ? range : { ...range, file: literalFile, ...literal };
    keydir.put(key, 0, key.length, value);
  }
  load.keydir = keydir;

  function isChanged(entry: number): boolean {
    return load.table.oddAt(entry)?.changed === true;
  }
}

/** Reads documents again, from their lines. */
async function eachDocument(
  load: NedbLoad,
  order: Uint32Array,
  take: (value: unknown, entry: number) => void,
): Promise<void> {
  let parts: Uint8Array[] = [];
  await readValues(load.table.ranges, load.sources, order, (entry, part, last) => {
    parts.push(part);
    if (!last) return;
    take(deserialized(parts.length === 1 ? parts[0] : Buffer.concat(parts)).value, entry);
    parts = [];
  });
}
