/**
 * keydir: key to position of its live value, as Keydir explains it (../../keydir/keydir.ts).
 *
 * Two tables: the log's state, and the members of a whole-state entry that is being read, which
 * takes the state's place, or is merged over it, once its line has proved whole.
 */
import {
  addressOf,
  generationOf,
  keyLengthOf,
  keyOf,
  makeRoom,
  setGeneration,
  setValue,
  setVersions,
  valueLengthOf,
  versionsOf,
  wordsFor,
  writeKey,
} from './entries.as';
import { jsonLength } from './keys.as';
import { freePages, pageBytes, pageWordBits, takePages } from './pages.as';

/** A table: what its words are. */
export namespace TABLE {
  export const slotsAt: usize = 0;
  /** Number of slots - 1. */
  export const mask: usize = 4;
  /** Keys alive in the upstream state, and as documented. */
  export const used: usize = 8;
  export const count: usize = 12;
  export const generation: usize = 16;
  export const removals: usize = 20;
  export const liveBytes: usize = 24;
  /** Page of the next entry, -1: none. */
  export const page: usize = 32;
  /** 8-byte words of entries in use, and of forgotten ones. */
  export const liveWords: usize = 36;
  export const deadWords: usize = 40;
  /** Births as documented no longer come in the order of the entries: they are listed. */
  export const isListed: usize = 44;
  export const listAt: usize = 48;
  export const listCount: usize = 52;
  export const listPages: usize = 56;
  export const owner: usize = 60;
}
export const tableBytes: usize = 64;

const slotBits: usize = 3;
const firstSlots: u32 = <u32>(pageBytes >> 3);
export const generationMax: u32 = (1 << 24) - 1;

/** Makes a table empty that was never used. */
export function initTable(table: usize, owner: u8): void {
  memory.fill(table, 0, tableBytes);
  store<u32>(table, 1, TABLE.generation);
  store<i32>(table, -1, TABLE.page);
  store<u8>(table, owner, TABLE.owner);
}

/** Address of the first slot that a hash goes to. */
@inline
export function homeOf(table: usize, hash: u32): usize {
  return <usize>load<u32>(table) + ((<usize>(hash & load<u32>(table, TABLE.mask))) << slotBits);
}

/** The slot behind `slot`, the first behind the last. */
@inline
function nextSlot(table: usize, slot: usize): usize {
  const first = <usize>load<u32>(table);
  const end = first + ((<usize>load<u32>(table, TABLE.mask)) << slotBits);
  return slot == end ? first : slot + 8;
}

/** Address of the key's slot; of the empty slot where its search ends, if it has none. */
export function findSlot(table: usize, hash: u32, key: usize, length: u32): usize {
  let slot = homeOf(table, hash);
  for (let word = load<u64>(slot); word != 0; word = load<u64>(slot)) {
    if (<u32>(word >> 32) == hash) {
      const entry = addressOf(<u32>word);
      if (keyLengthOf(entry) == length && isSame(keyOf(entry), key, length)) break;
    }
    slot = nextSlot(table, slot);
  }
  return slot;
}

/** Keys as bytes, 16 at a time; both may be read some bytes beyond their end. */
@inline
function isSame(a: usize, b: usize, length: u32): bool {
  let k: u32 = 0;
  for (; k + 16 <= length; k += 16) {
    const differs = v128.xor(v128.load(a + <usize>k), v128.load(b + <usize>k));
    if (v128.any_true(differs)) return false;
  }
  const rest = length - k;
  if (rest == 0) return true;
  const same = i8x16.bitmask(i8x16.eq(v128.load(a + <usize>k), v128.load(b + <usize>k)));
  const wanted = (1 << rest) - 1;
  return (same & wanted) == wanted;
}

/** Sets a key. */
export function putKey(
  table: usize,
  hash: u32,
  key: usize,
  length: u32,
  file: u32,
  offset: i64,
  valueLength: i64,
  line: u32,
  versions: u32,
): void {
  if (load<u32>(table) == 0) makeSlots(table, firstSlots);
  const slot = findSlot(table, hash, key, length);
  const word = load<u64>(slot);
  let handle = <u32>word;
  if (word == 0) handle = create(table, slot, hash, key, length);
  const entry = addressOf(handle);
  const generation = load<u32>(table, TABLE.generation);
  let live = valueLength;
  if (generationOf(entry) == generation) live -= valueLengthOf(entry);
  else live += bear(table, handle, entry, generation);
  store<i64>(table, load<i64>(table, TABLE.liveBytes) + live, TABLE.liveBytes);
  setVersions(entry, versionsOf(entry) + versions);
  setValue(entry, file, offset, valueLength, line);
}

/** The entry becomes alive as documented; gives the bytes of its key as JSON. */
export function bear(table: usize, handle: u32, entry: usize, generation: u32): i64 {
  setGeneration(entry, generation);
  store<u32>(table, load<u32>(table, TABLE.count) + 1, TABLE.count);
  if (load<u32>(table, TABLE.isListed) != 0) list(table, handle);
  return <i64>jsonLength(keyOf(entry), keyLengthOf(entry));
}

