/** opslog-recover: carries out the plan for a store, and takes it back. */
import { basename, dirname, join } from 'node:path';
import { analyse } from '../../checks/analyse.js';
import { openBeside } from '../../beside.js';
import type { RecoverOptions, WriteContext } from '../../context.js';
import type { SourceFile } from '../../disk.js';
import { EXIT, LogctlError } from '../../errors.js';
import { openLogAs, type Log } from '../../log.js';
import type { RecoverLogPart } from '../../model.js';
import { fingerprint, fingerprintOf } from '../../recovery/fingerprint.js';
import type { LogPlan } from '../../recovery/plan.js';
import { checkBasis } from '../../recovery/recover-apply.js';
import {
  evidencePaths,
  freshStamp,
  receiptFile,
  writeReceipt,
  type Receipt,
} from '../../recovery/recover-evidence.js';
import { plannedPart, withExit } from '../../recovery/recover-part.js';
import type { Undone } from '../../recovery/recover-undo.js';
import { exitOf, verdictOf } from '../../report.js';
import { temporaryName } from '../../temporaries.js';
import { plural } from '../../text.js';
import {
  adoptGeneration,
  discardGeneration,
  writeGeneration,
  type WrittenGeneration,
} from './opslog-generation.js';
import { underLocks } from './opslog-held.js';
import { manifestName, readManifest } from './opslog-manifest.js';
import { salvageStore, type Salvaged } from './opslog-salvage.js';

/** Applies the plan for one store. Throws LogctlError; the manifest is then as it was. */
export async function recoverStore(
  context: WriteContext,
  log: Log,
  plan: LogPlan,
  options: RecoverOptions,
): Promise<RecoverLogPart> {
  if (options.output !== undefined || options.evidenceDir !== undefined) {
    const hint = 'a store keeps everything: copy the directory and recover the copy';
    throw new LogctlError('usage', 'a store is recovered in its own directory', hint);
  }
  const part = await underLocks(context, log, options, async (fence) => {
    await checkBasis(context, plan, options.plan === undefined);
    const salvaged = await salvageStore(context, log.dialect, log.path);
    try {
      const written = await writeGeneration(context, log.dialect, generationOf(context, salvaged));
      // The plan could only say about how much it would be.
      const done = { ...plan, bytesInserted: written.bytes };
      const made = await apply(context, { log, plan: done, written, fence });
      return { ...plannedPart(done), ...made };
    } finally {
      salvaged.sources.close();
    }
  });
  return verified(context, log, plan, part, options);
}

function generationOf(context: WriteContext, salvaged: Salvaged) {
  const { base, keydir, sources, version, agents } = salvaged;
  const { manifest, names } = base;
  const oldest = Math.min(...[...names.snapshots, ...names.logs].map(({ stamp }) => stamp));
  const created = Math.min(Date.parse(manifest?.stats.created ?? '') || Infinity, oldest);
  const isTime = Number.isFinite(created) && created < 8.64e15;
  const archives = new Set([...(manifest?.archiveSegments ?? []), ...names.archives]);
  return {
    ...{ directory: names.directory, keydir, sources: sources.files, version, agents },
    archiveSegments: manifest?.archiveSegments ?? [...archives],
    archivedRecords: manifest?.stats.archivedRecords ?? 0,
    created: new Date(isTime ? created : context.now()).toISOString(),
    unknown: manifest?.unknown ?? {},
  };
}

/** Evidence first, then the one rename that makes the new generation count. */
async function apply(
  context: WriteContext,
  work: { log: Log; plan: LogPlan; written: WrittenGeneration; fence(): void },
) {
  const { log, plan, written, fence } = work;
  const { disk } = context;
  const manifest = join(log.path, manifestName);
  const evidence = evidencePaths(manifest, plan.stamp);
  const old = disk.lstat(manifest);
  const made: string[] = [];
  try {
    if (written.stateHash !== plan.state.hashAfter) {
      const hint = 'nothing was changed: plan again';
      throw new LogctlError('changed', `${log.path} changed since the plan`, hint);
    }
    requireUnchanged(context, plan);
    fence();
    if (old !== undefined) {
      disk.link(manifest, evidence.original);
      made.push(evidence.original);
    }
    const original =
      old === undefined
        ? null
        : receiptFile(await fingerprint(context, evidence.original, { beside: log.path }));
    const recovered = {
      ...receiptFile(await fingerprint(context, written.temporary)),
      name: manifestName,
    };
    const { findings: _, ...bare } = plan;
    const receipt: Receipt = {
      ...{ schema: 'logctl/receipt@1', version: context.version, log: manifestName },
      madeAt: new Date(context.now()).toISOString(),
      ...{ original, recovered, quarantine: null, plan: bare },
    };
    writeReceipt(context, evidence.receipt, receipt, old);
    made.push(evidence.receipt);
    disk.syncDirectory(log.path);
    requireUnchanged(context, plan);
    fence();
  } catch (error) {
    discardGeneration(context, written);
    for (const path of made) if (disk.lstat(path) !== undefined) disk.unlink(path);
    throw error;
  }
  adoptGeneration(context, log.path, written);
  const original = old === undefined ? null : evidence.original;
  return { original, receipt: evidence.receipt };
}

