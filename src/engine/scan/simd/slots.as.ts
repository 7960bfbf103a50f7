/**
 * slots: where each key's entry is: words of a hash and a handle, in the order of their hashes.
 *
 * A hash has its home at its share of the table, and its word stands there or behind, before all
 * greater ones (Amble and Knuth, "Ordered hash tables"). So a search ends at the first greater
 * hash, and a table grows in place and by any number of pages: the order stays as it is.
 */
import { addressOf, keyLengthOf, keyOf } from './entries.as';
import { freePages, pageBytes, takePages } from './pages.as';
import { TABLE } from './table.as';

const slotBits: usize = 3;
const pageSlotBits: u32 = 15;
const pageSlots: u32 = 1 << pageSlotBits;
/** Slots behind the last home, for the words that were pushed there. The last is always empty. */
const spareSlots: u32 = 1024;
/** Pages of slots at most: as many as there is memory for. */
export const slotPagesMax: u32 = 1 << 14;

/** The slot where the last search ended: the key's own, or where its word belongs. */
export let foundSlot: u32 = 0;

@inline
function addressOfSlot(table: usize, slot: u32): usize {
  const pages = <usize>load<u32>(table, TABLE.slotPagesAt);
  const page = <usize>load<u32>(pages + ((<usize>(slot >> pageSlotBits)) << 2));
  return page + ((<usize>(slot & (pageSlots - 1))) << slotBits);
}

@inline
function homeOf(table: usize, hash: u32): u32 {
  return <u32>((<u64>hash * <u64>load<u32>(table, TABLE.homes)) >> 32);
}

@inline
function slotsOf(table: usize): u32 {
  const homes = load<u32>(table, TABLE.homes);
  return homes == 0 ? 0 : homes + spareSlots;
}

/** The address behind that of the slot before `slot`. */
@inline
function nextAddress(table: usize, address: usize, slot: u32): usize {
  const next = address + 8;
  return (slot & (pageSlots - 1)) == 0 ? addressOfSlot(table, slot) : next;
}

/** Address of the slot where a search for this hash begins. */
@inline
export function homeAddress(table: usize, hash: u32): usize {
  return addressOfSlot(table, homeOf(table, hash));
}

/**
 * Address of the slot whose key a search from `home` compares first, or where it ends; it goes no
 * further than the page.
 */
@inline
export function likelySlot(home: usize, hash: u32): usize {
  const last = home | (pageBytes - 8);
  let address = home;
  if (home + 24 <= last) {
    // Four at once: where a search ends is hard to guess.
    const hashes = v128.shuffle<u32>(v128.load(home), v128.load(home, 16), 1, 3, 5, 7);
    const same = i32x4.bitmask(i32x4.eq(hashes, i32x4.splat(hash)));
    if (same != 0) return home + (<usize>ctz(same) << slotBits);
  }
  for (; address < last; address += 8) {
    const word = load<u64>(address);
    if (word == 0 || <u32>(word >> 32) >= hash) break;
  }
  return address;
}

/** True where the key of this handle is the one at `key`. */
@inline
export function isKeyOf(handle: u32, key: usize, length: u32): bool {
  const entry = addressOf(handle);
  return keyLengthOf(entry) == length && isSame(keyOf(entry), key, length);
}

/** Handle of the key, 0: it has none. Sets `foundSlot`. */
export function findKey(table: usize, hash: u32, key: usize, length: u32): u32 {
  let slot = homeOf(table, hash);
  let address = addressOfSlot(table, slot);
  for (;;) {
    const word = load<u64>(address);
    const found = <u32>(word >> 32);
    if (word == 0 || found > hash) break;
    if (found == hash && isKeyOf(<u32>word, key, length)) {
      foundSlot = slot;
      return <u32>word;
    }
    address = nextAddress(table, address, ++slot);
  }
  foundSlot = slot;
  return 0;
}

