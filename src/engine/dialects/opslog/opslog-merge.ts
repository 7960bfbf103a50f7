/**
 * opslog-merge: the operations of several writers folded in the order all of them agree on.
 *
 * The library sorts all operations in memory. Here each key keeps the rank of its last operation
 * only, a deletion as a tombstone: memory grows with live keys and keys deleted in the logs, and
 * the files are read one after the other. Data is always full, so the last operation decides.
 */
import { hashKey } from '../../keydir/key-hash.js';
import { KeyTable } from '../../keydir/key-table.js';
import { entryWords, WORD } from '../../keydir/keydir-entry.js';
import type { Keydir } from '../../keydir/keydir.js';
import { KIND, type LineBatch } from '../../scan/kernel.js';
import { counts, type FoldOptions, type FoldPlace, type RowFold } from './opslog-fold.js';
import { AgentNames, RankColumn, type Rank } from './opslog-ranks.js';

/** Rows of operation logs in, in any order of files; `finish` puts the outcome into the keydir. */
export class ClockedFold extends KeyTable implements RowFold {
  private readonly agents = new AgentNames();
  /** Per key: its last operation, its last deletion, and the set that created it behind that. */
  private readonly last = new RankColumn(this.agents);
  private readonly died = new RankColumn(this.agents);
  private readonly born = new RankColumn(this.agents);
  /** Of the last operation, where it sets. Bytes in its file. */
  private readonly offsets: number[] = [];
  private readonly lengths: number[] = [];
  /** Of the operation at hand, made once. */
  private readonly rank: Rank = { clock: 0, agent: 0, file: 0, line: 0 };

  /** `keydir` holds the snapshot. */
  constructor(
    private readonly keydir: Keydir,
    private readonly options: FoldOptions,
  ) {
    super();
  }

  /** The rows of a batch of operations, as the kernel gives them. */
  see(batch: LineBatch, at: FoldPlace): void {
    const { rank } = this;
    const agents = this.agents.translate(at.writers);
    const { from = 0, to = batch.count } = at;
    for (let row = from; row < to; row++) {
      if (!counts(batch, row, at.file, this.options)) continue;
      rank.clock = batch.clock[row] || 0;
      rank.agent = agents[batch.writer[row]];
      rank.file = at.file;
      rank.line = at.firstLine + row;
      const index = this.indexOf(batch, row);
      if (batch.kind[row] === KIND.put) this.put(index, rank, batch, row);
      else this.delete(index, rank);
    }
  }

  /** Deletes, then sets in the order in which the library would have created the keys. */
  finish(): void {
    const live: number[] = [];
    for (let index = 0; index < this.used; index++) {
      const at = index * entryWords;
      if (this.died.has(index)) {
        const [start, length] = [this.words[at + WORD.keyAt], this.words[at + WORD.keyLength]];
        this.keydir.delete(this.arena.bytes, start, length);
      }
      if (this.born.has(index)) live.push(index);
    }
    live.sort((a, b) => this.born.compareRows(a, b));
    for (const index of live) {
      const at = index * entryWords;
      const { file, line } = this.last.at(index);
      const versions = this.words[at + WORD.versions];
      const [offset, length] = [this.offsets[index], this.lengths[index]];
      const [start, keyLength] = [this.words[at + WORD.keyAt], this.words[at + WORD.keyLength]];
      const range = { file, line, offset, length, versions };
      this.keydir.put(this.arena.bytes, start, keyLength, range);
    }
  }

  private indexOf({ keys, keyStart, keyLength }: LineBatch, row: number): number {
    const hash = hashKey(keys, keyStart[row], keyLength[row], this.seed);
    const index = this.lookUp(hash, keys, keyStart[row], keyLength[row]);
    if (index >= 0) return index;
    const made = this.add(hash, keys, keyStart[row], keyLength[row]);
    // The table forgets what is not marked as living; tombstones are to stay.
    this.words[made * entryWords + WORD.alive] = 1;
    this.offsets[made] = this.lengths[made] = 0;
    return made;
  }

  private put(index: number, rank: Rank, { valueOffset, valueLength }: LineBatch, row: number) {
    const { last, born, died } = this;
    this.words[index * entryWords + WORD.versions]++;
    const isLast = !last.has(index) || last.compare(index, rank) < 0;
    if (isLast) {
      last.set(index, rank);
      this.offsets[index] = valueOffset[row];
      this.lengths[index] = valueLength[row];
    }
    if (died.has(index) && died.compare(index, rank) > 0) return;
    if (!born.has(index) || born.compare(index, rank) > 0) born.set(index, rank);
  }

  private delete(index: number, rank: Rank): void {
    const { last, born, died } = this;
    const isLast = !last.has(index) || last.compare(index, rank) < 0;
    if (!died.has(index) || died.compare(index, rank) < 0) died.set(index, rank);
    if (isLast) {
      last.set(index, rank);
      born.clear(index);
    } else if (born.has(index) && born.compare(index, rank) < 0) {
      // Which set came first behind this deletion was not kept: the last one did at the latest.
      born.set(index, last.at(index));
    }
  }
}
