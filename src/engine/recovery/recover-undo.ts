/** recover-undo: puts back the log that a recovery replaced, bit for bit. */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { writeOutput } from '../apply.js';
import { openBeside } from '../beside.js';
import { chunksOf } from '../bytes/chunks.js';
import type { RecoverOptions, Sink, WriteContext } from '../context.js';
import type { SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { fingerprint, fingerprintOf } from './fingerprint.js';
import { keyToString } from '../keydir/key-bytes.js';
import { openLog } from '../log.js';
import { freshStamp, evidencePaths, readReceipt, type Receipt } from './recover-evidence.js';
import { scanSource } from './recover-state.js';
import { partOf } from '../bytes/source-part.js';
import { readIntent } from '../compaction/intent.js';
import { restJudge } from '../compaction/swap-rest.js';
import { swapIn } from '../compaction/swap.js';
import { finishCompaction } from '../compaction/swap-recovery.js';
import { plural } from '../text.js';

/** What was put back, and where the recovered log went; null where nothing stands in its place. */
export interface Undone {
  path: string;
  /** Where the recovered log lies now; null with `-o`. */
  kept: string | null;
  output: string | null;
  bytes: number;
}

/** The log a receipt is about: beside the receipt, unless `target` names it. */
export async function undoTarget(context: WriteContext, receiptPath: string, target?: string) {
  const receipt = await readReceipt(context, receiptPath);
  const path = target ?? join(dirname(receiptPath), receipt.log);
  return { receipt, path };
}

/**
 * Puts the original back through the same swap, or writes it to `output`. Throws LogctlError:
 * `refused` with the entries named when the log went on since, or is not what the recovery made;
 * `not-found` when the original is gone. The caller holds the compaction lock, which `fence` proves
 * right before the rename.
 */
export async function undo(
  context: WriteContext,
  receiptPath: string,
  target: { receipt: Receipt; path: string },
  options: RecoverOptions,
  fence?: () => void,
): Promise<Undone> {
  const { receipt, path } = target;
  const source = openOriginal(context, receiptPath, target);
  try {
    if (source !== undefined) await requireOriginal(context, source, receipt);
    if (options.output !== undefined) return await writeAside(context, source, target, options);
    await refuseGrowth(context, receiptPath, path, receipt, source);
    const stamp = freshStamp(context.disk, path, context.now());
    const kept = evidencePaths(path, stamp).original;
    if (source === undefined) return takeAway(context, path, kept, fence);
    return await swapBack(context, { path, kept, source, receipt, options, fence });
  } finally {
    source?.close();
  }
}

/**
 * The same, after what an interrupted compaction, recovery or undo left is finished: entries may
 * lie in the old file of that swap alone.
 */
export async function undoUnderLock(
  context: WriteContext,
  receiptPath: string,
  target: { receipt: Receipt; path: string },
  options: RecoverOptions,
  fence: () => void,
): Promise<Undone> {
  const { receipt, path } = target;
  const interrupted = readIntent(context.disk, path);
  const { dialect } = receipt.plan;
  await finishCompaction(context, path, { dialect, offline: options.offline });
  if (await isOriginal(context, path, receipt)) {
    // This very undo was interrupted, or has been done before.
    const kept = interrupted === undefined ? null : join(dirname(path), interrupted.keptAs);
    return { path, kept, output: null, bytes: receipt.original!.size };
  }
  return undo(context, receiptPath, target, options, fence);
}

async function isOriginal(context: WriteContext, path: string, { original }: Receipt) {
  const now = context.disk.stat(path);
  if (original === null || now?.size !== original.size) return false;
  return (await fingerprint(context, path, { limit: original.size })).sha256 === original.sha256;
}

/** Beside the receipt, or beside the log where a run was killed before it could move it there. */
function openOriginal(
  { disk }: WriteContext,
  receiptPath: string,
  { receipt: { original }, path }: { receipt: Receipt; path: string },
): SourceFile | undefined {
  if (original === null) return undefined;
  const places = [receiptPath, path].map((beside) => join(dirname(beside), original.name));
  const place = places.find((one) => disk.lstat(one) !== undefined) ?? places[0];
  return openBeside(disk, place, path);
}

/**
 * Before a byte of it is copied: whoever may write the directory may have put another file there.
 * What follows the receipt's size came later; the bytes before it are those of the receipt.
 */
async function requireOriginal(context: WriteContext, source: SourceFile, receipt: Receipt) {
  const { size, sha256 } = receipt.original!;
  const now = await fingerprintOf(context, source, size);
  if (now.size !== size || now.sha256 !== sha256) throw notTheOriginal(source.path);
}

async function writeAside(
  context: WriteContext,
  source: SourceFile | undefined,
  { receipt, path }: { receipt: Receipt; path: string },
  { output = '' }: RecoverOptions,
): Promise<Undone> {
  if (source === undefined) {
    const hint = 'the recovery made a log that was missing';
    throw new LogctlError('refused', `there is no original of ${path}`, hint);
  }
  const { mode } = source.stat();
  const options = { random: context.random(), mode: () => mode };
  await writeOutput(context, output, options, (sink) => copyOf(context, source, receipt, sink));
  return { path, kept: null, output, bytes: source.stat().size };
}

/** Copies the original, and proves while it does that it is still the one of the receipt. */
async function copyOf(context: WriteContext, source: SourceFile, receipt: Receipt, sink: Sink) {
  const { size, sha256 } = receipt.original!;
  const hash = createHash('sha256');
  let at = 0;
  for await (const chunk of chunksOf(context, source, 'copy')) {
    hash.update(chunk.subarray(0, Math.max(0, size - at)));
    at += chunk.length;
    await sink(chunk);
  }
  if (at < size || hash.digest('hex') !== sha256) throw notTheOriginal(source.path);
}

/** The log must be what the recovery made, and nothing more that the original does not have. */
async function refuseGrowth(
  context: WriteContext,
  receiptPath: string,
  path: string,
  { recovered, original, plan }: Receipt,
  source: SourceFile | undefined,
): Promise<void> {
  const now = context.disk.stat(path);
  const same = now !== undefined && now.size >= recovered.size;
  const head = same ? await fingerprint(context, path, { limit: recovered.size }) : undefined;
  const aside = [['logctl', 'recover', '--undo', receiptPath, '-o', 'FILE']];
  if (head?.sha256 !== recovered.sha256) {
    const words = `${path} is not the log that this recovery made`;
    throw new LogctlError('refused', words, 'Nothing was changed.', { path, next: aside });
  }
  const log = context.disk.open(path);
  try {
    const behind = partOf(log, recovered.size);
    // What writers appended during the swap lies behind the original as well.
    const carried = source === undefined ? undefined : partOf(source, original!.size);
    if (carried !== undefined && (await sameBytes(behind, carried))) return;
    if (behind.stat().size === 0) return;
    const words = await entriesIn(context, path, plan, behind);
    const hint = 'Nothing was changed: undoing would lose them. Write the original elsewhere.';
    throw new LogctlError('refused', `${path} went on since: ${words}`, hint, {
      path,
      next: aside,
    });
  } finally {
    log.close();
  }
}

async function sameBytes(left: SourceFile, right: SourceFile): Promise<boolean> {
  if (left.stat().size !== right.stat().size) return false;
  return (await hashOf(left)) === (await hashOf(right));
}

async function hashOf(file: SourceFile): Promise<string> {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(1 << 18);
  for (let at = 0; ;) {
    const length = await file.read(chunk, at);
    if (length === 0) return hash.digest('hex');
    hash.update(chunk.subarray(0, length));
    at += length;
  }
}

/** `3 entries: a, b and 1 more`, of what was appended since. */
async function entriesIn(
  context: WriteContext,
  path: string,
  plan: Receipt['plan'],
  behind: SourceFile,
) {
  const log = await openLog(context, path, { ...plan.options, dialect: plan.dialect });
  const scan = await scanSource(context, log, behind);
  scan.close();
  const keys = [...scan.keydir.order('upstream')].map((index) =>
    keyToString(scan.keydir.key(index)),
  );
  const entries = scan.counter.ops.reduce((sum, count) => sum + count, 0);
  const more = keys.length > 5 ? ` and ${keys.length - 5} more keys` : '';
  const named = keys.length === 0 ? '' : ` (${keys.slice(0, 5).join(', ')}${more})`;
  return `${plural(entries, 'entry', 'entries')}${named}`;
}

/** There was no log before: the recovered one goes aside. */
function takeAway({ disk }: WriteContext, path: string, kept: string, fence?: () => void): Undone {
  const bytes = 0;
  fence?.();
  disk.rename(path, kept);
  disk.syncDirectory(dirname(path));
  return { path, kept, output: null, bytes };
}

async function swapBack(
  context: WriteContext,
  back: {
    path: string;
    kept: string;
    source: SourceFile;
    receipt: Receipt;
    options: RecoverOptions;
    fence?: () => void;
  },
): Promise<Undone> {
  const { path, kept, source, receipt, options, fence } = back;
  const { options: given, dialect } = receipt.plan;
  const log = await openLog(context, path, { ...given, dialect });
  const old = context.disk.open(path);
  try {
    const { size } = old.stat();
    await swapIn(context, {
      path,
      old,
      prefixLength: size,
      keptAs: basename(kept),
      writeHead: (sink) => copyOf(context, source, receipt, sink),
      async proveHead(temporary, length) {
        assert(length === source.stat().size, 'the copy of the original is not as long');
        const head = await hashOf(partOf(temporary, 0, receipt.original!.size));
        if (head !== receipt.original!.sha256) throw notTheOriginal(source.path);
      },
      isWhole: restJudge(context, log),
      fence,
      offline: options.offline === true,
    });
    return { path, kept, output: null, bytes: source.stat().size };
  } finally {
    old.close();
  }
}

function notTheOriginal(path: string): LogctlError {
  const words = `${path} is not the original that the receipt names`;
  return new LogctlError('refused', words, 'Nothing was changed.', { path });
}
