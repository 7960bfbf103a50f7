/** recover-late: where entries that came late into a backup belong in the log. */
import { basename } from 'node:path';
import { scanLog } from '../checks/scan-log.js';
import type { LateBackup, LateEntry } from '../compaction/late-backup.js';
import type { Context } from '../context.js';
import type { Log } from '../log.js';
import type { PartList } from './part-list.js';
import type { RegionPlan } from './plan.js';
import { KIND, type LineBatch } from '../scan/kernel.js';
import { plural } from '../text.js';

const keysNamedMax = 1_000;

/** An entry of a backup, and the line of the log that it comes before: Infinity for its end. */
interface PlacedEntry extends LateEntry {
  path: string;
  before: number;
}

/** An entry that waits for its place. */
interface WaitingEntry extends LateEntry {
  path: string;
  /** Lines of the log before this are older, whatever their times say. */
  after: number;
  /** Its own time, or that of the last one before it that has one. */
  since: number;
}

/** Late entries among the lines of their log. Give it the stretches that are kept, in order. */
export class LateEntries {
  private next = 0;

  private constructor(private readonly placed: readonly PlacedEntry[]) {}

  /**
   * Finds the place of each: after what its own compaction folded and carried, and before the first
   * line of the log that is younger. So of two values of a key the younger one stays in force.
   */
  static async of(context: Context, log: Log, late: readonly LateBackup[]): Promise<LateEntries> {
    const waiting = inOrder(late);
    const placed: PlacedEntry[] = [];
    const onRows = ({ count, kind, offset, time }: LineBatch) => {
      for (let row = 0; row < count && waiting.length > placed.length; row++) {
        if (kind[row] === KIND.blank || kind[row] === KIND.bad) continue;
        while (placed.length < waiting.length) {
          const one = waiting[placed.length];
          const isOlder = offset[row] < one.after || !(time[row] > one.since || isUnknown(one));
          if (isOlder) break;
          placed.push({ ...one, before: offset[row] });
        }
      }
    };
    if (waiting.length > 0) (await scanLog(context, log, { fold: false, onRows })).close();
    const rest = waiting.slice(placed.length).map((one) => ({ ...one, before: Infinity }));
    return new LateEntries([...placed, ...rest]);
  }

  /** Keeps `[from, to)` of the log, with the entries that belong before a line in it. */
  keep(parts: PartList, path: string, from: number, to: number): void {
    let at = from;
    for (; this.next < this.placed.length; this.next++) {
      const { before } = this.placed[this.next];
      if (before > to) break;
      parts.range(path, at, Math.max(0, before - at));
      at = Math.max(at, before);
      put(parts, this.placed[this.next]);
    }
    parts.range(path, at, to - at);
  }

  /** Adds those that are younger than all lines of the log, the last of which has ended. */
  keepRest(parts: PartList): void {
    for (; this.next < this.placed.length; this.next++) put(parts, this.placed[this.next]);
  }
}

/** One row of the plan for each backup. */
export function lateRegion({ path, entries }: LateBackup): RegionPlan {
  const keys = new Set(entries.flatMap(({ key }) => (key === undefined ? [] : [key])));
  return {
    code: 'late-entries',
    ...{ line: 1, lines: 0, offset: 0, length: 0 },
    action: 'bring back',
    why: 'they came into the backup after its compaction',
    entriesBack: entries.length,
    entriesLost: 0,
    source: path,
    keys: [...keys].slice(0, keysNamedMax).map((key) => ({ key, impact: 'harmless' })),
  };
}

/** Words for a plan that leaves them where they are. */
export const lateNote = ({ path, entries }: LateBackup): string =>
  `${plural(entries.length, 'entry', 'entries')} came into ${basename(path)} after it was ` +
  'compacted; --policy salvage brings them back';

const isUnknown = ({ since }: WaitingEntry) => since === -Infinity;

/** All of them by time; those of one backup stay in their order. */
function inOrder(late: readonly LateBackup[]): WaitingEntry[] {
  const all = late.flatMap(({ path, entries, after }) => {
    let since = -Infinity;
    return entries.map((entry) => {
      if (entry.time > since) since = entry.time;
      return { ...entry, path, after, since };
    });
  });
  return all.sort((a, b) => a.since - b.since || a.after - b.after);
}

function put(parts: PartList, { path, offset, length, ended }: PlacedEntry): void {
  parts.range(path, offset, length + (ended ? 1 : 0));
  if (!ended) parts.text('\n', `ends an entry of ${path}`);
}
