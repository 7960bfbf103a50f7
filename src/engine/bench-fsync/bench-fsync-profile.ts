/** bench-fsync-profile: what a log asks of its disk: sizes of its entries, its busiest minute. */
import { byName } from '../checks/backup-order.js';
import { backupLog } from '../checks/backups.js';
import type { Context, TargetOptions } from '../context.js';
import { opsOf, type Log } from '../log.js';
import { scanLog } from '../checks/scan-log.js';
import { KIND } from '../scan/kernel.js';
import { listBackups } from '../siblings.js';
import { unlessGone } from '../listed-files.js';

const minuteMs = 60_000;

/** A log shorter than this was compacted lately: its newest backup knows more. */
const entriesTelling = 100;

/** Collects entries. Memory grows with the number of different sizes, and with the minutes. */
export class WriteProfile {
  entries = 0;
  bytes = 0;
  lines = 0;
  private readonly countOfSize = new Map<number, number>();
  private readonly countOfMinute = new Map<number, number>();

  /** An entry of `size` bytes, newline included; `time` in ms, NaN without one. */
  add(size: number, time: number): void {
    this.entries += 1;
    this.countOfSize.set(size, (this.countOfSize.get(size) ?? 0) + 1);
    if (Number.isNaN(time)) return;
    const minute = Math.floor(time / minuteMs);
    this.countOfMinute.set(minute, (this.countOfMinute.get(minute) ?? 0) + 1);
  }

  /** Adds the entries of another log in the same directory: the disk has to serve both. */
  join(other: WriteProfile): void {
    this.entries += other.entries;
    this.bytes += other.bytes;
    this.lines += other.lines;
    addCounts(this.countOfSize, other.countOfSize);
    addCounts(this.countOfMinute, other.countOfMinute);
  }

  /** Entries of the busiest minute of the clock; null when no entry shows its time. */
  get busiestMinute(): number | null {
    let most: number | null = null;
    for (const count of this.countOfMinute.values()) most = Math.max(most ?? 0, count);
    return most;
  }

  /**
   * `count` sizes that stand for all of them: at evenly spaced ranks, from small to large. The
   * middle one of an odd number is the median. Empty when there are no entries.
   */
  sizesAtRanks(count: number): number[] {
    if (this.entries === 0) return [];
    const sizes = [...this.countOfSize].sort(([a], [b]) => a - b);
    const found: number[] = [];
    let below = 0;
    let at = 0;
    for (let rank = 0; rank < count; rank++) {
      const wanted = ((rank + 0.5) / count) * this.entries;
      while (below + sizes[at][1] < wanted) below += sizes[at++][1];
      found.push(sizes[at][0]);
    }
    return found;
  }
}

/**
 * Reads a log and, where compaction has left little in it, its newest backup: whichever holds
 * more entries speaks for the log. Damaged lines are passed over.
 */
export async function profileOf(
  context: Context,
  log: Log,
  options: TargetOptions,
): Promise<WriteProfile> {
  const own = await scan(context, log);
  const backups = listBackups(context.disk, log.path, options.backupDir);
  const [newest] = backups.sort(byName(context.now()));
  if (own.entries >= entriesTelling || newest === undefined || newest.compressed) return own;
  const before = await unlessGone(context.disk, newest.path, () => {
    return scan(context, backupLog(log, newest));
  });
  if (before === undefined || before.entries <= own.entries) return own;
  return Object.assign(before, { bytes: own.bytes, lines: own.lines });
}

async function scan(context: Context, log: Log): Promise<WriteProfile> {
  const profile = new WriteProfile();
  const { dialect } = log;
  const ops = opsOf(dialect);
  const isWritten = ops.map((name) => !dialect.checkpointOps.includes(name));
  const done = await scanLog(context, log, {
    fold: false,
    onRows(batch) {
      for (let row = 0; row < batch.count; row++) {
        const kind = batch.kind[row];
        if (kind === KIND.bad || kind === KIND.blank || kind === KIND.meta) continue;
        // Checkpoints are what compaction writes, at its own time.
        if (isWritten[batch.op[row]]) profile.add(batch.length[row] + 1, batch.time[row]);
      }
    },
  });
  done.close();
  return Object.assign(profile, { bytes: done.bytes, lines: done.lines });
}

function addCounts(into: Map<number, number>, from: ReadonlyMap<number, number>): void {
  for (const [name, count] of from) into.set(name, (into.get(name) ?? 0) + count);
}
