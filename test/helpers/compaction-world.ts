/** A log in memory whose every entry can be told from every other, and compactions of it. */
import { compactLog } from '../../src/engine/compaction/compact-log.js';
import type { WriteContext } from '../../src/engine/context.js';
import { LogctlError } from '../../src/engine/errors.js';
import { openLog } from '../../src/engine/log.js';
import type { CompactLogPart } from '../../src/engine/model.js';
import { scanLog } from '../../src/engine/checks/scan-log.js';
import { keyToString } from '../../src/engine/keydir/key-bytes.js';
import { clock } from './bot-log.js';
import type { FakeLocks } from './fake-locks.js';
import type { RecordingDisk } from './recording-disk.js';

export const logPath = '/data/players.log';

/** Entry number `n` as the bot writes it, about `bytes` long: it sets a key that no other sets. */
export function entry(n: number, bytes = 0): string {
  const line = `{"timestamp":"${clock(n)}","op":"SET","key":"e${n}","value":""}`;
  const filling = 'x'.repeat(Math.max(0, bytes - line.length));
  return line.replace('""}', `"${filling}"}`);
}

/** Entries `from` to `to`, the last one included. */
export function entries(from: number, to: number, bytes = 0): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, bytes));
}

/** The engine's world over a disk in memory; names of temporaries count up. */
export function worldOf(disk: RecordingDisk, locks: FakeLocks): WriteContext {
  let made = 0;
  return {
    ...{ disk, locks, version: '0.0.0', sleep: locks.sleep },
    chunkBytes: 4_096,
    // Ahead of every entry: a checkpoint of ours is never older than what it stands for.
    now: () => Date.parse(clock(100_000)) + disk.effects.length,
    random: () => `${disk.effects.length}${(made += 1)}`,
  };
}

/** Compacts the log, whatever an earlier run left; the reason where it was refused. */
export async function compactOn(
  disk: RecordingDisk,
  locks: FakeLocks,
): Promise<CompactLogPart | LogctlError> {
  const context = worldOf(disk, locks);
  try {
    return await compactLog(context, await openLog(context, logPath), {});
  } catch (error) {
    if (error instanceof LogctlError) return error;
    throw error;
  }
}

/** Numbers of the entries in a log's text, in order: in its checkpoint, then in its lines. */
export function numbersIn(text: string): number[] {
  const found = text.matchAll(/"key":"e(\d+)","value":"x*"\}|"e(\d+)":"x*"/g);
  return [...found].map(([, set, member]) => Number(set ?? member));
}

/** Numbers of the keys that a reader sees, in the order in which they were created. */
export async function numbersRead(disk: RecordingDisk, locks: FakeLocks): Promise<number[]> {
  const context = worldOf(disk, locks);
  const scan = await scanLog(context, await openLog(context, logPath));
  scan.close();
  const { keydir } = scan;
  return [...keydir.order('documented')].map((index) => {
    return Number(keyToString(keydir.key(index)).slice(1));
  });
}

/** Throws unless every number in `wanted` is there, none twice, and all in rising order. */
export function expectAll(found: readonly number[], wanted: Iterable<number>, where: string): void {
  const seen = new Set(found);
  const lost = [...wanted].filter((number) => !seen.has(number));
  if (lost.length > 0) throw new Error(`${where}: lost ${lost.join(', ')}`);
  if (seen.size < found.length) throw new Error(`${where}: an entry is there twice: ${found}`);
  const sorted = [...found].sort((a, b) => a - b);
  if (String(sorted) !== String(found))
    throw new Error(`${where}: the order is inverted: ${found}`);
}
