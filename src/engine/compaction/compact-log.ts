/** compact-log: one log becomes a checkpoint of its state and what was appended meanwhile. */
import { basename, dirname } from 'node:path';
import { withCompactionLock } from './compaction-lock.js';
import {
  foldLog,
  hashesOf,
  headBytesMax,
  type FoldedLog,
  type StateHashes,
} from './compact-fold.js';
import { upstreamOnlyKeys, writeCheckpoint, writingOf } from './checkpoint-writer.js';
import type { CompactOptions, Sink, WriteContext } from '../context.js';
import type { SyncSource } from '../disk.js';
import { isCutByReader } from '../damage/damage-findings.js';
import { LogctlError } from '../errors.js';
import { readIntent } from './intent.js';
import type { LiveLines } from './live-lines.js';
import type { Log } from '../log.js';
import type { CompactLogPart } from '../model.js';
import { partOf } from '../bytes/source-part.js';
import { backupsKeptDefault, prune } from './prune.js';
import { contextOf, scanSource } from '../recovery/recover-state.js';
import { verdictOf } from '../report.js';
import { upstreamState } from '../checks/upstream-state.js';
import { freshBackupPath, listBackups } from '../siblings.js';
import { swapIn, type SwapResult } from './swap.js';
import { restJudge } from './swap-rest.js';
import { finishCompaction } from './swap-recovery.js';
import { readNow } from '../bytes/sync-read.js';
import { noSpaceWords, plural } from '../text.js';
import { versionOf } from '../writer/value-version.js';
import { shellQuote } from '../shell-quote.js';

const windowBytes = 1 << 20;
/** Room kept free besides what is written. */
const spareShare = 0.1;

/**
 * Compacts one log, whoever is writing to it; thresholds are the caller's. With `dryRun` it says
 * what it would do and writes nothing. Throws LogctlError: `damaged` (never compacted), `busy`,
 * `refused`, `changed`, `no-space`; the log is then as it was.
 */
export async function compactLog(
  context: WriteContext,
  log: Log,
  options: CompactOptions = {},
): Promise<CompactLogPart> {
  const { dryRun = false, lockWait = 0 } = options;
  // No lock file beside a log that is not there, and none where nothing is written.
  if (dryRun || log.missing) return new Compaction(context, log, options).preview();
  return withCompactionLock(context, log, { waitMs: lockWait }, async (fence) => {
    const { did, mergedBytes } = await finishCompaction(context, log.path, options);
    const merged = mergedBytes > 0 ? `, ${plural(mergedBytes, 'byte')} merged` : '';
    if (did !== 'nothing') context.say?.(1, `${log.path}: an interrupted run ${did}${merged}`);
    return new Compaction(context, log, options, fence).run();
  });
}

class Compaction {
  constructor(
    private readonly context: WriteContext,
    private readonly log: Log,
    private readonly options: CompactOptions,
    private readonly fence?: () => void,
  ) {}

  async preview(): Promise<CompactLogPart> {
    // What cannot be read now would stop the run itself.
    readIntent(this.context.disk, this.log.path);
    const folded = await this.fold();
    try {
      let bytes = folded.tailLength;
      await this.writeHead(folded, (part) => void (bytes += part.length));
      const { backups = backupsKeptDefault } = this.options;
      const part = this.part(folded, 'would compact', bytes);
      return { ...part, backupsKept: Math.min(part.backupsKept + 1, Math.max(1, backups)) };
    } finally {
      folded.close();
    }
  }

  async run(): Promise<CompactLogPart> {
    const folded = await this.fold();
    try {
      if (folded.prefixLength + folded.tailLength === 0) {
        return { ...this.part(folded, 'skipped', 0), reason: 'it is empty' };
      }
      this.requireSpace(folded);
      const before = await hashesOf(this.context, folded.scan, folded.prefixLength);
      this.requireOneState(before);
      const backup = freshBackupPath(this.context.disk, this.log.path, this.context.now());
      const result = await this.swap(folded, before, backup);
      return await this.done(folded, { before, backup, result });
    } finally {
      folded.close();
    }
  }

  private fold(): Promise<FoldedLog> {
    const { dialect, path } = this.log;
    if (dialect.compaction === 'checkpoint') writingOf(dialect, path);
    return foldLog(this.context, this.log, this.options);
  }

  private swap(folded: FoldedLog, before: StateHashes, backup: string): Promise<SwapResult> {
    const { old, prefixLength, ends, scan } = folded;
    return swapIn(this.context, {
      ...{ path: this.log.path, old, prefixLength, ends, prefixLines: scan.lines },
      keptAs: basename(backup),
      writeHead: (sink) => this.writeHead(folded, sink),
      proveHead: (temporary, length) => this.prove(folded, before, { temporary, length }),
      isWhole: restJudge(this.context, this.log),
      fence: this.fence,
      offline: this.options.offline === true,
    });
  }

