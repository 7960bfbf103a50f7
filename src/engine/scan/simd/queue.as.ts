/** queue: changes of the keydir that wait for each other: together they miss the cache less. */
import { addressOf } from './entries.as';
import { hashOf } from './hash.as';
import { putKey, removeKey } from './keydir.as';
import { findKey, growSlots, isKeyOf, likelySlot, touchSlot } from './slots.as';
import { packIfDue } from './states.as';
import { TABLE } from './table.as';

/** Changes held at most. */
const room: i32 = 64;
/** A change: table, key's address and length, hash, line, file, offset, length, slot, entry, word. */
const changeBytes: usize = 56;
const isRemoval: u32 = 0xffffffff;

let queueAt: usize = 0;
let queued: i32 = 0;
/** What the first looks read: a sum nobody needs, without which the reads could be left out. */
export let touched: u64 = 0;

export const queueBytes: usize = <usize>room * changeBytes;

export function setQueue(at: usize): void {
  queueAt = at;
  queued = 0;
}

/** Adds a put; the key stays where it is until `flush`. */
@inline
export function queuePut(
  table: usize,
  key: usize,
  length: u32,
  file: u32,
  offset: i64,
  valueLength: i64,
  line: u32,
): void {
  const change = queueChange(table, key, length, file);
  store<u32>(change, line, 16);
  store<i64>(change, offset, 24);
  store<i64>(change, valueLength, 32);
}

@inline
export function queueRemoval(table: usize, key: usize, length: u32): void {
  queueChange(table, key, length, isRemoval);
}

@inline
function queueChange(table: usize, key: usize, length: u32, file: u32): usize {
  if (queued == room) flush();
  const change = queueAt + <usize>(queued++) * changeBytes;
  store<u32>(change, <u32>table);
  store<u32>(change, <u32>key, 4);
  store<u32>(change, length, 8);
  store<u32>(change, file, 20);
  return change;
}

/**
 * Makes the changes, in order. Each needs a slot, and then an entry, from anywhere in memory; they
 * are first asked for together, so that the waits for them overlap.
 */
export function flush(): void {
  const end = queueAt + <usize>queued * changeBytes;
  queued = 0;
  let seen: u64 = 0;
  for (let change = queueAt; change < end; change += changeBytes) {
    const hash = hashOf(<usize>load<u32>(change, 4), load<u32>(change, 8));
    store<u32>(change, hash, 12);
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const table = <usize>load<u32>(change);
    if (load<u32>(table, TABLE.homes) == 0) growSlots(table);
    seen ^= touchSlot(table, load<u32>(change, 12));
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const table = <usize>load<u32>(change);
    const slot = likelySlot(table, load<u32>(change, 12));
    const word = load<u64>(slot);
    store<u32>(change, <u32>slot, 40);
    store<u64>(change, word, 48);
    store<u32>(change, <u32>addressOf(<u32>word), 44);
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const entry = <usize>load<u32>(change, 44);
    seen ^= load<u64>(entry) ^ load<u64>(entry, 32);
  }
  touched ^= seen;
  for (let change = queueAt; change < end; change += changeBytes) make(change);
}

@inline
function make(change: usize): void {
  const table = <usize>load<u32>(change);
  const key = <usize>load<u32>(change, 4);
  const length = load<u32>(change, 8);
  const hash = load<u32>(change, 12);
  const file = load<u32>(change, 20);
  if (file == isRemoval) {
    removeKey(table, hash, key, length);
    packIfDue();
    return;
  }
  // Nearly always the first look found the key, and no change since has moved it.
  const word = load<u64>(change, 48);
  const isThere = <u32>(word >> 32) == hash && load<u64>(<usize>load<u32>(change, 40)) == word;
  const isOwn = isThere && word != 0 && isKeyOf(<u32>word, key, length);
  const handle = isOwn ? <u32>word : findKey(table, hash, key, length);
  const offset = load<i64>(change, 24);
  const bytes = load<i64>(change, 32);
  putKey(table, handle, hash, key, length, file, offset, bytes, load<u32>(change, 16), 1);
}
