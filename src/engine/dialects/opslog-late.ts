/**
 * opslog-late: acknowledged operations that the current generation has not heard of.
 *
 * The library never deletes a file, so what its compactions, races and fresh starts drop is still
 * there, in logs that no manifest names. An operation counts as lost where it is the last of its
 * key in those logs, the snapshot says something else, and no current log spoke of the key later.
 */
import type { Context } from '../context.js';
import { keyToString, stringToKey } from '../keydir/key-bytes.js';
import { Keydir } from '../keydir/keydir.js';
import { diffStates } from '../keydir/state-compare.js';
import { KIND, type LineBatch } from '../scan/kernel.js';
import type { Base } from './opslog-base.js';
import type { Dialect } from './dialect.js';
import { readEntries } from './opslog-entries.js';
import { makeFold } from './opslog-fold.js';
import type { StampedFile } from './opslog-layout.js';
import { readArchive, readSnapshot, snapshotHead, Sources } from './opslog-sources.js';
import { join } from 'node:path';

/** The last that an unread log says of a key. */
export interface LateEntry {
  path: string;
  line: number;
  /** Milliseconds since 1970 UTC; NaN where it has none. */
  time: number;
  /** Undefined: the key was deleted. `file` is a number in the sources. */
  value: { file: number; offset: number; length: number } | undefined;
}

/** Late operations by key, and what makes the store look as if there were some. */
export interface LateEntries {
  entries: Map<string, LateEntry>;
  /** The current generation began empty beside an older one: a manifest was lost. */
  isFreshOverOld: boolean;
}

const tailBytes = 65_536;

/** Finds them. Reads old files only where there is a sign that something is missing. */
export async function findLate(
  context: Context,
  dialect: Dialect,
  base: Base,
  sources: Sources,
): Promise<LateEntries> {
  return new LateFinder(context, dialect, base, sources).find();
}

class LateFinder {
  private readonly entries = new Map<string, LateEntry>();
  private readonly stamp: number;
  private readonly time: number;
  /** Logs before the current snapshot that the manifest does not name. */
  private readonly older: StampedFile[];

  constructor(
    private readonly context: Context,
    private readonly dialect: Dialect,
    private readonly base: Base,
    private readonly sources: Sources,
  ) {
    const { names, snapshot, logs } = base;
    const head = snapshot === undefined ? undefined : snapshotHead(context.disk, snapshot);
    this.stamp = names.snapshots.find(({ path }) => path === snapshot)?.stamp ?? head?.time ?? NaN;
    this.time = head?.time ?? NaN;
    const read = new Set(logs.map(({ path }) => path));
    this.older = names.logs.filter(({ path, stamp, bytes }) => {
      return !read.has(path) && stamp < this.stamp && bytes > 0;
    });
  }

  async find(): Promise<LateEntries> {
    const { snapshot } = this.base;
    const result = { entries: this.entries, isFreshOverOld: false };
    if (snapshot === undefined || Number.isNaN(this.stamp)) return result;
    const before = this.generationBefore();
    const isLate = (log: StampedFile) => !(this.lastTime(log) <= this.time);
    const logs = new Set([...(before?.logs ?? []), ...this.older.filter(isLate)]);
    if (logs.size === 0 && before === undefined) return result;
    result.isFreshOverOld = before?.isOtherLife ?? false;
    const read = await readSnapshot(this.context, this.dialect, this.sources, snapshot);
    // What a damaged snapshot lacks is no loss of the library's: it is filled otherwise.
    if (read.damage.lines > 0) return result;
    const now = read.keydir;
    const expected = await this.fold(before?.snapshot, [...logs]);
    const keys = await this.differing(expected, now, result.isFreshOverOld);
    if (keys.size === 0) return result;
    await this.collect(
      keys,
      this.older.map(({ path }) => path),
      (key, entry) => {
        const known = this.entries.get(key);
        if (known === undefined || !(entry.time < known.time)) this.entries.set(key, entry);
      },
    );
    if (result.isFreshOverOld) this.addRecords(keys, expected);
    await this.dropKnown(now);
    await this.dropArchived(now);
    await this.dropSuperseded();
    return result;
  }

