/** batches: entries that count together or not at all, where damage took some of them. */
import type { LogScan } from '../checks/scan-log.js';
import { lineStartBefore, stampBytes, textBefore } from '../bytes/line-back.js';
import { hiddenEntries } from '../damage/damage-findings.js';
import type { EntryPiece } from '../damage/damage.js';
import type { SourceFile } from '../disk.js';
import type { ReadStamp } from '../writer/entry-text.js';
import type { DamageGroup } from './damage-groups.js';

/** What is given up whole: broken batches that lie together, and the damage inside and beside. */
export interface BrokenBatch {
  offset: number;
  end: number;
  /** Damage groups in it, in file order. */
  groups: DamageGroup[];
  /** Whole entries of the batches that are here and go with them. */
  here: number;
  /** Entries that the batches had. */
  of: number;
  /** Numbers of the first entry of the first one, and of the last entry of the last one. */
  firstSeq: number;
  lastSeq: number;
  /** The number that comes next; 0 where nobody can know. */
  nextSeq: number;
  /** Whole entries inside the damage that are of another write. */
  foreign: ReadonlySet<EntryPiece>;
}

/** A batch as its entries name it, and which of them are here. */
interface Batch {
  first: number;
  of: number;
  offset: number;
  end: number;
  here: Set<number>;
  groups: DamageGroup[];
}

/** What becomes of damage, as far as batches are concerned. */
export interface Restoring {
  /** Lines that come in the place of a group, without newline; undefined where none do. */
  filled(group: DamageGroup): Promise<readonly string[] | undefined>;
  /** True where the group held no entry, or what it held comes back without its number. */
  isHarmless(group: DamageGroup): Promise<boolean>;
}

/**
 * The batches that lack an entry because of damage that nothing restores; in file order. One write
 * makes a batch, so its entries lie together: they are looked for on both sides of each group.
 */
export async function brokenBatches(
  scan: LogScan,
  groups: readonly DamageGroup[],
  restoring: Restoring,
): Promise<BrokenBatch[]> {
  const { writes } = scan.log.dialect;
  if (writes === undefined || groups.length === 0) return [];
  const finder = new BatchFinder(scan, groups, restoring, (end) => writes.readStamp(end));
  const broken: Mutable<BrokenBatch>[] = [];
  for (const batch of await finder.all()) {
    const lost: DamageGroup[] = [];
    for (const group of batch.groups) if (!(await restoring.isHarmless(group))) lost.push(group);
    if (lost.length > 0) addBroken(broken, batch);
  }
  for (const one of broken) {
    one.foreign = await finder.foreignIn(one);
    one.nextSeq = await finder.numberBehind(one);
  }
  return broken;
}

type Mutable<T> = { -readonly [name in keyof T]: T[name] };

/** Two batches may have lost entries to one group: they go as one. */
function addBroken(broken: BrokenBatch[], batch: Batch): void {
  const { offset, end, of, here, groups, first: firstSeq } = batch;
  const lastSeq = firstSeq + of - 1;
  const last = broken.at(-1);
  if (last === undefined || offset >= last.end) {
    const numbers = { firstSeq, lastSeq, nextSeq: 0, here: here.size, of };
    broken.push({ offset, end, groups: [...groups], foreign: new Set(), ...numbers });
    return;
  }
  last.end = Math.max(last.end, end);
  last.here += here.size;
  last.of += of;
  last.lastSeq = lastSeq;
  last.groups.push(...groups.filter((group) => !last.groups.includes(group)));
}

type StampedBatch = ReadStamp & { batch: NonNullable<ReadStamp['batch']> };

class BatchFinder {
  private readonly source: SourceFile;
  private readonly groupAt = new Map<number, DamageGroup>();
  private readonly groupEnding = new Map<number, DamageGroup>();

