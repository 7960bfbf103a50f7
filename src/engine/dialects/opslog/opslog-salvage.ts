/** opslog-salvage: everything acknowledged that can be found in a store, as one state. */
import { basename, join } from 'node:path';
import type { Context } from '../../context.js';
import { keyToString, stringToKey } from '../../keydir/key-bytes.js';
import { Keydir } from '../../keydir/keydir.js';
import { baseByNames, baseOf, type Base } from './opslog-base.js';
import type { Dialect } from '../dialect.js';
import { readEntries, type DamageCount } from './opslog-entries.js';
import { makeFold, type FoldOptions } from './opslog-fold.js';
import { findLate, type LateEntry } from './opslog-late.js';
import { keysByPath } from './opslog-layout.js';
import { readArchive, readSnapshot, snapshotHead, Sources } from './opslog-sources.js';
import { plural } from '../../text.js';

/** A state, where it comes from, and what could not be found. The caller closes `sources`. */
export interface Salvaged {
  base: Base;
  keydir: Keydir;
  sources: Sources;
  /** What went into it besides the files of the base, one row each. */
  found: SalvagedPart[];
  /** Entries that are gone for good, as far as the bytes tell. */
  entriesLost: number;
  /** Agents of the store, in the manifest's order, those without an entry there behind. */
  agents: string[] | undefined;
  version: number;
}

/** One source of entries that the library does not see, or a place where some are missing. */
export interface SalvagedPart {
  path: string;
  entriesBack: number;
  entriesLost: number;
  line: number;
  why: string;
  keys: string[];
}

const keysNamedMax = 1_000;

/** Reads a store for everything it holds. Throws LogctlError where the disk fails. */
export async function salvageStore(
  context: Context,
  dialect: Dialect,
  directory: string,
): Promise<Salvaged> {
  const salvager = new Salvager(context, dialect, await bestBase(context, dialect, directory));
  try {
    return await salvager.salvage();
  } catch (error) {
    salvager.sources.close();
    throw error;
  }
}

/**
 * The base to recover from. A newer generation with operations was in force once: the manifest is
 * an old one. Without a manifest it is the newest snapshot that is whole.
 */
async function bestBase(context: Context, dialect: Dialect, directory: string): Promise<Base> {
  const base = baseOf(context.disk, directory);
  const { names, snapshot } = base;
  const stamp = names.snapshots.find(({ path }) => path === snapshot)?.stamp ?? -Infinity;
  const hasLogs = (from: number) => names.logs.some((log) => log.stamp >= from && log.bytes > 0);
  for (const newer of names.snapshots.toReversed()) {
    const isCandidate = base.from === 'names' || (newer.stamp > stamp && hasLogs(newer.stamp));
    if (!isCandidate) continue;
    const sources = new Sources(context.disk, directory);
    try {
      const { damage } = await readSnapshot(context, dialect, sources, newer.path);
      if (damage.lines > 0 || newer.bytes === 0) continue;
    } finally {
      sources.close();
    }
    if (newer.path === snapshot) return base;
    const found = baseByNames(names, newer.path);
    return { ...found, manifest: base.manifest, isMerged: found.isMerged || base.isMerged };
  }
  return base;
}

class Salvager {
  readonly sources: Sources;
  private keydir = new Keydir();
  private readonly found: SalvagedPart[] = [];
  private late = new Map<string, LateEntry>();

  constructor(
    private readonly context: Context,
    private readonly dialect: Dialect,
    private readonly base: Base,
  ) {
    this.sources = new Sources(context.disk, base.names.directory);
  }

