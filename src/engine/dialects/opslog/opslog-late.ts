/**
 * opslog-late: acknowledged operations that the current generation has not heard of.
 *
 * The library never deletes a file, so what its compactions, races and fresh starts drop is still
 * there, in logs that no manifest names. An operation counts as lost where it is the last of its
 * key in those logs, the snapshot says something else, and no current log spoke of the key later.
 */
import { join } from 'node:path';
import type { Context } from '../../context.js';
import { keyToString, stringToKey } from '../../keydir/key-bytes.js';
import { Keydir } from '../../keydir/keydir.js';
import { diffStates } from '../../keydir/state-compare.js';
import { KIND, type LineBatch } from '../../scan/kernel.js';
import type { Base } from './opslog-base.js';
import type { Dialect } from '../dialect.js';
import { readEntries } from './opslog-entries.js';
import { makeFold } from './opslog-fold.js';
import type { StampedFile } from './opslog-layout.js';
import { LastTimes } from './opslog-tail.js';
import { readArchive, readSnapshot, snapshotHead, Sources } from './opslog-sources.js';

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

/** A state, the logs behind it, and the snapshot that should hold what both lead to. */
interface Step {
  from: string | undefined;
  logs: StampedFile[];
  to: string;
  /** The snapshot began empty: all that was before is missing in it. */
  isOtherLife: boolean;
}

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
  private readonly times: LastTimes;
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
    this.times = new LastTimes(context.disk);
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
    const steps = this.steps();
    result.isFreshOverOld = steps.some(({ isOtherLife }) => isOtherLife);
    if (steps.length === 0) return result;
    const read = await readSnapshot(this.context, this.dialect, this.sources, snapshot);
    // What a damaged snapshot lacks is no loss of the library's: it is filled otherwise.
    if (read.damage.lines > 0) return result;
    const now = read.keydir;
    const keys = new Set<string>();
    for (const step of steps) {
      const expected = await this.fold(step.from, step.logs);
      const next = step.to === snapshot ? now : await this.stateOf(step.to);
      for (const key of await this.differing(expected, next, step.isOtherLife)) keys.add(key);
      if (step.isOtherLife) this.addRecords(keys, expected);
    }
    if (keys.size === 0) return result;
    await this.collect(keys, pathsOf(this.older), (key, entry) => {
      const known = this.entries.get(key);
      if (known === undefined || !(entry.time < known.time)) this.entries.set(key, entry);
    });
    await this.dropKnown(now);
    await this.dropArchived(now);
    await this.dropSuperseded();
    return result;
  }

  /**
   * Generations whose next snapshot may lack something: every one of agents since a snapshot that
   * we wrote, the last of another life, and logs that were written to after their generation.
   */
  private steps(): Step[] {
    const { disk } = this.context;
    const { snapshots } = this.base.names;
    const { manifest, snapshot } = this.base;
    const current = { path: snapshot!, stamp: this.stamp };
    const older = snapshots.filter((one) => one.stamp < this.stamp && one.path !== snapshot);
    const ours = [...older, current].findLastIndex(({ path }) => snapshotHead(disk, path).isOurs);
    const before = older.slice(Math.max(0, ours));
    const chain = [
      ...before.filter((one) => !this.times.isUnfinished(one, this.base.names.logs)),
      current,
    ];
    const isAgents = ({ agent }: StampedFile) => agent !== undefined;
    const steps = chain.flatMap((from, place, all): Step[] => {
      const to = all[place + 1];
      if (to === undefined) return [];
      const logs = this.logsBetween(from.stamp, to.stamp);
      if (!logs.some(isAgents)) return [];
      return [{ from: from.path, logs, to: to.path, isOtherLife: false }];
    });
    const first = this.firstOfLife(manifest?.stats.created);
    if (ours < 0 && first !== undefined) {
      const last = chain.findLast(({ stamp }) => stamp < first.stamp) ?? before[0];
      const logs = this.logsBetween(last?.stamp ?? 0, first.stamp);
      steps.push({ from: last?.path, logs, to: current.path, isOtherLife: true });
    }
    const known = new Set(steps.flatMap(({ logs }) => logs));
    const late = this.older.filter((log) => !known.has(log) && !(this.times.of(log) <= this.time));
    if (late.length === 0) return steps;
    return [...steps, { from: undefined, logs: late, to: current.path, isOtherLife: false }];
  }

  private logsBetween(from: number, to: number): StampedFile[] {
    return this.older.filter(({ stamp }) => stamp >= from && stamp < to);
  }

  /** The first snapshot of this store's life, where files of another life are older. */
  private firstOfLife(created = ''): StampedFile | undefined {
    const { snapshots } = this.base.names;
    const first = snapshots.findLast(({ stamp }) => stamp <= Date.parse(created));
    return first !== undefined && this.isBefore(first.stamp) ? first : undefined;
  }

  private async stateOf(path: string): Promise<Keydir> {
    return (await readSnapshot(this.context, this.dialect, this.sources, path)).keydir;
  }

  private isBefore(stamp: number): boolean {
    const { snapshots, logs } = this.base.names;
    return [...snapshots, ...logs].some((file) => file.stamp < stamp && file.bytes > 0);
  }

  private async fold(snapshot: string | undefined, logs: StampedFile[]): Promise<Keydir> {
    const { context, dialect, sources } = this;
    const keydir = snapshot === undefined ? new Keydir() : await this.stateOf(snapshot);
    const fold = makeFold(
      keydir,
      logs.some(({ agent }) => agent !== undefined),
    );
    for (const { path } of logs) {
      await readEntries(context, dialect, {
        ...{ ...sources.at(path), role: 'segment' },
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
      const { file, source } = sources.at(path);
      await readEntries(context, dialect, {
        ...{ source, role: 'segment', file },
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
    const newer = names.logs.filter(({ stamp }) => stamp >= this.stamp);
    const paths = [...new Set(pathsOf([...logs, ...newer]))];
    const keys = new Set(this.entries.keys());
    if (keys.size === 0) return;
    await this.collect(keys, paths, (key, { time }) => {
      const late = this.entries.get(key);
      if (late !== undefined && time >= late.time) this.entries.delete(key);
    });
  }
}

const pathsOf = (files: readonly { path: string }[]) => files.map(({ path }) => path);

function keyAt(batch: LineBatch, row: number): string {
  const start = batch.keyStart[row];
  return keyToString(batch.keys.slice(start, start + batch.keyLength[row]));
}