  /** The generation that the current snapshot should continue, where there is a sign of doubt. */
  private generationBefore() {
    const { snapshots } = this.base.names;
    const { manifest, snapshot } = this.base;
    if (snapshotHead(this.context.disk, snapshot!).isOurs) return undefined;
    const older = snapshots.filter((one) => one.stamp < this.stamp && one.path !== snapshot);
    const created = Date.parse(manifest?.stats.created ?? '');
    // The first snapshot of this store's life; older ones belong to another.
    const first = snapshots.findLast(({ stamp }) => stamp <= created)?.stamp;
    const isOtherLife = first !== undefined && this.isBefore(first);
    const lived = isOtherLife ? older.filter(({ stamp }) => stamp < first) : older;
    const last = lived.findLast((one) => !this.isUnfinished(one)) ?? lived[0];
    const until = isOtherLife ? first : this.stamp;
    const logs = this.older.filter(({ stamp }) => stamp >= (last?.stamp ?? 0) && stamp < until);
    const hasAgents = logs.some(({ agent }) => agent !== undefined);
    if (!isOtherLife && !hasAgents) return undefined;
    return { snapshot: last?.path, logs, isOtherLife };
  }

  private isBefore(stamp: number): boolean {
    const { snapshots, logs } = this.base.names;
    return [...snapshots, ...logs].some((file) => file.stamp < stamp && file.bytes > 0);
  }

  /** A compaction that never took effect: an older log was written to after it. */
  private isUnfinished({ path, stamp }: StampedFile): boolean {
    const { time } = snapshotHead(this.context.disk, path);
    return this.base.names.logs.some((log) => log.stamp < stamp && this.lastTime(log) > time);
  }

  /** The time of the last operation of a log, as far as its end shows; NaN where it does not. */
  private lastTime({ path, bytes }: StampedFile): number {
    const file = this.context.disk.open(path);
    try {
      const tail = new Uint8Array(Math.min(bytes, tailBytes));
      const length = file.read(tail, bytes - tail.length) as number;
      const text = Buffer.from(tail.subarray(0, length)).toString('latin1');
      const last = text.lastIndexOf('{"ts":"');
      if (last < 0) return bytes === 0 ? -Infinity : NaN;
      return Date.parse(text.slice(last + 7, text.indexOf('"', last + 7)));
    } finally {
      file.close();
    }
  }

  private async fold(snapshot: string | undefined, logs: StampedFile[]): Promise<Keydir> {
    const { context, dialect, sources } = this;
    const keydir =
      snapshot === undefined
        ? new Keydir()
        : (await readSnapshot(context, dialect, sources, snapshot)).keydir;
    const fold = makeFold(
      keydir,
      logs.some(({ agent }) => agent !== undefined),
    );
    for (const { path } of logs) {
      const file = sources.numberOf(path);
      await readEntries(context, dialect, {
        ...{ source: sources.files[file], role: 'segment', file },
        take: (batch, place) => {
          fold.see(batch, place);
          this.touch(batch, place.from ?? 0, place.to ?? batch.count);
        },
      });
    }
    fold.finish();
    return keydir;
  }

  /** Keys that the old logs speak of. */
  private readonly touched = new Keydir();

  private touch(batch: LineBatch, from: number, to: number): void {
    const range = { file: 0, offset: 0, length: 0, line: 1, versions: 1 };
    for (let row = from; row < to; row++) {
      if (batch.kind[row] !== KIND.put && batch.kind[row] !== KIND.delete) continue;
      this.touched.put(batch.keys, batch.keyStart[row], batch.keyLength[row], range);
    }
  }

