/** writer: an open log, as programs hold it: changes go in, promises say when they are durable. */
import { Batch } from './batch.js';
import type { Change, Written } from './entry-text.js';
import { LogctlError } from '../errors.js';
import { GroupCommit } from './group-commit.js';
import { jsonText } from './json-refusals.js';
import type {
  LogHandle,
  LogOptions,
  LogStats,
  Recovered,
  UndoResult,
  Version,
} from '../library.js';
import { historyOf, stateAt } from './library-readers.js';
import type { MirrorKeeper } from './mirror-keeper.js';
import type { Turns } from './turns.js';
import { tail } from '../tail.js';
import type { TailEvent, TailOptions } from '../tail/tail-events.js';
import { isoTime } from '../text.js';
import { inverseOfLast } from './undo-log.js';
import type { LogAppender } from './writer-append.js';
import type { WriterLock } from './writer-lock.js';
import type { FollowedLog } from './writer-log.js';
import { replacing, type LayeredState } from './writer-state.js';

/** What an opened log is made of. Without `appender` it is read-only. */
export interface WriterParts {
  log: FollowedLog;
  options: LogOptions;
  /** What was repaired until now. */
  recovered(): Recovered | null;
  /** One thing at a time happens to the files. */
  turns: Turns;
  appender?: LogAppender;
  lock?: WriterLock;
  mirror?: MirrorKeeper;
}

/** Beyond this, calls in mode `async` wait for the disk after all: memory is not endless. */
const asyncBytesMax = 1 << 20;

