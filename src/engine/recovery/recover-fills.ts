/** recover-fills: single values for a hole in a log, from the main JSON file beside it. */
import type { Context } from '../context.js';
import type { Damage } from '../damage/damage-log.js';
import { readMirror, type Mirror } from '../checks/mirror.js';
import type { Log } from '../log.js';
import { PROBLEM } from '../scan/kernel.js';
import { planEntry, type EntryPart } from './mirror-entry.js';

/** The main JSON file as a source, read once and only when it is needed. */
export class MirrorFills {
  private mirror: Mirror | undefined;

  constructor(
    private readonly context: Context,
    private readonly log: Log,
    /** Undefined where there is none that is whole. */
    readonly path: string | undefined,
  ) {}

  /**
   * An entry that sets the key of a lost line to the file's value. Undefined where the line's key
   * is unknown or it deleted it, where a later entry settled the key, and where the file lacks it.
   */
  async entryFor(damage: Damage): Promise<EntryPart | undefined> {
    const { key, problem, replaced, superseded, timeBefore } = damage;
    if (this.path === undefined || key === undefined || replaced || superseded.has(key)) return;
    if ((problem & PROBLEM.deletes) !== 0) return undefined;
    this.mirror ??= await readMirror(this.context, this.path, this.log.path);
    if (this.mirror.errorAt !== undefined) return undefined;
    // The value is no newer than the entry it stands in for: it gets the time of what is before.
    const time = Number.isNaN(timeBefore) ? this.context.now() : timeBefore;
    const why = `the value of ${JSON.stringify(key)} from ${this.path}`;
    return planEntry(this.log.dialect, this.mirror, { key, time, why });
  }

  close(): void {
    this.mirror?.source.close();
    this.mirror = undefined;
  }
}
