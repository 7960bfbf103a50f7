/** What is surely on the disk at a moment, what only may be, and each way a crash can decide. */
import { dirname } from 'node:path';
import type { Attributes, Content, Effect, Inode } from './memory-inode.js';

/**
 * `journal`: names and attributes reach the disk in order, as on ext4 and xfs; fsync of a directory
 * brings all before it. `posix`: each one by itself, in any order; fsync of a directory brings only
 * the names in it. In both a file's bytes are sure only after its own fsync, and (stricter than
 * Linux) that fsync does not bring its name.
 */
export type CrashModel = 'journal' | 'posix';

/** Where un-synced bytes may be cut. `sectors` cuts at appends too, and inside the last one. */
export type Cuts = 'sectors' | 'bytes';

/** One thing a crash may leave of a file's bytes: `length` of them, zeros in [zeroFrom, zeroTo). */
export interface Survivor {
  content: Content;
  length: number;
  zeroFrom: number;
  zeroTo: number;
}

/** A change of names or attributes that no fsync has made sure yet. */
export type PendingChange = Extract<
  Effect,
  { do: 'create' | 'link' | 'unlink' | 'rename' | 'attributes' }
>;

/** The bytes a file had between two truncations; `sure` of them are on the disk. */
interface Version {
  content: Content;
  sure: number;
  length: number;
  /** Lengths before each append that is not sure yet. */
  steps: number[];
}

const sectorBytes = 512;

/** Follows the effects in order and knows at each moment what is sure and what is pending. */
export class CrashTracker {
  readonly names: Map<string, Inode>;
  readonly attributes = new Map<Inode, Attributes>();
  readonly pending: PendingChange[] = [];
  /** Acknowledgements and other notes so far. */
  readonly notes: string[] = [];
  /** The last version that is sure, then those since. */
  private readonly versions = new Map<Inode, Version[]>();
  private readonly survivors = new Map<Inode, Survivor[]>();

  constructor(
    bornNames: ReadonlyMap<string, Inode>,
    private readonly model: CrashModel,
    private readonly cuts: Cuts,
  ) {
    this.names = new Map(bornNames);
  }

  follow(effect: Effect): void {
    switch (effect.do) {
      case 'note':
        this.notes.push(effect.path);
        break;
      case 'sync-directory':
        this.makeSure((change) => this.model === 'journal' || isIn(effect.path, change));
        break;
      case 'sync':
        this.makeSure((change) => change.do === 'attributes' && change.inode === effect.inode);
        this.syncBytes(effect.inode);
        break;
      case 'append':
        this.grow(effect.inode, effect.length);
        break;
      case 'truncate':
        this.versionsOf(effect.inode).push({ ...fresh, content: effect.content, steps: [] });
        this.survivors.delete(effect.inode);
        break;
      default:
        this.pending.push(effect);
    }
  }

  /** Every way the crash may leave the bytes of a file; the first keeps all, the last the least. */
  survivorsOf(inode: Inode): Survivor[] {
    const known = this.survivors.get(inode);
    if (known) return known;
    const ways = this.versionsOf(inode).flatMap((version) => waysToEnd(version, this.cuts));
    this.survivors.set(inode, ways.reverse());
    return ways;
  }

  private grow(inode: Inode, length: number): void {
    const version = this.versionsOf(inode).at(-1)!;
    version.steps.push(version.length);
    version.length = length;
    this.survivors.delete(inode);
  }

  private syncBytes(inode: Inode): void {
    const { content, length } = this.versionsOf(inode).at(-1)!;
    this.versions.set(inode, [{ content, length, sure: length, steps: [] }]);
    this.survivors.delete(inode);
  }

  private makeSure(isNow: (change: PendingChange) => boolean): void {
    const later = this.pending.filter((change) => {
      if (!isNow(change)) return true;
      applyChange(change, this.names, this.attributes);
      return false;
    });
    this.pending.splice(0, Infinity, ...later);
  }

  private versionsOf(inode: Inode): Version[] {
    const known = this.versions.get(inode);
    if (known) return known;
    const { content, length } = inode.born;
    const versions = [{ content, length, sure: length, steps: [] }];
    this.versions.set(inode, versions);
    return versions;
  }
}

const fresh = { sure: 0, length: 0 };

/** Does one change to the names and attributes that survive. */
export function applyChange(
  change: PendingChange,
  names: Map<string, Inode>,
  attributes: Map<Inode, Attributes>,
): void {
  switch (change.do) {
    case 'attributes':
      attributes.set(change.inode, change.attributes);
      break;
    case 'unlink':
      // Where the change before it was lost, the name may lead elsewhere: that entry stays.
      if (names.get(change.path) === change.inode) names.delete(change.path);
      break;
    case 'rename':
      if (change.displaced !== undefined) names.set(change.from, change.displaced);
      else if (names.get(change.from) === change.inode) names.delete(change.from);
      names.set(change.path, change.inode);
      break;
    default:
      names.set(change.path, change.inode);
  }
}

function isIn(directory: string, change: PendingChange): boolean {
  return change.do !== 'attributes' && dirname(change.path) === directory;
}

/** Lengths from the least to the whole, and the whole with zeros where sectors were not written. */
function waysToEnd({ content, sure, length, steps }: Version, cuts: Cuts): Survivor[] {
  const survivor = (end: number, zeroFrom = 0, zeroTo = 0): Survivor => {
    return { content, length: end, zeroFrom, zeroTo };
  };
  if (sure === length) return [survivor(length)];
  const sectors: number[] = [];
  for (let at = sectorAfter(sure); at < length; at += sectorBytes) sectors.push(at);
  const zeroed = [sure, ...sectors].flatMap((from) => {
    const sectorEnd = Math.min(sectorAfter(from), length);
    const toEnd = survivor(length, from, length);
    // One sector that was not written while later ones were: writes are not ordered.
    return sectorEnd < length ? [toEnd, survivor(length, from, sectorEnd)] : [toEnd];
  });
  const lastStep = steps.at(-1) ?? sure;
  const inside = [(lastStep + length) >> 1, length - 1].filter((at) => at > lastStep);
  const ends = cuts === 'bytes' ? range(sure, length) : [sure, ...steps, ...sectors, ...inside];
  const least = [...new Set(ends)].sort((a, b) => a - b).map((end) => survivor(end));
  return [...least, ...zeroed, survivor(length)];
}

const sectorAfter = (at: number) => (Math.floor(at / sectorBytes) + 1) * sectorBytes;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
