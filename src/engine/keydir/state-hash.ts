/** state-hash: one number for a whole state, the same before and after compaction. */
import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { SourceFile } from '../disk.js';
import { keyToJson, keyToString, stringToKey } from './key-bytes.js';
import { gatherValues, type WrittenAs } from './gather.js';
import type { Keydir, Semantics } from './keydir.js';

/**
 * sha-256, hex, over the key as JSON, `:`, the value's bytes, LF; keys in order of their
 * UTF-16 units. `lost`: keys the reader of `semantics` cannot hold are left out. `as`: what
 * values are written as.
 */
export async function stateHash(
  keydir: Keydir,
  sources: readonly SourceFile[],
  semantics: Semantics,
  lost: readonly string[] = [],
  as?: WrittenAs,
): Promise<string> {
  const hash = createHash('sha256');
  const order = liveOrder(keydir.sortedOrder(semantics), keydir, lost);
  const frame = { between: '', open: '', keyText: keyToJson, colon: ':', behind: '\n', as };
  await gatherValues({ keydir, sources }, order, frame, (piece) => void hash.update(piece));
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
