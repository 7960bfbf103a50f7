/** scan-log: one pass over a log: keydir, counts, damaged lines, findings. */
import type { Context } from '../context.js';
import { damageFindings } from '../damage/damage-findings.js';
import { DamageLog, type Damage } from '../damage/damage-log.js';
import type { SourceFile } from '../disk.js';
import { EntryCounter } from './entry-counter.js';
import { FindingList } from '../finding-list.js';
import type { EntryFold } from '../dialects/dialect.js';
import type { Keydir } from '../keydir/keydir.js';
import { openSource, opsOf, type Log } from '../log.js';
import { chooseFor, LogKernels, startThreads } from './log-kernels.js';
import type { ChosenKernel } from '../scan/choose-kernel.js';
import type { SegmentPool } from '../scan/segment-pool.js';
import { walkFile, type WalkEnd } from '../walk.js';
import type { LogSummary, Position, Role } from '../model.js';
import { KIND, PROBLEM, type HeldState, type Kernel, type LineBatch } from '../scan/kernel.js';
import { compareStates } from '../keydir/state-compare.js';
import { unfinishedBatch, type UnfinishedBatch } from '../damage/unfinished-batch.js';

export interface ScanOptions {
  /** Read only the first so many bytes of the last file. */
  until?: number;
  /** Time of the entry before the first line, where only the end of a log is read. */
  timeBefore?: number;
  /** Off: no keydir (a backup that is only checked). */
  fold?: boolean;
  /** Compare each checkpoint inside the log with the state before it. */
  compareStates?: boolean;
  /** Findings kept per code. */
  maxFindings?: number;
  /** Sees every batch after it was counted; `firstLine` is the line of row 0. */
  onRows?(batch: LineBatch, firstLine: number, path: string): void | Promise<void>;
  /** Sees each whole-state entry before it takes effect. */
  onState?(held: HeldState, path: string): void | Promise<void>;
}

const differingMax = 1_000;

/** The result of one pass. Its files stay open, so that values can be read: close it at the end. */
export interface LogScan {
  log: Log;
  /** The open files of the log, by the `file` of live ranges. */
  sources: SourceFile[];
  keydir: Keydir;
  /** False where the keydir was left out. */
  folded: boolean;
  bytes: number;
  lines: number;
  counter: EntryCounter;
  tail: LogSummary['tail'];
  damages: Damage[];
  /** Bytes of all damaged lines, also of those beyond what `damages` holds. */
  damagedBytes: number;
  /** Damaged lines beyond what `damages` holds. */
  uncounted: number;
  findings: FindingList;
  /** Entries whose checksum was there and matched. */
  checksummed: number;
  /** Whole entries that the format's own reader sees otherwise; at most 1,000 are kept. */
  differing: Position[];
  differingLines: number;
  close(): void;
}

/** Reads a log once. Throws LogctlError; damage becomes `damages` and `findings`. */
export async function scanLog(
  context: Context,
  log: Log,
  options: ScanOptions = {},
): Promise<LogScan> {
  const pool = startThreads(context, log);
  const scan = new LogScanner(context, log, options, await chooseFor(context, log), pool);
  try {
    if (!log.missing) for (const file of log.files.keys()) await scan.walk(file);
    await Promise.all([scan.finish(), pool?.close()]);
    return scan;
  } catch (error) {
    await pool?.close();
    scan.close();
    throw error;
  }
}

class LogScanner implements LogScan {
  readonly sources: SourceFile[] = [];
  readonly keydir: Keydir;
  readonly counter: EntryCounter;
  readonly findings: FindingList;
  bytes = 0;
  lines = 0;
  tail: LogSummary['tail'] = 'empty';
  private readonly kernels: LogKernels;
  private kernel!: Kernel;
  private readonly damageLog: DamageLog;
  /** Where entries of several files interleave. */
  private readonly ownFold: EntryFold | undefined;
  private file = 0;
  private role: Role = 'segment';
  readonly differing: Position[] = [];
  differingLines = 0;
  private path = '';
  private lastByteRows = { unended: false };
  /** Line of the last whole-state entry meant for readers that merge; -1: none yet. */
  private upstreamOnlyLine = -1;

