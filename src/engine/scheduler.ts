/** scheduler: compacts the logs of a program from time to time, for as long as it runs. */
import { EventEmitter } from 'node:events';
import { compactOwn, type OwnCompactOptions } from './compaction/compact-own.js';
import { LogctlError } from './errors.js';
import type { CompactLogPart } from './model.js';
import { Turns } from './writer/turns.js';

/** When, and which logs. Sizes in bytes, times in milliseconds. */
export interface SchedulerOptions extends OwnCompactOptions {
  /** From the start to the first run, and from run to run; default 3,600,000. */
  intervalMs?: number;
}

/** What a run did with one log. `part` is missing where there is no log yet. */
export type CompactionOutcome =
  | { result: 'compacted'; path: string; part: CompactLogPart }
  | { result: 'skipped'; path: string; reason: string; part?: CompactLogPart }
  | { result: 'failed'; path: string; error: Error };

type Outcome<Result> = Extract<CompactionOutcome, { result: Result }>;

/** One event for each log of a run, as soon as that log is done. */
export interface SchedulerEvents {
  compacted: [Outcome<'compacted'>];
  skipped: [Outcome<'skipped'>];
  failed: [Outcome<'failed'>];
}

const intervalMsDefault = 3_600_000;
/** Node takes a longer time for a timer as 1 ms. */
const intervalMsMax = 2 ** 31 - 1;

/**
 * Compacts logs that have grown, one after the other, at intervals: by default each hour those of
 * 1 MiB and more, keeping 3 backups. Its timer keeps no process alive. A run that takes longer than
 * the interval is not joined by another; a log that fails stops no other.
 */
export class CompactionScheduler extends EventEmitter<SchedulerEvents> {
  readonly intervalMs: number;
  private paths: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly turns = new Turns();
  private waiting = 0;

  /** Throws LogctlError `usage` for an interval that no timer can keep. */
  constructor(private readonly options: SchedulerOptions = {}) {
    super();
    this.intervalMs = options.intervalMs ?? intervalMsDefault;
    if (this.intervalMs >= 1 && this.intervalMs <= intervalMsMax) return;
    const message = `an interval of ${this.intervalMs} ms`;
    throw new LogctlError('usage', message, `from 1 to ${intervalMsMax} ms, which is 24 days`);
  }

  get isRunning(): boolean {
    return this.timer !== undefined;
  }

  /** Begins; the first run is one interval away. Started twice is started once. */
  start(paths: readonly string[]): this {
    if (this.isRunning) return this;
    this.paths = [...paths];
    this.timer = setInterval(() => {
      if (this.waiting === 0) void this.runNow();
    }, this.intervalMs).unref();
    return this;
  }

  /** No more runs; resolves when the one in progress is over. It may be started again. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.turns.take(async () => undefined);
  }

  /**
   * Runs once, after a run in progress; `paths`: other logs than those it was started with. Gives
   * what became of each. Rejects only with what a listener throws.
   */
  async runNow(paths: readonly string[] = this.paths): Promise<CompactionOutcome[]> {
    this.waiting++;
    try {
      return await this.turns.take(() => this.run(paths));
    } finally {
      this.waiting--;
    }
  }

  private async run(paths: readonly string[]): Promise<CompactionOutcome[]> {
    const outcomes: CompactionOutcome[] = [];
    for (const path of paths) {
      const outcome = await this.compact(path);
      outcomes.push(outcome);
      this.tell(outcome);
    }
    return outcomes;
  }

  private async compact(path: string): Promise<CompactionOutcome> {
    try {
      const part = await compactOwn(path, this.options);
      if (part === undefined) return { result: 'skipped', path, reason: 'there is no log yet' };
      if (part.result !== 'skipped') return { result: 'compacted', path, part };
      return { result: 'skipped', path, part, reason: part.reason ?? '' };
    } catch (error) {
      // Whatever it is, our own mistakes too: it is not worth the life of the program.
      return { result: 'failed', path, error: error as Error };
    }
  }

  private tell(outcome: CompactionOutcome): void {
    switch (outcome.result) {
      case 'compacted':
        return void this.emit('compacted', outcome);
      case 'skipped':
        return void this.emit('skipped', outcome);
      case 'failed':
        return void this.emit('failed', outcome);
    }
  }
}
