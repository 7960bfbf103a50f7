/** opslog-sources: the open files of a store by number, and what is read of them as a whole. */
import { openBeside } from '../../beside.js';
import type { Context } from '../../context.js';
import type { DiskReader, SourceFile, SyncSource } from '../../disk.js';
import { Keydir } from '../../keydir/keydir.js';
import { KIND } from '../../scan/kernel.js';
import type { LogScan } from '../../checks/scan-log.js';
import type { Dialect } from '../dialect.js';
import { readEntries, type DamageCount } from './opslog-entries.js';
import { OP } from './opslog-ops.js';
import { readRows, rowKernel } from './opslog-rows.js';
import { archiveCodec, documentCodec, snapshotForm, tornCodec } from './opslog-snapshot.js';

/** Files that ranges of one or several keydirs point into. Each is opened once. */
export class Sources {
  readonly files: SyncSource[] = [];
  private readonly numbers = new Map<string, number>();

  /** `store`: the directory in which the files lie, or the one file itself. */
  constructor(
    private readonly disk: DiskReader,
    private readonly store: string,
  ) {}

  /** A file, open, and its number. Throws LogctlError where it cannot be opened. */
  at(path: string): { file: number; source: SyncSource } {
    const file = this.numberOf(path);
    return { file, source: this.files[file] };
  }

  private numberOf(path: string): number {
    const known = this.numbers.get(path);
    if (known !== undefined) return known;
    const number = this.files.push(openBeside(this.disk, path, this.store)) - 1;
    this.numbers.set(path, number);
    return number;
  }

  pathOf(number: number): string {
    return this.files[number].path;
  }

  close(): void {
    for (const file of this.files.splice(0)) file.close();
    this.numbers.clear();
  }
}

/** What a snapshot says of itself. */
export interface SnapshotHead {
  /** When it was begun, ms since 1970 UTC; NaN where it does not say. */
  time: number;
  /** The schema version of the application; undefined where it does not say. */
  version: number | undefined;
  /** We wrote it, with everything that could be found in the store at that time. */
  isOurs: boolean;
}

/** A member of our headers; the library ignores it. */
export const ourMark = '"by":"logctl"';
const headBytes = 65_536;

/** Reads the first bytes of a snapshot. Damage makes for a head that says nothing. */
export function snapshotHead(disk: DiskReader, path: string): SnapshotHead {
  const file = disk.open(path, { noLinks: true });
  try {
    const bytes = new Uint8Array(headBytes);
    const length = file.read(bytes, 0);
    const text = Buffer.from(bytes.subarray(0, length)).toString('latin1');
    // The header, or what stands before the records of an older form.
    const head = text.split(/"records"|\n\{"id"/, 1)[0];
    const version = /"version"\s*:\s*(\d{1,15})[\s,}]/.exec(head)?.[1];
    return {
      time: Date.parse(/"timestamp"\s*:\s*"([^"]*)"/.exec(head)?.[1] ?? ''),
      version: version === undefined ? undefined : Number(version),
      isOurs: head.includes(ourMark),
    };
  } finally {
    file.close();
  }
}

/** A snapshot read for what it holds, whatever is wrong with it. */
export interface ReadSnapshot {
  keydir: Keydir;
  damage: DamageCount;
}

/** Every record of a snapshot that can be made out. Values are ranges in `sources`. */
export async function readSnapshot(
  context: Context,
  dialect: Dialect,
  sources: Sources,
  path: string,
): Promise<ReadSnapshot> {
  const { file, source } = sources.at(path);
  const keydir = new Keydir();
  if (snapshotForm(source).kind !== 'lines') return readRecords(context, sources, path);
  const damage = await readEntries(context, dialect, {
    ...{ source, file, role: 'checkpoint' },
    take: (batch, { firstLine, from = 0, to = batch.count }) => {
      for (let row = from; row < to; row++) {
        if (batch.kind[row] !== KIND.put) continue;
        const value = { offset: batch.valueOffset[row], length: batch.valueLength[row] };
        const range = { file, ...value, line: firstLine + row, versions: 1 };
        keydir.put(batch.keys, batch.keyStart[row], batch.keyLength[row], range);
      }
    },
  });
  return { keydir, damage };
}

