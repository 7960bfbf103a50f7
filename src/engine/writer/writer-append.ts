/** writer-append: one group of changes onto the disk, under the writers' lock. */
import { dirname } from 'node:path';
import type { WriteContext } from '../context.js';
import { syncFile, type TargetFile } from '../disk.js';
import type { EntryWriting, Written } from './entry-text.js';
import { LogctlError } from '../errors.js';
import { freshMode, type WriterLock } from './writer-lock.js';
import type { FollowedLog } from './writer-log.js';

export interface AppendOptions {
  /** fsync before it counts as written. */
  sync: boolean;
  version?: number;
  /** Mends a log that ends in a fragment; called without the lock. */
  repair(): Promise<void>;
}

/** A torn end is mended and looked at again; a log that is torn after that tears by itself. */
const repairsMax = 3;

/**
 * Who waits for the lock tries it every 2 ms, later where its event loop is busy: after so long a
 * use it is left free for so long. A pause of a second is rest enough; a shorter one need not be,
 * since what kept this writer busy may be what keeps a compaction of this process waiting.
 */
const useMs = 150;
const restMs = 10;
const pauseMs = 1_000;

/** Appends to one log: opens it by its path for each group and closes it before the unlock. */
export class LogAppender {
  /** fsyncs of the log so far. */
  fsyncs = 0;
  /** The file whose name is known to be durable. */
  private namedFile = '';
  private lineNow = 0;
  /** How long the lock was in use since the last rest, and until when; milliseconds. */
  private usedMs = 0;
  private usedUntil = -Infinity;

  constructor(
    private readonly log: FollowedLog,
    private readonly lock: WriterLock,
    private readonly writing: EntryWriting,
    private readonly options: AppendOptions,
  ) {}

  /**
   * Writes the changes in order, in one write, and makes them durable. Each list counts together
   * or not at all. First the entries that others appended are read. Throws LogctlError: then the
   * fate of the changes is unknown, and nothing more may be appended by this writer.
   */
  async append(calls: readonly (readonly Written[])[]): Promise<void> {
    const { log } = this;
    const stat = log.context.disk.stat(log.path);
    // After a compaction all of it is read again: rather now than while others wait for the lock.
    if (stat !== undefined && stat.id !== log.position.id) await log.catchUp({ whole: false });
    await this.onWholeLog(async () => {
      const { migration } = log;
      const bytes = Buffer.from(
        this.textOf(migration === undefined ? calls : [[migration], ...calls]),
      );
      const file = openLogFile(log.context, log.path, log.position.id === '');
      try {
        file.append(bytes);
        await this.settle(file, bytes, calls);
        log.migrated();
      } finally {
        file.close();
      }
    });
  }

  /** Makes durable what was appended without fsync. */
  async sync(): Promise<void> {
    await this.lock.hold(() => this.syncHeld());
  }

  private async syncHeld(): Promise<void> {
    const { disk } = this.log.context;
    if (disk.stat(this.log.path) === undefined) return;
    const file = disk.openAppend(this.log.path);
    try {
      await this.makeDurable(file);
    } finally {
      file.close();
    }
  }

  /**
   * Runs `act` under the lock, when all that is in the log was read and ends in whole entries.
   * `isSynced`: and is durable, whoever appended it.
   */
  async onWholeLog<T>(act: () => Promise<T>, isSynced = false): Promise<T> {
    for (let repairs = 0; ; repairs++) {
      await this.giveWay();
      const done = await this.lock.hold(async () => {
        const since = performance.now();
        const { torn } = await this.log.catchUp({ whole: true });
        if (isSynced && !torn) await this.syncHeld();
        const value = torn ? undefined : { value: await act() };
        this.usedUntil = performance.now();
        this.usedMs += this.usedUntil - since;
        return value;
      });
      if (done !== undefined) return done.value;
      if (repairs === repairsMax) throw tornAgain(this.log.path);
      await this.options.repair();
    }
  }

  /** A busy writer takes the lock again the moment it is free: others would wait for ever. */
  private async giveWay(): Promise<void> {
    if (performance.now() - this.usedUntil > pauseMs) this.usedMs = 0;
    if (this.usedMs < useMs) return;
    await this.log.context.sleep(restMs);
    this.usedMs = 0;
  }

  private textOf(calls: readonly (readonly Written[])[]): string {
    const { position, context } = this.log;
    const { version } = this.options;
    this.lineNow = context.now();
    let { seq } = position;
    let text = position.unended ? '\n' : '';
    for (const changes of calls) {
      const batch = changes.length > 1 ? { first: seq + 1, of: changes.length } : undefined;
      for (const change of changes) {
        const stamp = { now: this.lineNow, seq: ++seq, batch, version };
        text += `${this.writing.entry(change, stamp)}\n`;
      }
    }
    return text;
  }

  private async settle(
    file: TargetFile,
    bytes: Uint8Array,
    calls: readonly (readonly Written[])[],
  ): Promise<void> {
    const { log } = this;
    if (this.options.sync) await this.makeDurable(file);
    const changes = calls.reduce((sum, { length }) => sum + length, 0);
    const entries = changes + (log.migration === undefined ? 0 : 1);
    if (log.advance(bytes, file.stat(), log.position.seq + entries, entries)) {
      log.position.lastEntryTime = this.lineNow;
      log.state?.settle(changes);
      return;
    }
    // A writer that takes no lock appended between our look and our write: the file has the order.
    await log.catchUp({ whole: true });
    log.state?.forget(changes);
  }

  private async makeDurable(file: TargetFile): Promise<void> {
    const { id } = file.stat();
    await syncFile(file);
    this.fsyncs++;
    if (id === this.namedFile) return;
    // Whoever made this file may have died before its name was on the disk.
    this.log.context.disk.syncDirectory(dirname(this.log.path));
    this.namedFile = id;
  }
}

function openLogFile({ disk }: WriteContext, path: string, isNew: boolean): TargetFile {
  if (!isNew || disk.lstat(path) !== undefined) return disk.openAppend(path);
  const file = disk.create(path);
  file.setMode(freshMode);
  return file;
}

function tornAgain(path: string): LogctlError {
  const message = `${path}: its end was torn again while it was mended`;
  return new LogctlError('changed', message, 'stop the program that writes fragments', { path });
}
