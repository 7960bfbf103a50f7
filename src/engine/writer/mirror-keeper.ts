/** mirror-keeper: keeps the main JSON file as the log's state is. */
import { privateMode, writeOutput } from '../apply.js';
import { textLayout } from '../recovery/mirror-writer.js';
import type { LogAppender } from './writer-append.js';
import type { FollowedLog } from './writer-log.js';
import type { Turns } from './turns.js';

export interface MirrorOptions {
  path: string;
  /** At most one writing in so many ms; 0: after every change. */
  everyMs: number;
  /** Changes are appended without fsync: the log is synced before the mirror shows them. */
  syncFirst: boolean;
}

/**
 * Writes the main file after changes: the whole state, pretty-printed, as a temporary that is
 * fsynced and renamed over the old one. It follows the log and never leads: what it shows is
 * durable in the log. Written under the log's lock, so that of two processes the later state stays.
 * A failed writing does no harm to the log: `flush` tells, and the next change tries again.
 */
export class MirrorKeeper {
  private dirty = false;
  private writing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writtenAt = -Infinity;
  private failure: unknown;

  constructor(
    private readonly log: FollowedLog,
    private readonly appender: LogAppender,
    private readonly turns: Turns,
    private readonly options: MirrorOptions,
  ) {}

  /** The state has changed. */
  changed(): void {
    this.dirty = true;
    if (this.writing !== undefined || this.timer !== undefined) return;
    const waitMs = this.writtenAt + this.options.everyMs - performance.now();
    if (waitMs <= 0) void this.start();
    else this.timer = setTimeout(() => void this.start(), waitMs);
  }

  /** Resolves when the file is as the state is; rejects where it could not be written. */
  async flush(): Promise<void> {
    while (this.dirty || this.writing !== undefined) await (this.writing ?? this.start());
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  private start(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.turns
      .take(() => this.write())
      .then(
        () => this.ended(undefined),
        (error: unknown) => this.ended(error),
      );
    return this.writing;
  }

  private ended(error: unknown): void {
    this.failure = error;
    this.writing = undefined;
    this.writtenAt = performance.now();
    if (this.dirty) this.changed();
  }

  private async write(): Promise<void> {
    this.dirty = false;
    const { path, syncFirst } = this.options;
    return this.appender.onWholeLog(() => writeMirrorOf(this.log, path), syncFirst);
  }
}

/** Writes the settled state as the main file; the old one is replaced. Throws LogctlError. */
export async function writeMirrorOf(log: FollowedLog, path: string): Promise<void> {
  const { context, dialect, state } = log;
  const { losesKeys } = dialect.upstream;
  const entries = [...(state?.settled.entries() ?? [])].filter(([key]) => !losesKeys.includes(key));
  const mode = () => context.disk.stat(log.path)?.mode ?? privateMode();
  const options = { force: true, random: context.random(), mode };
  await writeOutput(context, path, options, async (sink) => {
    let comma = '{';
    for (const [key, text] of entries) {
      await sink(Buffer.from(`${comma}\n  ${JSON.stringify(key)}: `));
      await sink(textLayout(text));
      comma = ',';
    }
    await sink(Buffer.from(entries.length === 0 ? '{}' : '\n}'));
  });
}
