/** tail-follower: the files of one followed log, and each of its new lines once. */
import { openBeside } from '../beside.js';
import { chainOf } from '../checks/late-entries.js';
import type { Context } from '../context.js';
import type { FileStat } from '../disk.js';
import { filterOf, textOf, type Candidate } from '../entries.js';
import { LogctlError } from '../errors.js';
import { makeKernel, type Log } from '../log.js';
import type { Kernel } from '../scan/kernel.js';
import { siblingsOf } from '../siblings.js';
import { lastLineEnd } from '../bytes/sync-read.js';
import type { FollowOptions, TailEvent, TailNotice } from './tail-events.js';
import { FollowedFile, type TailLine } from './tail-file.js';
import { countLines, LineBag, nameOfLine } from './tail-lines.js';
import { handOver } from './tail-switch.js';
import { plural } from '../text.js';

/** A writer that found the old file before a rename has written to it within this. */
const lateMs = 5_000;
/** A blocked open goes on after the kernel's lease-break-time, 45 s, at the latest. */
const lateMostMs = 60_000;
/** A compaction at work ends within this; one that was killed left its intent for longer. */
const swapMs = 1_000;

/** Looks at the log when it is told to. Close it at the end. */
export class Follower {
  private readonly kernel: Kernel;
  private readonly wants: (row: Candidate) => boolean;
  private current: FollowedFile;
  /** The file that had the log's name before. */
  private before: FollowedFile | undefined;
  private switchedMs = 0;
  /** Lines given from the old file that the new one may repeat, and the other way round. */
  private owed = new LineBag();
  private seen = new LineBag();
  private isMissing = false;
  /** Since when the name leads elsewhere while a compaction is at work. */
  private swapSinceMs: number | undefined;
  /** Only checkpoints so far, in a file that was rewritten. */
  private inHead = false;

  /** Opens the log. Throws LogctlError. */
  constructor(
    private readonly context: Context,
    private readonly log: Log,
    private readonly options: FollowOptions,
  ) {
    this.kernel = makeKernel(context, log.dialect, log.files[0].role, { fold: false });
    this.wants = filterOf(options);
    this.current = new FollowedFile(context.disk.open(log.path));
  }

  /** Yields what is wanted of the entries that are there already, and goes to the end. */
  async *begin(): AsyncGenerator<TailEvent> {
    const { from = 'end', last = 0 } = this.options;
    if (from === 'start') return yield* this.newLines();
    const { current } = this;
    if (last === 0) {
      const offset = current.wholeEnd();
      return current.moveTo({ offset, line: countLines(current.source, 0, offset) + 1 });
    }
    const newest: Candidate[] = [];
    for await (const { entry } of current.lines(this.kernel, this.log)) {
      if (entry === undefined || !this.wants(entry)) continue;
      newest.push(entry);
      if (newest.length > last) newest.shift();
    }
    for (const entry of newest) yield await this.entryEvent(entry, current);
  }

  /** Yields what has happened since the last look. Throws LogctlError. */
  async *look(): AsyncGenerator<TailEvent> {
    for (let isElsewhere = true; isElsewhere;) {
      yield* this.lateLines();
      const stat = this.context.disk.stat(this.log.path);
      if (!this.current.isIntact) yield this.restart();
      yield* this.newLines();
      isElsewhere = yield* this.follow(stat);
    }
  }

  /** Goes over to the file that has the log's name now; false when there is no other. */
  private async *follow(stat: FileStat | undefined): AsyncGenerator<TailEvent, boolean> {
    const wasMissing = this.isMissing;
    this.isMissing = stat === undefined;
    if (stat === undefined) {
      if (!wasMissing) yield this.notice('missing', 'the file is gone; waiting for a new one');
      return false;
    }
    if (stat.id === this.current.id || this.swapIsRunning()) return false;
    const notice = await this.switchFiles();
    if (notice !== undefined) yield notice;
    return notice !== undefined;
  }

  close(): void {
    this.current.source.close();
    this.before?.source.close();
  }

  private async *newLines(): AsyncGenerator<TailEvent> {
    const { current, log } = this;
    for await (const line of current.lines(this.kernel, log)) {
      const isHead = this.inHead && line.head !== undefined;
      this.inHead &&= line.head === 'goes on';
      // The state that a rewritten file begins with is the one we know.
      if (isHead || this.isRepeated(line, current, this.owed, this.seen)) continue;
      yield* this.give(line, current);
    }
  }

