/** KeyTable: the memory of a keydir: entries in a hash table of typed arrays, and keys. */
import { LogctlError } from '../errors.js';
import { jsonKeyLength, KeyArena } from './key-bytes.js';
import { hashKey } from './key-hash.js';
import { hashSeed } from './hash-seed.js';
import { KeySlots } from './key-slots.js';
import { entryWords, WORD } from './keydir-entry.js';

const startEntries = 64;
const growth = 1.5;
/** Above this the words of all entries no longer fit one typed array. */
const entriesMax = 2 ** 26 * 4;

/** Keys of a batch: `bytes[start[k], start[k] + length[k])`. */
export interface KeyRanges {
  bytes: Uint8Array;
  start: Uint32Array;
  length: Uint32Array;
}

/** Entries by key; what an entry means is the keydir's. Views are valid until the next `add`. */
export class KeyTable {
  protected arena = new KeyArena();
  /** Entry numbers below this are in use or in `freeList`. */
  protected used = 0;
  protected words = new Uint32Array(startEntries * entryWords);
  protected doubles = new Float64Array(this.words.buffer);
  protected readonly seed: Uint32Array;
  private freeList: number[] = [];
  private slots = new KeySlots(startEntries);
  /** What `prepare` read: a sum nobody needs, without which the reads could be left out. */
  private touched = 0;

  /** `seed`: two words that key the hash, so that nobody can prepare colliding keys. */
  constructor(seed?: Uint32Array) {
    this.seed = seed ?? hashSeed(2);
  }

  /**
   * Hashes the keys `from` to `to` of a batch for `put`, and reads what their puts will touch: the
   * cache misses of many keys at once cost little more than that of one.
   */
  prepare(keys: KeyRanges, from: number, to: number, hashes: Uint32Array): void {
    const { pairs } = this.slots;
    const mask = pairs.length - 1;
    for (let k = from; k < to; k++) {
      const hash = hashKey(keys.bytes, keys.start[k], keys.length[k], this.seed);
      hashes[k - from] = hash;
      this.touched ^= pairs[((hash << 1) & mask) + 1];
    }
    for (let k = 0; k < to - from; k++) {
      const index = pairs[((hashes[k] << 1) & mask) + 1];
      if (index > 0) this.touched ^= this.words[(index - 1) * entryWords + WORD.keyAt];
    }
  }

  /** A new entry for a key that has none; gives its number. Free entries are used again. */
  protected add(hash: number, bytes: Uint8Array, start: number, length: number): number {
    if (this.arena.wantsPacking) this.packArena();
    let index = this.freeList.pop();
    if (index === undefined) {
      if (this.used * entryWords === this.words.length) this.growEntries();
      index = this.used++;
    }
    const { words } = this;
    const at = index * entryWords;
    words[at + WORD.hash] = hash;
    words[at + WORD.keyAt] = this.arena.add(bytes, start, length);
    words[at + WORD.keyLength] = length;
    words[at + WORD.jsonLength] = jsonKeyLength(bytes, start, length);
    words[at + WORD.alive] = 0;
    words[at + WORD.versions] = 0;
    if (this.slots.isFull(this.used - this.freeList.length)) this.growSlots();
    this.slots.insert(hash, index);
    return index;
  }

  /** Forgets an entry. */
  protected remove(index: number): void {
    const at = index * entryWords;
    this.slots.remove(this.words[at + WORD.hash], index);
    this.arena.release(this.words[at + WORD.keyLength]);
    this.words[at + WORD.alive] = 0;
    this.freeList.push(index);
  }

  /** Forgets all entries and keeps the memory. */
  protected empty(): void {
    this.slots.pairs.fill(0);
    this.words.fill(0, 0, this.used * entryWords);
    this.used = 0;
    this.freeList = [];
    this.arena.clear();
  }

  /** Number of the key's entry, -1 where it has none. */
  protected lookUp(hash: number, bytes: Uint8Array, start: number, length: number): number {
    const { words } = this;
    const { pairs } = this.slots;
    const mask = pairs.length - 1;
    for (let slot = (hash << 1) & mask; pairs[slot + 1] !== 0; slot = (slot + 2) & mask) {
      if (pairs[slot] !== hash) continue;
      const index = pairs[slot + 1] - 1;
      const entry = index * entryWords;
      if (words[entry + WORD.keyLength] !== length) continue;
      const { bytes: own } = this.arena;
      const at = words[entry + WORD.keyAt];
      let i = 0;
      while (i < length && own[at + i] === bytes[start + i]) i++;
      if (i === length) return index;
    }
    return -1;
  }

  private growSlots(): void {
    this.slots.double();
    for (let index = 0; index < this.used; index++) {
      const at = index * entryWords;
      if (this.words[at + WORD.alive] > 0) this.slots.insert(this.words[at + WORD.hash], index);
    }
  }

  private growEntries(): void {
    const entries = Math.ceil((this.used * growth) / 2) * 2;
    if (entries > entriesMax) {
      const hint = 'split the log or count its keys with another tool';
      throw new LogctlError('too-large', `more than ${this.used} live keys`, hint);
    }
    const words = new Uint32Array(entries * entryWords);
    words.set(this.words);
    this.words = words;
    this.doubles = new Float64Array(words.buffer);
  }

  /** Copies the living keys together: deleted ones leave holes in the arena. */
  private packArena(): void {
    const { bytes } = this.arena;
    const { words } = this;
    const packed = new KeyArena(this.arena.liveBytes + 1024);
    for (let at = 0; at < this.used * entryWords; at += entryWords) {
      if (words[at + WORD.alive] === 0) continue;
      words[at + WORD.keyAt] = packed.add(
        bytes,
        words[at + WORD.keyAt],
        words[at + WORD.keyLength],
      );
    }
    this.arena = packed;
  }
}