  constructor(
    private readonly scan: LogScan,
    private readonly groups: readonly DamageGroup[],
    private readonly restoring: Restoring,
    private readonly readStamp: (end: string) => ReadStamp | undefined,
  ) {
    this.source = scan.sources[0];
    for (const group of groups) {
      this.groupAt.set(group.offset, group);
      this.groupEnding.set(group.end, group);
    }
  }

  /** The batches that lack entries beside a damage group, in file order, each once. */
  async all(): Promise<Batch[]> {
    const found: Batch[] = [];
    for (const group of this.groups) {
      for (const { batch } of await this.candidates(group)) {
        // A batch that reaches to this group was found from one of the last ones.
        const isKnown = found.slice(-8).some(({ first, groups }) => {
          return first === batch.first && groups.includes(group);
        });
        if (isKnown) continue;
        const whole = await this.around(group, batch);
        if (whole.here.size < batch.of) found.push(whole);
      }
    }
    return found;
  }

  /** Stamps beside and inside a group that say that a batch goes on there. */
  private async candidates(group: DamageGroup): Promise<StampedBatch[]> {
    const before = await this.stampBefore(group.offset);
    const behind = await this.stampAt(group.end);
    const inside = await this.stampsInside(group);
    const all = [
      before !== undefined && before.seq < lastOf(before) ? before : undefined,
      ...inside,
      behind !== undefined && behind.seq > behind.batch.first ? behind : undefined,
    ];
    return all.filter((stamp) => stamp !== undefined);
  }

  private async stampsInside(group: DamageGroup): Promise<StampedBatch[]> {
    const stamps: (StampedBatch | undefined)[] = [];
    for (const damage of group.damages) {
      // One that was replayed is an entry itself.
      const entries = damage.replayed ? [damage] : hiddenEntries(damage);
      for (const { offset, length } of entries) {
        stamps.push(await this.stampEndingAt(offset + length));
      }
    }
    return stamps.filter((stamp) => stamp !== undefined);
  }

  /** Whole entries inside the damage of broken batches that no batch of them has. */
  async foreignIn({ groups, firstSeq, lastSeq }: BrokenBatch): Promise<Set<EntryPiece>> {
    const foreign = new Set<EntryPiece>();
    for (const piece of groups.flatMap(({ damages }) => damages).flatMap(hiddenEntries)) {
      const stamp = await this.stampEndingAt(piece.offset + piece.length);
      const first = stamp?.batch.first ?? -1;
      if (first < firstSeq || first > lastSeq) foreign.add(piece);
    }
    return foreign;
  }

  /** Walks from a group to both ends of a batch. */
  private async around(group: DamageGroup, { first, of }: StampedBatch['batch']): Promise<Batch> {
    const batch: Batch = { first, of, ...rangeOf(group), here: new Set(), groups: [group] };
    await this.addInside(batch, group);
    await this.walkBack(batch);
    await this.walkOn(batch);
    batch.groups.sort((a, b) => a.offset - b.offset);
    return batch;
  }

  /** Notes the entries that a group holds, or that come in its place; true where there are any. */
  private async addInside({ first, here }: Batch, group: DamageGroup): Promise<boolean> {
    const before = here.size;
    const filled = (await this.restoring.filled(group)) ?? [];
    const stamps = filled.map((line) => inBatch(this.readStamp(line.slice(-stampBytes))));
    for (const stamp of [...stamps, ...(await this.stampsInside(group))]) {
      if (stamp?.batch.first === first) here.add(stamp.seq);
    }
    return here.size > before;
  }

  private async walkBack(batch: Batch): Promise<void> {
    const between: DamageGroup[] = [];
    for (let at = batch.offset; at > 0 && !batch.here.has(batch.first);) {
      const group = this.groupEnding.get(at);
      const start = group?.offset ?? (await lineStartBefore(this.source, at, 1));
      if (group !== undefined) {
        between.push(group);
        if (await this.addInside(batch, group)) this.joinAll(batch, between);
      } else if (!(await this.isBlank(start, at))) {
        const stamp = await this.stampBefore(at);
        if (stamp?.batch.first !== batch.first) return;
        batch.here.add(stamp.seq);
        batch.offset = start;
        this.joinAll(batch, between);
      }
      at = start;
    }
  }