  /** What writers that had found the old file wrote there behind the rename. */
  private async *lateLines(): AsyncGenerator<TailEvent> {
    const { before, context } = this;
    const isUnfinished = context.disk.lstat(siblingsOf(this.log.path).intent) !== undefined;
    const sinceMs = context.now() - this.switchedMs;
    if (before === undefined) {
      // An unfinished compaction will bring them into the log another time.
      if (!isUnfinished && !this.owed.isEmpty) this.owed = new LineBag();
      return;
    }
    for await (const line of before.lines(this.kernel, this.log)) {
      if (!this.isRepeated(line, before, this.seen, this.owed)) yield* this.give(line, before);
    }
    if (sinceMs < (isUnfinished ? lateMostMs : lateMs)) return;
    before.source.close();
    this.before = undefined;
    this.seen = new LineBag();
  }

  /** True when the other file has shown this line; else it is noted for the other one. */
  private isRepeated(
    { offset, length }: TailLine,
    { source }: FollowedFile,
    shown: LineBag,
    given: LineBag,
  ): boolean {
    if (this.before === undefined && shown.isEmpty) return false;
    const name = nameOfLine(source, offset, length);
    if (shown.take(name)) return true;
    if (this.before !== undefined) given.add(name);
    return false;
  }

  private async *give(line: TailLine, file: FollowedFile): AsyncGenerator<TailEvent> {
    const { entry, offset, length } = line;
    if (entry === undefined) {
      const place = { line: line.line, offset, length };
      yield { ...this.notice('damaged', `line ${line.line} is no entry`), ...place };
    } else if (this.wants(entry)) yield await this.entryEvent(entry, file);
  }

  private async entryEvent(entry: Candidate, { source }: FollowedFile): Promise<TailEvent> {
    const { values, raw } = this.options;
    const { valueOffset, bytes, offset, length } = entry;
    const value = values === true && bytes > 0 && (await textOf(source, valueOffset, bytes));
    const text = raw === true && (await textOf(source, offset, length));
    return {
      ...{ event: 'entry', ...entry },
      ...(value === false ? {} : { value }),
      ...(text === false ? {} : { raw: text }),
    };
  }

  private restart(): TailNotice {
    const { current } = this;
    const { offset: was } = current.place;
    const { size, isCut } = current;
    const offset = isCut ? lastLineEnd(current.source, 0, size) : 0;
    current.moveTo({ offset, line: countLines(current.source, 0, offset) + 1 });
    this.inHead = !isCut;
    const how = size < was ? 'cut' : 'rewritten in place';
    const words = `${how}: ${plural(was, 'byte')} were read, now it has ${plural(size, 'byte')}`;
    return this.notice('truncated', words);
  }

  /** Opening the new file now would break the lease that keeps its writers waiting. */
  private swapIsRunning(): boolean {
    const { disk, now } = this.context;
    this.swapSinceMs ??= now();
    const isRunning = disk.lstat(siblingsOf(this.log.path).intent) !== undefined;
    if (isRunning && now() - this.swapSinceMs < swapMs) return true;
    this.swapSinceMs = undefined;
    return false;
  }

  private async switchFiles(): Promise<TailNotice | undefined> {
    const fresh = await this.openFresh();
    if (fresh === undefined) return undefined;
    const { log, kernel, current } = this;
    // A file that was replaced twice: its late lines were read at the start of this look.
    this.before?.source.close();
    const { event, place } = await handOver({ log, kernel }, current, fresh, this.owed);
    fresh.moveTo(place);
    this.before = current;
    this.current = fresh;
    this.seen = new LineBag();
    this.switchedMs = this.context.now();
    this.inHead = place.offset === 0;
    const words = event === 'compacted' ? 'compacted' : 'replaced by another file';
    return this.notice(event, `${words}: goes on at line ${place.line}, byte ${place.offset}`);
  }

  /** The file that came after ours; undefined when it is gone again. */
  private async openFresh(): Promise<FollowedFile | undefined> {
    try {
      const { context, log } = this;
      const path = await this.freshPath();
      return new FollowedFile(openBeside(context.disk, path, log.path));
    } catch (error) {
      if (error instanceof LogctlError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  /** Who did not look for long finds the files that were the log in between as its backups. */
  private async freshPath(): Promise<string> {
    const { context, log, current } = this;
    const chain = await chainOf(context, log, {});
    const plain = chain.filter(({ compressed }) => compressed !== true);
    const own = plain.findIndex(({ path }) => context.disk.stat(path)?.id === current.id);
    return own > 0 ? plain[own - 1].path : log.path;
  }

  private notice(event: TailNotice['event'], message: string): TailNotice {
    return { event, path: this.log.path, message };
  }
}
