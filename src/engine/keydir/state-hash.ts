/** state-hash: one number for a whole state, the same before and after compaction. */
import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { SourceFile } from '../disk.js';
import { keyToJson, keyToString, stringToKey } from './key-bytes.js';
import type { Keydir, Semantics } from './keydir.js';
import { readValues } from './values.js';

/**
 * sha-256, hex, over the key as JSON, `:`, the value's bytes, LF; keys in order of their
 * UTF-16 units. `lost`: keys the reader of `semantics` cannot hold are left out. `as`: what each
 * part of a value is written as.
 */
export async function stateHash(
  keydir: Keydir,
  sources: readonly SourceFile[],
  semantics: Semantics,
  lost: readonly string[] = [],
  as?: (part: Uint8Array, last: boolean) => Uint8Array,
): Promise<string> {
  const hash = createHash('sha256');
  const order = liveOrder(keydir.sortedOrder(semantics), keydir, lost);
  let begun = -1;
  await readValues(keydir, sources, order, (index, part, last) => {
    if (begun !== index) hash.update(`${keyToJson(keydir.key(index))}:`);
    begun = last ? -1 : index;
    hash.update(as === undefined ? part : as(part, last));
    if (last) hash.update('\n');
  });
  return hash.digest('hex');
}

/** `order` without the keys in `lost`. */
export function liveOrder(order: Uint32Array, keydir: Keydir, lost: readonly string[]) {
  if (lost.length === 0) return order;
  return order.filter((index) => !lost.includes(keyToString(keydir.key(index))));
}

/** How many keys `liveOrder` leaves, without listing them. */
export function liveCount(keydir: Keydir, semantics: Semantics, lost: readonly string[]): number {
  const all = semantics === 'upstream' ? keydir.upstreamCount : keydir.count;
  return all - lost.filter((key) => keydir.find(stringToKey(key), semantics) >= 0).length;
}

/** A value's bytes as valid UTF-8: what is invalid becomes U+FFFD, as every reader sees it. */
export function asUtf8(bytes: Uint8Array): Uint8Array {
  return isUtf8(bytes) ? bytes : Buffer.from(Buffer.from(bytes).toString('utf8'));
}
