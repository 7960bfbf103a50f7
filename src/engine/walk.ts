/** walk: a file of a log through a kernel, chunk by chunk, other threads ahead where it pays. */
import type { Context } from './context.js';
import type { SourceFile } from './disk.js';
import { WalkGuard } from './walk-guard.js';
import { defaultChunkBytes } from './scan/choose-kernel.js';
import type { Kernel, LineBatch } from './scan/kernel.js';
import { ReadAhead, type AheadKernels } from './scan/read-ahead.js';
import { RowFold } from './scan/row-fold.js';
import { lengthUpTo } from './scan/segment-reader.js';
import type { SegmentRows } from './scan/segment-rows.js';

export interface WalkOptions {
  file: number;
  /** Read only the first so many bytes. */
  until?: number;
  /** Called after each scan with its rows; `firstLine` is the first row's. */
  onBatch(firstLine: number, batch: LineBatch): void | Promise<void>;
  /** Called while `kernel.held` holds a whole-state entry back. */
  onHeld?(): void | Promise<void>;
  /** Other threads may read ahead; and whether rows that were read ahead are folded. */
  threads?: AheadKernels & { fold: boolean };
}

/** How a walk ended. `size`: bytes walked. */
export interface WalkEnd {
  size: number;
  lines: number;
  /** The path now names another file than the one that was read. */
  replaced: boolean;
  /** Checksums that matched in rows other threads read: the kernel does not know of them. */
  checksummed: number;
}

/**
 * Walks one open file through a kernel: a consistent prefix, whatever appends meanwhile.
 * Throws LogctlError `changed` (exit 22) when the file shrank or was rewritten in place.
 */
export async function walkFile(
  context: Context,
  source: SourceFile,
  kernel: Kernel,
  options: WalkOptions,
): Promise<WalkEnd> {
  const guard = await WalkGuard.of(context, source, options.until);
  const walk = new Walk(context, source, kernel, options, guard);
  const ahead = aheadOf(source, guard.limit, context.segmentBytes, options);
  try {
    await walk.run(ahead);
    const { position, lines, checksummed } = walk;
    return { size: position, lines, replaced: await guard.check(position), checksummed };
  } finally {
    ahead?.end();
  }
}

/** Four chunks, which hold the line as well that goes on beyond the part's end. */
const partBytesDefault = 4 * defaultChunkBytes - (1 << 14);
/** Threads are started where there is enough for them to do: from 64 MiB on. */
const bytesMin = 64 << 20;

/** True where other threads are worth their start. `segmentBytes`: parts of a size are wanted. */
export const isForThreads = (fileBytes: number, segmentBytes: number | undefined): boolean =>
  fileBytes >= bytesMin || segmentBytes !== undefined;

/** Other threads, where they pay. `fileBytes`: Infinity where only its end tells. */
function aheadOf(
  source: SourceFile,
  fileBytes: number,
  segmentBytes: number | undefined,
  { threads }: WalkOptions,
): ReadAhead | undefined {
  if (threads === undefined || source.fd === undefined) return undefined;
  const partBytes = segmentBytes ?? partBytesDefault;
  // The file's end is read in order: it may be torn, or grow.
  const partCount = Math.floor(fileBytes / partBytes) - 1;
  const isWorth = isForThreads(fileBytes, segmentBytes) && !threads.pool.isBroken;
  if (!Number.isFinite(partCount) || partCount < 2 || !isWorth) return undefined;
  return new ReadAhead(source, partBytes, partCount, threads);
}

class Walk {
  position = 0;
  lines = 0;
  checksummed = 0;
  private chunks = 0;
  /** The kernel stands between two lines, and elsewhere than at `position`. */
  private isElsewhere = true;

  constructor(
    private readonly context: Context,
    private readonly source: SourceFile,
    private readonly kernel: Kernel,
    private readonly options: WalkOptions,
    private readonly guard: WalkGuard,
  ) {}

  async run(ahead: ReadAhead | undefined): Promise<void> {
    for (let isLast = false; !isLast;) {
      const rows = await ahead?.rowsAt(this.position);
      if (rows === undefined) isLast = await this.readOn(ahead?.boundary(this.position));
      else await this.take(rows);
    }
  }

  /** Reads up to the first line that begins at or behind `boundary`; true at the file's end. */
  private async readOn(boundary = Infinity): Promise<boolean> {
    const { kernel, guard, options } = this;
    if (this.isElsewhere) {
      kernel.start({ file: options.file, offset: this.position, line: this.lines + 1 });
      this.isElsewhere = false;
    }
    for (;;) {
      const length = await this.readChunk(boundary);
      const end = this.position + length;
      let isLast = end >= guard.limit || length === 0;
      if (isLast && length > 0 && kernel.chunk[length - 1] !== 0x0a) {
        isLast = !(await guard.extend(end));
      }
      const endsLine = length > 0 && kernel.chunk[length - 1] === 0x0a;
      // A kernel may hold back its last lines to look beyond them: here it is to end.
      this.isElsewhere = endsLine && end >= boundary;
      await this.scan(length, isLast || this.isElsewhere);
      await this.report();
      // It may also go back for bytes that it could not keep.
      if (this.position < end) continue;
      if (isLast || this.isElsewhere) return isLast;
    }
  }

  /** Fills the kernel's chunk; gives how much of it to take: lines from `boundary` on are left. */
  private async readChunk(boundary: number): Promise<number> {
    const { kernel, guard, source } = this;
    const room = Math.min(kernel.chunk.length, guard.limit - this.position);
    const got = await source.read(kernel.chunk.subarray(0, room), this.position);
    if (got < room && Number.isFinite(guard.limit)) guard.shrank();
    const used = lengthUpTo(kernel.chunk.subarray(0, got), boundary - 1 - this.position);
    // A line end of two bytes stays in one piece: a return waits for what follows it.
    const isSplit =
      used > 1 && kernel.chunk[used - 1] === 0x0d && this.position + used < guard.limit;
    return isSplit ? used - 1 : used;
  }

  private async scan(length: number, last: boolean): Promise<void> {
    const { kernel, options } = this;
    do {
      kernel.scan(length, last);
      if (kernel.batch.count > 0) await options.onBatch(this.lines + 1, kernel.batch);
      this.lines += kernel.batch.count;
      if (kernel.held) await options.onHeld?.();
    } while (kernel.pending);
    this.position = kernel.position;
  }

  /** Takes rows that another thread read. */
  private async take({ batch, end, checksummed }: SegmentRows): Promise<void> {
    const { options, kernel } = this;
    const [{ keydir }, { file }, firstLine] = [kernel, options, this.lines + 1];
    if (options.threads!.fold && !keydir.foldForeign(batch, file, firstLine)) {
      new RowFold(keydir, batch).fold(0, file, firstLine);
    }
    await options.onBatch(firstLine, batch);
    this.lines += batch.count;
    this.position = end;
    this.checksummed += checksummed;
    this.isElsewhere = true;
    await this.report();
  }

  private async report(): Promise<void> {
    const { context, source, guard, position } = this;
    context.progress?.({ phase: 'read', path: source.path, done: position, total: guard.total });
    await context.checkpoint?.();
    if (++this.chunks % 16 === 0) await this.breathe();
  }

  /** Signals, timers and the answers of other threads get their turn. */
  private breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
