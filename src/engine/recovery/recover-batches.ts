/** recover-batches: gives up whole what counts together or not at all. */
import { partOf } from '../bytes/source-part.js';
import { codeOf } from '../damage/damage-findings.js';
import type { LogScan } from '../checks/scan-log.js';
import type { Damage } from '../damage/damage-log.js';
import type { UnfinishedBatch } from '../damage/unfinished-batch.js';
import { keyToString, stringToKey } from '../keydir/key-bytes.js';
import { KIND } from '../scan/kernel.js';
import { plural } from '../text.js';
import type { BrokenBatch } from './batches.js';
import { lineLength } from './damage-groups.js';
import type { KeyAtRisk, RegionPlan } from './plan.js';
import { keysAtRisk, lostIn } from './recover-losses.js';
import { NumberGaps, putPiece, quarantine, type RegionWorld } from './recover-regions.js';
import { scanSource } from './recover-state.js';

function whyWhole({ here, of }: { here: number; of: number }): string {
  const lost = `${of - here} of its ${plural(of, 'entry', 'entries')}`;
  return `a batch counts whole or not at all, and ${lost} went`;
}

/** Entries of a batch that are here and whole, by the lines they lie on. */
interface Members {
  /** Lines before the first damage, and in all. */
  before: number;
  lines: number;
  /** Keys they set or delete; true: the last that is said of it is that it goes. */
  keys: Map<string, boolean>;
}

/**
 * Plans a batch that lost entries: the others go as well, but for whole entries of other writes
 * that the damage holds. Adds its parts; gives what was done and why.
 */
export async function planBatch(world: RegionWorld, batch: BrokenBatch): Promise<RegionPlan> {
  const { scan, parts } = world;
  const damages = batch.groups.flatMap((group) => group.damages);
  const [first] = damages;
  const members = await membersOf(world, batch, damages);
  const numbers = new NumberGaps(world, Math.min(first.seqBefore, batch.firstSeq - 1));
  const why = whyWhole(batch);
  let at = batch.offset;
  for (const damage of damages) {
    quarantine(world, damage, at, damage.offset - at, why);
    for (const piece of damage.pieces) {
      if (piece.kind !== 'entry' || !batch.foreign.has(piece)) {
        quarantine(world, damage, piece.offset, piece.length, why);
        continue;
      }
      if (piece.seq > 0) numbers.upTo(piece.seq);
      await putPiece(world, damage, codeOf(damage), piece);
      parts.text('\n', 'ends an entry that was glued to the next bytes');
    }
    at = damage.offset + (damage.pieces.length === 0 ? 0 : damage.length);
  }
  quarantine(world, damages.at(-1)!, at, batch.end - at, why);
  numbers.upTo(batch.nextSeq);
  const line = first.line - members.before;
  return {
    code: codeOf(first),
    ...{ line, lines: members.lines, offset: batch.offset, length: batch.end - batch.offset },
    action: 'quarantine',
    why,
    entriesBack: batch.foreign.size,
    entriesLost: damages.reduce((sum, damage) => sum + lostIn(scan, damage), batch.here),
    keys: keysOf(world, members, damages, { from: line, to: line + members.lines }),
  };
}

/** A batch of which the end is not in the new file: what is there of it goes from its end. */
export async function planCutBatch(
  { scan, parts }: RegionWorld,
  { start, here, of }: UnfinishedBatch,
): Promise<RegionPlan> {
  const why = whyWhole({ here, of });
  const cut = parts.cutFrom(start);
  const { offset = scan.bytes } = cut.at(0) ?? {};
  const line = scan.lines - (await linesFrom(scan, offset)) + 1;
  const { path } = scan.log;
  for (const range of cut) parts.drop({ path, line, ...range, reason: why });
  const length = cut.reduce((sum, range) => sum + range.length, 0);
  return {
    code: 'torn-tail',
    ...{ line, lines: here, offset, length },
    action: 'quarantine',
    why,
    ...{ entriesBack: 0, entriesLost: here, keys: [] },
  };
}

/** Lines of the log that begin at `offset` or behind it. */
async function linesFrom({ sources, bytes }: LogScan, offset: number): Promise<number> {
  const chunk = Buffer.alloc(1 << 16);
  let lines = 0;
  let last = 0x0a;
  for (let at = offset; at < bytes;) {
    const room = Math.min(chunk.length, bytes - at);
    const part = chunk.subarray(0, await sources[0].read(chunk.subarray(0, room), at));
    if (part.length === 0) break;
    for (const byte of part) if (byte === 0x0a) lines++;
    last = part[part.length - 1];
    at += part.length;
  }
  return last === 0x0a ? lines : lines + 1;
}

/** Reads what of the batch is whole: what lies between the damaged lines. */
async function membersOf(
  { context, scan }: RegionWorld,
  { offset, end }: BrokenBatch,
  damages: readonly Damage[],
): Promise<Members> {
  const members: Members = { before: 0, lines: damages.length, keys: new Map() };
  const stops = [...damages.map((damage) => ({ at: damage.offset, damage })), { at: end }];
  let from = offset;
  for (const [number, stop] of stops.entries()) {
    if (stop.at > from) {
      const part = partOf(scan.sources[0], from, stop.at);
      const read = await scanSource(context, scan.log, part, {
        fold: false,
        // A part of a batch at the end is one that was cut, to who reads all of a file.
        until: stop.at - from,
        onRows({ kind, keys, keyStart, keyLength, count }) {
          for (let row = 0; row < count; row++) {
            if (kind[row] !== KIND.put && kind[row] !== KIND.delete) continue;
            const start = keyStart[row];
            const key = keyToString(keys.slice(start, start + keyLength[row]));
            members.keys.set(key, kind[row] === KIND.delete);
          }
        },
      });
      read.close();
      members.lines += read.lines;
      if (number === 0) members.before = read.lines;
    }
    if ('damage' in stop) from = stop.at + lineLength(stop.damage);
  }
  return members;
}

function keysOf(
  { scan }: RegionWorld,
  members: Members,
  damages: readonly Damage[],
  lines: { from: number; to: number },
): KeyAtRisk[] {
  const keys = new Map<string, KeyAtRisk>();
  for (const damage of damages) {
    for (const one of keysAtRisk(scan, damage)) keys.set(one.key, one);
  }
  for (const [key, deletes] of members.keys) {
    keys.set(key, { key, impact: impactOf(scan.keydir, key, deletes, lines) });
  }
  return [...keys.values()];
}

function impactOf(
  keydir: RegionWorld['scan']['keydir'],
  key: string,
  deletes: boolean,
  { from, to }: { from: number; to: number },
): KeyAtRisk['impact'] {
  const index = keydir.find(stringToKey(key));
  if (index < 0) return deletes ? 'could come back' : 'harmless';
  const { line, versions } = keydir.at(index);
  if (line < from || line >= to) return 'harmless';
  return versions > 1 ? 'changed' : 'lost';
}
