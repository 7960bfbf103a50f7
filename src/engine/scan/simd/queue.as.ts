/** queue: changes of the keydir that wait for each other: together they miss the cache less. */
import { addressOf, generationOf, lastOfKey, replaceValue } from './entries.as';
import { hashOf } from './hash.as';
import { putKey, removeKey } from './keydir.as';
import { findKey, growSlots, homeAddress, isKeyOf, likelySlot } from './slots.as';
import { packIfDue } from './states.as';
import { TABLE } from './table.as';

/** Changes held at most. */
const room: i32 = 64;
/** A change: key's address and length, line, file, offset, value length, hash, slot, word. */
namespace CHANGE {
  export const key: usize = 0;
  export const length: usize = 4;
  export const line: usize = 8;
  export const file: usize = 12;
  export const offset: usize = 16;
  export const valueLength: usize = 24;
  export const hash: usize = 32;
  export const slot: usize = 36;
  export const word: usize = 40;
}
const changeBytes: usize = 48;
const isRemoval: u32 = 0xffffffff;

/** The table of all changes held. */
let queueTable: usize = 0;
let queueAt: usize = 0;
let queued: i32 = 0;
/** The changes have their hashes. */
let isHashed: bool = false;
/** What the first looks read: a sum nobody needs, without which the reads could be left out. */
export let touched: u64 = 0;

export const queueBytes: usize = <usize>room * changeBytes;

export function setQueue(at: usize): void {
  queueAt = at;
  queued = 0;
}

/** From now on changes come with the hashes of their keys, or without. */
export function setHashed(hashed: bool): void {
  flush();
  isHashed = hashed;
}

/** Adds a put; the key stays where it is until `flush`. `hash` counts where hashes are given. */
@inline
export function queuePut(
  table: usize,
  key: usize,
  length: u32,
  hash: u32,
  file: u32,
  offset: i64,
  valueLength: i64,
  line: u32,
): void {
  const change = queueChange(table, key, length, hash, file);
  store<u32>(change, line, CHANGE.line);
  store<i64>(change, offset, CHANGE.offset);
  store<i64>(change, valueLength, CHANGE.valueLength);
}

@inline
export function queueRemoval(table: usize, key: usize, length: u32, hash: u32): void {
  queueChange(table, key, length, hash, isRemoval);
}

@inline
function queueChange(table: usize, key: usize, length: u32, hash: u32, file: u32): usize {
  if (queued == room || table != queueTable) flush();
  queueTable = table;
  const change = queueAt + <usize>(queued++) * changeBytes;
  store<u32>(change, <u32>key, CHANGE.key);
  store<u32>(change, length, CHANGE.length);
  store<u32>(change, hash, CHANGE.hash);
  store<u32>(change, file, CHANGE.file);
  return change;
}

/** Makes the changes, in order. */
export function flush(): void {
  if (queued == 0) return;
  const table = queueTable;
  const end = queueAt + <usize>queued * changeBytes;
  queued = 0;
  if (load<u32>(table, TABLE.homes) == 0) growSlots(table);
  lookAhead(table, end);
  const generation = load<u32>(table, TABLE.generation);
  let live: i64 = 0;
  for (let change = queueAt; change < end; change += changeBytes) {
    const entry = livingEntry(change, generation);
    if (entry == 0) {
      make(table, change);
      continue;
    }
    const file = load<u32>(change, CHANGE.file);
    const offset = load<i64>(change, CHANGE.offset);
    const length = load<i64>(change, CHANGE.valueLength);
    live += replaceValue(entry, file, offset, length, load<u32>(change, CHANGE.line));
  }
  store<i64>(table, load<i64>(table, TABLE.liveBytes) + live, TABLE.liveBytes);
}

/**
 * Each change needs a slot, and then an entry, from anywhere in memory: all are asked for together
 * first, in short loops, so that the waits for them overlap.
 */
@inline
function lookAhead(table: usize, end: usize): void {
  let seen: u64 = 0;
  for (let change = isHashed ? end : queueAt; change < end; change += changeBytes) {
    const key = <usize>load<u32>(change, CHANGE.key);
    store<u32>(change, hashOf(key, load<u32>(change, CHANGE.length)), CHANGE.hash);
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const slot = homeAddress(table, load<u32>(change, CHANGE.hash));
    store<u32>(change, <u32>slot, CHANGE.slot);
    seen ^= load<u64>(slot);
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const home = <usize>load<u32>(change, CHANGE.slot);
    const slot = likelySlot(home, load<u32>(change, CHANGE.hash));
    store<u32>(change, <u32>slot, CHANGE.slot);
    store<u64>(change, load<u64>(slot), CHANGE.word);
  }
  for (let change = queueAt; change < end; change += changeBytes) {
    const entry = addressOf(load<u32>(change, CHANGE.word));
    seen ^= load<u64>(entry) ^ lastOfKey(entry, load<u32>(change, CHANGE.length));
  }
  touched ^= seen;
}

/**
 * The entry that a put gives another value, and no more than that, as it is nearly always; else 0.
 * What the first look found holds if the slot still says the same.
 */
@inline
function livingEntry(change: usize, generation: u32): usize {
  const word = load<u64>(change, CHANGE.word);
  const hash = load<u32>(change, CHANGE.hash);
  const slot = <usize>load<u32>(change, CHANGE.slot);
  if (<u32>(word >> 32) != hash || load<u64>(slot) != word) return 0;
  if (word == 0 || load<u32>(change, CHANGE.file) == isRemoval) return 0;
  const key = <usize>load<u32>(change, CHANGE.key);
  if (!isKeyOf(<u32>word, key, load<u32>(change, CHANGE.length))) return 0;
  const entry = addressOf(<u32>word);
  return generationOf(entry) == generation ? entry : 0;
}

/** Makes any change. */
function make(table: usize, change: usize): void {
  const key = <usize>load<u32>(change, CHANGE.key);
  const length = load<u32>(change, CHANGE.length);
  const hash = load<u32>(change, CHANGE.hash);
  const file = load<u32>(change, CHANGE.file);
  if (file == isRemoval) {
    removeKey(table, hash, key, length);
    packIfDue();
    return;
  }
  const handle = findKey(table, hash, key, length);
  const offset = load<i64>(change, CHANGE.offset);
  const bytes = load<i64>(change, CHANGE.valueLength);
  putKey(table, handle, hash, key, length, file, offset, bytes, load<u32>(change, CHANGE.line), 1);
}
