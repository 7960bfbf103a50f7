/** group-commit: changes wait here while the disk is busy, and go to it together. */

/** What one call handed in, in order, and whoever waits for it. */
interface Waiting<Item> {
  items: readonly Item[];
  /** Milliseconds on a clock that never goes back. */
  sinceMs: number;
  settle?(error?: unknown): void;
}

export interface GroupOptions<Item> {
  /** Items of one group at most, but never less than one call's; default no limit. */
  size?: number;
  /** A call that came later than this after a group's first goes into the next; ms. */
  openMs?: number;
  clockMs(): number;
  /** Makes one group durable, a list per call. One at a time; its error ends everything. */
  commit(calls: (readonly Item[])[]): Promise<void>;
}

/**
 * Collects calls into groups, one commit each.
 *
 * A group closes when the disk is free, when it is full, or when it is old, whichever is first; so
 * a lone caller waits for one commit, and many at once share it. The first call of a quiet time
 * starts its commit at the end of the event loop's turn: all calls of that turn share it.
 * The first error is everyone's: every waiting call gets it, and every later one.
 */
export class GroupCommit<Item> {
  private queue: Waiting<Item>[] = [];
  private running: Promise<void> | undefined;
  private failure: { error: unknown } | undefined;

  constructor(private readonly options: GroupOptions<Item>) {}

  /** The error that ended it; undefined while it works. */
  get error(): unknown {
    return this.failure?.error;
  }

  /** Resolves when the items are committed. */
  add(items: readonly Item[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure.error);
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error));
      this.enqueue(items, settle);
    });
  }

  /** Commits the items later; `drained` and `error` tell what became of them. */
  put(items: readonly Item[]): void {
    if (this.failure === undefined) this.enqueue(items);
  }

  /** Resolves when nothing waits any more; rejects with the error that ended it. */
  async drained(): Promise<void> {
    while (this.running !== undefined) await this.running;
    if (this.failure !== undefined) throw this.failure.error;
  }

  /** Ends it: every waiting call and every later one gets this error. */
  fail(error: unknown): void {
    this.failure ??= { error };
    for (const { settle } of this.queue.splice(0)) settle?.(this.failure.error);
  }

  private enqueue(items: readonly Item[], settle?: Waiting<Item>['settle']): void {
    this.queue.push({ items, sinceMs: this.options.clockMs(), settle });
    this.running ??= this.run();
  }

  private async run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) {
      const group = this.takeGroup();
      try {
        await this.options.commit(group.map(({ items }) => items));
      } catch (error) {
        this.fail(error);
        for (const { settle } of group) settle?.(error);
        break;
      }
      for (const { settle } of group) settle?.();
      // Those who were just answered often call again at once: let them into the next group.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.running = undefined;
  }

  private takeGroup(): Waiting<Item>[] {
    const { size = Infinity, openMs = Infinity } = this.options;
    const [first] = this.queue;
    let items = first.items.length;
    let count = 1;
    for (; count < this.queue.length; count++) {
      const next = this.queue[count];
      items += next.items.length;
      if (items > size || next.sinceMs - first.sinceMs > openMs) break;
    }
    return this.queue.splice(0, count);
  }
}