/** Agents hold no lock: what one wrote since the plan would not be in the new generation. */
function requireUnchanged({ disk }: WriteContext, { path, basis }: LogPlan): void {
  const grown = basis.find((file) => disk.stat(file.path)?.size !== file.size);
  if (grown === undefined) return;
  const hint = 'nothing was changed; stop what writes to it and try again';
  throw new LogctlError('changed', `${grown.path} changed since the plan`, hint, { path });
}

/** A full verify of the store as it is now. */
async function verified(
  context: WriteContext,
  log: Log,
  plan: LogPlan,
  part: RecoverLogPart,
  options: RecoverOptions,
): Promise<RecoverLogPart> {
  const { scan, findings } = await analyse(
    context,
    openLogAs(context, log.path, log.dialect),
    options,
  );
  scan.close();
  const left = findings.inOrder();
  const exit = exitOf(left);
  const lost = plan.entriesLost > 0;
  const code = exit === EXIT.damaged ? exit : lost ? EXIT.recoveredWithLoss : EXIT.ok;
  return {
    ...part,
    ...withExit(code),
    ...{ bytes: scan.bytes, lines: scan.lines },
    result: lost ? 'recovered with loss' : 'recovered',
    verified: { verdict: verdictOf(exit), findings: left },
  };
}

/**
 * Puts the manifest back that a recovery replaced. The generation it made stays, unread. Throws
 * LogctlError `refused` where the store went on since, or its manifest is another one.
 */
export async function undoStore(
  context: WriteContext,
  receiptPath: string,
  { receipt, path }: { receipt: Receipt; path: string },
  options: RecoverOptions,
): Promise<Undone> {
  const directory = basename(path) === manifestName ? dirname(path) : path;
  const manifest = join(directory, manifestName);
  const log = { path: directory };
  return underLocks(context, log, options, async (fence) => {
    const { disk } = context;
    const beside = directory;
    const isThere = disk.lstat(manifest) !== undefined;
    const now = isThere ? await fingerprint(context, manifest, { beside }) : undefined;
    if (now?.sha256 !== receipt.recovered.sha256) {
      const words = `${manifest} is not the manifest that this recovery made`;
      throw new LogctlError('refused', words, 'Nothing was changed.', { path: manifest });
    }
    refuseGrowth(context, directory);
    const kept = evidencePaths(manifest, freshStamp(disk, manifest, context.now())).original;
    const original = await openOriginal(context, receiptPath, receipt, directory);
    try {
      fence();
      putBack(context, { manifest, kept, original });
    } finally {
      original?.close();
    }
    return { path: directory, kept, output: null, bytes: receipt.original?.size ?? 0 };
  });
}

/** The manifest that the receipt names, open and proven; undefined where there was none. */
async function openOriginal(
  context: WriteContext,
  receiptPath: string,
  { original }: Receipt,
  directory: string,
): Promise<SourceFile | undefined> {
  if (original === null) return undefined;
  const file = openBeside(context.disk, join(dirname(receiptPath), original.name), directory);
  const { sha256 } = await fingerprintOf(context, file);
  if (sha256 === original.sha256) return file;
  file.close();
  throw notTheOriginal(file.path);
}

/** A second name and a rename: no moment is without a manifest that can be read. */
function putBack(
  { disk, random }: WriteContext,
  put: { manifest: string; kept: string; original: SourceFile | undefined },
): void {
  const { manifest, kept, original } = put;
  const directory = dirname(manifest);
  const temporary = join(directory, temporaryName(manifest, random()));
  if (original !== undefined) {
    disk.link(original.path, temporary);
    if (disk.lstat(temporary)?.id !== original.stat().id) {
      disk.unlink(temporary);
      throw notTheOriginal(original.path);
    }
  }
  disk.link(manifest, kept);
  if (original === undefined) disk.unlink(manifest);
  else disk.rename(temporary, manifest);
  disk.syncDirectory(directory);
}

function notTheOriginal(path: string): LogctlError {
  const words = `${path} is not the original that the receipt names`;
  return new LogctlError('refused', words, 'Nothing was changed.', { path });
}

/** What was written into the new generation would be lost with it. */
function refuseGrowth({ disk }: WriteContext, directory: string): void {
  const reading = readManifest(disk, directory);
  if (reading.state !== 'ok') return;
  const { agents, activeOps } = reading.manifest;
  const names = agents?.map(([, name]) => name) ?? [activeOps];
  const sizes = names.map((name) => disk.stat(join(directory, name))?.size ?? 0);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes === 0) return;
  const words = `${directory} went on since: ${plural(bytes, 'byte')} of operations`;
  const hint = 'Nothing was changed: undoing would lose them.';
  throw new LogctlError('refused', words, hint, { path: directory });
}
