/** queue: changes of the keydir that wait for each other: together they miss the cache less. */
import { addressOf } from './entries.as';
import { hashOf } from './hash.as';
import { homeOf, putKey, removeKey } from './keydir.as';
import { packIfDue } from './states.as';

/** Changes held at most. */
const room: i32 = 32;
/** A change: table, key's address and length, hash, line, file, offset, length. */
const changeBytes: usize = 48;
const isRemoval: u32 = 0xffffffff;

let queueAt: usize = 0;
let queued: i32 = 0;
/** What the first look read: a sum nobody needs, without which the reads could be left out. */
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

/** Makes the changes, in order. */
export function flush(): void {
  const end = queueAt + <usize>queued * changeBytes;
  queued = 0;
  let seen: u64 = 0;
  for (let change = queueAt; change < end; change += changeBytes) {
    const hash = hashOf(<usize>load<u32>(change, 4), load<u32>(change, 8));
    store<u32>(change, hash, 12);
    const table = <usize>load<u32>(change);
    if (load<u32>(table) != 0) seen ^= load<u64>(homeOf(table, hash));
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const table = <usize>load<u32>(change);
    if (load<u32>(table) == 0) continue;
    const handle = <u32>load<u64>(homeOf(table, load<u32>(change, 12)));
    if (handle != 0) seen ^= load<u64>(addressOf(handle));
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
