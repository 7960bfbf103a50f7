/** EntryCounter: what one pass counts: entries per operation, first and last time, order rules. */
import type { Dialect } from '../dialects/dialect.js';
import type { FindingList } from '../finding-list.js';
import { opsOf } from '../log.js';
import { tallyOf } from '../scan/batch-tally.js';
import { KIND, PROBLEM, type LineBatch } from '../scan/kernel.js';
import { SequenceRule } from './sequence-rule.js';
import { isoTime } from '../text.js';

/** Fed entry by entry in file order; adds the findings that compare an entry with those before. */
export class EntryCounter {
  /** Entries per operation index of the codec. */
  readonly ops: number[];
  firstTime = NaN;
  /** Of the last entry of the file that was read last. */
  lastTime = NaN;
  /** The same of the files before it. */
  private readonly lastTimes: number[] = [];
  private timedPath: string | undefined;
  /** The last line that is an entry. Offsets and lengths in bytes. */
  lastEntry: { line: number; offset: number; length: number } | undefined;
  /** Kind of the first line that is an entry. */
  firstKind: number | undefined;
  /** Bytes of that line. */
  firstLength = 0;
  /** Bytes of the state the log begins with, newlines included; 0 when it begins otherwise. */
  headBytes = 0;
  /** The head goes on with the next line: this one was for readers that merge. */
  private inHead = true;
  private readonly sequence: SequenceRule;

  constructor(
    private readonly dialect: Dialect,
    private readonly findings: FindingList,
  ) {
    this.ops = opsOf(dialect).map(() => 0);
    this.sequence = new SequenceRule(findings);
  }

  /** The time of the newest of all files' last entries; NaN without one. */
  get newestTime(): number {
    const times = [...this.lastTimes, this.lastTime].filter((time) => !Number.isNaN(time));
    return times.length === 0 ? NaN : Math.max(...times);
  }

  /** The highest sequence number; 0 when entries carry none. */
  get lastSeq(): number {
    return this.sequence.last;
  }

  /**
   * Counts a whole batch, whose first row is at `firstLine` of `path`, by its tally. False where a
   * row needs a look of its own: then nothing was counted, and `see` is to see each.
   */
  seeAll(batch: LineBatch, firstLine: number, path: string): boolean {
    const { count } = batch;
    if (count === 0 || batch.odd > 0) return false;
    const { others, drops, numbered, firstTime, lastTime, ops } = batch.tally ?? tallyOf(batch);
    const isTimed = !Number.isNaN(firstTime);
    const isNewFile = isTimed && path !== this.timedPath;
    const isLower = drops > 0 || (!isNewFile && firstTime < this.lastTime);
    if (others > 0 || isLower) return false;
    if (this.dialect.sequenced && !this.sequence.seeAll(batch.seq, count, numbered)) return false;
    for (let op = 0; op < ops.length; op++) if (ops[op] > 0) this.countOps(op, ops[op]);
    if (isNewFile) this.beginTimes(firstTime, path);
    if (isTimed) this.lastTime = lastTime;
    if (this.firstKind === undefined) this.firstLength = batch.length[0];
    this.firstKind ??= batch.kind[0];
    this.inHead = false;
    const last = count - 1;
    const { offset, length } = batch;
    this.lastEntry = { line: firstLine + last, offset: offset[last], length: length[last] };
    return true;
  }

  /** Counts row `row`, an entry at `line` of `path`. */
  see(batch: LineBatch, row: number, line: number, path: string): void {
    const kind = batch.kind[row];
    const offset = batch.offset[row];
    const length = batch.length[row];
    this.countOps(batch.op[row], 1);
    if (this.firstKind === undefined) this.firstLength = length;
    this.firstKind ??= kind;
    if (this.inHead && kind === KIND.state) this.headBytes += length + 1;
    this.inHead &&= (batch.problem[row] & PROBLEM.upstreamOnly) !== 0;
    this.lastEntry = { line, offset, length };
    this.seeTime(batch.time[row], { path, line, offset, length });
    if (this.dialect.sequenced) {
      const role = kind === KIND.state ? 'state' : kind === KIND.meta ? 'note' : 'entry';
      this.sequence.see(batch.seq[row], { path, line, offset, length }, role);
    }
    const odd = batch.problem[row] & (PROBLEM.unknownOp | PROBLEM.ignored);
    if (odd === 0) return;
    const code = (odd & PROBLEM.unknownOp) !== 0 ? 'unknown-op' : 'ignored-entry';
    const words = code === 'unknown-op' ? 'an unknown operation' : 'no usable key or data';
    this.findings.add(code, path, `${words}: kept, ignored by replay`, { line, offset, length });
  }

  /** A dialect may learn names of operations while it reads. */
  private countOps(op: number, rows: number): void {
    this.ops[op] = (this.ops[op] ?? 0) + rows;
  }

  /** The first time of a file, which is not compared with those of the files before it. */
  private beginTimes(time: number, path: string): void {
    this.timedPath = path;
    this.firstTime = Number.isNaN(this.firstTime) ? time : Math.min(this.firstTime, time);
    this.lastTimes.push(this.lastTime);
  }

  private seeTime(
    time: number,
    at: { path: string; line: number; offset: number; length: number },
  ) {
    if (Number.isNaN(time)) return;
    const { path, ...position } = at;
    // Files of several writers run side by side: only within one of them time goes on.
    if (path !== this.timedPath) this.beginTimes(time, path);
    else if (time < this.lastTime) {
      const words = `${isoTime(time)} after ${isoTime(this.lastTime)}; file order counts`;
      this.findings.add('time-backwards', path, words, position);
    }
    this.lastTime = time;
  }
}
