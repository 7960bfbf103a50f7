/** writer-log: one log as its writer knows it: what was read, how far, and what others added. */
import type { WriteContext } from '../context.js';
import type { Dialect } from '../dialects/dialect.js';
import { diskWith, type SyncSource } from '../disk.js';
import type { Change } from './entry-text.js';
import { LogctlError } from '../errors.js';
import { keyToString } from '../keydir/key-bytes.js';
import { jsonText } from './json-refusals.js';
import type { LogOptions } from '../library.js';
import { openLogAs, type Log } from '../log.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { KIND, type LineBatch } from '../scan/kernel.js';
import { partOf } from '../bytes/source-part.js';
import { lastLineEnd } from '../bytes/sync-read.js';
import { eachText, textOf } from './value-texts.js';
import { versionOf } from './value-version.js';
import { placeInCompacted } from './writer-moved.js';
import { LayeredState, StateTable } from './writer-state.js';

/** How far a log was read. Sizes and offsets in bytes. */
export interface LogPosition {
  /** `FileStat.id` of the file; empty where there is none yet. */
  id: string;
  size: number;
  /** The highest sequence number so far. */
  seq: number;
  entries: number;
  /** Milliseconds since 1970 UTC; NaN without. */
  lastEntryTime: number;
  lastCheckpointTime: number;
  /** The last bytes before `size`: they show whether the file was rewritten in place. */
  mark: Uint8Array;
  /** The last line has no newline: the next append begins with one. */
  unended: boolean;
}

/** What a look at the file found behind the known bytes. */
export interface CaughtUp {
  entries: number;
  /** Something that is no whole entry ends the file: it has to be repaired before an append. */
  torn: boolean;
}

const markBytes = 64;

/** The version of the values that the program works with, and how older ones become it. */
export type Values = Pick<LogOptions, 'version' | 'migrate'>;

/** Follows one log file. `state` is undefined where values are not kept (`load: false`). */
export class FollowedLog {
  readonly state: LayeredState | undefined;
  position: LogPosition = nowhere();
  /** The log holds values of an older version than the state in memory. */
  private isBehind = false;

  constructor(
    readonly context: WriteContext,
    readonly path: string,
    readonly dialect: Dialect,
    load: boolean,
    private readonly values: Values = {},
  ) {
    this.state = load ? new LayeredState() : undefined;
  }

  /** Takes over a finished scan of the whole log. */
  async take(scan: LogScan): Promise<void> {
    const { state } = this;
    const source = scan.sources[0] as SyncSource | undefined;
    const read = await this.reading(scan);
    if (state !== undefined) {
      const { removals } = state.settled;
      state.settled = await tableOf(scan, read);
      state.settled.removals = Math.max(removals, scan.keydir.removals);
    }
    this.position = nowhere();
    if (source !== undefined) await this.moveTo(source, 0, scan);
  }

  /**
   * Reads what others appended since. `whole`: up to the end of the file, for a caller that holds
   * the lock; else up to the last newline. Where the file is another one, all of it is read again,
   * except after a compaction that can be seen to have left the state as it is known.
   */
  async catchUp({ whole }: { whole: boolean }): Promise<CaughtUp> {
    const { context, path } = this;
    if (context.disk.stat(path) === undefined) return this.isGone();
    const source = context.disk.open(path);
    try {
      const { id, size } = source.stat();
      if (id !== this.position.id) await this.moveWith(source);
      const { position } = this;
      const isSame = id === position.id && size >= position.size && (await this.hasMark(source));
      if (!isSame) return await this.readAgain({ inPlace: id === position.id });
      if (size === position.size) return { entries: 0, torn: false };
      const to = whole ? size : lastLineEnd(source, position.size, size);
      return await this.readPart(source, position.size, to);
    } finally {
      source.close();
    }
  }

  /** The change that brings the log to the version of the state; to be written before others. */
  get migration(): Change | undefined {
    const { state, isBehind } = this;
    if (!isBehind || state === undefined) return undefined;
    return { do: 'replace', members: [...state.settled.entries()] };
  }

  /** The migration is in the log. */
  migrated(): void {
    this.isBehind = false;
  }

  /** Moves behind bytes this process has just appended; false where others wrote in between. */
  advance(bytes: Uint8Array, stat: { id: string; size: number }, seq: number, entries: number) {
    const { position } = this;
    if (position.size + bytes.length !== stat.size) return false;
    const mark = Buffer.concat([position.mark, bytes.subarray(-markBytes)]).subarray(-markBytes);
    const { entries: before } = position;
    const { id, size } = stat;
    this.position = { ...position, id, size, seq, mark, entries: before + entries, unended: false };
    return true;
  }

  /** How values of the log are to be read: as they are, or migrated. Throws LogctlError. */
  private async reading(scan: LogScan): Promise<(text: string) => string> {
    const { version, migrate } = this.values;
    const from = (await versionOf(scan)) ?? 0;
    const isEmpty = scan.counter.lastEntry === undefined;
    this.isBehind = version !== undefined && from < version && !isEmpty;
    if (version !== undefined && from > version) {
      const message = `${this.path} holds values of version ${from}, this program knows ${version}`;
      throw new LogctlError('refused', message, 'update the program', { path: this.path });
    }
    if (!this.isBehind) return (text) => text;
    if (migrate !== undefined && this.state !== undefined) {
      return (text) => jsonText(migrate(JSON.parse(text), from));
    }
    const message = `${this.path} holds values of version ${from}, and nothing migrates them`;
    throw new LogctlError('usage', message, 'open it with its values and a migrate function', {
      path: this.path,
    });
  }

