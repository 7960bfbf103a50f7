/** hole-places: between which bytes of a copy lies what a hole in the log once held. */
import type { CheckedBackup } from '../checks/backups.js';
import type { LogScan } from '../checks/scan-log.js';
import { contentStart } from '../bytes/order-mark.js';
import { partOf } from '../bytes/source-part.js';
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';
import { openSource } from '../log.js';
import { aligned, inOneOrder, type Anchor, type LogToken } from './alignment.js';
import { findLines } from './line-finder.js';
import { linesAround, linesIn, type TextLine } from './log-lines.js';
import type { DamageGroup } from './damage-groups.js';

/** A hole in the log: damaged lines that lie together, and what is around them. */
export interface Hole {
  group: DamageGroup;
  /** Sound lines before and behind it, in file order. */
  before: TextLine[];
  behind: TextLine[];
  /** Whole entries inside the damage: a fill that lacks one of them is not what stood there. */
  inside: Buffer[];
  isStart: boolean;
  isEnd: boolean;
  /** It was a checkpoint, to all appearances, with which a compaction began the log. */
  wasHead: boolean;
}

/** Where in a copy. `to`: Infinity for its end. */
export interface HolePlace {
  hole: Hole;
  from: number;
  to: number;
  /** What was lost may have been more than the copy has: it was made before the hole's end. */
  isOpen: boolean;
  /** The lines right before and behind it are anchors. */
  isSure: boolean;
}

/** A stretch between two anchors that is longer than this is not compared line by line. */
const stretchBytesMax = 1 << 18;

/** A line that is an anchor, with its ends in both files. */
interface LineAnchor extends Anchor {
  end: number;
  copyEnd: number;
}

/** Holes with the same anchors around them. */
interface Stretch {
  left: LineAnchor | undefined;
  right: LineAnchor | undefined;
  holes: Hole[];
}

/**
 * Finds the places of holes, which come in file order, in a sound backup; those without one are
 * left out. `isNewest`: the backup is the one that a checkpoint at the log's start was made of.
 * One pass over the backup for the lines around the holes, and one for what is between anchors.
 */
export async function placesIn(
  context: Context,
  scan: LogScan,
  holes: readonly Hole[],
  backup: CheckedBackup,
  isNewest: boolean,
): Promise<HolePlace[]> {
  const lines = new Map<number, TextLine>();
  for (const { before, behind } of holes) {
    for (const line of [...before, ...behind]) lines.set(line.offset, line);
  }
  const wanted = [...lines.values()].sort((a, b) => a.offset - b.offset);
  const sightings = await findLines(
    context,
    backup.path,
    wanted.map(({ bytes }) => bytes),
  );
  const anchors: LineAnchor[] = [];
  const seen = new Set<TextLine>();
  for (const [number, { offset: copyOffset, copies }] of sightings.entries()) {
    const { offset, bytes } = wanted[number];
    if (copies > 0) seen.add(wanted[number]);
    const [end, copyEnd] = [offset + bytes.length + 1, copyOffset + bytes.length + 1];
    if (copies === 1) anchors.push({ offset, copyOffset, end, copyEnd });
  }
  const source = openSource(context, backup.path);
  try {
    const start = await contentStart(source);
    const copy = partOf(source, 0, backup.soundBytes);
    const finder = new PlaceFinder(scan, copy, { seen, isNewest, start });
    const places: HolePlace[] = [];
    for (const stretch of stretchesOf(holes, inOneOrder(anchors))) {
      places.push(...(await finder.placesOf(stretch)));
    }
    return places;
  } finally {
    source.close();
  }
}

function stretchesOf(holes: readonly Hole[], anchors: readonly LineAnchor[]): Stretch[] {
  const stretches: Stretch[] = [];
  let next = 0;
  for (const hole of holes) {
    while (next < anchors.length && anchors[next].offset < hole.group.offset) next++;
    const [left, right] = [anchors[next - 1], anchors[next]] as (LineAnchor | undefined)[];
    const last = stretches.at(-1);
    if (last !== undefined && last.left === left && last.right === right) last.holes.push(hole);
    else stretches.push({ left, right, holes: [hole] });
  }
  return stretches;
}

class PlaceFinder {
  constructor(
    private readonly scan: LogScan,
    private readonly copy: SourceFile,
    private readonly known: { seen: ReadonlySet<TextLine>; isNewest: boolean; start: number },
  ) {}

  async placesOf(stretch: Stretch): Promise<HolePlace[]> {
    const { left, right, holes } = stretch;
    const [hole] = holes;
    const { start } = this.known;
    if (this.isWholeHead(hole))
      return [{ hole, from: start, to: Infinity, isOpen: false, isSure: true }];
    const isDirect = holes.length === 1 && this.isNextTo(stretch);
    if (isDirect) {
      const isOpen = right === undefined;
      const from = left?.copyEnd ?? start;
      return [{ hole, from, to: right?.copyOffset ?? Infinity, isOpen, isSure: !isOpen }];
    }
    return this.alignedPlaces(stretch, left?.copyEnd ?? start);
  }