  private async writeHead(folded: FoldedLog, sink: Sink): Promise<void> {
    const { context, log } = this;
    const { scan, prefixLength, startedAt, carried } = folded;
    const { lastSeq } = scan.counter;
    const total = headBytesMax(folded);
    let done = 0;
    const watched: Sink = async (bytes) => {
      await sink(bytes);
      done += bytes.length;
      context.progress?.({ phase: 'write', path: log.path, done, total });
      await context.checkpoint?.();
    };
    if (folded.live === undefined) {
      const stamp = {
        now: startedAt,
        version: await versionOf(scan),
        folded: prefixLength,
        seq: lastSeq > 0 ? lastSeq : undefined,
      };
      await writeCheckpoint(scan, writingOf(log.dialect, log.path), stamp, watched);
    } else {
      await this.writeLines(folded, folded.live, watched);
    }
    for (const { from, to } of carried.stretches) {
      for (let at = from; at < to; at += windowBytes) {
        await watched(readNow(folded.old, at, Math.min(to, at + windowBytes)));
      }
    }
  }

  /** The live lines in the order in which the library has their keys. */
  private async writeLines({ scan, prefixLength }: FoldedLog, live: LiveLines, sink: Sink) {
    const state = await upstreamState(this.context, scan, prefixLength);
    try {
      await live.write(state.keydir, scan.sources[0], sink);
    } finally {
      state.close();
    }
  }

  /** Lines are kept as they stand: where two readers see two states, one of them would lose. */
  private requireOneState({ documented, upstream }: StateHashes): void {
    const { path, dialect } = this.log;
    if (dialect.compaction === 'checkpoint' || documented === upstream) return;
    const message = `${path}: ${dialect.upstream.reader} would load another state than the log has`;
    const next = [['logctl', 'verify', path]];
    throw new LogctlError('refused', message, next[0].join(' '), { path, next });
  }

  /** Reads the head back from disk: both states and the highest number must be what they were. */
  private async prove(
    folded: FoldedLog,
    before: StateHashes,
    { temporary, length }: { temporary: SyncSource; length: number },
  ): Promise<void> {
    const head = partOf(temporary, 0, length);
    const scan = await scanSource(this.context, this.log, head);
    try {
      const after = await hashesOf(contextOf(this.context, head), scan, length);
      const isSame =
        after.documented === before.documented &&
        after.upstream === before.upstream &&
        scan.counter.lastSeq === folded.scan.counter.lastSeq &&
        scan.damages.every(isCutByReader) &&
        scan.uncounted <= folded.scan.uncounted &&
        scan.bytes === length;
      if (isSame) return;
    } finally {
      scan.close();
    }
    const { path } = this.log;
    const message = `${path}: the checkpoint reads back as another state than was written`;
    const hint = 'nothing was changed; check the memory and the disk of this machine';
    throw new LogctlError('io', message, hint, { path });
  }

  private requireSpace(folded: FoldedLog): void {
    const directory = dirname(this.log.path);
    const needed = neededFor(headBytesMax(folded) + folded.tailLength);
    const free = this.context.disk.freeBytes(directory);
    if (needed <= free) return;
    const message = noSpaceWords(directory, { needed, free });
    throw new LogctlError('no-space', message, `df -h ${shellQuote(directory)}`, {
      path: this.log.path,
    });
  }

  private async done(
    folded: FoldedLog,
    { before, backup, result }: { before: StateHashes; backup: string; result: SwapResult },
  ): Promise<CompactLogPart> {
    const { context, log, options } = this;
    const { outcome, headLength, carriedLength, carriedLines, quarantine, heldMs } = result;
    const isDone = outcome === 'swapped';
    const backupsRemoved = isDone ? await prune(context, log, { ...options, newest: backup }) : [];
    const part = this.part(folded, isDone ? 'compacted' : 'deferred', headLength + carriedLength);
    const { keydir } = folded.scan;
    const headLines = folded.live?.count ?? (keydir.upstreamCount > keydir.count ? 2 : 1);
    const exitCode = isDone && quarantine === null ? 0 : 3;
    return {
      ...part,
      ...{ verdict: verdictOf(exitCode), exitCode, backup, backupsRemoved, quarantine, heldMs },
      lines: headLines + folded.carried.count + carriedLines,
      stateHash: { before: before.documented, after: before.documented },
      upstreamHash: { before: before.upstream, after: before.upstream },
    };
  }

  private part(
    folded: FoldedLog,
    result: CompactLogPart['result'],
    bytesAfter: number,
  ): CompactLogPart {
    const { path, dialect } = this.log;
    const { disk } = this.context;
    const { scan, prefixLength, tailLength } = folded;
    return {
      ...{ path, dialect: dialect.name, verdict: 'ok', exitCode: 0, lines: scan.lines, result },
      ...{ bytes: bytesAfter, bytesBefore: prefixLength + tailLength, bytesAfter },
      ...{ stateHash: null, upstreamHash: null, heldMs: 0 },
      keysKeptForReader: upstreamOnlyKeys(scan.keydir).length,
      ...{ keys: scan.keydir.count, liveBytes: scan.keydir.liveBytes },
      ...{ backup: null, backupsRemoved: [], quarantine: null },
      backupsKept: listBackups(disk, path, this.options.backupDir).length,
      neededBytes: neededFor(bytesAfter),
      freeBytes: disk.freeBytes(dirname(path)),
    };
  }
}

const neededFor = (bytes: number) => Math.ceil(bytes * (1 + spareShare));