  /** Where a compaction made this file of the one known, the position moves over to it. */
  private async moveWith(source: SyncSource): Promise<void> {
    const { position: before, dialect } = this;
    if (before.size === 0 || before.unended || dialect.writes === undefined) return;
    const place = placeInCompacted(source, before, dialect.writes);
    if (place === undefined) return;
    const { offset, entries, compactedAt } = place;
    const mark = await bytesBefore(source, offset);
    const { id } = source.stat();
    this.position = { ...before, id, size: offset, mark, entries, lastCheckpointTime: compactedAt };
  }

  private isGone(): CaughtUp {
    if (this.position.id === '') return { entries: 0, torn: false };
    const hint = 'put it back from its backups: logctl recover --dry-run';
    throw new LogctlError('changed', `${this.path} was removed`, hint, { path: this.path });
  }

  /** `inPlace`: another program rewrote the file we know, as compactors without a rename do. */
  private async readAgain({ inPlace }: { inPlace: boolean }): Promise<CaughtUp> {
    const { context, path, position: before } = this;
    const log = openLogAs(context, path, this.dialect);
    const scan = await scanLog(context, log, { fold: this.state !== undefined });
    try {
      // Cut or half written: what it lacks may be in a backup, and is in our memory until now.
      if (inPlace && (scan.lines === 0 || scan.damages.length > 0)) throw rewritten(path);
      await this.take(scan);
      // Numbers that a compaction folded without naming them are never given out again.
      this.position.seq = Math.max(this.position.seq, before.seq);
      return { entries: this.position.entries, torn: isTorn(scan) };
    } finally {
      scan.close();
    }
  }

  private async readPart(source: SyncSource, from: number, to: number): Promise<CaughtUp> {
    const { context, path, dialect } = this;
    const part = partOf(source, from, to);
    const disk = diskWith(context.disk, {
      open: () => part,
      stat: () => part.stat(),
      // Nothing lies beside it: an unfinished compaction is not to be merged into it.
      lstat: () => undefined,
    });
    const log: Log = { path, dialect, files: dialect.layout(disk, path), missing: false };
    const delta: Delta = { changes: [], replaces: false };
    const scan = await scanLog({ ...context, disk, progress: undefined }, log, {
      fold: false,
      onRows: (batch) => readRows(batch, part, delta),
    });
    scan.close();
    if (this.state !== undefined) {
      // Rare, and its members may be millions: the keydir is made for that.
      if (delta.replaces) return this.readAgain({ inPlace: false });
      for (const change of delta.changes) this.state.settled.apply(change);
    }
    return this.moveTo(source, from, scan);
  }

  private async hasMark(source: SyncSource): Promise<boolean> {
    const { size, mark } = this.position;
    const found = new Uint8Array(mark.length);
    await source.read(found, size - mark.length);
    return Buffer.compare(found, mark) === 0;
  }

  /** The position behind what `scan` read from byte `from` on. */
  private async moveTo(source: SyncSource, from: number, scan: LogScan): Promise<CaughtUp> {
    const { counter } = scan;
    const torn = isTorn(scan);
    const last = scan.damages.at(-1);
    const size = from + (torn && last !== undefined ? last.offset : scan.bytes);
    const { position: before } = this;
    const mark = await bytesBefore(source, size);
    const entries = counter.ops.reduce((sum, count) => sum + count, 0);
    const startsOver = counter.firstKind === KIND.state && from === 0;
    this.position = {
      id: source.stat().id,
      size,
      seq: Math.max(before.seq, counter.lastSeq),
      entries: before.entries + entries,
      lastEntryTime: latest(before.lastEntryTime, counter.lastTime),
      lastCheckpointTime: startsOver ? counter.firstTime : before.lastCheckpointTime,
      mark,
      unended: !torn && scan.tail === 'unended',
    };
    return { entries, torn };
  }
}

function rewritten(path: string): LogctlError {
  const message = `${path} was rewritten in place and is not whole`;
  const hint = 'switch the other compactor off, then: logctl recover --dry-run';
  return new LogctlError('changed', message, hint, { path });
}

const nowhere = (): LogPosition => ({
  id: '',
  size: 0,
  seq: 0,
  entries: 0,
  lastEntryTime: NaN,
  lastCheckpointTime: NaN,
  mark: new Uint8Array(0),
  unended: false,
});

const latest = (a: number, b: number) => (Number.isNaN(b) ? a : b);

/** True where the file ends in something that is no whole entry. */
function isTorn({ tail }: LogScan): boolean {
  return tail === 'torn' || tail === 'nul';
}

async function bytesBefore(source: SyncSource, end: number): Promise<Uint8Array> {
  const mark = new Uint8Array(Math.min(markBytes, end));
  await source.read(mark, end - mark.length);
  return mark;
}

/** What a part of a log does to the state before it. */
interface Delta {
  changes: Change[];
  /** An entry in it replaces the whole state. */
  replaces: boolean;
}

async function readRows(batch: LineBatch, source: SyncSource, delta: Delta): Promise<void> {
  for (let row = 0; row < batch.count; row++) {
    const kind = batch.kind[row];
    if (kind === KIND.state) delta.replaces = true;
    if (kind !== KIND.put && kind !== KIND.delete) continue;
    const start = batch.keyStart[row];
    const key = keyToString(batch.keys.subarray(start, start + batch.keyLength[row]));
    if (kind === KIND.delete) {
      delta.changes.push({ do: 'delete', key });
      continue;
    }
    const bytes = new Uint8Array(batch.valueLength[row]);
    await source.read(bytes, batch.valueOffset[row]);
    delta.changes.push({ do: 'put', key, value: textOf(bytes) });
  }
}

async function tableOf(scan: LogScan, read: (text: string) => string): Promise<StateTable> {
  const table = new StateTable();
  await eachText(scan.keydir, scan.sources, (key, text) => table.put(key, read(text)));
  return table;
}
