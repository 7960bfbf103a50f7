/** opslog-compact: a store made small: one snapshot of its state, an empty log for each writer. */
import { join } from 'node:path';
import { analyse, type Analysis } from '../../checks/analyse.js';
import { upstreamState } from '../../checks/upstream-state.js';
import { plainPart } from '../../compaction/compact-failure.js';
import type { CompactOptions, WriteContext } from '../../context.js';
import { EXIT, LogctlError } from '../../errors.js';
import { openLogAs, type Log } from '../../log.js';
import type { CompactLogPart } from '../../model.js';
import { exitOf } from '../../report.js';
import { baseOf } from './opslog-base.js';
import {
  adoptGeneration,
  discardGeneration,
  generationBytes,
  writeGeneration,
  writtenHash,
  type NewGeneration,
} from './opslog-generation.js';
import { requireNoAgents, underLocks } from './opslog-held.js';
import { busyWith, lookAtLock, writerLock } from './opslog-lock.js';
import { manifestName } from './opslog-manifest.js';
import { snapshotHead } from './opslog-sources.js';
import { noSpaceWords } from '../../text.js';
import { shellQuote } from '../../shell-quote.js';

/**
 * Compacts a store as its library does, durably; thresholds are the caller's. Throws LogctlError:
 * `damaged`, `refused`, `busy` (a writer has it open; agents, unless `offline`), `no-space`,
 * `changed`; the store is then as it was. Old files stay, as the library leaves them.
 */
export async function compactStore(
  context: WriteContext,
  log: Log,
  options: CompactOptions,
): Promise<CompactLogPart> {
  const look = lookAtLock(context, log.path, writerLock);
  if (look.state === 'live' && (options.lockWait ?? 0) === 0) throw busyWith(look);
  requireNoAgents(context, log.path, options);
  const isNew = log.files.every(({ path, role }) => {
    return role === 'checkpoint' || (role === 'segment' && context.disk.stat(path)?.size === 0);
  });
  const plain = plainPart(context, log, options);
  if (isNew) {
    const analysis = await analyse(context, log, {});
    analysis.scan.close();
    // A store that lost its manifest looks new as well.
    requireSound(analysis);
    return { ...plain, reason: 'nothing new since it was compacted' };
  }
  if (options.dryRun === true) return compactNow(context, log, plain, undefined);
  return underLocks(context, log, options, (fence) => {
    return compactNow(context, openLogAs(context, log.path, log.dialect), plain, fence);
  });
}

/** `fence` throws where our locks are not ours any more; undefined: nothing is to be written. */
async function compactNow(
  context: WriteContext,
  log: Log,
  plain: CompactLogPart,
  fence: (() => void) | undefined,
): Promise<CompactLogPart> {
  const sizes = sizesOf(context, log);
  const analysis = await analyse(context, log, {});
  const { scan } = analysis;
  try {
    requireSound(analysis);
    const hash = await requireOneState(context, analysis);
    const bytes = generationBytes(scan.keydir);
    const counts = { keys: scan.keydir.count, liveBytes: scan.keydir.liveBytes, lines: scan.lines };
    const part = { ...plain, ...counts, bytesAfter: bytes, neededBytes: bytes };
    part.freeBytes = context.disk.freeBytes(log.path);
    requireSpace(log, part);
    if (fence === undefined) return { ...part, result: 'would compact' };
    const written = await writeGeneration(context, log.dialect, generationOf(context, analysis));
    try {
      fence();
      if (written.stateHash !== hash || sizesOf(context, log) !== sizes) throw changed(log);
    } catch (error) {
      discardGeneration(context, written);
      throw error;
    }
    adoptGeneration(context, log.path, written);
    return {
      ...{ ...part, result: 'compacted', bytes: written.bytes, bytesAfter: written.bytes },
      stateHash: { before: hash, after: written.stateHash },
      upstreamHash: { before: hash, after: written.stateHash },
      lines: scan.keydir.count + 1,
    };
  } finally {
    scan.close();
  }
}

/** Damage is for recover. What is only odd is no damage: leftovers, archives, times. */
function requireSound({ log, findings }: Analysis): void {
  const isDamaged = exitOf(findings.all) === EXIT.damaged;
  const isTorn = findings.has('torn-tail') || findings.has('nul-tail');
  if (!isDamaged && !isTorn) return;
  const { path } = log;
  const next = [['logctl', 'recover', '--dry-run', path]];
  const message = `${path} is damaged: a damaged store is never compacted`;
  throw new LogctlError('damaged', message, next[0].join(' '), { path, next });
}

/** The hash of the one state that the library and we see; LogctlError `refused` where it is two. */
async function requireOneState(context: WriteContext, { scan, log }: Analysis): Promise<string> {
  const upstream = await upstreamState(context, scan);
  try {
    const theirs = await writtenHash(upstream.keydir, upstream.sources);
    const ours = await writtenHash(scan.keydir, scan.sources);
    if (theirs === ours && upstream.refusal === undefined) return ours;
  } finally {
    upstream.close();
  }
  const { path } = log;
  const next = [['logctl', 'recover', '--dry-run', path]];
  const message = `${path}: the library would load another state than was acknowledged`;
  throw new LogctlError('refused', message, next[0].join(' '), { path, next });
}

function requireSpace({ path }: Log, { neededBytes, freeBytes }: CompactLogPart): void {
  if (neededBytes <= freeBytes) return;
  const message = noSpaceWords(path, { needed: neededBytes, free: freeBytes });
  throw new LogctlError('no-space', message, `df -h ${shellQuote(path)}`, { path });
}

function generationOf(context: WriteContext, { scan, log }: Analysis): NewGeneration {
  // A sound store has a manifest and a snapshot: what lacks one was refused.
  const { manifest, snapshot } = baseOf(context.disk, log.path);
  const { stats, archiveSegments, agents, version, unknown } = manifest!;
  return {
    ...{ directory: log.path, keydir: scan.keydir, sources: scan.sources },
    version: Math.max(1, snapshotHead(context.disk, snapshot!).version ?? version),
    agents: agents?.map(([agent]) => agent),
    ...{ archiveSegments, archivedRecords: stats.archivedRecords, created: stats.created, unknown },
  };
}

/** Names and sizes of all files of the store: what grows, or is another file, shows here. */
function sizesOf({ disk }: WriteContext, log: Log): string {
  const paths = [join(log.path, manifestName), ...log.files.map(({ path }) => path)];
  return paths.map((path) => `${path} ${disk.stat(path)?.id} ${disk.stat(path)?.size}`).join('\n');
}

function changed({ path }: Log): LogctlError {
  const hint = 'nothing was changed; stop what writes to it and try again';
  return new LogctlError('changed', `${path} changed while it was compacted`, hint, { path });
}