  private async walkOn(batch: Batch): Promise<void> {
    const last = batch.first + batch.of - 1;
    const between: DamageGroup[] = [];
    for (let at = batch.end; at < this.scan.bytes && !batch.here.has(last);) {
      const group = this.groupAt.get(at);
      const end = group?.end ?? (await this.lineEnd(at));
      if (group !== undefined) {
        between.push(group);
        if (await this.addInside(batch, group)) this.joinAll(batch, between);
      } else if (!(await this.isBlank(at, end))) {
        const stamp = await this.stampAt(at);
        if (stamp?.batch.first !== batch.first) return;
        batch.here.add(stamp.seq);
        batch.end = end;
        this.joinAll(batch, between);
      }
      at = end;
    }
  }

  /** Groups between entries of a batch are of it, whatever they held. */
  private joinAll(batch: Batch, between: DamageGroup[]): void {
    for (const group of between.splice(0)) {
      batch.groups.push(group);
      batch.offset = Math.min(batch.offset, group.offset);
      batch.end = Math.max(batch.end, group.end);
    }
  }

  /** Behind the newline of the line at `offset`, or at the end. */
  private async lineEnd(offset: number): Promise<number> {
    const chunk = Buffer.alloc(1 << 12);
    for (let at = offset; ;) {
      const part = chunk.subarray(0, await this.source.read(chunk, at));
      const newline = part.indexOf(0x0a);
      if (newline >= 0) return at + newline + 1;
      if (part.length === 0) return at;
      at += part.length;
    }
  }

  private async isBlank(from: number, to: number): Promise<boolean> {
    if (to - from > 2) return false;
    const bytes = new Uint8Array(to - from);
    await this.source.read(bytes, from);
    return bytes.every((byte) => byte <= 0x20);
  }

  /** The stamp of the line that ends before `offset`, where a line begins. */
  private async stampBefore(offset: number): Promise<StampedBatch | undefined> {
    let end = offset;
    while (end > 0 && (await this.isBlank(end - 1, end))) end--;
    return this.stampEndingAt(end);
  }

  /** What number comes behind a batch. Where damage follows, all of the batch is gone at least. */
  async numberBehind({ end: offset, lastSeq }: BrokenBatch): Promise<number> {
    if (offset >= this.scan.bytes) return 0;
    const end = await this.entryEnd(offset);
    if (end === undefined) return lastSeq + 1;
    return this.readStamp(await textBefore(this.source, end))?.seq ?? 0;
  }

  private async stampAt(offset: number): Promise<StampedBatch | undefined> {
    const end = await this.entryEnd(offset);
    return end === undefined ? undefined : this.stampEndingAt(end);
  }

  /** Where the line at `offset`, or behind blank lines there, ends without its newline. */
  private async entryEnd(offset: number): Promise<number | undefined> {
    if (offset >= this.scan.bytes) return undefined;
    let [start, end] = [offset, await this.lineEnd(offset)];
    while (end < this.scan.bytes && (await this.isBlank(start, end))) {
      [start, end] = [end, await this.lineEnd(end)];
    }
    // A line whose end reads like one may be damaged all the same.
    if (this.groupAt.has(start)) return undefined;
    while (end > start && (await this.isBlank(end - 1, end))) end--;
    return end;
  }

  private async stampEndingAt(end: number): Promise<StampedBatch | undefined> {
    return inBatch(this.readStamp(await textBefore(this.source, end)));
  }
}

const inBatch = (stamp: ReadStamp | undefined): StampedBatch | undefined =>
  stamp?.batch === undefined ? undefined : (stamp as StampedBatch);

const lastOf = ({ batch: { first, of } }: StampedBatch): number => first + of - 1;
const rangeOf = ({ offset, end }: DamageGroup) => ({ offset, end });
