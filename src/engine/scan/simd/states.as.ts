/** states: whole states that replace or merge, the orders of keys, and packing what was left. */
import {
  addressOf,
  behindEntry,
  freeEntries,
  generationOf,
  giveEntries,
  keyLengthOf,
  keyOf,
  makeRoom,
  nextEntry,
  pageCount,
  setGeneration,
  setValue,
  setVersions,
  valueLengthOf,
  versionsOf,
  wordsFor,
} from './entries.as';
import { hashOf } from './hash.as';
import { bear, create, generationMax } from './keydir.as';
import { freePages, pageBytes, pageWordBits } from './pages.as';
import { findKey, freeSlots, setHandle, slotPagesMax } from './slots.as';
import { initTable, TABLE, tableBytes } from './table.as';

/** The log's state; and the members of a whole state that is being read. */
export let mainTable: usize = 0;
export let sideTable: usize = 0;
const mainOwner: u8 = 1;
const sideOwner: u8 = 2;
/** Owner of the pages that entries are packed into. */
const packedOwner: u8 = 3;
/** Forgotten words are packed away when they are so many, and an eighth of those in use. */
const packedWordsMin: u32 = 8192;

/** Bytes that the tables take, and the addresses of their slots. */
export const tablesBytes: usize = 2 * (tableBytes + (<usize>slotPagesMax << 2));

export function setTables(at: usize): void {
  mainTable = at;
  sideTable = at + tableBytes;
  const slotPagesAt = at + 2 * tableBytes;
  initTable(mainTable, mainOwner, slotPagesAt);
  initTable(sideTable, sideOwner, slotPagesAt + (<usize>slotPagesMax << 2));
}

/** Empties a table and frees its pages. */
export function clearTable(table: usize): void {
  const owner = load<u8>(table, TABLE.owner);
  freeEntries(owner, 0, pageCount);
  freeSlots(table);
  freePages(<usize>load<u32>(table, TABLE.listAt), load<u32>(table, TABLE.listPages));
  initTable(table, owner, <usize>load<u32>(table, TABLE.slotPagesAt));
}

/** Begins a whole state. */
export function beginState(): void {
  clearTable(sideTable);
  // What was forgotten of an empty state is no use to anybody.
  if (load<u32>(mainTable, TABLE.used) == 0) emptyMain();
}

/** An empty state keeps its counters and its generation. */
function emptyMain(): void {
  const removals = load<u32>(mainTable, TABLE.removals);
  clearTable(mainTable);
  store<u32>(mainTable, removals, TABLE.removals);
}

/** The whole state that was read takes effect: it replaces as documented, and merges upstream. */
export function commitState(): void {
  if (load<u32>(mainTable, TABLE.used) == 0) takeOver();
  else merge();
  clearTable(sideTable);
}

/** The side's table becomes the state; nothing is copied. */
function takeOver(): void {
  const removals = load<u32>(mainTable, TABLE.removals);
  clearTable(mainTable);
  const slotPagesAt = <usize>load<u32>(mainTable, TABLE.slotPagesAt);
  memory.copy(mainTable, sideTable, tableBytes);
  giveEntries(sideOwner, mainOwner);
  store<u8>(mainTable, mainOwner, TABLE.owner);
  store<u32>(mainTable, removals, TABLE.removals);
  initTable(sideTable, sideOwner, slotPagesAt);
}

function merge(): void {
  const generation = nextGeneration();
  store<u32>(mainTable, 0, TABLE.count);
  store<i64>(mainTable, 0, TABLE.liveBytes);
  store<u32>(mainTable, 1, TABLE.isListed);
  store<u32>(mainTable, 0, TABLE.listCount);
  for (let h = nextEntry(sideOwner, 0); h != 0;) {
    const entry = addressOf(h);
    if (generationOf(entry) != 0) mergeEntry(entry, generation);
    h = nextEntry(sideOwner, behindEntry(h, entry));
  }
  packIfDue();
}

/** A new key is copied behind the others: its entry may lie before those of older ones. */
function mergeEntry(entry: usize, generation: u32): void {
  const length = keyLengthOf(entry);
  const hash = hashOf(keyOf(entry), length);
  const value = valueLengthOf(entry);
  let handle = findKey(mainTable, hash, keyOf(entry), length);
  if (handle == 0) handle = create(mainTable, hash, keyOf(entry), length);
  const target = addressOf(handle);
  const place = load<u64>(entry);
  const offset = <i64>(place & 0xffffffffffff);
  setVersions(target, versionsOf(target) + versionsOf(entry));
  setValue(target, <u32>(place >> 48), offset, value, load<u32>(entry, 16));
  const live = value + bear(mainTable, handle, target, generation);
  store<i64>(mainTable, load<i64>(mainTable, TABLE.liveBytes) + live, TABLE.liveBytes);
}

