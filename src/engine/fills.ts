/** fills: what a hole in a log once held, where a backup has the lines around it. */
import type { Context } from './context.js';
import type { SourceFile } from './disk.js';
import { backupLog, type CheckedBackup } from './backups.js';
import type { Damage } from './damage-log.js';
import { openSource } from './log.js';
import { scanLog, type LogScan } from './scan-log.js';

/** Bytes of a backup that cover a damaged line, whole lines with their newlines. */
export interface Fill {
  path: string;
  offset: number;
  length: number;
  /** Whole entries in it. */
  entries: number;
}

/** A neighbour line longer than this is not searched for. */
const neighbourBytesMax = 1 << 20;
const windowBytes = 1 << 20;

/**
 * Looks for the whole line before the damage and the whole line behind it in the backups, in that
 * order, newest backup first; what stands between them there is what stood between them here.
 */
export async function findFill(
  context: Context,
  scan: LogScan,
  damage: Damage,
  backups: readonly CheckedBackup[],
): Promise<Fill | undefined> {
  const [source] = scan.sources;
  const before = await lineBefore(source, damage.offset);
  const behindAt = damage.offset + damage.length + 1;
  const behind = damage.ended ? await lineAt(source, behindAt, scan.bytes) : undefined;
  if (before === undefined || behind === undefined) return undefined;
  for (const backup of backups) {
    if (backup.verdict !== 'ok' || backup.compressed) continue;
    const found = await between(context, backup.path, before, behind);
    if (found === undefined || found.length === 0) continue;
    const entries = await entriesIn(context, scan, found);
    if (entries > 0) return { ...found, entries };
  }
  return undefined;
}

async function between(context: Context, path: string, before: Buffer, behind: Buffer) {
  const source = openSource(context, path);
  try {
    const first = await findLine(source, before, 0);
    if (first < 0) return undefined;
    const offset = first + before.length;
    const last = await findLine(source, behind, offset);
    return last < 0 ? undefined : { path, offset, length: last - offset };
  } finally {
    source.close();
  }
}

/** Offset of a whole line (its newline included) at or behind `from`; -1 where there is none. */
export async function findLine(source: SourceFile, line: Buffer, from: number): Promise<number> {
  const window = Buffer.alloc(windowBytes + line.length);
  for (let at = from; ; at += windowBytes) {
    const length = await source.read(window, at);
    const view = window.subarray(0, length);
    for (let hit = view.indexOf(line); hit >= 0; hit = view.indexOf(line, hit + 1)) {
      const startsLine = hit === 0 ? await isLineStart(source, at) : view[hit - 1] === 0x0a;
      if (startsLine) return at + hit;
    }
    if (length < window.length) return -1;
  }
}

async function isLineStart(source: SourceFile, at: number): Promise<boolean> {
  if (at === 0) return true;
  const byte = new Uint8Array(1);
  await source.read(byte, at - 1);
  return byte[0] === 0x0a;
}

/** The line that ends just before `offset`, newline included. */
async function lineBefore(source: SourceFile, offset: number): Promise<Buffer | undefined> {
  const from = Math.max(0, offset - neighbourBytesMax);
  const bytes = Buffer.alloc(offset - from);
  await source.read(bytes, from);
  if (bytes.length < 2) return undefined;
  const start = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  return start === 0 && from > 0 ? undefined : bytes.subarray(start);
}

/** The line that begins at `offset`, newline included; undefined where it is too long or none. */
export async function lineAt(source: SourceFile, offset: number, end: number) {
  const bytes = Buffer.alloc(Math.max(0, Math.min(neighbourBytesMax, end - offset)));
  await source.read(bytes, offset);
  const newline = bytes.indexOf(0x0a);
  return newline <= 0 ? undefined : bytes.subarray(0, newline + 1);
}

/** Whole entries in a range of a sound backup. */
async function entriesIn(context: Context, scan: LogScan, fill: Omit<Fill, 'entries'>) {
  let entries = 0;
  const counted = await scanLog(context, backupLog(scan.log, fill.path), {
    fold: false,
    until: fill.offset + fill.length,
    onRows(batch) {
      for (let row = 0; row < batch.count; row++) {
        if (batch.offset[row] >= fill.offset && batch.length[row] > 0) entries++;
      }
    },
  });
  counted.close();
  return entries;
}