  constructor(
    private readonly context: Context,
    readonly log: Log,
    private readonly options: ScanOptions,
    chosen: ChosenKernel,
    pool: SegmentPool | undefined,
  ) {
    this.keydir = chosen.openKeydir();
    this.findings = new FindingList(options.maxFindings);
    this.counter = new EntryCounter(log.dialect, this.findings);
    this.damageLog = new DamageLog(log.dialect);
    if (options.fold !== false) this.ownFold = log.dialect.fold?.(context, log)?.(this.keydir);
    const holds = options.compareStates === true || options.onState !== undefined;
    this.kernels = new LogKernels(context, log, chosen, {
      keydir: this.keydir,
      folds: (role) => options.fold !== false && !this.foldsItself(role),
      holdStates: holds ? 'all' : undefined,
      pool,
    });
  }

  get damages(): Damage[] {
    return this.damageLog.damages;
  }

  get uncounted(): number {
    return this.damageLog.uncounted;
  }

  get damagedBytes(): number {
    return this.damageLog.bytes;
  }

  get folded(): boolean {
    return this.options.fold ?? true;
  }

  get checksummed(): number {
    return this.kernels.checksummed;
  }

  close(): void {
    for (const source of this.sources) source.close();
    this.sources.length = 0;
  }

  async walk(file: number): Promise<void> {
    const { context, options } = this;
    const { path, bytesMax, role, beside } = this.log.files[file];
    const kernel = (this.kernel = this.kernels.forRole(role));
    this.damageLog.role = role;
    Object.assign(this, { path, file, role });
    const source = openSource(context, this.path, beside);
    this.sources.push(source);
    const isLast = file === this.log.files.length - 1;
    const cut = isLast ? await this.unfinishedBatch(source) : undefined;
    const end = await walkFile(context, source, kernel, {
      file,
      until: smaller(bytesMax, isLast ? (cut?.start ?? options.until) : undefined),
      onBatch: (firstLine, batch) => this.onBatch(firstLine, batch, source),
      onHeld: () => this.onHeld(),
      threads: this.kernels.threadsFor(role),
    });
    this.kernels.ahead(end.checksummed);
    this.bytes += end.size;
    this.lines += end.lines;
    if (cut !== undefined) this.leaveOut(cut, end.lines + 1);
    else if (isLast && path.endsWith('.gz')) await this.noteBatch(source, end);
    if (!end.replaced) return;
    const words = 'renamed over while we read: the answer is about the file we hold';
    this.findings.add('replaced-while-read', this.path, words);
  }

  /** A batch that was cut at the end of the file; none where only a part of it is read. */
  private async unfinishedBatch(source: SourceFile) {
    const { until = Infinity } = this.options;
    const streams = this.path === '-' || this.path.endsWith('.gz');
    if (streams || until !== Infinity) return undefined;
    const { size } = source.stat();
    const batch = await unfinishedBatch(source, size, this.log.dialect);
    return batch && { ...batch, size };
  }

  /** The end of a stream is known once it was read: that its last batch is cut can only be said. */
  private async noteBatch(source: SourceFile, { size, lines }: WalkEnd): Promise<void> {
    if (this.options.until !== undefined || this.log.files[this.file].bytesMax !== undefined)
      return;
    const batch = await unfinishedBatch(source, size, this.log.dialect);
    // A torn line behind it says already that the end is not whole.
    if (batch === undefined || batch.fragment) return;
    const { lastTime: timeBefore, lastSeq: seqBefore } = this.counter;
    const at = { path: this.path, line: lines - batch.here + 1, timeBefore, seqBefore };
    this.damageLog.addBatch(at, batch, { offset: batch.start, length: size - batch.start });
  }

  /** All of it goes, whole entries too: it was never acknowledged, and parts of it are no state. */
  private leaveOut(batch: UnfinishedBatch & { size: number }, line: number): void {
    const { lastTime: timeBefore, lastSeq: seqBefore } = this.counter;
    const { start, size, here, fragment } = batch;
    const at = { path: this.path, line, timeBefore, seqBefore };
    this.damageLog.addBatch(at, batch, { offset: start, length: size - start });
    this.bytes += size - start;
    this.lines += here + (fragment ? 1 : 0);
  }

