/** mending: whole entries as all readers see them, spelled so that all of them do. */
import { crc32 } from 'node:zlib';
import { contentStart } from '../bytes/order-mark.js';
import { invalidRuns } from '../damage/invalid-utf8.js';
import { lineBreaks, type Rewritten } from '../damage/line-breaks.js';
import type { SourceFile } from '../disk.js';
import type { Log } from '../log.js';
import type { PartList } from './part-list.js';
import { plural } from '../text.js';
import { crcDigits } from '../writer/entry-text.js';

/** What is written in place of which bytes, and why. */
export interface MendedRun extends Rewritten {
  why: string;
}

const crcDigitCount = 8;
/** The end of a line with our checksum, whose digits come first in its last ten bytes. */
const crcAtEnd = /,"crc":"[0-9a-f]{8}"\}$/;
const crcEndBytes = 18;
const chunkBytes = 1 << 16;

/**
 * What a whole entry in `[from, to)` needs so that every reader sees it as this one does, in order:
 * U+FFFD for bytes that are no UTF-8, escapes for line breaks at which the format's own reader
 * cuts, and the checksum of what it is then. Nothing where it is sound.
 */
export async function mendedRuns(
  { dialect, files }: Log,
  source: SourceFile,
  from: number,
  to: number,
): Promise<MendedRun[]> {
  const { shape } = dialect.codec(files[0].role);
  const bad = await invalidRuns(source, from, to);
  const breaks = shape.breaks === undefined ? [] : await lineBreaks(source, from, to);
  const marks = bad.map((run) => {
    const why = `in place of ${plural(run.length, 'invalid byte')}`;
    return { offset: run.offset, length: run.length, text: '\ufffd'.repeat(run.marks), why };
  });
  const escapes = breaks.map((run) => ({ ...run, why: 'in place of a raw line break' }));
  const runs = [...marks, ...escapes].sort((a, b) => a.offset - b.offset);
  if (runs.length > 0 && shape.crcSlot >= 0) await mendSum(source, from, to, runs);
  return runs;
}

/** The checksum was that of the bytes as they are: what is written gets one of its own. */
async function mendSum(source: SourceFile, from: number, to: number, runs: MendedRun[]) {
  const end = Buffer.alloc(crcEndBytes);
  if (to - from < crcEndBytes) return;
  await source.read(end, to - crcEndBytes);
  if (!crcAtEnd.test(end.toString('latin1'))) return;
  let at = from === 0 ? await contentStart(source) : from;
  let sum = 0;
  for (const { offset, length, text } of runs) {
    sum = crc32(text, await sumOf(source, at, offset, sum));
    at = offset + length;
  }
  sum = await sumOf(source, at, to - crcEndBytes, sum);
  const offset = to - crcDigitCount - '"}'.length;
  const why = 'the checksum of the mended entry';
  runs.push({ offset, length: crcDigitCount, text: crcDigits(sum), why });
}

async function sumOf(source: SourceFile, from: number, to: number, before: number) {
  const chunk = Buffer.alloc(Math.min(chunkBytes, Math.max(0, to - from)));
  let sum = before;
  for (let at = from; at < to;) {
    const length = await source.read(chunk.subarray(0, Math.min(chunk.length, to - at)), at);
    if (length === 0) break;
    sum = crc32(chunk.subarray(0, length), sum);
    at += length;
  }
  return sum;
}

/** Puts `[from, to)` into the new file with its runs replaced; `keep` adds what stays of it. */
export function putMended(
  parts: PartList,
  runs: readonly MendedRun[],
  { from, to }: { from: number; to: number },
  keep: (offset: number, length: number) => void,
): void {
  let at = from;
  for (const run of runs) {
    keep(at, run.offset - at);
    parts.text(run.text, run.why);
    at = run.offset + run.length;
  }
  keep(at, to - at);
}
