/** swap-recovery: finishes or undoes what an interrupted swap left beside a log. */
import { strict as assert } from 'node:assert';
import { basename, dirname, join } from 'node:path';
import { openBeside } from '../beside.js';
import type { Sink, WriteContext } from '../context.js';
import type { FileStat, SyncSource } from '../disk.js';
import { LogctlError } from '../errors.js';
import { inodeOf, readIntent, removeIntent, writeIntent, type Intent } from './intent.js';
import { openLog, type Log } from '../log.js';
import { mergedPieces, type MergedPiece } from './merged-source.js';
import { freshBackupPath, logOfBackup, siblingsOf } from '../siblings.js';
import { swapIn } from './swap.js';
import { endsHash } from './swap-carry.js';
import { findLateLines, type LateLines } from './swap-late.js';
import { restJudge } from './swap-rest.js';
import { heldByWriter, leaseRefused } from './swap-refusals.js';
import { lastLineEnd, readNow } from '../bytes/sync-read.js';

/** Writers that found the old file before the interruption finish within this. */
const quietMs = 2_000;
const windowBytes = 1 << 20;

/** What was done: nothing was left; leftovers removed; a swap finished, with or without lines. */
export interface FinishedCompaction {
  did: 'nothing' | 'tidied' | 'undone' | 'finished' | 'merged';
  /** Bytes of lines that had been left behind in the old file and are in the log again. */
  mergedBytes: number;
}

export interface FinishOptions {
  dialect?: string;
  /** The operator says that no writer runs: go on where there are no leases. */
  offline?: boolean;
}

/**
 * Brings a log whose swap was interrupted to one of the two sound ends. The caller holds the
 * compaction lock. Throws LogctlError: `bad-intent`, `changed` when a third party replaced the
 * log (every file is left as it is), `busy` while somebody writes the old file.
 */
export async function finishCompaction(
  context: WriteContext,
  path: string,
  options: FinishOptions = {},
): Promise<FinishedCompaction> {
  const { disk } = context;
  const intent = readIntent(disk, path);
  const log = disk.lstat(path);
  if (intent === undefined) {
    const removed = log === undefined ? false : tidy(context, path, log);
    return { did: removed ? 'tidied' : 'nothing', mergedBytes: 0 };
  }
  if (log !== undefined && inodeOf(log) === intent.oldInode) {
    undo(context, path, { intent, log });
    const earlier = await finishCompaction(context, path, options);
    return earlier.did === 'merged' ? earlier : { ...earlier, did: 'undone' };
  }
  if (log === undefined || !isSwapped(context, path, intent)) throw replaced(path, intent);
  const mergedBytes = await merge(context, path, intent, options);
  tidy(context, path, disk.lstat(path)!);
  return { did: mergedBytes > 0 ? 'merged' : 'finished', mergedBytes };
}

/** Temporaries nobody will finish, and backup names that still are the log itself. */
function tidy({ disk }: WriteContext, path: string, log: FileStat): boolean {
  const { directory, name, temporaryPrefix } = siblingsOf(path);
  const leftovers = (disk.list(directory) ?? []).filter((entry) => {
    if (entry.startsWith(temporaryPrefix)) return true;
    const isName = logOfBackup(entry) === name || entry.startsWith(`${name}.original.`);
    return isName && disk.lstat(join(directory, entry))?.id === log.id;
  });
  for (const entry of leftovers) disk.unlink(join(directory, entry));
  if (leftovers.length > 0) disk.syncDirectory(directory);
  return leftovers.length > 0;
}

/** The rename never happened, or did not outlive a power cut: the log is the old file. */
function undo(
  context: WriteContext,
  path: string,
  { intent, log }: { intent: Intent; log: FileStat },
): void {
  tidy(context, path, log);
  if (intent.previous === undefined) removeIntent(context, path);
  else writeIntent(context, path, intent.previous, log);
}

/** True when the log is the file the intent announced: its inode, and both ends of its head. */
function isSwapped({ disk }: WriteContext, path: string, intent: Intent): boolean {
  const log = disk.open(path);
  try {
    const { size } = log.stat();
    const isIt = inodeOf(log.stat()) === intent.newInode && size >= intent.headLength;
    return isIt && endsHash(log, intent.headLength) === intent.headEnds;
  } finally {
    log.close();
  }
}