  /**
   * The newest backup is the one a head was made from: where nothing of it was carried behind the
   * head, all of it is what the head stood for.
   */
  private isWholeHead({ wasHead, behind }: Hole): boolean {
    return wasHead && this.known.isNewest && !behind.some((line) => this.known.seen.has(line));
  }

  /** The only hole of a stretch has its anchors beside it. */
  private isNextTo({ left, right, holes: [hole] }: Stretch): boolean {
    const before = hole.before.at(-1);
    const isLeft = left === undefined ? hole.isStart : before?.offset === left.offset;
    const isRight = right === undefined ? hole.isEnd : hole.behind.at(0)?.offset === right.offset;
    const isNewer = right === undefined && !hole.isStart && this.isFollowedByNewer(hole);
    return isLeft && (isRight || isNewer);
  }

  /** What follows is not in the copy: all that the copy has came before it. */
  private isFollowedByNewer({ behind }: Hole): boolean {
    return behind.length > 0 && !behind.some((line) => this.known.seen.has(line));
  }

  private async alignedPlaces({ left, right, holes }: Stretch, copyFrom: number) {
    const { scan, copy } = this;
    const last = holes.at(-1)!.group;
    const logFrom = left?.end ?? 0;
    const logTo = right?.offset ?? Math.min(scan.bytes, last.end + stretchBytesMax / 4);
    const copyTo = right?.copyOffset ?? copyFrom + stretchBytesMax;
    if (logTo - logFrom > stretchBytesMax || copyTo - copyFrom > stretchBytesMax) return [];
    const tokens = await tokensOf(scan, holes, logFrom, logTo);
    const lines = await linesIn(copy, copyFrom, copyTo);
    const places = aligned(
      tokens,
      lines.map(({ bytes }) => bytes),
    );
    if (places === undefined) return [];
    const found: HolePlace[] = [];
    let cursor = copyFrom;
    for (const hole of holes) {
      const around = neighboursOf(tokens, places.first, hole);
      const other = neighboursOf(tokens, places.last, hole);
      // Where lines repeat there may be several places, and nobody knows which it was.
      if (around.previous !== other.previous || around.next !== other.next) continue;
      const isKnown = around.hasSound || left !== undefined || hole.isStart;
      const isOpen = around.next === undefined && right === undefined;
      const mayReachEnd = around.isNextTo && !hole.isStart && this.isFollowedByNewer(hole);
      if (!isKnown || (isOpen && !hole.isEnd && !mayReachEnd)) continue;
      const before = around.previous === undefined ? undefined : lines[around.previous];
      const from = Math.max(cursor, before === undefined ? copyFrom : endOf(before));
      const behind = around.next === undefined ? right?.copyOffset : lines[around.next].offset;
      const to = behind ?? Infinity;
      if (to < from) continue;
      found.push({ hole, from, to, isOpen, isSure: false });
      cursor = to;
    }
    return found;
  }
}

const endOf = ({ offset, bytes }: TextLine): number => offset + bytes.length + 1;

interface PlacedToken extends LogToken {
  /** The hole whose damaged line it is. */
  hole: Hole | undefined;
}

/** The lines of a stretch of the log, damaged ones of its holes among them. */
async function tokensOf(scan: LogScan, holes: readonly Hole[], from: number, to: number) {
  const tokens: PlacedToken[] = [];
  let at = from;
  const addSound = async (until: number) => {
    for (const { bytes } of await linesAround(scan, at, until)) {
      tokens.push({ bytes, isDamaged: false, hole: undefined });
    }
  };
  for (const hole of holes) {
    await addSound(hole.group.offset);
    for (const { length } of hole.group.damages) {
      tokens.push({
        bytes: new Uint8Array(Math.min(length, stretchBytesMax)),
        isDamaged: true,
        hole,
      });
    }
    at = hole.group.end;
  }
  await addSound(to);
  return tokens;
}

/** The nearest lines of the copy before and behind a hole that lines of the log are. */
function neighboursOf(tokens: readonly PlacedToken[], places: Int32Array, hole: Hole) {
  const first = tokens.findIndex((token) => token.hole === hole);
  const last = tokens.findLastIndex((token) => token.hole === hole);
  let previous = first - 1;
  while (previous >= 0 && places[previous] < 0) previous--;
  let next = last + 1;
  while (next < tokens.length && places[next] < 0) next++;
  return {
    previous: previous < 0 ? undefined : places[previous],
    next: next < tokens.length ? places[next] : undefined,
    hasSound: tokens.some((token, at) => at < first && !token.isDamaged && places[at] >= 0),
    isNextTo: previous === first - 1,
  };
}
