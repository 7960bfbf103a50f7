/** scan-log: one pass over a log: keydir, counts, damaged lines, findings. */
import type { Context } from './context.js';
import { damageFindings } from './damage-findings.js';
import { DamageLog, type Damage } from './damage-log.js';
import type { SourceFile } from './disk.js';
import { EntryCounter } from './entry-counter.js';
import { FindingList } from './finding-list.js';
import type { Keydir } from './keydir.js';
import { makeKernel, openSource, walkFile, type Log } from './log.js';
import type { LogSummary } from './model.js';
import { KIND, PROBLEM, type HeldState, type Kernel, type LineBatch } from './scan/kernel.js';
import { compareStates } from './state-compare.js';

export interface ScanOptions {
  /** Read only the first so many bytes of the last file. */
  until?: number;
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
  findings: FindingList;
  /** Entries whose checksum was there and matched. */
  checksummed: number;
  close(): void;
}

/** Reads a log once. Throws LogctlError; damage becomes `damages` and `findings`. */
export async function scanLog(
  context: Context,
  log: Log,
  options: ScanOptions = {},
): Promise<LogScan> {
  const scan = new LogScanner(context, log, options);
  try {
    if (!log.missing) for (const file of log.files.keys()) await scan.walk(file);
    scan.finish();
    return scan;
  } catch (error) {
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
  private readonly kernel: Kernel;
  private readonly damageLog: DamageLog;
  private path = '';
  private lastByteRows = { unended: false };

  constructor(
    private readonly context: Context,
    readonly log: Log,
    private readonly options: ScanOptions,
  ) {
    const { fold = true, onState } = options;
    const comparing = options.compareStates === true ? 'replacing' : undefined;
    const holdStates = onState === undefined ? comparing : 'all';
    const { role } = log.files[0];
    this.kernel = makeKernel(context, log.dialect, role, { fold, holdStates });
    this.keydir = this.kernel.keydir;
    this.findings = new FindingList(options.maxFindings);
    this.counter = new EntryCounter(log.dialect, role, this.findings);
    this.damageLog = new DamageLog(log.dialect, role);
  }

  get damages(): Damage[] {
    return this.damageLog.damages;
  }

  get folded(): boolean {
    return this.options.fold ?? true;
  }

  get checksummed(): number {
    return this.kernel.checksummed;
  }

  close(): void {
    for (const source of this.sources) source.close();
    this.sources.length = 0;
  }

  async walk(file: number): Promise<void> {
    const { context, kernel, options } = this;
    this.path = this.log.files[file].path;
    const source = openSource(context, this.path);
    this.sources.push(source);
    const end = await walkFile(context, source, kernel, {
      file,
      until: file === this.log.files.length - 1 ? options.until : undefined,
      onBatch: (firstLine) => this.onBatch(firstLine, source),
      onHeld: () => this.onHeld(),
    });
    this.bytes += end.size;
    this.lines += end.lines;
    if (!end.replaced) return;
    const words = 'renamed over while we read: the answer is about the file we hold';
    this.findings.add('replaced-while-read', this.path, words);
  }

  private async onBatch(firstLine: number, source: SourceFile): Promise<void> {
    const { batch } = this.kernel;
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
    await this.options.onRows?.(batch, firstLine, this.path);
  }

  private async onProblem(row: number, line: number, source: SourceFile): Promise<void> {
    const { batch } = this.kernel;
    const problem = batch.problem[row];
    const isEntry = batch.kind[row] !== KIND.bad;
    if ((problem & PROBLEM.unended) !== 0) this.lastByteRows.unended = true;
    if (isEntry && (problem & PROBLEM.unended) !== 0) {
      this.findings.add('unended-line', this.path, 'the last entry is whole but has no newline', {
        line,
        offset: batch.offset[row],
        length: batch.length[row],
        consequence: 'The next append would be glued to this line and no reader would see either.',
      });
    }
    if (isEntry && (problem & PROBLEM.utf8) === 0) return;
    const { lastTime: timeBefore, lastSeq: seqBefore } = this.counter;
    const at = { path: this.path, line, timeBefore, seqBefore };
    await this.damageLog.addLine(batch, row, at, source);
  }

  private async onHeld(): Promise<void> {
    const { held } = this.kernel;
    if (held === undefined) return;
    const { members, line, offset } = held;
    await this.options.onState?.(held, this.path);
    const isCheckpoint = this.isCheckpoint(held.op);
    if (!this.options.compareStates || !isCheckpoint || this.keydir.upstreamCount === 0) return;
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
    const { dialect, files } = this.log;
    return dialect.checkpointOps.includes(dialect.codec(files[0].role).ops[op]);
  }

  finish(): void {
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
