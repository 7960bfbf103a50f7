/**
 * entries: the entries of a keydir in pages, one behind the other in the order of their birth.
 *
 * An entry: u64 offset in 48 bits and file in 16; u64 value length in 40 bits and generation in
 * 24 (0: forgotten); u32 line; u32 versions; key length in a byte, or 255 and a u32; the key.
 * A handle is the number of its page and of its word there, so that entries can be moved.
 */
import { freePages, pageBytes, pagesMax, pageWordBits, pageWords, takePages } from './pages.as';

const headBytes: usize = 24;
const longLength: u32 = 255;

/** Per page: its address; the words in use; which table owns it (0: none). */
export let pageAddressAt: usize = 0;
let pageUsedAt: usize = 0;
let pageOwnerAt: usize = 0;
/** Numbers given to pages so far. */
export let pageCount: u32 = 0;

export function setEntries(addressAt: usize, usedAt: usize, ownerAt: usize): void {
  pageAddressAt = addressAt;
  pageUsedAt = usedAt;
  pageOwnerAt = ownerAt;
  pageCount = 0;
}

@inline
export function addressOf(handle: u32): usize {
  const page = <usize>load<u32>(pageAddressAt + ((<usize>(handle >> pageWordBits)) << 2));
  return page + ((<usize>(handle & (pageWords - 1))) << 3);
}

@inline
export function keyLengthOf(entry: usize): u32 {
  const length = <u32>load<u8>(entry, headBytes);
  return length < longLength ? length : load<u32>(entry, headBytes + 1);
}

@inline
export function keyOf(entry: usize): usize {
  return entry + headBytes + (load<u8>(entry, headBytes) < longLength ? 1 : 5);
}

/** The last byte of an entry whose key is so long, and shorter than 255 bytes. */
@inline
export function lastOfKey(entry: usize, length: u32): u64 {
  return <u64>load<u8>(entry + <usize>length, headBytes);
}

/** Words of 8 bytes that an entry with such a key takes. */
@inline
export function wordsFor(keyLength: u32): u32 {
  return (<u32>headBytes + keyLength + (keyLength < longLength ? 1 : 5) + 7) >> 3;
}

@inline
export function generationOf(entry: usize): u32 {
  return load<u32>(entry, 12) >> 8;
}

@inline
export function setGeneration(entry: usize, generation: u32): void {
  store<u32>(entry, (load<u32>(entry, 12) & 0xff) | (generation << 8), 12);
}

@inline
export function valueLengthOf(entry: usize): i64 {
  return load<i64>(entry, 8) & 0xffffffffff;
}

@inline
export function setValue(entry: usize, file: u32, offset: i64, length: i64, line: u32): void {
  store<i64>(entry, offset | (<i64>file << 48));
  store<i64>(entry, length | (load<i64>(entry, 8) & ~0xffffffffff), 8);
  store<u32>(entry, line, 16);
}

@inline
export function versionsOf(entry: usize): u32 {
  return load<u32>(entry, 20);
}

@inline
export function setVersions(entry: usize, versions: u32): void {
  store<u32>(entry, versions, 20);
}

/** Sets the value of a living entry once more; gives by how much the new one is longer. */
@inline
export function replaceValue(
  entry: usize,
  file: u32,
  offset: i64,
  length: i64,
  line: u32,
): i64 {
  const before = valueLengthOf(entry);
  setValue(entry, file, offset, length, line);
  setVersions(entry, versionsOf(entry) + 1);
  return length - before;
}

/**
 * Makes room for an entry behind the last one in page `page` (-1: none) of `owner`; gives its
 * handle. The page it is in then is `handle >> pageWordBits`.
 */
export function makeRoom(owner: u8, page: i32, words: u32): u32 {
  if (page >= 0) {
    const used = load<u32>(pageUsedAt + ((<usize>page) << 2));
    if (used + words <= pageWords) {
      store<u32>(pageUsedAt + ((<usize>page) << 2), used + words);
      return ((<u32>page) << pageWordBits) | used;
    }
  }
  // Word 0 of a page stays free, so that no handle is 0.
  return newPages(owner, words + 1);
}

function newPages(owner: u8, words: u32): u32 {
  const count = (words + pageWords - 1) >> pageWordBits;
  if (pageCount + count > pagesMax) unreachable();
  const at = takePages(count);
  const first = pageCount;
  for (let k: u32 = 0; k < count; k++) {
    store<u32>(pageAddressAt + ((<usize>pageCount) << 2), <u32>(at + <usize>k * pageBytes));
    store<u32>(pageUsedAt + ((<usize>pageCount) << 2), k == 0 ? words : pageWords);
    store<u8>(pageOwnerAt + <usize>pageCount, k == 0 ? owner : owner | continued);
    pageCount++;
  }
  return (first << pageWordBits) | 1;
}

/** Owner bit of a page that holds the end of a long entry and no beginning. */
const continued: u8 = 0x80;

export function writeKey(entry: usize, at: usize, length: u32): void {
  store<u64>(entry, 0);
  store<u64>(entry, 0, 8);
  store<u64>(entry, 0, 16);
  if (length < longLength) {
    store<u8>(entry, <u8>length, headBytes);
  } else {
    store<u8>(entry, <u8>longLength, headBytes);
    store<u32>(entry, length, headBytes + 1);
  }
  // A short key's last word may be another entry's, or another page's: no byte behind it is written.
  const to = keyOf(entry);
  if (length < 8 || length > 32) {
    memory.copy(to, at, <usize>length);
    return;
  }
  for (let k: usize = 0; k + 8 < <usize>length; k += 8) store<u64>(to + k, load<u64>(at + k));
  const last = <usize>length - 8;
  store<u64>(to + last, load<u64>(at + last));
}

/** The first handle at or behind `handle` with an entry of `owner`, forgotten or not; 0: none. */
export function nextEntry(owner: u8, handle: u32): u32 {
  let page = handle >> pageWordBits;
  let word = handle & (pageWords - 1);
  if (word == 0) word = 1;
  while (page < pageCount) {
    const isOwn = load<u8>(pageOwnerAt + <usize>page) == owner;
    if (isOwn && word < load<u32>(pageUsedAt + ((<usize>page) << 2))) {
      return (page << pageWordBits) | word;
    }
    page++;
    word = 1;
  }
  return 0;
}

/** The handle behind an entry: of the next one, or of the end of its page. */
@inline
export function behindEntry(handle: u32, entry: usize): u32 {
  const next = handle + wordsFor(keyLengthOf(entry));
  const page = handle >> pageWordBits;
  return next >> pageWordBits == page ? next : (page + 1) << pageWordBits;
}

/** Frees the pages of `owner` with numbers from `from` up to `to`. */
export function freeEntries(owner: u8, from: u32, to: u32): void {
  for (let page = from; page < to; page++) {
    if ((load<u8>(pageOwnerAt + <usize>page) & ~continued) != owner) continue;
    freePages(<usize>load<u32>(pageAddressAt + ((<usize>page) << 2)), 1);
    store<u8>(pageOwnerAt + <usize>page, 0);
  }
  while (pageCount > 0 && load<u8>(pageOwnerAt + <usize>(pageCount - 1)) == 0) pageCount--;
}

/** Gives all pages of `from` to `to`. */
export function giveEntries(from: u8, to: u8): void {
  for (let page: u32 = 0; page < pageCount; page++) {
    const owner = load<u8>(pageOwnerAt + <usize>page);
    if ((owner & ~continued) != from) continue;
    store<u8>(pageOwnerAt + <usize>page, (owner & continued) | to);
  }
}
