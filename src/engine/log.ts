/** log: open a log (recognise, lay out), and walk a file of it chunk by chunk. */
import { basename } from 'node:path';
import type { Context, TargetOptions } from './context.js';
import type { SourceFile } from './disk.js';
import { DIALECTS } from './dialects/index.js';
import type { Dialect, Probe } from './dialects/dialect.js';
import { LogctlError } from './errors.js';
import { gunzipped } from './bytes/gzip.js';
import { Keydir } from './keydir/keydir.js';
import { mergedSource } from './compaction/merged-source.js';
import type { LogFile, Role } from './model.js';
import type { ChosenKernel } from './scan/choose-kernel.js';
import type { Kernel, KernelOptions } from './scan/kernel.js';
import { referenceKernel } from './scan/reference.js';
import { dialectNamed, notRecognised, recognise, refuseOthersOptions } from './recognise.js';
import { listBackups, listCompanions, siblingsOf, type BackupName } from './siblings.js';

const defaultChunkBytes = 1 << 18;
const headBytes = 65_536;
/** Bytes at the start and before the end that show whether a file was rewritten in place. */
const guardBytes = 4_096;
const appendWaitMs = 1_000;

/** One log: its dialect and its files in replay order. `missing`: only its siblings are there. */
export interface Log {
  path: string;
  dialect: Dialect;
  files: LogFile[];
  missing: boolean;
  /** A search came by it: nobody named it. */
  isFound?: boolean;
}

/**
 * Opens a file for reading: `.gz` as its plain bytes, `-` as standard input, and a log whose
 * compaction was interrupted with the lines that still are in its old file.
 */
export function openSource(context: Context, path: string): SourceFile {
  if (path === '-') {
    if (context.stdin) return context.stdin();
    throw new LogctlError('usage', 'standard input cannot be read here', 'name a file');
  }
  const file = context.disk.open(path);
  if (path.endsWith('.gz')) return gunzipped(file);
  return mergedSource(context.disk, file, resyncPatterns) ?? file;
}

/** How an entry may begin, in any format. */
const resyncPatterns = DIALECTS.flatMap(({ resync }) => resync);

/** What libraries put behind a log's name for copies of their own. */
export const companionSuffixes: readonly string[] = DIALECTS.flatMap((dialect) => {
  return dialect.companionSuffixes ?? [];
});

/** Recognises the log at `path` by its content. Throws LogctlError `not-a-log`, `usage`. */
export async function openLog(
  context: Context,
  path: string,
  options: TargetOptions = {},
): Promise<Log> {
  const probe = probeDirectory(context, path) ?? (await probeFile(context, path));
  const named = options.dialect === undefined ? undefined : dialectNamed(options.dialect);
  const dialect = named ?? (await recogniseStore(context, probe, options));
  if (dialect === undefined) throw notRecognised(probe, context.disk.stat(path)?.size);
  refuseOthersOptions(probe, dialect, options);
  return openLogAs(context, path, dialect.withOptions?.(options) ?? dialect);
}

/** The log at `path`, known to be of this dialect. */
export function openLogAs(context: Context, path: string, dialect: Dialect): Log {
  const missing = path !== '-' && context.disk.stat(path) === undefined;
  return { path, dialect, files: dialect.layout(context.disk, path), missing };
}

/** What a directory looks like that may be a store itself; undefined where there is none. */
export function probeDirectory({ disk }: Context, path: string, isNamed = true): Probe | undefined {
  if (path === '-' || disk.stat(path)?.kind !== 'directory') return undefined;
  const names = disk.list(path) ?? [];
  return { path, kind: 'directory', names, head: new Uint8Array(0), isNamed };
}

/** What a file looks like from outside; one that is not there has its names alone. */
export async function probeFile(context: Context, path: string, isNamed = true): Promise<Probe> {
  const names = path === '-' ? [] : (context.disk.list(siblingsOf(path).directory) ?? []);
  return { path, kind: 'file', names, head: await headOf(context, path), isNamed };
}

async function headOf(context: Context, path: string): Promise<Uint8Array> {
  if (path !== '-' && context.disk.stat(path) === undefined) return new Uint8Array(0);
  const file = openSource(context, path);
  try {
    const head = new Uint8Array(headBytes);
    return head.subarray(0, await file.read(head, 0));
  } finally {
    if (path !== '-') file.close();
  }
}

/**
 * The dialect of a store by content, or undefined. A file in which nothing is left to recognise is
 * what its backups and companions are. Two that fit are an error naming both.
 */
export async function recogniseStore(
  context: Context,
  probe: Probe,
  options: TargetOptions = {},
): Promise<Dialect | undefined> {
  const isLeft = probe.kind === 'directory' || probe.head.some((byte) => byte !== 0);
  const found = isLeft ? recognise(probe) : undefined;
  if (found !== undefined || probe.path === '-') return found ?? recognise(probe);
  // The newest copy that tells anything.
  for (const { path } of copiesOf(context, probe, options.backupDir)) {
    const head = await headOfCopy(context, path);
    const dialect = head.some((byte) => byte !== 0) ? recognise({ ...probe, head }) : undefined;
    if (dialect !== undefined) return dialect;
  }
  return isLeft ? undefined : recognise(probe);
}

/** Empty for a gzip file that breaks off: a damaged backup says nothing. */
async function headOfCopy(context: Context, path: string): Promise<Uint8Array> {
  try {
    return await headOf(context, path);
  } catch (error) {
    if (!(error instanceof LogctlError) || error.code !== 'damaged') throw error;
    return new Uint8Array(0);
  }
}

