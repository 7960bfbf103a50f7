/** log: open a log: recognise it, lay it out, make a kernel for its lines. */
import { basename } from 'node:path';
import { openBeside } from './beside.js';
import { byName } from './checks/backup-order.js';
import type { Context, TargetOptions } from './context.js';
import type { SourceFile } from './disk.js';
import { companionSuffixes, resyncPatterns } from './dialects/index.js';
import type { Dialect, Probe } from './dialects/dialect.js';
import { LogctlError } from './errors.js';
import { gunzipped } from './bytes/gzip.js';
import { Keydir } from './keydir/keydir.js';
import { mergedSource } from './compaction/merged-source.js';
import type { LogFile, Role } from './model.js';
import { defaultChunkBytes } from './scan/choose-kernel.js';
import type { Kernel, KernelOptions, LineCodec, MakeKernel } from './scan/kernel.js';
import { referenceKernel } from './scan/reference.js';
import { dialectNamed, notRecognised, recognise, refuseOthersOptions } from './recognise.js';
import {
  listBackups,
  listCompanions,
  passedOver,
  siblingsOf,
  type BackupName,
} from './siblings.js';

const headBytes = 65_536;

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
 * compaction was interrupted with the lines that still are in its old file. One that was made, and
 * lies in no file, is what it is.
 * `beside`: the log or store that the file lies beside; absent: it is what was named.
 */
export function openSource(context: Context, path: string, beside = path): SourceFile {
  if (path === '-') {
    if (context.stdin) return context.stdin();
    throw new LogctlError('usage', 'standard input cannot be read here', 'name a file');
  }
  if (context.made !== undefined) return context.made;
  const { disk } = context;
  const file = openBeside(disk, path, beside);
  if (path.endsWith('.gz')) return gunzipped(file);
  return mergedSource(context.disk, file, resyncPatterns) ?? file;
}

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

/** The permission bits that all files of a log have: who may read its values. */
export function modeOfValues(context: Context, path: string, dialect: string): number {
  if (path === '-') return 0o666;
  const { files } = openLogAs(context, path, dialectNamed(dialect));
  const modes = files.flatMap((file) => context.disk.stat(file.path)?.mode ?? []);
  return modes.length === 0 ? 0o600 : modes.reduce((all, mode) => all & mode);
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

async function headOf(context: Context, path: string, beside = path): Promise<Uint8Array> {
  if (path !== '-' && context.disk.stat(path) === undefined) return new Uint8Array(0);
  const file = openSource(context, path, beside);
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
    const head = await headOfCopy(context, path, probe.path);
    const dialect = head.some((byte) => byte !== 0) ? recognise({ ...probe, head }) : undefined;
    if (dialect !== undefined) return dialect;
  }
  return isLeft ? undefined : recognise(probe);
}

/** Empty for a gzip file that breaks off, and for one that is gone: those say nothing. */
async function headOfCopy(context: Context, path: string, log: string): Promise<Uint8Array> {
  try {
    return await headOf(context, path, log);
  } catch (error) {
    const isGone = context.disk.lstat(path) === undefined;
    if (!(error instanceof LogctlError) || (error.code !== 'damaged' && !isGone)) throw error;
    return new Uint8Array(0);
  }
}

function copiesOf(context: Context, { path, names }: Probe, backupDir?: string): BackupName[] {
  const { disk } = context;
  const base = basename(path);
  const hasCopies = names.some((name) => name !== base && name.startsWith(base));
  if (!hasCopies && backupDir === undefined) return [];
  for (const one of passedOver(disk, path, { backupDir, suffixes: companionSuffixes })) {
    context.say?.(0, `${one.path} ${one.why}: it is not read as a copy of ${path}`);
  }
  const companions = listCompanions(disk, path, companionSuffixes);
  const copies = [...listBackups(disk, path, backupDir), ...companions];
  return copies.sort(byName(context.now()));
}

/** Names of the operations of a dialect, by their number in a batch. */
export const opsOf = (dialect: Dialect): readonly string[] => dialect.codec('segment').ops;

/** A kernel for the files of one role. `choose`: which one; the reference unless it is given. */
export function makeKernel(
  context: Pick<Context, 'chunkBytes'>,
  dialect: Dialect,
  role: Role,
  options: Partial<KernelOptions> = {},
  choose: (codec: LineCodec) => MakeKernel = () => referenceKernel,
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
