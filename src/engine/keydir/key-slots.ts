/** KeySlots: the open-addressing table of a keydir: hash to entry number. */

/**
 * Pairs of hash and entry number + 1, so that a probe that misses touches no entry. Linear
 * probing; at most two thirds full.
 */
export class KeySlots {
  /** The pairs; the keydir walks them itself, since a call per probe would cost more. */
  pairs: Uint32Array;

  /** `entries`: how many fit before the table must grow, at least; a power of two. */
  constructor(entries: number) {
    this.pairs = new Uint32Array(entries * 4);
  }

  /** True when one more entry beside `count` would make probes long. */
  isFull(count: number): boolean {
    return (count + 1) * 3 > this.pairs.length;
  }

  /** Makes the table twice as large and empty: its entries are to be inserted again. */
  double(): void {
    this.pairs = new Uint32Array(this.pairs.length * 2);
  }

  insert(hash: number, index: number): void {
    const { pairs } = this;
    const mask = pairs.length - 1;
    let at = (hash << 1) & mask;
    while (pairs[at + 1] !== 0) at = (at + 2) & mask;
    pairs[at] = hash;
    pairs[at + 1] = index + 1;
  }

  /** Removes without a tombstone: entries behind the gap move up (Knuth 6.4, algorithm R). */
  remove(hash: number, index: number): void {
    const { pairs } = this;
    const mask = pairs.length - 1;
    let gap = (hash << 1) & mask;
    while (pairs[gap + 1] !== index + 1) gap = (gap + 2) & mask;
    for (let at = (gap + 2) & mask; pairs[at + 1] !== 0; at = (at + 2) & mask) {
      const home = (pairs[at] << 1) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      pairs[gap] = pairs[at];
      pairs[gap + 1] = pairs[at + 1];
      gap = at;
    }
    pairs[gap] = pairs[gap + 1] = 0;
  }
}
