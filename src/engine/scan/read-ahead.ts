/**
 * read-ahead: shares the parts of a file between threads, and hands their rows out in file order.
 *
 * One thread reads in order and is the only one that folds, counts and judges, so that the result
 * is that of one thread, bit for bit. The others read parts ahead of it; a part that holds
 * anything but plain entries is thrown away and read in order.
 */
import type { SourceFile } from '../disk.js';
import type { Kernel } from './kernel.js';
import { SegmentBoard, sharedBoard, slotsFor, type Outcome } from './segment-board.js';
import type { SegmentPool } from './segment-pool.js';
import { SegmentReader } from './segment-reader.js';
import { sharedRows, type SegmentRows } from './segment-rows.js';
import type { SegmentKernel } from './segment-worker.js';

/** Parts thrown away in a row after which reading ahead is given up: this is no plain file. */
const wastedMax = 8;

/** How the file is read: what other threads are told of it, and the kernel of this one. */
export interface AheadKernels {
  /** Threads besides this one, which other files may need as well. */
  pool: SegmentPool;
  others: SegmentKernel;
  /** Makes a kernel that does not fold, for parts that this thread reads ahead. */
  own(): Kernel;
}

/** One for each walk over a file. End it with the walk. */
export class ReadAhead {
  private readonly board: SegmentBoard;
  private readonly reader: SegmentReader;
  private readonly pool: SegmentPool;
  /** The part that is read in order, or the rows of which were given out. */
  private number = 0;
  private isNew = true;
  private wasted = 0;
  /** All that follows is read in order. */
  private isOver = false;

  /** `partCount`: parts that may be read ahead. `source` has a descriptor. */
  constructor(
    source: SourceFile,
    private readonly partBytes: number,
    private readonly partCount: number,
    kernels: AheadKernels,
  ) {
    this.pool = kernels.pool;
    const slotCount = slotsFor(this.pool.count);
    const [board, rows] = [sharedBoard(slotCount), sharedRows(slotCount, partBytes)];
    const shared = { partBytes, partCount, board, rows };
    this.board = new SegmentBoard(board, partCount);
    this.board.begin();
    this.reader = new SegmentReader(source, kernels.own(), this.board, shared);
    const file = { path: source.path, fd: source.fd! };
    this.pool.begin({ shared, file, kernel: kernels.others });
  }

  /**
   * The rows of the part in which the line at `position` begins, good until the next call.
   * Undefined where it is to be read here, up to `boundary(position)`.
   */
  async rowsAt(position: number): Promise<SegmentRows | undefined> {
    const number = Math.floor(position / this.partBytes);
    if (number > this.number) await this.goTo(number);
    if (!this.isNew || this.isOver || number >= this.partCount) return undefined;
    this.isNew = false;
    const outcome = await this.outcomeOf(number);
    const rows = outcome === 'read' ? this.reader.rowsOf(number).open() : undefined;
    if (outcome === 'free') return undefined;
    this.wasted = rows?.start === position ? 0 : this.wasted + 1;
    if (this.wasted === wastedMax) this.giveUp();
    return this.wasted === 0 ? rows : undefined;
  }

  /** Where to stop reading in order: a line that begins at or behind it is of another part. */
  boundary(position: number): number {
    const { partBytes, partCount } = this;
    const number = Math.floor(position / partBytes);
    return number < partCount && !this.isOver ? (number + 1) * partBytes : Infinity;
  }

  /** No more parts are wanted: the threads go on to the next file. */
  end(): void {
    this.giveUp();
  }

  /** Goes to a part, maybe past many: a long line began in an earlier one, and nobody has these. */
  private async goTo(number: number): Promise<void> {
    if (this.isOver) return;
    const { board, number: before } = this;
    board.stand(number);
    for (let passed = before; passed < Math.min(number, before + board.slotCount); passed++) {
      const isOurs = passed === before && !this.isNew;
      while (!isOurs && board.look(passed) === 'taken') {
        await board.wait(passed);
        if (this.pool.isBroken) return this.giveUp();
      }
      board.pass(passed, number);
    }
    this.number = number;
    this.isNew = true;
  }

  /** What is with a part; while another thread has it, this one reads the parts behind it. */
  private async outcomeOf(number: number): Promise<Outcome> {
    for (;;) {
      const outcome = this.board.look(number);
      if (outcome !== 'taken') return outcome;
      const next = this.board.takeNext();
      if (next !== undefined) await this.reader.read(next);
      else await this.board.wait(number);
      if (!this.pool.isBroken) continue;
      // What the thread had that is gone cannot be told.
      this.giveUp();
      return 'refused';
    }
  }

  private giveUp(): void {
    this.isOver = true;
    this.board.end();
  }
}