/** Keys as bytes; nothing behind a key of 8 bytes or more is read: it may be in no cache. */
@inline
function isSame(a: usize, b: usize, length: u32): bool {
  if (length < 8) return length == 0 || ((load<u64>(a) ^ load<u64>(b)) << (64 - (length << 3))) == 0;
  const end = <usize>length;
  if (length < 16) {
    const first = load<u64>(a) ^ load<u64>(b);
    return (first | (load<u64>(a + end - 8) ^ load<u64>(b + end - 8))) == 0;
  }
  for (let k: usize = 0; k + 16 < end; k += 16) {
    if (v128.any_true(v128.xor(v128.load(a + k), v128.load(b + k)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(a + end - 16), v128.load(b + end - 16)));
}

/** Adds the word of a key that has none: at `foundSlot`, where the search for it ended. */
export function addSlot(table: usize, hash: u32, handle: u32): void {
  let word = (<u64>hash << 32) | handle;
  let slot = foundSlot;
  // Those behind move up by one, as far as the next empty slot.
  for (let address = addressOfSlot(table, slot); ; address = nextAddress(table, address, slot)) {
    const pushed = load<u64>(address);
    store<u64>(address, word);
    word = pushed;
    slot++;
    if (word == 0) break;
  }
  const used = load<u32>(table, TABLE.used) + 1;
  store<u32>(table, used, TABLE.used);
  const homes = load<u32>(table, TABLE.homes);
  if (used > homes - (homes >> 2) || slot + 1 >= homes + spareSlots) growSlots(table);
}

/** The key whose search ended at `foundSlot` has another handle now. */
export function setHandle(table: usize, handle: u32): void {
  store<u32>(addressOfSlot(table, foundSlot), handle);
}

/** Empties `foundSlot` without a tombstone: those behind that have their home before move down. */
export function removeSlot(table: usize): void {
  let slot = foundSlot;
  for (;;) {
    const word = load<u64>(addressOfSlot(table, slot + 1));
    if (word == 0 || homeOf(table, <u32>(word >> 32)) > slot) break;
    store<u64>(addressOfSlot(table, slot++), word);
  }
  store<u64>(addressOfSlot(table, slot), 0);
  store<u32>(table, load<u32>(table, TABLE.used) - 1, TABLE.used);
}

/** Makes the first slots of a table, or a quarter more of them. */
export function growSlots(table: usize): void {
  const slots = slotsOf(table);
  const pages = slots >> pageSlotBits;
  const more = pages < 64 ? max(1, pages >> 1) : pages >> 2;
  const addresses = <usize>load<u32>(table, TABLE.slotPagesAt);
  for (let page = pages; page < pages + more; page++) {
    store<u32>(addresses + (<usize>page << 2), <u32>takePages(1));
  }
  store<u32>(table, ((pages + more) << pageSlotBits) - spareSlots, TABLE.homes);
  spreadWords(table, gatherWords(table, slots));
}

/** Moves the words of the first `slots` slots to the table's end; gives the first of them. */
function gatherWords(table: usize, slots: u32): u32 {
  let to = slotsOf(table);
  let target = addressOfSlot(table, to - 1) + 8;
  for (let slot = slots; slot > 0; slot -= pageSlots) {
    const first = addressOfSlot(table, slot - pageSlots);
    for (let address = first + pageBytes; address > first;) {
      address -= 8;
      const word = load<u64>(address);
      if (word == 0) continue;
      target -= 8;
      store<u64>(target, word);
      if ((--to & (pageSlots - 1)) == 0) target = addressOfSlot(table, to - 1) + 8;
    }
  }
  return to;
}

/** Moves the words from slot `from` on to their homes, or behind the word before. */
function spreadWords(table: usize, from: u32): void {
  const slots = slotsOf(table);
  let source = addressOfSlot(table, from);
  let target = addressOfSlot(table, 0);
  let to: u32 = 0;
  for (let slot = from; slot < slots;) {
    const word = load<u64>(source);
    const home = homeOf(table, <u32>(word >> 32));
    while (to < home) {
      store<u64>(target, 0);
      target = nextAddress(table, target, ++to);
    }
    // A thousand hashes without a gap behind the last home: not with a seed nobody knows.
    if (to > slot || to + 1 == slots) unreachable();
    store<u64>(target, word);
    target = nextAddress(table, target, ++to);
    source = nextAddress(table, source, ++slot);
  }
  while (to < slots) {
    store<u64>(target, 0);
    target = nextAddress(table, target, ++to);
  }
}

export function freeSlots(table: usize): void {
  const addresses = <usize>load<u32>(table, TABLE.slotPagesAt);
  const pages = slotsOf(table) >> pageSlotBits;
  for (let page: u32 = 0; page < pages; page++) {
    freePages(<usize>load<u32>(addresses + (<usize>page << 2)), 1);
  }
  store<u32>(table, 0, TABLE.homes);
}
