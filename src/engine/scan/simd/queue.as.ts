/** queue: changes of the keydir that wait for each other: together they miss the cache less. */
import { hashOf } from './hash.as';
import { putKey, removeKey } from './keydir.as';
import { likelyEntry, touchSlot } from './slots.as';
import { packIfDue } from './states.as';
import { TABLE } from './table.as';

/** Changes held at most. */
const room: i32 = 32;
/** A change: table, key's address and length, hash, line, file, offset, length, entry. */
const changeBytes: usize = 48;
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
    if (load<u32>(table, TABLE.homes) != 0) seen ^= touchSlot(table, load<u32>(change, 12));
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const table = <usize>load<u32>(change);
    if (load<u32>(table, TABLE.homes) == 0) continue;
    store<u32>(change, <u32>likelyEntry(table, load<u32>(change, 12)), 40);
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const entry = <usize>load<u32>(change, 40);
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
  const offset = load<i64>(change, 24);
  putKey(table, hash, key, length, file, offset, load<i64>(change, 32), load<u32>(change, 16), 1);
}
