/** SimdKeydir: the keydir in the memory of the SIMD module, where its rows are folded. */
import type { LineBatch } from '../scan/kernel.js';
import { columnsIn } from '../scan/simd-batch.js';
import { SimdMemory } from '../scan/simd-memory.js';
import type { SimdExports } from '../scan/simd-module.js';
import { Keydir } from './keydir.js';
import type { LiveRange, Semantics } from './keydir-entry.js';

/** Where a table has its numbers: as TABLE of ../scan/simd/keydir.as.ts. */
const TABLE = { used: 8, count: 12, generation: 16, removals: 20 } as const;
/** An entry's 32-bit words, as ../scan/simd/entries.as.ts lays it out. */
const ENTRY = { offset: 0, offsetHigh: 1, length: 2, lengthHigh: 3, line: 4, versions: 5 } as const;
const keyLengthAt = 24;
/** The columns that are folded, besides the keys. */
const folded = ['kind', 'valueOffset', 'valueLength', 'keyStart', 'keyLength'] as const;
const longLength = 255;
const twoTo32 = 2 ** 32;

/** Which of the module's two tables: the log's state, or the members of a whole state. */
export const STATE_TABLE = 0;
/** The members of a whole state that was read and has not taken effect. */
export const MEMBERS_TABLE = 1;

/**
 * Answers as `Keydir` does. An index is the handle of an entry: valid until the next change. Its
 * fields `count`, `upstreamCount`, `liveBytes` and `removals` are set by `sync`.
 */
export class SimdKeydir extends Keydir {
  private readonly memory: SimdMemory;
  private ownColumns: ReturnType<typeof columnsIn> | undefined;

  constructor(
    readonly module: SimdExports,
    private readonly table: number = STATE_TABLE,
  ) {
    super();
    this.memory = SimdMemory.of(module);
  }

  /** Takes over what the module counted. */
  sync(): this {
    const { module, table } = this;
    this.count = module.tableNumber(table, TABLE.count) >>> 0;
    this.upstreamCount = module.tableNumber(table, TABLE.used) >>> 0;
    this.removals = module.tableNumber(table, TABLE.removals) >>> 0;
    this.liveBytes = module.liveBytes(table);
    return this;
  }

  /** Does nothing: `put` hashes by itself. */
  override prepare(): void {}

  override put(bytes: Uint8Array, start: number, length: number, value: LiveRange): void {
    const { module, table } = this;
    this.copyIn(bytes, start, length);
    this.memory.run(() => {
      const { file, offset, length: valueLength, line, versions } = value;
      module.put(table, length, file, offset, valueLength, line, versions);
    });
    this.sync();
  }

  override foldRows(batch: LineBatch, from: number, file: number, firstLine: number): boolean {
    const { module } = this;
    if (batch.keys.buffer !== this.memory.buffer) return false;
    this.memory.run(() => module.foldRows(from, batch.count, file, firstLine, 0));
    this.sync();
    return true;
  }

  /** The module's columns: looked for anew where its memory has grown. */
  private get columns(): ReturnType<typeof columnsIn> {
    const { module } = this;
    if (this.ownColumns?.kind.buffer !== this.memory.buffer) this.ownColumns = columnsIn(module);
    return this.ownColumns!;
  }

  /** The rows take the place of those that the module scanned last. */
  override foldForeign(batch: LineBatch, file: number, firstLine: number): boolean {
    const { module } = this;
    const { count, keyStart, keyLength } = batch;
    const keysEnd = count === 0 ? 0 : keyStart[count - 1] + keyLength[count - 1];
    if (keysEnd > module.keysEnd.value - module.keysAt.value) return false;
    for (let row = 0, end = 0; row < count; row = end) {
      const own = this.columns;
      end = Math.min(count, row + own.kind.length);
      for (const name of folded) own[name].set(batch[name].subarray(row, end));
      const hashes = batch.hash?.subarray(row, end);
      if (hashes !== undefined)
        new Uint32Array(this.memory.buffer, module.hashesAt.value).set(hashes);
      if (row === 0) own.keys.set(batch.keys.subarray(0, keysEnd));
      const hashed = hashes === undefined ? 0 : 1;
      this.memory.run(() => module.foldRows(0, end - row, file, firstLine + row, hashed));
    }
    this.sync();
    return true;
  }

