/**
 * swap: puts a new file in the place of a log beside living writers, without losing an entry.
 *
 * In this order: the new file beside the log, synced and proven; the intent, durable; the old file
 * linked under its second name; nobody writes the old file any more (read lease); its last lines
 * carried; everybody who opens the new file waits (write lease); the two names exchanged, and what
 * was displaced looked at; the directory synced; writers that had found the old file finish there,
 * and their lines are carried; everybody goes on; when nobody came for the old file in a while, the
 * intent removed. rename alone loses lines: an open(2) may have found the old file before.
 */
import { basename, join } from 'node:path';
import type { WriteContext } from '../context.js';
import { syncFile, type FileStat, type TargetFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { HeadSink } from './head-sink.js';
import { inodeOf, refuseForeignIntent, removeIntent, writeIntent, type Intent } from './intent.js';
import { evidencePaths, freshStamp, writeQuarantine } from '../recovery/recover-evidence.js';
import { freshBackupPath, siblingsOf } from '../siblings.js';
import { Carrier, endsHash, prefixEnds, rewritten, type Rest } from './swap-carry.js';
import { SwapLeases } from './swap-leases.js';
import type { SwapJob, SwapResult } from './swap-job.js';
import { checkDirectory, checkSwappable } from './swap-refusals.js';
import { takeOwnership } from './twin-file.js';
import { WriterLock } from '../writer/writer-lock.js';

export type { SwapJob, SwapResult } from './swap-job.js';

/** How long one of our own writers may take for its batch. */
const writersLockMs = 10_000;
/** How long one may take that found our file in the moment in which it had the log's name. */
const lateOpenersMs = 2_000;

/**
 * Replaces a log. The caller holds the compaction lock. Throws LogctlError: before the rename the
 * log is then as it was and nothing is left beside it; after the rename the intent stays, and the
 * next run finishes the swap. `refused` where an interrupted swap has to be finished first.
 */
export async function swapIn(context: WriteContext, job: SwapJob): Promise<SwapResult> {
  refuseForeignIntent(context.disk, job.path, job.previous);
  const { leases } = checkSwappable(context, job);
  const { directory, temporaryPrefix } = siblingsOf(job.path);
  const temporary = join(directory, `${temporaryPrefix}${context.random()}`);
  const ends = job.ends ?? prefixEnds(job.old, job.prefixLength);
  const fresh = context.disk.create(temporary);
  const unshield = context.locks.shield();
  const swap = new Swap(context, job, { temporary, fresh, leases, ends });
  try {
    return await swap.run();
  } catch (error) {
    if (!swap.isRenamed) swap.undo();
    throw error;
  } finally {
    swap.release();
    unshield();
    fresh.close();
  }
}

interface Fresh {
  temporary: string;
  fresh: TargetFile;
  leases: boolean;
  /** Both ends of the prefix, as they were read. */
  ends: Uint8Array;
}

class Swap {
  isRenamed = false;
  private isLinked = false;
  /** The intent beside the log is ours, or may be. */
  private isAnnounced = false;
  private readonly directory: string;
  private readonly kept: string;
  private readonly stat: FileStat;
  private readonly carrier: Carrier;
  private readonly leases: SwapLeases;
  private headLength = 0;
  private quarantine: string | null = null;

  constructor(
    private readonly context: WriteContext,
    private readonly job: SwapJob,
    private readonly made: Fresh,
  ) {
    const { path, old, prefixLength, keptAs } = job;
    this.directory = siblingsOf(path).directory;
    this.kept = join(this.directory, keptAs);
    this.stat = old.stat();
    this.carrier = new Carrier(old, made.fresh, prefixLength);
    this.leases = new SwapLeases(context, { old, fresh: made.fresh, works: made.leases });
  }

  async run(): Promise<SwapResult> {
    await this.prepare();
    await this.context.checkpoint?.();
    const lock = new WriterLock(this.context, this.job.path, writersLockMs);
    try {
      const isDrained = await lock.hold(() => this.exchange());
      if (!isDrained || !(await this.leases.staysQuiet())) return this.result('deferred');
      removeIntent(this.context, this.job.path);
      return this.result('swapped');
    } finally {
      lock.close();
    }
  }

  release(): void {
    this.leases.release();
  }

  /** Removes everything that was made: the swap never happened. */
  undo(): void {
    const { disk } = this.context;
    const { path, previous } = this.job;
    const is = (name: string, { id }: FileStat) => disk.lstat(name)?.id === id;
    const fresh = this.made.fresh.stat();
    // A rename that failed half way may have happened: that is for the next run to see.
    if (is(path, fresh)) return;
    if (is(this.made.temporary, fresh)) disk.unlink(this.made.temporary);
    const log = disk.lstat(path);
    // Where somebody else replaced the log, this may be the old file's last name.
    if (this.isLinked && log !== undefined && is(this.kept, log)) disk.unlink(this.kept);
    if (this.quarantine !== null && disk.lstat(this.quarantine) !== undefined) {
      disk.unlink(this.quarantine);
    }
    if (!this.isAnnounced) return;
    if (previous === undefined) removeIntent(this.context, path);
    else writeIntent(this.context, path, previous, this.stat);
  }

  /** Writes the new file beside the log and proves it; then says what is going to happen. */
  private async prepare(): Promise<void> {
    const { context, job, stat } = this;
    const { fresh } = this.made;
    const own = fresh.stat();
    checkDirectory(context, job.path, stat, own);
    await this.writeHead();
    this.carrier.carryLines();
    await syncFile(fresh);
    await job.proveHead(fresh, this.headLength);
    takeOwnership(fresh, stat);
    await syncFile(fresh);
    this.writeIntent();
    context.disk.link(job.path, this.kept);
    this.isLinked = true;
    if (context.disk.lstat(this.kept)?.id !== stat.id) throw rewritten(job.path, 'was replaced');
    context.disk.syncDirectory(this.directory);
  }

  private async writeHead(): Promise<void> {
    const { context, job } = this;
    const { locks } = context;
    const startedMs = locks.clockMs();
    const head = new HeadSink(this.made.fresh, () => locks.clockMs());
    try {
      await job.writeHead(head.write);
    } catch (error) {
      await head.settle().catch(() => undefined);
      throw error;
    }
    await head.settle();
    this.headLength = this.made.fresh.stat().size;
    const ms = `${Math.round(locks.clockMs() - startedMs)} ms`;
    const waited = `${Math.round(head.waitedMs)} ms of them for the disk`;
    context.say?.(2, `${job.path}: ${this.headLength} bytes written in ${ms}, ${waited}`);
  }

  /** From the moment nobody writes to the old file until everybody may write to the new one. */
  private async exchange(): Promise<boolean> {
    const { carrier, leases } = this;
    const { fresh, temporary } = this.made;
    const { disk } = this.context;
    leases.quiesce(carrier);
    this.checkUnchanged();
    let isSynced = !carrier.carryLines();
    const rest = await this.settleRest();
    if (rest?.carried === true) isSynced = false;
    if (!isSynced) fresh.sync();
    leases.holdFresh();
    this.job.fence?.();
    this.rename(temporary);
    // No writer may acknowledge on the new file before its name is durable.
    disk.syncDirectory(this.directory);
    return leases.drain(carrier);
  }

  /**
   * Gives the new file the log's name. Where the kernel can exchange two names nothing is replaced
   * unseen: a file that got the log's name since the last look, as by logrotate, gets it back.
   */
  private rename(temporary: string): void {
    const { context, job, stat } = this;
    const { disk, locks } = context;
    if (!locks.exchange(temporary, job.path)) {
      disk.rename(temporary, job.path);
      this.isRenamed = true;
      return;
    }
    if (disk.lstat(temporary)?.id !== stat.id) return this.giveBack();
    this.isRenamed = true;
    // The old file keeps its second name, which is durable.
    disk.unlink(temporary);
  }

  /** What we displaced is not the log that we know. Throws LogctlError `changed`. */
  private giveBack(): never {
    const { context, job } = this;
    const { fresh, temporary } = this.made;
    const { size } = fresh.stat();
    if (!context.locks.exchange(temporary, job.path)) {
      const message = `${job.path} was replaced while it was compacted, and lies at ${temporary}`;
      const hint = `compare the two, and give the right one the name ${basename(job.path)}`;
      throw new LogctlError('changed', message, hint, { path: job.path });
    }
    this.leases.release();
    // Who opened our file in between waited for the lease, and writes there now.
    if (this.made.leases) context.locks.lease(fresh, 'read', lateOpenersMs);
    if (fresh.stat().size > size) {
      const late = freshBackupPath(context.disk, job.path, context.now());
      context.disk.rename(temporary, late);
      const hint = `entries that came meanwhile are at the end of ${late}`;
      const message = `${job.path} was replaced while it was compacted`;
      throw new LogctlError('changed', message, hint, { path: job.path });
    }
    throw rewritten(job.path, 'was replaced');
  }

  private checkUnchanged(): void {
    const { path, old, prefixLength, endsInLine } = this.job;
    if (this.context.disk.lstat(path)?.id !== this.stat.id) throw rewritten(path, 'was replaced');
    if (endsInLine === true && old.stat().size > prefixLength) throw rewritten(path, 'went on');
    if (old.stat().size < prefixLength) throw rewritten(path, 'shrank');
    if (Buffer.compare(this.made.ends, prefixEnds(old, prefixLength)) === 0) return;
    throw rewritten(path, 'was rewritten in place');
  }

  /** Without a newline at its end, and nobody writes: the intent must tell what became of it. */
  private async settleRest(): Promise<Rest | undefined> {
    const { context, job, stat, carrier } = this;
    const { rest: stretch } = carrier;
    if (stretch === undefined) return undefined;
    const rest = carrier.settleRest(stretch, await job.isWhole(job.old, stretch));
    if (!rest.carried) {
      const { path } = job;
      const stamp = freshStamp(context.disk, path, context.now());
      const { quarantine } = evidencePaths(path, stamp);
      const line = (job.prefixLines ?? 0) + carrier.lines + 1;
      const reason = 'the last line was torn';
      this.quarantine = quarantine;
      await writeQuarantine(context, quarantine, [{ path, line, reason, ...rest }], stat);
    }
    this.writeIntent(rest);
    return rest;
  }

  private writeIntent(rest?: Rest): void {
    const { job, stat, headLength } = this;
    this.isAnnounced = true;
    const { fresh } = this.made;
    const intent: Intent = {
      format: 1,
      oldInode: inodeOf(stat),
      newInode: inodeOf(fresh.stat()),
      prefixLength: job.prefixLength,
      headLength,
      headEnds: endsHash(fresh, headLength),
      keptAs: job.keptAs,
      rest,
      previous: job.previous,
    };
    writeIntent(this.context, job.path, intent, stat);
  }

  private result(outcome: SwapResult['outcome']): SwapResult {
    const { headLength, carrier, quarantine, leases } = this;
    return {
      outcome,
      headLength,
      carriedLength: carrier.bytes,
      carriedLines: carrier.lines,
      quarantine,
      heldMs: leases.heldMs,
    };
  }
}
