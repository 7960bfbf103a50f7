/** state-compare: which keys differ between two states whose values lie in files. */
import type { SourceFile } from '../disk.js';
import { sameJson, SpacelessHash } from '../checks/json-equal.js';
import { keyToString } from './key-bytes.js';
import type { Keydir } from './keydir.js';
import { plural } from '../text.js';
import { readValues } from './values.js';

/** A state and the files its ranges point into. */
export interface State {
  keydir: Keydir;
  sources: readonly SourceFile[];
}

/** Keys in the order of the first state, then those only the second has. */
export interface StateDifference {
  changed: string[];
  onlyFirst: string[];
  onlySecond: string[];
}

const windowBytes = 8 << 20;
/** A value longer than this is compared by a hash of its text without spacing. */
const heldBytesMax = 64 << 20;

/** Compares the documented states of two keydirs, value by value, spacing and spelling apart. */
export async function diffStates(first: State, second: State): Promise<StateDifference> {
  const difference: StateDifference = { changed: [], onlyFirst: [], onlySecond: [] };
  const name = (state: State, index: number) => keyToString(state.keydir.key(index));
  let pairs: [number, number][] = [];
  let bytes = 0;
  const flush = async () => {
    for (const index of await changedAmong(first, second, pairs)) {
      difference.changed.push(name(first, index));
    }
    pairs = [];
    bytes = 0;
  };
  for (const index of first.keydir.order('documented')) {
    const other = second.keydir.find(first.keydir.key(index));
    if (other < 0) {
      difference.onlyFirst.push(name(first, index));
      continue;
    }
    const length = first.keydir.at(index).length + second.keydir.at(other).length;
    if (bytes + length > windowBytes) await flush();
    pairs.push([index, other]);
    bytes += length;
  }
  await flush();
  for (const index of second.keydir.order('documented')) {
    if (first.keydir.find(second.keydir.key(index)) < 0) {
      difference.onlySecond.push(name(second, index));
    }
  }
  return difference;
}

/** A checkpoint's members against the state before it, in words. `key`: the first that differs. */
export async function compareStates(
  members: Keydir,
  before: Keydir,
  sources: readonly SourceFile[],
): Promise<{ count: number; key: string | undefined; words: string }> {
  const { changed, onlyFirst, onlySecond } = await diffStates(
    { keydir: members, sources },
    { keydir: before, sources },
  );
  const all = [...changed, ...onlyFirst, ...onlySecond];
  const parts = [
    changed.length > 0 ? `${changed.length} changed` : '',
    onlyFirst.length > 0 ? `${onlyFirst.length} new` : '',
    onlySecond.length > 0 ? `${onlySecond.length} missing` : '',
  ].filter((part) => part !== '');
  return {
    count: all.length,
    key: all[0],
    words: `${plural(all.length, 'key')} (${parts.join(', ')})`,
  };
}

async function changedAmong(first: State, second: State, pairs: [number, number][]) {
  if (pairs.length === 0) return [];
  const isLong = ({ keydir }: State, index: number) => keydir.at(index).length > heldBytesMax;
  if (pairs.some(([a, b]) => isLong(first, a) || isLong(second, b))) {
    const changed = [];
    for (const [a, b] of pairs) {
      if ((await spacelessHash(first, a)) !== (await spacelessHash(second, b))) changed.push(a);
    }
    return changed;
  }
  const left = await load(
    first,
    Uint32Array.from(pairs, ([a]) => a),
  );
  const right = await load(
    second,
    Uint32Array.from(pairs, ([, b]) => b),
  );
  return pairs.filter((_, i) => !sameJson(left[i], right[i])).map(([a]) => a);
}

async function load({ keydir, sources }: State, order: Uint32Array): Promise<Uint8Array[]> {
  const values: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  await readValues(keydir, sources, order, (_, part, last) => {
    parts.push(part);
    if (!last) return;
    values.push(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    parts = [];
  });
  return values;
}

async function spacelessHash({ keydir, sources }: State, index: number): Promise<string> {
  const hash = new SpacelessHash();
  await readValues(keydir, sources, Uint32Array.of(index), (_, part) => hash.update(part));
  return hash.digest();
}