  override delete(bytes: Uint8Array, start: number, length: number): boolean {
    this.copyIn(bytes, start, length);
    const isGone = this.memory.run(() => this.module.remove(this.table, length)) !== 0;
    this.sync();
    return isGone;
  }

  override replaceState(members: Keydir): void {
    const { module } = this;
    if (!(members instanceof SimdKeydir)) this.copyMembers(members);
    this.memory.run(() => module.commitState());
    this.sync();
  }

  /** Puts members that were read elsewhere into the module's table for them. */
  private copyMembers(members: Keydir): void {
    this.memory.run(() => this.module.beginState());
    const copy = new SimdKeydir(this.module, MEMBERS_TABLE);
    for (const index of members.order('documented')) {
      const { bytes, start, length } = members.keyBytes(index);
      // The module moves the entries over to this keydir, which has the values then.
      copy.put(bytes, start, length, this.rangeFrom(members, index));
    }
  }

  override clear(): void {
    this.literals = '';
    this.memory.run(() => this.module.clearTable(this.module.mainTable.value));
    this.sync();
  }

  override find(key: Uint8Array, semantics: Semantics = 'documented'): number {
    this.copyIn(key, 0, key.length);
    const handle = this.memory.run(() => this.module.find(this.table, key.length)) >>> 0;
    return handle !== 0 && this.isLive(handle, semantics) ? handle : -1;
  }

  override isLive(index: number, semantics: Semantics): boolean {
    const alive = this.memory.words[this.wordOf(index) + ENTRY.lengthHigh] >>> 8;
    if (semantics === 'upstream') return alive > 0;
    return alive === this.module.tableNumber(this.table, TABLE.generation) >>> 0;
  }

  override at(index: number): LiveRange {
    const words = this.memory.words;
    const at = this.wordOf(index);
    return {
      file: words[at + ENTRY.offsetHigh] >>> 16,
      offset: words[at + ENTRY.offset] + (words[at + ENTRY.offsetHigh] & 0xffff) * twoTo32,
      length: words[at + ENTRY.length] + (words[at + ENTRY.lengthHigh] & 0xff) * twoTo32,
      line: words[at + ENTRY.line],
      versions: words[at + ENTRY.versions],
    };
  }

  override valueOffset(index: number): number {
    const at = this.wordOf(index);
    return this.memory.words[at] + (this.memory.words[at + ENTRY.offsetHigh] & 0xffff) * twoTo32;
  }

  override valueLength(index: number): number {
    const at = this.wordOf(index) + ENTRY.length;
    return this.memory.words[at] + (this.memory.words[at + 1] & 0xff) * twoTo32;
  }

  override valueFile(index: number): number {
    return this.memory.words[this.wordOf(index) + ENTRY.offsetHigh] >>> 16;
  }

  override keyBytes(index: number): { bytes: Uint8Array; start: number; length: number } {
    const bytes = this.memory.bytes;
    const at = ((this.wordOf(index) << 2) >>> 0) + keyLengthAt;
    if (bytes[at] < longLength) return { bytes, start: at + 1, length: bytes[at] };
    const length = new DataView(bytes.buffer).getUint32(at + 1, true);
    return { bytes, start: at + 5, length };
  }

  override key(index: number): Uint8Array {
    const { bytes, start, length } = this.keyBytes(index);
    return bytes.subarray(start, start + length);
  }

  override order(semantics: Semantics): Uint32Array {
    const { module, table } = this;
    const open = () => module.openOrder(table, semantics === 'upstream' ? 1 : 0) >>> 0;
    const at = this.memory.run(open) >>> 2;
    this.sync();
    const length = semantics === 'upstream' ? this.upstreamCount : this.count;
    const live = this.memory.words.slice(at, at + length);
    module.closeOrder();
    return live;
  }

  /** Index of the entry's first 32-bit word in the memory. */
  private wordOf(index: number): number {
    return this.module.entryAt(index) >>> 2;
  }

  private copyIn(bytes: Uint8Array, start: number, length: number): void {
    const { memory, module } = this;
    const isOwn = bytes.buffer === memory.buffer;
    const from = bytes.byteOffset + start;
    const at = memory.run(() => module.scratch(length)) >>> 0;
    // A key of this memory is where it was, but the view that it came in may be empty by now.
    if (isOwn) memory.bytes.copyWithin(at, from, from + length);
    else memory.bytes.set(bytes.subarray(start, start + length), at);
  }
}