  async salvage(): Promise<Salvaged> {
    const { base, context, sources, found } = this;
    await this.readSnapshot();
    const late = await findLate(context, this.dialect, base, sources);
    this.late = late.entries;
    this.applyLate();
    await this.readLogs();
    for (const name of base.missing) {
      if (name.startsWith('snapshots/')) continue;
      this.add(join(base.names.directory, name), { entriesLost: 1, why: 'the file is gone' });
    }
    const { manifest, snapshot } = base;
    const head = snapshot === undefined ? undefined : snapshotHead(context.disk, snapshot);
    return {
      ...{ base, keydir: this.keydir, sources, found, agents: this.agents() },
      entriesLost: found.reduce((sum, { entriesLost }) => sum + entriesLost, 0),
      version: Math.max(1, head?.version ?? manifest?.version ?? 1),
    };
  }

  /** The snapshot, and where it is damaged what the generation before says it must hold. */
  private async readSnapshot(): Promise<void> {
    const { base, context, dialect, sources } = this;
    const { snapshot, manifest } = base;
    let damage: DamageCount | undefined;
    if (snapshot !== undefined) {
      ({ keydir: this.keydir, damage } = await readSnapshot(context, dialect, sources, snapshot));
    }
    const wanted = base.from === 'names' ? 0 : (manifest?.stats.activeRecords ?? 0);
    const isDamaged = damage === undefined || damage.lines > 0;
    if (!isDamaged && this.keydir.count >= wanted) return;
    if (snapshot === undefined && manifest === undefined) return;
    const path = snapshot ?? join(base.names.directory, manifest!.currentSnapshot);
    const own = this.keydir.count;
    const filled = await this.fill(path);
    const short = Math.max(0, wanted - this.keydir.count);
    // A count that is there decides; without it each damaged stretch may have been an entry.
    const entriesLost = manifest === undefined ? (damage?.entriesLost ?? 0) : short;
    const isGone = snapshot === undefined;
    const from = `the generation before gives ${plural(filled, 'record')}`;
    const why = isGone
      ? `the snapshot is gone; ${from}`
      : `the snapshot is damaged: ${own} of its ${plural(wanted, 'record')} whole; ${from}`;
    this.add(path, { entriesBack: filled, entriesLost, why, line: 1 });
  }

  /** Records that the generation before a damaged snapshot leads to and it lacks; how many. */
  private async fill(snapshot: string): Promise<number> {
    const { context, dialect, sources, base } = this;
    const { names } = base;
    const stamp = Number(/(\d+)\.jsonl?$/.exec(basename(snapshot))?.[1] ?? NaN);
    const before = names.snapshots.findLast((one) => one.stamp < stamp);
    const logs = names.logs.filter((one) => one.stamp < stamp && one.stamp >= (before?.stamp ?? 0));
    if (before === undefined && logs.length === 0) return 0;
    const keydir =
      before === undefined
        ? new Keydir()
        : (await readSnapshot(context, dialect, sources, before.path)).keydir;
    await this.fold(keydir, logs, {});
    const archived = await this.archived();
    let filled = 0;
    for (const index of keydir.order('documented')) {
      const key = keydir.key(index);
      if (this.keydir.find(key) >= 0 || archived.some((one) => one.find(key) >= 0)) continue;
      this.keydir.putFrom(keydir, index);
      filled++;
    }
    return filled;
  }

  private async archived(): Promise<Keydir[]> {
    const { archives, directory } = this.base.names;
    const found: Keydir[] = [];
    for (const name of archives) {
      const archive = await readArchive(this.context, this.sources, join(directory, name));
      if (archive !== undefined) found.push(archive);
    }
    return found;
  }

  /** Lost operations go in before the current logs: those count where they are later. */
  private applyLate(): void {
    const inTime = [...this.late].sort(([, a], [, b]) => (a.time || 0) - (b.time || 0));
    for (const [key, { value, line }] of inTime) {
      const bytes = stringToKey(key);
      if (value === undefined) this.keydir.delete(bytes, 0, bytes.length);
      else this.keydir.put(bytes, 0, bytes.length, { ...value, line, versions: 1 });
    }
    for (const [path, keys] of keysByPath(inTime)) {
      this.add(path, { entriesBack: keys.length, keys, why: 'no reader of the store sees it' });
    }
  }