  private async onBatch(firstLine: number, batch: LineBatch, source: SourceFile): Promise<void> {
    const { damageLog, counter, path, file } = this;
    const isCalm = damageLog.isEmpty && counter.seeAll(batch, firstLine, path);
    if (isCalm) damageLog.seeEntries();
    else await this.seeRows(firstLine, batch, source);
    if (this.foldsItself(this.role)) {
      this.ownFold?.see(batch, { firstLine, file, writers: this.kernel.writers });
    }
    await this.options.onRows?.(batch, firstLine, this.path);
  }

  private async seeRows(firstLine: number, batch: LineBatch, source: SourceFile): Promise<void> {
    for (let row = 0; row < batch.count; row++) {
      const kind = batch.kind[row];
      if (kind === KIND.blank) continue;
      const line = firstLine + row;
      if (kind !== KIND.bad) {
        this.counter.see(batch, row, line, this.path);
        if (!this.damageLog.isQuiet) this.damageLog.seeEntry(batch, row);
      }
      if (batch.problem[row] !== 0) await this.onProblem(row, line, source);
    }
  }

  private foldsItself(role: Role): boolean {
    return this.ownFold !== undefined && (role === 'segment' || role === 'archive');
  }

  private async onProblem(row: number, line: number, source: SourceFile): Promise<void> {
    const { batch } = this.kernel;
    const problem = batch.problem[row];
    const isEntry = batch.kind[row] !== KIND.bad;
    // Nobody appends to anything but segments.
    const isUnended = (problem & PROBLEM.unended) !== 0 && this.role === 'segment';
    if (isUnended) this.lastByteRows.unended = true;
    if ((problem & PROBLEM.upstreamOnly) !== 0) this.upstreamOnlyLine = line;
    if ((problem & PROBLEM.differs) !== 0) this.noteDiffering(row, line);
    if (isEntry && isUnended) {
      this.findings.add('unended-line', this.path, 'the last entry is whole but has no newline', {
        line,
        offset: batch.offset[row],
        length: batch.length[row],
        consequence: 'The next append would be glued to this line and no reader would see either.',
      });
    }
    if (isEntry && (problem & (PROBLEM.utf8 | PROBLEM.breaks)) === 0) return;
    const { lastTime, lastSeq: seqBefore } = this.counter;
    const timeBefore = Number.isNaN(lastTime) ? (this.options.timeBefore ?? NaN) : lastTime;
    const at = { path: this.path, line, timeBefore, seqBefore };
    await this.damageLog.addLine(batch, row, at, source);
  }

  private noteDiffering(row: number, line: number): void {
    const { path } = this;
    const { offset, length } = this.kernel.batch;
    if (this.differingLines++ >= differingMax) return;
    this.differing.push({ path, line, offset: offset[row], length: length[row] });
  }

  private async onHeld(): Promise<void> {
    const { held } = this.kernel;
    if (held === undefined) return;
    const { members, line, offset } = held;
    await this.options.onState?.(held, this.path);
    if (!this.options.compareStates || !this.isCheckpoint(held.op)) return;
    if (!this.restates(line)) return;
    const difference = await compareStates(members, this.keydir, this.sources);
    if (difference.count === 0) return;
    const words = `differs from the state before it in ${difference.words}`;
    this.findings.add('checkpoint-mismatch', this.path, words, {
      line,
      offset,
      key: difference.key,
    });
  }

  /** Whole-state entries of other operations replace by design; a checkpoint only restates. */
  private isCheckpoint(op: number): boolean {
    const { dialect } = this.log;
    return dialect.checkpointOps.includes(opsOf(dialect)[op]);
  }

  /** False for the first entry, which stands for no other, and for a head of two lines. */
  private restates(line: number): boolean {
    const entries = this.counter.ops.reduce((sum, count) => sum + count, 0);
    return entries > 1 && line !== this.upstreamOnlyLine && line - 1 !== this.upstreamOnlyLine;
  }

  async finish(): Promise<void> {
    await this.ownFold?.finish(this.sources);
    this.findings.cut += this.damageLog.uncounted;
    for (const one of damageFindings(this)) this.findings.push(one);
    this.tail = this.tailState();
  }

  private tailState(): LogSummary['tail'] {
    if (this.log.missing) return 'missing';
    if (this.bytes === 0) return 'empty';
    if (this.findings.has('nul-tail')) return 'nul';
    if (this.findings.has('torn-tail')) return 'torn';
    return this.lastByteRows.unended ? 'unended' : 'whole';
  }
}

const smaller = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