/** Makes an entry for a key that has none; gives its handle. */
export function create(table: usize, slot: usize, hash: u32, key: usize, length: u32): u32 {
  const words = wordsFor(length);
  const handle = makeRoom(load<u8>(table, TABLE.owner), load<i32>(table, TABLE.page), words);
  store<i32>(table, <i32>(handle >> pageWordBits), TABLE.page);
  writeKey(addressOf(handle), key, length);
  store<u32>(table, load<u32>(table, TABLE.liveWords) + words, TABLE.liveWords);
  addSlot(table, slot, hash, handle);
  return handle;
}

/** Puts a handle into its empty slot. Slots are filled to seven eighths. */
export function addSlot(table: usize, slot: usize, hash: u32, handle: u32): void {
  store<u64>(slot, (<u64>hash << 32) | handle);
  const used = load<u32>(table, TABLE.used) + 1;
  store<u32>(table, used, TABLE.used);
  const slots = load<u32>(table, TABLE.mask) + 1;
  if (used > slots - (slots >> 3)) doubleSlots(table);
}

export function makeSlots(table: usize, slots: u32): void {
  const at = takePages(<u32>((<usize>slots << slotBits) / pageBytes));
  memory.fill(at, 0, <usize>slots << slotBits);
  store<u32>(table, <u32>at);
  store<u32>(table, slots - 1, TABLE.mask);
}

export function freeSlots(table: usize): void {
  const at = <usize>load<u32>(table);
  if (at == 0) return;
  const bytes = (<usize>load<u32>(table, TABLE.mask) + 1) << slotBits;
  freePages(at, <u32>(bytes / pageBytes));
  store<u32>(table, 0);
}

function doubleSlots(table: usize): void {
  const old = <usize>load<u32>(table);
  const slots = load<u32>(table, TABLE.mask) + 1;
  makeSlots(table, slots * 2);
  for (let k: u32 = 0; k < slots; k++) {
    const word = load<u64>(old + ((<usize>k) << slotBits));
    if (word != 0) store<u64>(emptySlot(table, <u32>(word >> 32)), word);
  }
  freePages(old, <u32>((<usize>slots << slotBits) / pageBytes));
}

@inline
export function emptySlot(table: usize, hash: u32): usize {
  let slot = homeOf(table, hash);
  while (load<u64>(slot) != 0) slot = nextSlot(table, slot);
  return slot;
}

/** Removes a key from both states. False when it was in neither. */
export function removeKey(table: usize, hash: u32, key: usize, length: u32): bool {
  if (load<u32>(table) == 0) return false;
  const slot = findSlot(table, hash, key, length);
  const word = load<u64>(slot);
  if (word == 0) return false;
  const entry = addressOf(<u32>word);
  if (generationOf(entry) == load<u32>(table, TABLE.generation)) {
    const bytes = <i64>jsonLength(keyOf(entry), length) + valueLengthOf(entry);
    store<i64>(table, load<i64>(table, TABLE.liveBytes) - bytes, TABLE.liveBytes);
    store<u32>(table, load<u32>(table, TABLE.count) - 1, TABLE.count);
    store<u32>(table, load<u32>(table, TABLE.removals) + 1, TABLE.removals);
  }
  forget(table, entry);
  closeGap(table, slot);
  store<u32>(table, load<u32>(table, TABLE.used) - 1, TABLE.used);
  return true;
}

/** The entry is no key's any more; its words are free once the entries are packed. */
export function forget(table: usize, entry: usize): void {
  const words = wordsFor(keyLengthOf(entry));
  setGeneration(entry, 0);
  store<u32>(table, load<u32>(table, TABLE.liveWords) - words, TABLE.liveWords);
  store<u32>(table, load<u32>(table, TABLE.deadWords) + words, TABLE.deadWords);
}

/** Empties a slot without a tombstone: those behind it move up (Knuth 6.4, algorithm R). */
function closeGap(table: usize, gap: usize): void {
  const mask = load<u32>(table, TABLE.mask);
  const first = <usize>load<u32>(table);
  let gapNumber = <u32>((gap - first) >> slotBits);
  for (let k = (gapNumber + 1) & mask; ; k = (k + 1) & mask) {
    const word = load<u64>(first + ((<usize>k) << slotBits));
    if (word == 0) break;
    const home = <u32>(word >> 32) & mask;
    if (((k - home) & mask) < ((k - gapNumber) & mask)) continue;
    store<u64>(first + ((<usize>gapNumber) << slotBits), word);
    gapNumber = k;
  }
  store<u64>(first + ((<usize>gapNumber) << slotBits), 0);
}

/** Notes a birth as documented. */
export function list(table: usize, handle: u32): void {
  const count = load<u32>(table, TABLE.listCount);
  const pages = load<u32>(table, TABLE.listPages);
  if ((<usize>count << 2) == <usize>pages * pageBytes) {
    const more = pages == 0 ? 1 : pages * 2;
    const at = takePages(more);
    memory.copy(at, <usize>load<u32>(table, TABLE.listAt), <usize>count << 2);
    freePages(<usize>load<u32>(table, TABLE.listAt), pages);
    store<u32>(table, <u32>at, TABLE.listAt);
    store<u32>(table, more, TABLE.listPages);
  }
  store<u32>(<usize>load<u32>(table, TABLE.listAt) + (<usize>count << 2), handle);
  store<u32>(table, count + 1, TABLE.listCount);
}