  private async differing(expected: Keydir, now: Keydir, isOtherLife: boolean) {
    const { files } = this.sources;
    const first = { keydir: expected, sources: files };
    const { changed, onlyFirst, onlySecond } = await diffStates(first, {
      keydir: now,
      sources: files,
    });
    const isTouched = (key: string) => this.touched.find(stringToKey(key)) >= 0;
    const unread = isOtherLife ? onlyFirst : onlyFirst.filter(isTouched);
    return new Set([...unread, ...[...changed, ...onlySecond].filter(isTouched)]);
  }

  /** Gives every operation of these keys in these logs. */
  private async collect(
    keys: ReadonlySet<string>,
    paths: readonly string[],
    give: (key: string, entry: LateEntry) => void,
  ): Promise<void> {
    const { context, dialect, sources } = this;
    for (const path of paths) {
      const file = sources.numberOf(path);
      await readEntries(context, dialect, {
        ...{ source: sources.files[file], role: 'segment', file },
        take: (batch, { firstLine, from = 0, to = batch.count }) => {
          for (let row = from; row < to; row++) {
            const isPut = batch.kind[row] === KIND.put;
            if (!isPut && batch.kind[row] !== KIND.delete) continue;
            const key = keyAt(batch, row);
            if (!keys.has(key)) continue;
            const range = { offset: batch.valueOffset[row], length: batch.valueLength[row] };
            const value = isPut ? { file, ...range } : undefined;
            give(key, { path, line: firstLine + row, time: batch.time[row], value });
          }
        },
      });
    }
  }

  /** Records of another life that no log speaks of. */
  private addRecords(keys: ReadonlySet<string>, expected: Keydir): void {
    for (const key of keys) {
      const index = this.entries.has(key) ? -1 : expected.find(stringToKey(key));
      if (index < 0) continue;
      const { file, offset, length, line } = expected.at(index);
      const path = this.sources.pathOf(file);
      this.entries.set(key, { path, line, time: -Infinity, value: { file, offset, length } });
    }
  }

  /** What the snapshot has just so needs no saving. */
  private async dropKnown(now: Keydir): Promise<void> {
    const last = new Keydir();
    for (const [key, { value, line }] of this.entries) {
      const bytes = stringToKey(key);
      if (value !== undefined) last.put(bytes, 0, bytes.length, { ...value, line, versions: 1 });
      else if (now.find(bytes) < 0) this.entries.delete(key);
    }
    const { files } = this.sources;
    const first = { keydir: last, sources: files };
    const { changed, onlyFirst } = await diffStates(first, { keydir: now, sources: files });
    const news = new Set([...changed, ...onlyFirst]);
    for (const [key, { value }] of this.entries) {
      if (value !== undefined && !news.has(key)) this.entries.delete(key);
    }
  }

  /** What went to an archive was taken out on purpose. */
  private async dropArchived(now: Keydir): Promise<void> {
    const { archives, directory } = this.base.names;
    for (const name of archives) {
      const archive = await readArchive(this.context, this.sources, join(directory, name));
      for (const key of this.entries.keys()) {
        const bytes = stringToKey(key);
        if (archive !== undefined && archive.find(bytes) >= 0 && now.find(bytes) < 0) {
          this.entries.delete(key);
        }
      }
    }
  }

  /** A later word in a log that is read, or is of this generation, stands. */
  private async dropSuperseded(): Promise<void> {
    const { logs, names } = this.base;
    const newer = names.logs.filter(({ stamp }) => stamp >= this.stamp).map(({ path }) => path);
    const paths = [...new Set([...logs.map(({ path }) => path), ...newer])];
    const keys = new Set(this.entries.keys());
    if (keys.size === 0) return;
    await this.collect(keys, paths, (key, { time }) => {
      const late = this.entries.get(key);
      if (late !== undefined && time >= late.time) this.entries.delete(key);
    });
  }
}

function keyAt(batch: LineBatch, row: number): string {
  const start = batch.keyStart[row];
  return keyToString(batch.keys.slice(start, start + batch.keyLength[row]));
}