function copiesOf({ disk }: Context, { path, names }: Probe, backupDir?: string): BackupName[] {
  const base = basename(path);
  const hasCopies = names.some((name) => name !== base && name.startsWith(base));
  if (!hasCopies && backupDir === undefined) return [];
  const companions = listCompanions(disk, path, companionSuffixes);
  const copies = [...listBackups(disk, path, backupDir), ...companions];
  return copies.sort((a, b) => b.ms - a.ms);
}

/** Names of the operations of a dialect, by their number in a batch. */
export const opsOf = (dialect: Dialect): readonly string[] => dialect.codec('segment').ops;

/** A kernel for the files of one role. `choose`: which one; the reference unless it is given. */
export function makeKernel(
  context: Context,
  dialect: Dialect,
  role: Role,
  options: Partial<KernelOptions> = {},
  choose: ChosenKernel = () => referenceKernel,
): Kernel {
  const codec = dialect.codec(role);
  return choose(codec)({
    codec,
    keydir: new Keydir(),
    chunkBytes: context.chunkBytes ?? defaultChunkBytes,
    fold: true,
    ...options,
  });
}

export interface WalkOptions {
  file: number;
  /** Read only the first so many bytes. */
  until?: number;
  /** Called after each scan with the rows in `kernel.batch`; `firstLine` is the first row's. */
  onBatch(firstLine: number): void | Promise<void>;
  /** Called while `kernel.held` holds a whole-state entry back. */
  onHeld?(): void | Promise<void>;
}

/** How a walk ended. `size`: bytes walked. */
export interface WalkEnd {
  size: number;
  lines: number;
  /** The path now names another file than the one that was read. */
  replaced: boolean;
}

/**
 * Walks one open file through a kernel: a consistent prefix, whatever appends meanwhile.
 * Throws LogctlError `changed` (exit 22) when the file shrank or was rewritten in place.
 */
export async function walkFile(
  context: Context,
  source: SourceFile,
  kernel: Kernel,
  options: WalkOptions,
): Promise<WalkEnd> {
  const guard = await Guard.of(context, source, options.until);
  kernel.start({ file: options.file, offset: 0 });
  let position = 0;
  let lines = 0;
  let chunks = 0;
  for (let last = false; !last;) {
    const room = Math.min(kernel.chunk.length, guard.limit - position);
    const length = await source.read(kernel.chunk.subarray(0, room), position);
    if (length < room && Number.isFinite(guard.limit)) guard.shrank();
    const end = position + length;
    last = end >= guard.limit || length === 0;
    if (last && length > 0 && kernel.chunk[length - 1] !== 0x0a) {
      last = !(await guard.extend(end));
    }
    do {
      kernel.scan(length, last);
      if (kernel.batch.count > 0) await options.onBatch(lines + 1);
      lines += kernel.batch.count;
      if (kernel.held) await options.onHeld?.();
    } while (kernel.pending);
    position = kernel.position;
    last &&= position >= end;
    context.progress?.({ phase: 'read', path: source.path, done: position, total: guard.total });
    await context.checkpoint?.();
    if (++chunks % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { size: position, lines, replaced: await guard.check(position) };
}

/** Watches over one file while it is read: its size, its first and last bytes, its name. */
class Guard {
  private constructor(
    private readonly context: Context,
    private readonly source: SourceFile,
    /** Bytes to read; Infinity where only the end tells (gzip, standard input). */
    public limit: number,
    readonly total: number,
    private readonly fixed: boolean,
    private readonly before: Buffer,
  ) {}

  static async of(context: Context, source: SourceFile, until: number | undefined) {
    const { size } = source.stat();
    const streams = source.path === '-' || source.path.endsWith('.gz');
    const limit = streams ? (until ?? Infinity) : Math.min(until ?? size, size);
    const before = streams ? Buffer.alloc(0) : await ends(source, limit);
    return new Guard(context, source, limit, streams ? 0 : limit, until !== undefined, before);
  }

  /**
   * The prefix stops inside a line: a writer may be at work. Waits for its newline and moves the
   * limit behind it; false when nothing more came: then the tail is as it is.
   */
  async extend(position: number): Promise<boolean> {
    if (this.fixed || !Number.isFinite(this.limit)) return false;
    for (let waited = 0; waited < appendWaitMs; waited += 50) {
      const { size } = this.source.stat();
      if (size <= position) return false;
      const grown = new Uint8Array(Math.min(size - position, 1 << 20));
      const length = await this.source.read(grown, position);
      const newline = grown.subarray(0, length).indexOf(0x0a);
      if (newline >= 0 || length === 1 << 20) {
        this.limit = position + (newline >= 0 ? newline + 1 : length);
        return true;
      }
      await this.context.sleep(50);
    }
    return false;
  }

  shrank(): never {
    const { path } = this.source;
    const hint = 'stop what rewrites it (another compactor?) and try again';
    throw new LogctlError('changed', `${path} shrank while it was read`, hint, { path });
  }

  /** After the last byte: throws when the file was rewritten; true when it was renamed over. */
  async check(position: number): Promise<boolean> {
    if (!Number.isFinite(this.limit) || this.total === 0) return false;
    const { size, id } = this.source.stat();
    if (size < position) this.shrank();
    if (!this.before.equals(await ends(this.source, this.total))) {
      const { path } = this.source;
      const hint = 'stop what rewrites it (another compactor?) and try again';
      throw new LogctlError('changed', `${path} was rewritten in place`, hint, { path });
    }
    return this.context.disk.stat(this.source.path)?.id !== id;
  }
}

async function ends(source: SourceFile, size: number): Promise<Buffer> {
  const length = Math.min(size, guardBytes);
  const both = Buffer.alloc(length * 2);
  await source.read(both.subarray(0, length), 0);
  await source.read(both.subarray(length), size - length);
  return both;
}