async function merge(
  context: WriteContext,
  path: string,
  intent: Intent,
  options: FinishOptions,
): Promise<number> {
  const log = await openLog(context, path, options);
  const { dialect } = log;
  const old = openKept(context, path, intent);
  try {
    await waitUntilQuiet(context, old, options);
    const fresh = context.disk.open(path);
    try {
      const late = findLateLines({ old, fresh, intent, resync: dialect.resync });
      if (late.late.length === 0) removeIntent(context, path);
      else await swapMerged(context, { log, intent, old, fresh, late, options });
      return late.late.reduce((sum, { from, to }) => sum + to - from, 0);
    } finally {
      fresh.close();
    }
  } finally {
    context.locks.release(old);
    old.close();
  }
}

function openKept({ disk }: WriteContext, path: string, intent: Intent): SyncSource {
  const kept = join(dirname(path), intent.keptAs);
  const stat = disk.lstat(kept);
  if (stat?.kind === 'file' && inodeOf(stat) === intent.oldInode) {
    return openBeside(disk, kept, path);
  }
  const message = `${path}: its last compaction is unfinished, and ${intent.keptAs} is gone`;
  const hint = `put ${intent.keptAs} back; without it, remove ${siblingsOf(path).intent}`;
  throw new LogctlError('changed', message, hint, { path });
}

async function waitUntilQuiet(
  context: WriteContext,
  old: SyncSource,
  { offline = false }: FinishOptions,
): Promise<void> {
  const answer = context.locks.lease(old, 'read', quietMs);
  if (answer === 'granted' || (answer === 'unsupported' && offline)) return;
  if (answer === 'held') throw heldByWriter(context, old);
  throw leaseRefused({ path: old.path, answer });
}

interface Merge {
  log: Log;
  intent: Intent;
  old: SyncSource;
  fresh: SyncSource;
  late: LateLines;
  options: FinishOptions;
}

/** A swap whose head is the log with the late lines where they belong, byte for byte. */
async function swapMerged(context: WriteContext, merge: Merge): Promise<void> {
  const { log, intent, old, fresh, late, options } = merge;
  const { path } = log;
  const prefixLength = lastLineEnd(fresh, late.resume, fresh.stat().size);
  const pieces = mergedPieces({ old, fresh, late, freshEnd: prefixLength });
  const { outcome } = await swapIn(context, {
    path,
    old: fresh,
    prefixLength,
    keptAs: basename(freshBackupPath(context.disk, path, context.now())),
    writeHead: async (sink) => copyPieces(context, pieces, sink),
    proveHead: async (temporary, length) => provePieces(pieces, temporary, length),
    isWhole: restJudge(context, log),
    offline: options.offline === true,
    previous: intent,
  });
  if (outcome === 'swapped') return;
  const message = `${path}: this process was stopped while it finished an interrupted compaction`;
  throw new LogctlError('busy', message, 'try again: the next run goes on', { path });
}

async function copyPieces(context: WriteContext, pieces: readonly MergedPiece[], sink: Sink) {
  for (const { file, from, to } of pieces) {
    for (let at = from; at < to; at += windowBytes) {
      await sink(readNow(file, at, Math.min(to, at + windowBytes)));
      await context.checkpoint?.();
    }
  }
}

function provePieces(pieces: readonly MergedPiece[], temporary: SyncSource, length: number): void {
  let done = 0;
  for (const { file, from, to } of pieces) {
    for (let at = from; at < to; at += windowBytes) {
      const wanted = readNow(file, at, Math.min(to, at + windowBytes));
      const written = readNow(temporary, done, done + wanted.length);
      const words = `byte ${done} and what follows were not written as they are`;
      assert(Buffer.compare(wanted, written) === 0, words);
      done += wanted.length;
    }
  }
  assert(done === length, `${length} bytes were written, ${done} were to be`);
}

function replaced(path: string, { keptAs }: Intent): LogctlError {
  const message = `${path} was replaced by another program while its compaction was unfinished`;
  const hint =
    `every file was left as it is; compare it with ${keptAs}, ` +
    `then remove ${siblingsOf(path).intent}`;
  return new LogctlError('changed', message, hint, { path });
}
