/** tail: follow a growing log across compaction, rotation and truncation. */
import { dirname } from 'node:path';
import type { Context, TargetOptions } from './context.js';
import { EXIT, isInterruption, LogctlError, worstExit } from './errors.js';
import { filesystemOf } from './kernel-locks.js';
import { readingContext } from './writer/library-context.js';
import { openLog } from './log.js';
import type { FollowOptions, TailEvent, TailOptions } from './tail/tail-events.js';
import { Follower } from './tail/tail-follower.js';
import { failureOf } from './report.js';
import type { FailedTarget } from './store-search.js';
import { resolveTargets } from './targets.js';

/** How long a look waits for the next: without news, and where nobody brings news. */
const heartbeatMs = 250;
const pollMs = 50;
/** News come in crowds: one look for all of them. */
const crowdMs = 5;

/**
 * Follows a log: yields each entry once, in the order of the log, soon after it was written, and
 * what happens to the file. Begins at the end unless told otherwise. An unfinished line is held
 * back until its newline is there. The log is opened by the first `next`. Ends with `return()`,
 * so by leaving a `for await`, or when `signal` aborts. Throws LogctlError.
 */
export function tail(path: string, options: TailOptions = {}): AsyncIterableIterator<TailEvent> {
  return new Tail(readingContext(options), path, options);
}

/**
 * Follows several logs until the user interrupts; each event goes to `emit`, one at a time for
 * each log. One that fails is said at once, and the others are followed on. At the end throws the
 * worst of all errors, `interrupted` and `terminated` among them.
 */
export async function follow(
  context: Context,
  targets: string[],
  options: FollowOptions & TargetOptions,
  emit: (event: TailEvent, logs: number) => void | Promise<void>,
): Promise<void> {
  if (targets.includes('-')) {
    throw new LogctlError('usage', 'standard input cannot be followed', 'name a log');
  }
  const failed: FailedTarget[] = [];
  const { logs } = await resolveTargets(context, targets, options, failed);
  const isOneOfMany = logs.length + failed.length > 1;
  const say = ({ path, error }: FailedTarget) => {
    if (!isOneOfMany || isInterruption(error)) return;
    context.say?.(0, `${path}: ${failureOf(error, context).message}`);
  };
  failed.forEach(say);
  await Promise.all(
    logs.map(async ({ path }) => {
      try {
        for await (const event of new Tail(context, path, options)) await emit(event, logs.length);
      } catch (error) {
        failed.push({ path, error });
        say({ path, error });
      }
    }),
  );
  throw worstOf(failed.map(({ error }) => error));
}

/** Each log ends with an error, an interruption for all of them at the latest. */
function worstOf(errors: readonly unknown[]): unknown {
  const codeOf = (error: unknown) => (error instanceof LogctlError ? error.exitCode : EXIT.bug);
  const worst = worstExit(errors.map(codeOf));
  return errors.find((error) => codeOf(error) === worst) ?? new Error('following ended by itself');
}

class Tail implements AsyncIterableIterator<TailEvent> {
  private readonly events: AsyncGenerator<TailEvent, void>;
  private hasNews = false;
  private isOver = false;
  private slept: Promise<void> | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly context: Context,
    private readonly path: string,
    private readonly options: FollowOptions & Pick<TailOptions, 'dialect' | 'signal'>,
  ) {
    this.events = this.run();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<TailEvent, void>> {
    return this.events.next();
  }

  /** Ends it, also while a `next` is waiting: that one is done, too. */
  return(): Promise<IteratorResult<TailEvent, void>> {
    this.stop();
    return this.events.return();
  }

  private readonly stop = (): void => {
    this.isOver = true;
    this.wake();
  };

  private async *run(): AsyncGenerator<TailEvent, void> {
    const { context, path, options } = this;
    const { signal } = options;
    if (signal?.aborted === true) return;
    const log = await openLog(context, path, options);
    const follower = new Follower(context, log, options);
    signal?.addEventListener('abort', this.stop);
    const unwatch = this.watch();
    try {
      yield* follower.begin();
      while (!this.isOver) {
        this.hasNews = false;
        yield* follower.look();
        await context.checkpoint?.();
        await this.pause(unwatch === undefined ? pollMs : heartbeatMs);
      }
    } finally {
      unwatch?.();
      signal?.removeEventListener('abort', this.stop);
      follower.close();
    }
  }

  /** Watches the directory, so that renames are seen. Gives undefined where that shows nothing. */
  private watch(): (() => void) | undefined {
    const { disk } = this.context;
    const directory = dirname(this.path);
    // What other machines write, and what happens behind a link, does not show here.
    const isElsewhere = filesystemOf(disk.fsType(directory)).shared === true;
    if (isElsewhere || disk.lstat(this.path)?.kind === 'symlink') return undefined;
    return disk.watch?.(directory, () => {
      this.hasNews = true;
      this.wake();
    });
  }

  private async pause(ms: number): Promise<void> {
    if (this.isOver) return;
    if (this.hasNews) return this.context.sleep(crowdMs);
    const woken = new Promise<void>((resolve) => (this.wake = resolve));
    // A sleep that news cut short goes on: it is the next pause's, or thousands would pile up.
    this.slept ??= this.context.sleep(ms).finally(() => (this.slept = undefined));
    const { slept } = this;
    // Where nobody waits for it any more, the next one throws again.
    slept.catch(() => undefined);
    await Promise.race([slept, woken]);
  }
}