  private async readLogs(): Promise<void> {
    const { base, late } = this;
    const { directory, logs } = base.names;
    const stamp = logs.length === 0 ? 0 : this.stampOfSnapshot();
    const known = new Set(base.logs.map(({ path }) => path));
    const more = logs.filter((log) => !known.has(log.path) && log.stamp >= stamp && log.bytes > 0);
    const ignored = base.ignored === undefined ? undefined : join(directory, base.ignored);
    const unread = logs.filter(
      ({ path }) => path === ignored && !more.some((m) => m.path === path),
    );
    const skips: FoldOptions['skips'] = (batch, row) => {
      if (late.size === 0) return false;
      const start = batch.keyStart[row];
      const key = batch.keys.subarray(start, start + batch.keyLength[row]);
      return batch.time[row] < (late.get(keyToString(key))?.time ?? -Infinity);
    };
    const all = [...unread, ...base.logs, ...more];
    const isMerged = base.isMerged || all.length > 1;
    const counted = await this.fold(this.keydir, all, { skips }, isMerged);
    for (const { path } of [...unread, ...more]) {
      const entriesBack = counted.get(path)?.entries ?? 0;
      if (entriesBack > 0) this.add(path, { entriesBack, why: 'no reader of the store sees it' });
    }
  }

  private stampOfSnapshot(): number {
    const { snapshot, names, manifest } = this.base;
    const name = snapshot ?? manifest?.currentSnapshot ?? '';
    const known = names.snapshots.find(({ path }) => path === snapshot)?.stamp;
    return known ?? Number(/(\d+)\.jsonl?$/.exec(name)?.[1] ?? 0);
  }

  /** Folds logs; their damage is noted, what is lost in it counted. */
  private async fold(
    keydir: Keydir,
    logs: readonly { path: string; agent?: string }[],
    options: FoldOptions,
    isMerged = logs.some(({ agent }) => agent !== undefined),
  ): Promise<Map<string, { entries: number }>> {
    const fold = makeFold(keydir, isMerged, options);
    const counted = new Map<string, { entries: number }>();
    for (const { path } of logs) {
      const opened = this.sources.at(path);
      let entries = 0;
      const damage = await readEntries(this.context, this.dialect, {
        ...{ ...opened, role: 'segment' },
        take: (batch, place) => {
          entries += (place.to ?? batch.count) - (place.from ?? 0);
          fold.see(batch, place);
        },
      });
      counted.set(path, { entries });
      if (keydir !== this.keydir || damage.lines === 0) continue;
      const { entriesBack, entriesLost } = damage;
      this.add(path, { entriesBack, entriesLost, why: 'damaged lines' });
    }
    fold.finish();
    return counted;
  }

  private add(path: string, part: Partial<SalvagedPart> & { why: string }): void {
    const { keys = [] } = part;
    const empty = { entriesBack: 0, entriesLost: 0, line: 1 };
    this.found.push({ ...empty, ...part, path, keys: keys.slice(0, keysNamedMax) });
  }

  private agents(): string[] | undefined {
    const { manifest, names, isMerged, logs } = this.base;
    const registered = (manifest?.agents ?? []).map(([agent]) => agent);
    const stamp = this.stampOfSnapshot();
    const named = new Set(logs.map(({ path }) => path));
    // A log the manifest names belongs to the agent it says, whatever its own name.
    const current = names.logs.filter((log) => log.stamp >= stamp && !named.has(log.path));
    const seen = [...logs, ...current].flatMap(({ agent }) => agent ?? []);
    const late = [...this.late.values()].flatMap(({ path }) => {
      return names.logs.find((log) => log.path === path)?.agent ?? [];
    });
    const agents = [...new Set([...registered, ...seen, ...late])];
    return isMerged || agents.length > 0 ? agents : undefined;
  }
}
