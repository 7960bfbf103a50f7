/** recover-evidence: the files that keep what a recovery takes away, and say what it did. */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { chunksOf } from '../bytes/chunks.js';
import type { WriteContext } from '../context.js';
import { noSpaceWords } from '../text.js';
import type { DiskReader, FileStat, SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { likeLog } from '../compaction/lock-file.js';
import { dialectNames } from '../dialects/index.js';
import { receiptShape } from './plan-shape.js';
import type { Fingerprint, LogPlan, Quarantined } from './plan.js';
import { partOf } from '../bytes/source-part.js';

/** Where the evidence of one recovery lies: full paths, names of one moment. */
export interface EvidencePaths {
  directory: string;
  original: string;
  quarantine: string;
  receipt: string;
}

/** A file as a receipt names it: its base name, beside the receipt. */
export interface ReceiptFile {
  name: string;
  size: number;
  sha256: string;
}

/** What `NAME.receipt.<ms>.json` holds. */
export interface Receipt {
  schema: 'logctl/receipt@1';
  version: string;
  madeAt: string;
  /** Base name of the log. */
  log: string;
  /** The log as it was; null where it was missing. Bytes that came later are behind `size`. */
  original: ReceiptFile | null;
  /** The log as it was made. Bytes that came later are behind `size`. */
  recovered: ReceiptFile;
  quarantine: ReceiptFile | null;
  plan: Omit<LogPlan, 'findings'>;
}

/** Bytes a quarantine record holds itself; of more it holds the hash. */
const recordBytesMax = 65_536;

/** The names for evidence of `stamp` (ms since 1970), in `evidenceDir` or beside the log. */
export function evidencePaths(path: string, stamp: number, evidenceDir?: string): EvidencePaths {
  const directory = evidenceDir ?? dirname(path);
  const name = basename(path);
  return {
    directory,
    original: join(directory, `${name}.original.${stamp}`),
    quarantine: join(directory, `${name}.quarantine.${stamp}.jsonl`),
    receipt: join(directory, `${name}.receipt.${stamp}.json`),
  };
}

/** The first moment from `now` on whose evidence names are all free. */
export function freshStamp(disk: DiskReader, path: string, now: number, evidenceDir?: string) {
  for (let stamp = now; ; stamp++) {
    const places = [evidencePaths(path, stamp), evidencePaths(path, stamp, evidenceDir)];
    const names = places.flatMap((place) => [place.original, place.quarantine, place.receipt]);
    if (names.every((name) => disk.lstat(name) === undefined)) return stamp;
  }
}

/**
 * Writes the quarantine file, one JSON record a line: source, line, offset, length, reason, and the
 * bytes in base64 or, beyond 64 KiB, their sha-256. Durable when it returns, its name excepted.
 * `like`: the log that the records are of. Throws LogctlError `changed` where a record's path leads
 * to another file by now: what is read ends in a file of the log's owner.
 */
export async function writeQuarantine(
  context: WriteContext,
  path: string,
  records: readonly Quarantined[],
  like: FileStat | undefined,
): Promise<ReceiptFile> {
  const hash = createHash('sha256');
  let size = 0;
  const file = context.disk.create(path);
  const sources = new Map<string, SourceFile>();
  try {
    for (const record of records) {
      const source = sources.get(record.path) ?? openLog(context, record.path, like);
      sources.set(record.path, source);
      const line = Buffer.from(`${JSON.stringify(await recordOf(context, source, record))}\n`);
      file.append(line);
      hash.update(line);
      size += line.length;
    }
    likeLog(file, like);
    file.sync();
  } finally {
    file.close();
    for (const source of sources.values()) source.close();
  }
  return { name: basename(path), size, sha256: hash.digest('hex') };
}

function openLog({ disk }: WriteContext, path: string, log: FileStat | undefined): SourceFile {
  const source = disk.open(path, { noLinks: true });
  if (log === undefined || source.stat().id === log.id) return source;
  source.close();
  throw new LogctlError('changed', `${path} was replaced`, 'try again', { path });
}

async function recordOf(context: WriteContext, source: SourceFile, record: Quarantined) {
  const { path, line, offset, length, reason } = record;
  const head = { source: basename(path), line, offset, length, reason };
  const part = partOf(source, offset, offset + length);
  if (length <= recordBytesMax) {
    const bytes = Buffer.alloc(length);
    await part.read(bytes, 0);
    return { ...head, base64: bytes.toString('base64') };
  }
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(context, part, 'hash')) hash.update(chunk);
  return { ...head, sha256: hash.digest('hex') };
}

