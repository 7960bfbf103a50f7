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
import { addSlot, findKey, growSlots, removeSlot } from './slots.as';
import { TABLE } from './table.as';

export const generationMax: u32 = (1 << 24) - 1;

/** Sets a key. `handle`: its own; 0: it was searched for and has none. */
export function putKey(
  table: usize,
  handle: u32,
  hash: u32,
  key: usize,
  length: u32,
  file: u32,
  offset: i64,
  valueLength: i64,
  line: u32,
  versions: u32,
): void {
  if (handle == 0) handle = create(table, hash, key, length);
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

/** Makes an entry for a key that was searched for and has none; gives its handle. */
export function create(table: usize, hash: u32, key: usize, length: u32): u32 {
  const words = wordsFor(length);
  const handle = makeRoom(load<u8>(table, TABLE.owner), load<i32>(table, TABLE.page), words);
  store<i32>(table, <i32>(handle >> pageWordBits), TABLE.page);
  writeKey(addressOf(handle), key, length);
  store<u32>(table, load<u32>(table, TABLE.liveWords) + words, TABLE.liveWords);
  addSlot(table, hash, handle);
  return handle;
}

/** Removes a key from both states. False when it was in neither. */
export function removeKey(table: usize, hash: u32, key: usize, length: u32): bool {
  if (load<u32>(table, TABLE.homes) == 0) return false;
  const handle = findKey(table, hash, key, length);
  if (handle == 0) return false;
  const entry = addressOf(handle);
  if (generationOf(entry) == load<u32>(table, TABLE.generation)) {
    const bytes = <i64>jsonLength(keyOf(entry), length) + valueLengthOf(entry);
    store<i64>(table, load<i64>(table, TABLE.liveBytes) - bytes, TABLE.liveBytes);
    store<u32>(table, load<u32>(table, TABLE.count) - 1, TABLE.count);
    store<u32>(table, load<u32>(table, TABLE.removals) + 1, TABLE.removals);
  }
  forget(table, entry);
  removeSlot(table);
  return true;
}

/** The entry is no key's any more; its words are free once the entries are packed. */
export function forget(table: usize, entry: usize): void {
  const words = wordsFor(keyLengthOf(entry));
  setGeneration(entry, 0);
  store<u32>(table, load<u32>(table, TABLE.liveWords) - words, TABLE.liveWords);
  store<u32>(table, load<u32>(table, TABLE.deadWords) + words, TABLE.deadWords);
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
