/** fills: what holes in a log once held, where a backup has the lines around them. */
import type { CheckedBackup } from '../checks/backups.js';
import type { LogScan } from '../checks/scan-log.js';
import type { Context } from '../context.js';
import { hiddenEntries } from '../damage/damage-findings.js';
import type { SourceFile } from '../disk.js';
import { openSource } from '../log.js';
import type { DamageGroup } from './damage-groups.js';
import { placesIn, type Hole, type HolePlace } from './hole-places.js';
import { LineFinder } from './line-finder.js';
import { isBlank, linesBefore, linesBehind } from './log-lines.js';

/** Bytes of a backup that stood where the damage is: whole lines. */
export interface Fill {
  path: string;
  offset: number;
  length: number;
  /** The last of them has its newline. */
  ended: boolean;
  /** Whole entries in it; 0 where the backup shows that nothing stood there. */
  entries: number;
  /** What was lost may have been more than the backup has: it was made before. */
  isOpen: boolean;
}

/** A whole entry inside damage that is longer than this keeps its hole from being filled. */
const searchedBytesMax = 1 << 20;

/**
 * Looks for the lines around each group in the backups, newest first: what is between them there is
 * what was between them here, since a backup is a copy of the log as it was. Lines that a backup
 * has once are anchors, as far as they come in one order; between two anchors the lines of
 * both files are aligned, so that lines which repeat, or which the backup lacks, hide nothing. A
 * group at the log's start reaches to the backup's start; one at its end, or before lines that are
 * all newer than the backup, to the backup's end.
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
    const places = await placesIn(context, scan, holes, backup, backup === backups[0]);
    const source = openSource(context, backup.path, scan.log.path);
    try {
      for (const place of places) {
        const fill = await measured(source, place, backup.soundBytes);
        if (fill !== undefined) fills.set(place.hole.group, fill);
      }
    } finally {
      source.close();
    }
    holes = holes.filter(({ group }) => !fills.has(group));
  }
  return fills;
}

async function holeOf(scan: LogScan, group: DamageGroup): Promise<Hole> {
  const [first] = group.damages;
  const inside: Buffer[] = [];
  for (const { offset, length } of group.damages.flatMap(hiddenEntries)) {
    inside.push(await bytesAt(scan.sources[0], offset, Math.min(length, searchedBytesMax)));
  }
  const before = await linesBefore(scan, group.offset);
  return {
    group,
    before,
    behind: await linesBehind(scan, group.end),
    inside,
    isStart: before.length === 0 && (await isBlankBefore(scan, group.offset)),
    isEnd: group.end >= scan.bytes,
    wasHead: group.offset === 0 && looksLike(first.head, scan.log.dialect.checkpointStart),
  };
}

/** Nothing but blank lines comes before it. */
async function isBlankBefore({ sources }: LogScan, offset: number): Promise<boolean> {
  if (offset > searchedBytesMax) return false;
  return isBlank(await bytesAt(sources[0], 0, offset));
}

/**
 * Counts the lines of a place in a sound backup; undefined where one is missing that the damage
 * still holds, and where there are none and the backup may be older than what stood there.
 */
async function measured(
  source: SourceFile,
  { from, to: wantedTo, hole, isOpen, isSure }: HolePlace,
  soundBytes = Infinity,
): Promise<Fill | undefined> {
  const to = Math.min(wantedTo, soundBytes);
  const finder = new LineFinder(hole.inside);
  finder.begin(from);
  const chunk = Buffer.alloc(1 << 16);
  let at = from;
  let entries = 0;
  let last = 0x0a;
  while (at < to) {
    const length = await source.read(chunk.subarray(0, Math.min(chunk.length, to - at)), at);
    if (length === 0) break;
    for (const byte of chunk.subarray(0, length)) {
      if (byte === 0x0a && last !== 0x0a) entries++;
      last = byte;
    }
    finder.look(chunk.subarray(0, length), at);
    at += length;
  }
  const ended = last === 0x0a;
  if (!ended) {
    entries++;
    finder.end(at);
  }
  // An entry that is whole gives way to the one line that it was, and a line to nothing, only where
  // no other place is possible.
  const isWhole = hole.group.damages.some(({ replayed }) => replayed);
  if (isWhole ? entries !== 1 || !isSure : entries === 0 && !isSure) return undefined;
  if (finder.sightings.some(({ copies }) => copies === 0)) return undefined;
  return { path: source.path, offset: from, length: at - from, ended, entries, isOpen };
}

/** True when at most two bytes differ: a flipped bit in the first bytes hides nothing. */
function looksLike(head: string, start: string | undefined): boolean {
  if (start === undefined) return false;
  let different = 0;
  for (let i = 0; i < start.length; i++) if (head[i] !== start[i]) different++;
  return different <= 2;
}

async function bytesAt(source: SourceFile, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, await source.read(bytes, offset));
}