/** Writes the receipt. Durable when it returns, its name excepted. */
export function writeReceipt(
  context: WriteContext,
  path: string,
  receipt: Receipt,
  like: FileStat | undefined,
): void {
  const file = context.disk.create(path);
  try {
    file.append(Buffer.from(`${JSON.stringify(receipt)}\n`));
    likeLog(file, like);
    file.sync();
  } finally {
    file.close();
  }
}

/** More than any receipt has; a log that was named by mistake may have much more. */
const receiptBytesMax = 1 << 28;

/** A receipt as data, looked at member by member: names are base names. Throws LogctlError. */
export async function readReceipt(context: WriteContext, path: string): Promise<Receipt> {
  const file = context.disk.open(path, { noLinks: true });
  try {
    if (file.stat().size > receiptBytesMax) throw noReceipt(path, 'it is too large for one');
    const parts: Uint8Array[] = [];
    for await (const chunk of chunksOf(context, file, 'read')) parts.push(chunk);
    return checked(path, Buffer.concat(parts).toString('utf8'));
  } finally {
    file.close();
  }
}

function checked(path: string, text: string): Receipt {
  let receipt: unknown;
  try {
    receipt = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw noReceipt(path, 'it is not JSON');
  }
  const fault = receiptShape.fault(receipt, '') ?? namesFault(receipt as Receipt);
  if (fault === undefined) return receipt as Receipt;
  throw noReceipt(path, fault);
}

/** A receipt is input: it names the files of its own recovery and no others. */
function namesFault({ log, original, recovered, quarantine, plan }: Receipt): string | undefined {
  const own = evidencePaths(log, plan.stamp);
  if (recovered.name !== log) return 'recovered.name is not the log';
  if (original !== null && original.name !== own.original) return 'original.name is not its own';
  const isOwn = quarantine === null || quarantine.name === own.quarantine;
  if (!isOwn) return 'quarantine.name is not its own';
  if (!dialectNames.includes(plan.dialect)) return 'plan.dialect is no format';
  const isOneFile = plan.replaces === undefined;
  if (isOneFile && (original === null) !== plan.missing) {
    return 'original and plan.missing contradict each other';
  }
  return basename(plan.replaces ?? plan.path) === log ? undefined : 'plan.path is not the log';
}

const noReceipt = (path: string, why: string) =>
  new LogctlError('refused', `${path} is no receipt of a recovery: ${why}`, 'name another file');

/** Throws LogctlError where `--evidence-dir` is no directory, or has no room for the original. */
export function checkEvidenceDir({ disk }: WriteContext, directory: string, plan: LogPlan): void {
  if (disk.stat(directory)?.kind !== 'directory') {
    throw new LogctlError('usage', `${directory}: no such directory`, `mkdir -p ${directory}`);
  }
  const free = disk.freeBytes(directory);
  if (free >= plan.bytesBefore) return;
  const words = noSpaceWords(directory, { needed: plan.bytesBefore, free });
  throw new LogctlError('no-space', words, 'Nothing was changed.', { path: directory });
}

/** A file's fingerprint under its base name. */
export const receiptFile = ({ path, size, sha256 }: Fingerprint): ReceiptFile => ({
  name: basename(path),
  size,
  sha256,
});