/** See `LogHandle`. Made by `openLog`. */
export class LogWriter<Value> implements LogHandle<Value> {
  readonly path: string;
  private readonly log: FollowedLog;
  private readonly group: GroupCommit<Written>;
  private readonly turns: Turns;
  private queuedBytes = 0;
  private queuedChanges = 0;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: WriterParts) {
    const { log, options, turns } = parts;
    this.log = log;
    this.turns = turns;
    this.path = log.path;
    const { groupCommitSize = 50, groupCommitMs = 100 } = options;
    const isGroup = options.writeMode === 'group';
    this.group = new GroupCommit<Written>({
      ...(isGroup ? { size: groupCommitSize, openMs: groupCommitMs } : {}),
      clockMs: () => performance.now(),
      commit: (calls) => this.commit(calls),
    });
  }

  get recovered(): Recovered | null {
    return this.parts.recovered();
  }

  get size(): number {
    return this.loaded().size;
  }

  get(key: string): Value | undefined {
    const text = this.loaded().get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Value);
  }

  has(key: string): boolean {
    return this.loaded().get(key) !== undefined;
  }

  keys(): IterableIterator<string> {
    return this.loaded().all().keys();
  }

  *entries(): IterableIterator<[string, Value]> {
    for (const [key, text] of this.loaded().all().entries()) {
      yield [key, JSON.parse(text) as Value];
    }
  }

  async set(key: string, value: Value): Promise<void> {
    this.mustBeWritable(key);
    const done = this.write([{ do: 'put', key, value: jsonText(value) }]);
    if (done !== undefined) await done;
  }

  async delete(key: string): Promise<boolean> {
    this.mustBeOpen();
    const was = this.log.state?.get(key) !== undefined;
    await this.write([{ do: 'delete', key }]);
    return was;
  }

  async replace(data: Readonly<Record<string, Value>> | Iterable<readonly [string, Value]>) {
    this.mustBeOpen();
    const entries = Symbol.iterator in data ? data : Object.entries(data as Record<string, Value>);
    const texts = new Map<string, string>();
    for (const [key, value] of entries) texts.set(key, jsonText(value));
    return this.write(replacing(texts, this.log.state?.all().keys() ?? []));
  }

  async batch<Result>(fill: (batch: Batch<Value>) => Result | Promise<Result>): Promise<Result> {
    this.mustBeOpen();
    const batch = new Batch<Value>({
      read: (key) => this.loaded().get(key),
      mustBeWritable: (key) => this.mustBeWritable(key),
    });
    try {
      const result = await fill(batch);
      const changes = batch.end();
      this.mustBeOpen();
      if (changes.length > 0) await this.write(changes);
      return result;
    } finally {
      batch.end();
    }
  }

  async append(entry: Readonly<Record<string, unknown>>): Promise<void> {
    this.mustBeOpen();
    if (this.log.state !== undefined) {
      const message = `${this.path} was opened with its values, which an entry could change`;
      throw new LogctlError('usage', message, 'open it with load: false, or use set and delete');
    }
    // Only a format that is written has an appender, and `mustBeOpen` asked for that.
    return this.enqueue([this.log.dialect.writes!.given(entry)], []);
  }

  async undo(): Promise<UndoResult | null> {
    this.mustBeOpen();
    await this.group.drained();
    const inverse = await this.turns.take(() => inverseOfLast(this.log));
    if (inverse === undefined) return null;
    const { changes, ...undone } = inverse;
    if (changes.length > 0) await this.write(changes);
    return undone;
  }

  async history(key: string): Promise<Version<Value>[]> {
    await this.group.drained();
    const { context } = this.log;
    return (await historyOf(context, this.path, key, this.parts.options)) as Version<Value>[];
  }

  async at(time: number | Date | string): Promise<Map<string, Value>> {
    await this.group.drained();
    const { context } = this.log;
    return (await stateAt(context, this.path, time, this.parts.options)) as Map<string, Value>;
  }

  async refresh(): Promise<number> {
    const { entries } = await this.turns.take(() => this.log.catchUp({ whole: false }));
    if (entries > 0) this.parts.mirror?.changed();
    return entries;
  }

  tail(options: TailOptions = {}): AsyncIterableIterator<TailEvent> {
    const { disk, now, dialect } = this.parts.options;
    return tail(this.path, { disk, now, dialect, ...options });
  }

  async sync(): Promise<void> {
    await this.group.drained();
    const { appender, options } = this.parts;
    const { writeMode = 'immediate' } = options;
    const isLate = writeMode === 'async' || writeMode === 'none';
    if (isLate && appender !== undefined) await this.turns.take(() => appender.sync());
  }

  async flush(): Promise<void> {
    if (this.parts.options.writeMode === 'none') await this.group.drained();
    else await this.sync();
    await this.parts.mirror?.flush();
  }

  close(): Promise<void> {
    this.closing ??= this.flush().finally(() => this.parts.lock?.close());
    return this.closing;
  }

  stats(): LogStats {
    const { position, state } = this.log;
    const { size, entries, lastEntryTime, lastCheckpointTime } = position;
    const liveBytes = state?.settled.liveBytes ?? null;
    return {
      keys: state?.size ?? null,
      deleted: state?.settled.removals ?? null,
      entries,
      bytes: size,
      liveBytes,
      reclaimable: liveBytes === null ? null : Math.max(0, size - liveBytes),
      lastEntryAt: isoTime(lastEntryTime),
      lastCompactionAt: isoTime(lastCheckpointTime),
      queued: this.queuedChanges,
      fsyncs: this.parts.appender?.fsyncs ?? 0,
    };
  }

  /** A promise only where there is something to wait for. */
  private write(changes: readonly Change[]): Promise<void> | undefined {
    return this.enqueue(changes, changes);
  }

  /** `changes`: what of it the state shows at once. */
  private enqueue(
    written: readonly Written[],
    changes: readonly Change[],
  ): Promise<void> | undefined {
    const ended = this.group.error;
    if (ended !== undefined) return Promise.reject(this.noMoreWrites(ended));
    this.log.state?.add(changes);
    this.queuedBytes += weightOf(written);
    this.queuedChanges += written.length;
    const isAsync = this.parts.options.writeMode === 'async';
    if (!isAsync || this.queuedBytes > asyncBytesMax) return this.group.add(written);
    // An error is kept: `sync`, `flush`, `close` and the next write give it.
    this.group.put(written);
    return undefined;
  }

  private async commit(calls: (readonly Written[])[]): Promise<void> {
    const { appender, mirror } = this.parts;
    try {
      await this.turns.take(() => appender!.append(calls));
    } catch (error) {
      this.log.state?.drop();
      throw error;
    } finally {
      for (const changes of calls) {
        this.queuedBytes -= weightOf(changes);
        this.queuedChanges -= changes.length;
      }
    }
    mirror?.changed();
  }

  private loaded(): LayeredState {
    const { state } = this.log;
    if (state !== undefined) return state;
    const hint = 'open it without load: false';
    throw new LogctlError('usage', `${this.path} was opened without its values`, hint);
  }

  private mustBeWritable(key: string): void {
    this.mustBeOpen();
    if (typeof key !== 'string') throw new LogctlError('usage', 'a key is a string', 'String(key)');
    if (!this.log.dialect.writes?.unwritableKeys.includes(key)) return;
    const message = `${this.path}: no entry of this format can set the key ${JSON.stringify(key)}`;
    throw new LogctlError('refused', message, 'choose another key');
  }

  private mustBeOpen(): void {
    const { path } = this;
    if (this.closing !== undefined) {
      throw new LogctlError('usage', `${path} was closed`, 'open it again', { path });
    }
    if (this.parts.appender === undefined) {
      const hint = 'open it without readOnly';
      throw new LogctlError('usage', `${path} was opened for reading only`, hint, { path });
    }
  }

  private noMoreWrites(cause: unknown): LogctlError {
    const { path } = this;
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${path} takes no more changes since a write failed: ${why}`;
    const code = cause instanceof LogctlError ? cause.code : 'io';
    return new LogctlError(code, message, 'open the log again', { path, cause });
  }
}

function weightOf(changes: readonly Written[]): number {
  let bytes = 0;
  for (const change of changes) {
    if (change.do === 'put') bytes += change.value.length;
    if (change.do === 'given') bytes += change.members.length;
    if (change.do === 'replace') for (const [, value] of change.members) bytes += value.length;
    bytes += 100;
  }
  return bytes;
}
