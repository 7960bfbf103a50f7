/** fills: what a hole in a log once held, where a backup has the lines around it. */
import type { CheckedBackup } from '../checks/backups.js';
import type { Context } from '../context.js';
import { hiddenEntries } from '../damage/damage-findings.js';
import type { Damage } from '../damage/damage-log.js';
import type { SourceFile } from '../disk.js';
import { findLines, type Sighting } from './line-finder.js';
import { openSource } from '../log.js';
import type { LogScan } from '../checks/scan-log.js';

/** Damaged lines that touch each other. `end`: behind the last one, its newline included. */
export interface DamageGroup {
  damages: Damage[];
  offset: number;
  end: number;
}

/** Bytes of a backup that stood where the damage is: whole lines. */
export interface Fill {
  path: string;
  offset: number;
  length: number;
  /** The last of them has its newline. */
  ended: boolean;
  /** Whole entries in it. */
  entries: number;
}

/** A line longer than this is not searched for. */
const searchedBytesMax = 1 << 20;
/** A line is read from this many bytes on, and from more where it is longer: holes are many. */
const windowBytes = 1 << 12;
const windowFactor = 16;

/** Bytes of a damaged line, its newline included. */
export const lineLength = (damage: Damage): number => damage.length + (damage.ended ? 1 : 0);

/** Puts damaged lines that touch together. A line that was replayed all the same stands alone. */
export function groupDamages(damages: readonly Damage[]): DamageGroup[] {
  const groups: DamageGroup[] = [];
  for (const damage of damages) {
    const last = groups.at(-1);
    const end = damage.offset + lineLength(damage);
    const touches = last !== undefined && last.end === damage.offset;
    if (touches && !damage.replayed && !last.damages[0].replayed) {
      last.damages.push(damage);
      last.end = end;
    } else {
      groups.push({ damages: [damage], offset: damage.offset, end });
    }
  }
  return groups;
}

/**
 * Looks for the whole line before and the whole line behind each group in the backups, newest
 * first: what stands between them there is what stood between them here, since a backup is a copy
 * of the log as it was. A group at the log's start reaches to the backup's start, one at its end to
 * the backup's end. A line that a backup has twice proves nothing. One pass per backup.
 */
export async function findFills(
  context: Context,
  scan: LogScan,
  groups: readonly DamageGroup[],
  backups: readonly CheckedBackup[],
): Promise<Map<DamageGroup, Fill>> {
  const fills = new Map<DamageGroup, Fill>();
  const sound = backups.filter(({ verdict }) => verdict === 'ok');
  if (sound.length === 0) return fills;
  let holes: Hole[] = [];
  for (const group of groups) holes.push(await holeOf(scan, group));
  for (const backup of sound) {
    if (holes.length === 0) break;
    const wanted = holes.flatMap(({ before, behind, inside }) => {
      return [before, behind, ...inside].filter((line) => line !== undefined);
    });
    const seen = await findLines(context, backup.path, wanted, scan.log.path);
    const at = new Map(wanted.map((line, number) => [line, seen[number]]));
    const source = openSource(context, backup.path, scan.log.path);
    try {
      for (const hole of holes) {
        const fill = await fillFrom(source, hole, at, backup === backups[0]);
        if (fill !== undefined) fills.set(hole.group, fill);
      }
    } finally {
      source.close();
    }
    holes = holes.filter(({ group }) => !fills.has(group));
  }
  return fills;
}

interface Hole {
  group: DamageGroup;
  /** The lines around it, without newline; undefined at the log's ends, and where too long. */
  before: Buffer | undefined;
  behind: Buffer | undefined;
  /** Whole entries inside the damage: a fill that lacks one of them is not what stood there. */
  inside: Buffer[];
  isStart: boolean;
  isEnd: boolean;
  /** It was a checkpoint, to all appearances, with which a compaction began the log. */
  wasHead: boolean;
}

