/** key-order: many keys put into the order of their UTF-16 units, byte after byte. */
import { compareKeys } from './key-bytes.js';
import type { Keydir } from './keydir.js';

/** Fewer keys than this are compared with each other. */
const comparedMax = 16;
/** From this byte on, the order of bytes is not that of UTF-16: see compareKeys. */
const firstOddByte = 0xed;
/** Keys that end; those with each byte below the odd ones; those with odd ones. */
const groupCount = firstOddByte + 2;
const oddGroup = groupCount - 1;

/** Places `from` to `to` of the order: their keys are the same up to byte `depth`. */
interface Group {
  from: number;
  to: number;
  depth: number;
}

/**
 * Sorts indices of a keydir by their keys, as `compareKeys` compares them; gives `order`. A radix
 * sort from the first byte on: it looks once at each byte that tells keys apart, where a sort that
 * compares looks at all of them for each of some twenty comparisons.
 */
export function sortByKey(order: Uint32Array, keydir: Keydir): Uint32Array {
  if (order.length > 1) new KeySort(order, keydir).run();
  return order;
}

class KeySort {
  /** All keys, and of each place of the unsorted order where its key is. */
  private readonly bytes: Uint8Array;
  private readonly starts: Uint32Array;
  private readonly lengths: Uint32Array;
  /** Places of the unsorted order. */
  private readonly places: Uint32Array;
  private readonly moved: Uint32Array;
  private readonly groups: Uint8Array;
  private readonly ends = new Uint32Array(groupCount);

  constructor(
    private readonly order: Uint32Array,
    keydir: Keydir,
  ) {
    const count = order.length;
    this.bytes = keydir.keyBytes(order[0]).bytes;
    this.starts = new Uint32Array(count);
    this.lengths = new Uint32Array(count);
    this.places = new Uint32Array(count);
    this.moved = new Uint32Array(count);
    this.groups = new Uint8Array(count);
    for (let place = 0; place < count; place++) {
      const { start, length } = keydir.keyBytes(order[place]);
      this.starts[place] = start;
      this.lengths[place] = length;
      this.places[place] = place;
    }
  }

  run(): void {
    const { order, places, moved } = this;
    const waiting: Group[] = [{ from: 0, to: order.length, depth: 0 }];
    for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) {
      if (group.to - group.from > comparedMax) this.split(group, waiting);
      else this.sortFew(group);
    }
    for (let at = 0; at < places.length; at++) moved[at] = order[places[at]];
    order.set(moved);
  }

  /** Puts the keys of a group in order by their byte at `depth`; adds the groups in it. */
  private split({ from, to, depth }: Group, waiting: Group[]): void {
    const { places, bytes, starts, lengths, moved, groups, ends } = this;
    ends.fill(0);
    for (let at = from; at < to; at++) {
      const place = places[at];
      const isOver = lengths[place] === depth;
      const group = isOver ? 0 : 1 + Math.min(firstOddByte, bytes[starts[place] + depth]);
      groups[at] = group;
      ends[group]++;
    }
    const odd = to - ends[oddGroup];
    for (let group = 0, next = from; group < groupCount; group++) {
      const end = next + ends[group];
      // Of those that are over there is one: no two keys are equal.
      const isSorted = group === 0 || group === oddGroup || end - next < 2;
      if (!isSorted) waiting.push({ from: next, to: end, depth: depth + 1 });
      ends[group] = next;
      next = end;
    }
    for (let at = from; at < to; at++) moved[ends[groups[at]]++] = places[at];
    places.set(moved.subarray(from, to), from);
    places.subarray(odd, to).sort((a, b) => this.compare(a, b, depth));
  }

  /** Sorts by insertion. */
  private sortFew({ from, to, depth }: Group): void {
    const { places } = this;
    for (let at = from + 1; at < to; at++) {
      const place = places[at];
      let free = at;
      for (; free > from && this.compare(place, places[free - 1], depth) < 0; free--) {
        places[free] = places[free - 1];
      }
      places[free] = place;
    }
  }

  /** Compares keys that are the same up to byte `depth`. */
  private compare(a: number, b: number, depth: number): number {
    const { bytes, starts, lengths } = this;
    const shorter = Math.min(lengths[a], lengths[b]);
    for (let at = depth; at < shorter; at++) {
      const [left, right] = [bytes[starts[a] + at], bytes[starts[b] + at]];
      if (left === right) continue;
      if (left < firstOddByte || right < firstOddByte) return left - right;
      return compareKeys(this.keyAt(a), this.keyAt(b));
    }
    return lengths[a] - lengths[b];
  }

  private keyAt(place: number): Uint8Array {
    return this.bytes.subarray(this.starts[place], this.starts[place] + this.lengths[place]);
  }
}