function nextGeneration(): u32 {
  let generation = load<u32>(mainTable, TABLE.generation) + 1;
  if (generation > generationMax) {
    // Generations are numbered anew: all there is belongs to an older one now.
    for (let h = nextEntry(mainOwner, 0); h != 0;) {
      const entry = addressOf(h);
      if (generationOf(entry) != 0) setGeneration(entry, 1);
      h = nextEntry(mainOwner, behindEntry(h, entry));
    }
    generation = 2;
  }
  store<u32>(mainTable, generation, TABLE.generation);
  return generation;
}

/**
 * Writes the handles of the live keys to `at`, in the order of their births; gives how many.
 * There is room for all of them.
 */
export function writeOrder(table: usize, upstream: bool, at: usize): u32 {
  const generation = load<u32>(table, TABLE.generation);
  let count: u32 = 0;
  if (!upstream && load<u32>(table, TABLE.isListed) != 0) {
    const listAt = <usize>load<u32>(table, TABLE.listAt);
    const listed = load<u32>(table, TABLE.listCount);
    for (let k: u32 = 0; k < listed; k++) {
      const handle = load<u32>(listAt + (<usize>k << 2));
      if (generationOf(addressOf(handle)) != generation) continue;
      store<u32>(at + (<usize>(count++) << 2), handle);
    }
    return count;
  }
  const owner = load<u8>(table, TABLE.owner);
  for (let h = nextEntry(owner, 0); h != 0;) {
    const entry = addressOf(h);
    const alive = generationOf(entry);
    const isLive = alive == generation || (upstream && alive != 0);
    if (isLive) store<u32>(at + (<usize>(count++) << 2), h);
    h = nextEntry(owner, behindEntry(h, entry));
  }
  return count;
}

/** Copies the living entries together where forgotten ones take an eighth of the memory. */
export function packIfDue(): void {
  const dead = load<u32>(mainTable, TABLE.deadWords);
  const live = <u64>load<u32>(mainTable, TABLE.liveWords);
  if (dead <= packedWordsMin || (<u64>dead << 3) <= live) return;
  const end = pageCount;
  let page: i32 = -1;
  for (let h = nextEntry(mainOwner, 0); h != 0 && h >> pageWordBits < end;) {
    const entry = addressOf(h);
    if (generationOf(entry) != 0) page = moveEntry(entry, h, page);
    const next = nextEntry(mainOwner, behindEntry(h, entry));
    // The list still points into old pages; without one they can go at once.
    const isListed = load<u32>(mainTable, TABLE.isListed) != 0;
    if (!isListed && next >> pageWordBits != h >> pageWordBits) {
      freeEntries(mainOwner, h >> pageWordBits, (h >> pageWordBits) + 1);
    }
    h = next;
  }
  followList();
  freeEntries(mainOwner, 0, end);
  giveEntries(packedOwner, mainOwner);
  store<i32>(mainTable, page, TABLE.page);
  store<u32>(mainTable, 0, TABLE.deadWords);
}

/** Copies an entry behind the others; gives the page it went to. The old one says where it is. */
function moveEntry(entry: usize, handle: u32, page: i32): i32 {
  const length = keyLengthOf(entry);
  findKey(mainTable, hashOf(keyOf(entry), length), keyOf(entry), length);
  const words = wordsFor(length);
  const moved = makeRoom(packedOwner, page, words);
  memory.copy(addressOf(moved), entry, <usize>words << 3);
  setHandle(mainTable, moved);
  store<u32>(entry, moved, 16);
  return <i32>(moved >> pageWordBits);
}

/** Makes the list point to where the entries went. */
function followList(): void {
  const at = <usize>load<u32>(mainTable, TABLE.listAt);
  const listed = load<u32>(mainTable, TABLE.listCount);
  let count: u32 = 0;
  for (let k: u32 = 0; k < listed; k++) {
    const entry = addressOf(load<u32>(at + (<usize>k << 2)));
    if (generationOf(entry) == 0) continue;
    store<u32>(at + (<usize>(count++) << 2), load<u32>(entry, 16));
  }
  store<u32>(mainTable, count, TABLE.listCount);
}