async function holeOf(scan: LogScan, group: DamageGroup): Promise<Hole> {
  const [source] = scan.sources;
  const [first] = group.damages;
  const inside: Buffer[] = [];
  for (const { offset, length } of group.damages.flatMap(hiddenEntries)) {
    inside.push(await bytesAt(source, offset, Math.min(length, searchedBytesMax)));
  }
  const isEnd = group.end >= scan.bytes;
  return {
    group,
    before: await lineBefore(source, group.offset),
    behind: isEnd ? undefined : await lineAt(source, group.end, scan.bytes),
    inside,
    isStart: group.offset === 0,
    isEnd,
    wasHead: group.offset === 0 && looksLike(first.head, scan.log.dialect.checkpointStart),
  };
}

async function fillFrom(
  source: SourceFile,
  hole: Hole,
  seen: ReadonlyMap<Buffer, Sighting>,
  isNewest: boolean,
): Promise<Fill | undefined> {
  const placeOf = (line: Buffer | undefined) => {
    const sighting = line === undefined ? undefined : seen.get(line);
    return sighting?.copies === 1 ? sighting.offset : undefined;
  };
  const before = placeOf(hole.before);
  const behind = placeOf(hole.behind);
  const from = hole.isStart ? 0 : before === undefined ? -1 : before + hole.before!.length + 1;
  // The newest backup is the one a head was made from: where nothing of it was carried behind the
  // head, all of it is what the head stood for.
  const isWhole = hole.wasHead && isNewest && (seen.get(hole.behind!)?.copies ?? 0) === 0;
  const to = behind ?? (hole.isEnd || isWhole ? Infinity : -1);
  if (from < 0 || to <= from) return undefined;
  const hasAll = hole.inside.every((line) => {
    const at = placeOf(line);
    return at !== undefined && at >= from && at < to;
  });
  return hasAll ? measured(source, from, to) : undefined;
}

/** Counts the lines of a sound backup from `from` up to `to`, at most to its end. */
async function measured(source: SourceFile, from: number, to: number): Promise<Fill | undefined> {
  const chunk = Buffer.alloc(1 << 16);
  let at = from;
  let entries = 0;
  let last = 0x0a;
  for (;;) {
    const length = await source.read(chunk.subarray(0, Math.min(chunk.length, to - at)), at);
    if (length === 0) break;
    for (const byte of chunk.subarray(0, length)) {
      if (byte === 0x0a && last !== 0x0a) entries++;
      last = byte;
    }
    at += length;
  }
  const ended = last === 0x0a;
  if (!ended) entries++;
  return entries === 0
    ? undefined
    : { path: source.path, offset: from, length: at - from, ended, entries };
}

/** True when at most two bytes differ: a flipped bit in the first bytes hides nothing. */
function looksLike(head: string, start: string | undefined): boolean {
  if (start === undefined) return false;
  let different = 0;
  for (let i = 0; i < start.length; i++) if (head[i] !== start[i]) different++;
  return different <= 2;
}

/** The line that ends just before `offset`; undefined where there is none, or it is too long. */
async function lineBefore(source: SourceFile, offset: number): Promise<Buffer | undefined> {
  const end = Math.max(0, offset - 1);
  for (let room = windowBytes; end > 0; room *= windowFactor) {
    const from = Math.max(0, end - room);
    const bytes = await bytesAt(source, from, end - from);
    const start = bytes.lastIndexOf(0x0a) + 1;
    if (start > 0 || from === 0) return ownCopy(bytes.subarray(start));
    if (room >= searchedBytesMax) return undefined;
  }
  return undefined;
}

/** The line that begins at `offset`; undefined where there is none, or it is too long. */
async function lineAt(source: SourceFile, offset: number, end: number) {
  for (let room = windowBytes; offset < end; room *= windowFactor) {
    const bytes = await bytesAt(source, offset, Math.min(room, end - offset));
    const newline = bytes.indexOf(0x0a);
    if (newline >= 0) return ownCopy(bytes.subarray(0, newline));
    if (offset + room >= end) return ownCopy(bytes);
    if (room >= searchedBytesMax) return undefined;
  }
  return undefined;
}

/** The bytes alone: a part of a buffer keeps all of it in memory. Undefined for none. */
const ownCopy = (bytes: Buffer) => (bytes.length === 0 ? undefined : Buffer.from(bytes));

async function bytesAt(source: SourceFile, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, await source.read(bytes, offset));
}
