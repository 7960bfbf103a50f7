/**
 * Keydir: key to position of its live value, as Bitcask has it.
 *
 * A hash table in typed arrays, not a Map: 56 bytes an entry, 12 to 24 in the table, and the
 * key's own bytes, whatever the values' sizes. One entry lies in one piece, so that a put touches
 * one or two cache lines and not one per field. One table holds both answers of a format: the
 * documented state (a whole-state entry replaces) and the upstream state (the format's own code
 * merges). The documented state is always a part of the upstream one, with equal values, so an
 * entry carries a generation: those of the current generation are live as documented, older ones
 * only upstream.
 */
import type { LineBatch } from '../scan/kernel.js';
import { hashKey } from './key-hash.js';
import { sortByKey } from './key-order.js';
import { KeyTable } from './key-table.js';
import {
  entryDoubles,
  entryWords,
  lengthDouble,
  literalFile,
  offsetDouble,
  WORD,
  type LiveRange,
  type Semantics,
} from './keydir-entry.js';

export { literalFile, type LiveRange, type Semantics } from './keydir-entry.js';

/** See the top of this file. Not for concurrent use; views are valid until the next put. */
export class Keydir extends KeyTable {
  /** Keys alive as documented, and as the format's own code has them. */
  count = 0;
  upstreamCount = 0;
  /** Bytes of `"key"` and value of every key alive as documented. */
  liveBytes = 0;
  /** Deletes that removed a key. */
  removals = 0;
  /** Values that lie in no file (the characters of a string that is spread): see `literalFile`. */
  literals = '';

  private generation = 1;
  private births = 0;

  /** Sets a key. `bytes[start, start + length)` is its canonical form (see key-bytes.ts). */
  put(
    bytes: Uint8Array,
    start: number,
    length: number,
    value: LiveRange,
    hash = hashKey(bytes, start, length, this.seed),
  ): void {
    let index = this.lookUp(hash, bytes, start, length);
    if (index < 0) index = this.create(hash, bytes, start, length);
    const { words, doubles } = this;
    const at = index * entryWords;
    const wide = index * entryDoubles;
    if (words[at + WORD.alive] === this.generation) {
      this.liveBytes += value.length - doubles[wide + lengthDouble];
    } else {
      words[at + WORD.alive] = this.generation;
      words[at + WORD.born] = ++this.births;
      this.count++;
      this.liveBytes += words[at + WORD.jsonLength] + value.length;
    }
    words[at + WORD.versions] += value.versions;
    words[at + WORD.line] = value.line;
    words[at + WORD.file] = value.file;
    doubles[wide + offsetDouble] = value.offset;
    doubles[wide + lengthDouble] = value.length;
  }

  /** Folds the rows of a batch where a keydir has a faster way than one by one; else false. */
  foldRows(_batch: LineBatch, _from: number, _file: number, _firstLine: number): boolean {
    return false;
  }

  /**
   * Folds rows that another kernel read, all at once, while the kernel of this keydir has none left
   * to give; else false, where it has no faster way or no room.
   */
  foldForeign(_batch: LineBatch, _file: number, _firstLine: number): boolean {
    return false;
  }

  /** Removes a key from both states. False when it was in neither. */
  delete(bytes: Uint8Array, start: number, length: number): boolean {
    const index = this.lookUp(hashKey(bytes, start, length, this.seed), bytes, start, length);
    if (index < 0) return false;
    const at = index * entryWords;
    if (this.words[at + WORD.alive] === this.generation) {
      const { length: valueLength } = this.at(index);
      this.liveBytes -= this.words[at + WORD.jsonLength] + valueLength;
      this.count--;
      this.removals++;
    }
    this.upstreamCount--;
    this.remove(index);
    return true;
  }

  /** A whole-state entry: as documented nothing else survives, upstream it is merged over. */
  replaceState(members: Keydir): void {
    if (this.upstreamCount === 0) {
      this.exchange(members);
      return;
    }
    this.generation++;
    this.count = 0;
    this.liveBytes = 0;
    for (const index of members.order('documented')) this.putFrom(members, index);
  }

  /** Sets a key as another keydir has it. Ranges in files must be of the same files. */
  putFrom(other: Keydir, index: number): void {
    const { bytes, start, length } = other.keyBytes(index);
    this.put(bytes, start, length, this.rangeFrom(other, index));
  }

