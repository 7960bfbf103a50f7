/** recover-fills: single values for a hole in a log, from the main JSON file beside it. */
import type { Context } from '../context.js';
import type { Damage } from '../damage/damage-log.js';
import type { Dialect } from '../dialects/dialect.js';
import { withoutSpacing } from '../checks/json-equal.js';
import { stringToKey } from '../keydir/key-bytes.js';
import { readMirror, type Mirror } from '../checks/mirror.js';
import { PROBLEM } from '../scan/kernel.js';
import { readRange } from '../keydir/values.js';

/** The main JSON file as a source, read once and only when it is needed. */
export class MirrorFills {
  private mirror: Mirror | undefined;

  constructor(
    private readonly context: Context,
    private readonly dialect: Dialect,
    /** Undefined where there is none that is whole. */
    readonly path: string | undefined,
  ) {}

  /**
   * An entry, newline included, that sets the key of a lost line to the file's value. Undefined
   * where the line's key is unknown or it deleted it, where a later entry settled the key, and
   * where the file lacks it.
   */
  async entryFor(damage: Damage): Promise<string | undefined> {
    const { key, problem, replaced, superseded, timeBefore } = damage;
    if (key === undefined || replaced || superseded.has(key)) return undefined;
    if ((problem & PROBLEM.deletes) !== 0) return undefined;
    const value = await this.valueOf(key);
    // The value is no newer than the entry it stands in for: it gets the time of what is before.
    const now = Number.isNaN(timeBefore) ? this.context.now() : timeBefore;
    const text = value && this.dialect.putEntry?.({ key, value, now });
    return text && `${text}\n`;
  }

  /** JSON text without spacing; undefined where the file lacks the key. */
  async valueOf(key: string): Promise<string | undefined> {
    if (this.path === undefined) return undefined;
    this.mirror ??= await readMirror(this.context, this.path);
    const { keydir, source, errorAt } = this.mirror;
    const index = errorAt === undefined ? keydir.find(stringToKey(key)) : -1;
    if (index < 0) return undefined;
    const bytes = await readRange(keydir.at(index), [source], keydir);
    return Buffer.from(withoutSpacing(bytes)).toString('utf8');
  }

  close(): void {
    this.mirror?.source.close();
    this.mirror = undefined;
  }
}