/** A snapshot of the older forms: one object; of a torn one its first members. */
async function readRecords(
  context: Context,
  sources: Sources,
  path: string,
): Promise<ReadSnapshot> {
  const { file, source } = sources.at(path);
  const keydir = new Keydir();
  const kernel = rowKernel(context, documentCodec, { keydir });
  const { kind, bytesMax: until } = snapshotForm(source);
  let isWhole = false;
  const onBatch = () => void (isWhole ||= kernel.batch.kind[0] === KIND.state);
  await readRows(context, source, kernel, {
    file,
    until: kind === 'line' ? until : undefined,
    onBatch,
  });
  if (isWhole)
    return { keydir, damage: { lines: 0, entriesBack: 0, bytesLost: 0, entriesLost: 0 } };
  return readTorn(context, source, file);
}

/** What stands of `"records":{…}` before it breaks off. */
async function readTorn(context: Context, source: SyncSource, file: number): Promise<ReadSnapshot> {
  const head = new Uint8Array(headBytes);
  const length = source.read(head, 0);
  const text = Buffer.from(head.subarray(0, length)).toString('latin1');
  const start = /"records"\s*:\s*(?=\{)/.exec(text);
  const keydir = new Keydir();
  const damage = { lines: 1, entriesBack: 0, bytesLost: source.stat().size, entriesLost: 1 };
  if (start === null) return { keydir, damage };
  const kernel = rowKernel(context, tornCodec, { keydir });
  const offset = start.index + start[0].length;
  await readRows(context, source, kernel, { file, from: offset, onBatch: () => undefined });
  return { keydir, damage: { ...damage, entriesBack: keydir.count } };
}

/** An archive segment: undefined where it is not whole. */
export function readArchive(
  context: Context,
  sources: Sources,
  path: string,
): Promise<Keydir | undefined> {
  const { file, source } = sources.at(path);
  return readArchivedRecords(context, source, file);
}

/** The same of an open file, whose ranges have the number `file`. */
export async function readArchivedRecords(
  context: Context,
  source: SourceFile,
  file: number,
): Promise<Keydir | undefined> {
  const keydir = new Keydir();
  const kernel = rowKernel(context, archiveCodec, { keydir });
  let isWhole = false;
  const onBatch = () => void (isWhole ||= kernel.batch.kind[0] === KIND.state);
  await readRows(context, source, kernel, { file, onBatch });
  return isWhole ? keydir : undefined;
}

/** Records of a snapshot, each id once; counted anew where the scan's lines do not tell. */
export async function countRecords(
  context: Context,
  scan: LogScan,
  path: string,
  sources: Sources,
): Promise<number> {
  const lines = scan.counter.ops[OP.record];
  const file = scan.log.files.find((one) => one.path === path);
  const isLines = file?.role === 'checkpoint' && scan.counter.ops[OP.snapshot] <= 1;
  // Damage may hide records, and what is not one a line was not counted.
  if (isLines && lines > 0 && scan.damages.length === 0) return lines;
  return (await readSnapshot(context, scan.log.dialect, sources, path)).keydir.count;
}

/** Whole entries of an operation log. */
export async function countEntries(
  context: Context,
  dialect: Dialect,
  sources: Sources,
  path: string,
): Promise<number> {
  let entries = 0;
  await readEntries(context, dialect, {
    ...{ ...sources.at(path), role: 'segment' },
    take: ({ kind, count }, { from = 0, to = count }) => {
      for (let row = from; row < to; row++) {
        entries += kind[row] === KIND.put || kind[row] === KIND.delete ? 1 : 0;
      }
    },
  });
  return entries;
}