  /** The range of a key of `other` as it is here: a value that lies in no file is kept here too. */
  rangeFrom(other: Keydir, index: number): LiveRange {
    const range = other.at(index);
    if (range.file !== literalFile || other === this) return range;
    return { ...range, ...this.addLiteral(other.literalAt(range)) };
  }

  /** Empties the table and keeps its memory. */
  clear(): void {
    this.literals = '';
    if (this.used === 0) return;
    this.empty();
    this.count = this.upstreamCount = this.liveBytes = this.births = this.removals = 0;
    this.generation = 1;
  }

  /** Keeps a JSON text as ASCII; gives its range for a LiveRange of file `literalFile`. */
  addLiteral(json: string): { offset: number; length: number } {
    const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    const text = json.replace(/[^\x20-\x7e]/g, escape);
    this.literals += text;
    return { offset: this.literals.length - text.length, length: text.length };
  }

  /** The JSON text that a range of `literalFile` of this very keydir stands for. */
  literalAt({ offset, length }: Pick<LiveRange, 'offset' | 'length'>): string {
    return this.literals.slice(offset, offset + length);
  }

  /** Index of a live key, -1 where there is none. */
  find(key: Uint8Array, semantics: Semantics = 'documented'): number {
    const index = this.lookUp(hashKey(key, 0, key.length, this.seed), key, 0, key.length);
    return index >= 0 && this.isLive(index, semantics) ? index : -1;
  }

  isLive(index: number, semantics: Semantics): boolean {
    const alive = this.words[index * entryWords + WORD.alive];
    return semantics === 'upstream' ? alive > 0 : alive === this.generation;
  }

  at(index: number): LiveRange {
    const { words } = this;
    const at = index * entryWords;
    return {
      file: words[at + WORD.file],
      offset: this.valueOffset(index),
      length: this.valueLength(index),
      line: words[at + WORD.line],
      versions: words[at + WORD.versions],
    };
  }

  /** `at(index).offset`, without the object. */
  valueOffset(index: number): number {
    return this.doubles[index * entryDoubles + offsetDouble];
  }

  /** `at(index).length`, without the object. */
  valueLength(index: number): number {
    return this.doubles[index * entryDoubles + lengthDouble];
  }

  /** `at(index).file`, without the object. */
  valueFile(index: number): number {
    return this.words[index * entryWords + WORD.file];
  }

  /** A view of the key's canonical bytes; valid until the next put. */
  keyBytes(index: number): { bytes: Uint8Array; start: number; length: number } {
    const at = index * entryWords;
    const { bytes } = this.arena;
    return { bytes, start: this.words[at + WORD.keyAt], length: this.words[at + WORD.keyLength] };
  }

  /** The key's canonical bytes, as a view; valid until the next put. */
  key(index: number): Uint8Array {
    const { bytes, start, length } = this.keyBytes(index);
    return bytes.subarray(start, start + length);
  }

  /** Indices of the live keys in the order in which each was last created. */
  order(semantics: Semantics): Uint32Array {
    const { words } = this;
    const rank = semantics === 'upstream' ? WORD.bornUpstream : WORD.born;
    const live = new Uint32Array(semantics === 'upstream' ? this.upstreamCount : this.count);
    let count = 0;
    let last = -1;
    let sorted = true;
    for (let index = 0; index < this.used; index++) {
      if (!this.isLive(index, semantics)) continue;
      const born = words[index * entryWords + rank];
      if (born < last) sorted = false;
      last = born;
      live[count++] = index;
    }
    // Nearly always the entries are in order already: they are reused only after deletes.
    const bornOf = (index: number) => words[index * entryWords + rank];
    return sorted ? live : live.sort((a, b) => bornOf(a) - bornOf(b));
  }

  /** Indices of the live keys in the order of their UTF-16 units, the state hash's order. */
  sortedOrder(semantics: Semantics): Uint32Array {
    return sortByKey(this.order(semantics), this);
  }

  private create(hash: number, bytes: Uint8Array, start: number, length: number): number {
    const index = this.add(hash, bytes, start, length);
    this.words[index * entryWords + WORD.bornUpstream] = this.births + 1;
    this.upstreamCount++;
    return index;
  }

  /** Takes over the other table whole, and gives it ours: a first checkpoint costs no copy. */
  private exchange(other: Keydir): void {
    const { removals } = this;
    const mine = { ...this };
    Object.assign(this, other, { removals });
    Object.assign(other, mine);
  }
}
