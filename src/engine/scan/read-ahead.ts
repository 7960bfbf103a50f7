/**
 * read-ahead: shares the parts of a file between threads, and hands their rows out in file order.
 *
 * One thread reads in order and is the only one that folds, counts and judges, so that the result
 * is that of one thread, bit for bit. The others read parts ahead of it; a part that holds
 * anything but plain entries is thrown away and read in order.
 */
import { boardBytes, SegmentBoard, slotCount, type Outcome } from './segment-board.js';
import { SegmentPool } from './segment-pool.js';
import { sharedRows, slotsIn, type SegmentRows } from './segment-rows.js';
import type { SegmentKernel, SharedFile } from './segment-worker.js';

/** Parts thrown away in a row after which reading ahead is given up: this is no plain file. */
const wastedMax = 8;

/** One for each walk over a file. Close it at the end. */
export class ReadAhead {
  private readonly board: SegmentBoard;
  private readonly slots: readonly SegmentRows[];
  private readonly pool: SegmentPool;
  /** The part that is read in order, or the rows of which were given out. */
  private number = 0;
  private isNew = true;
  private wasted = 0;
  /** All that follows is read in order. */
  private isOver = false;

  constructor(
    threads: number,
    private readonly file: SharedFile,
    kernel: SegmentKernel,
  ) {
    const shared = {
      board: new SharedArrayBuffer(boardBytes),
      rows: sharedRows(file.partBytes),
    };
    this.board = new SegmentBoard(shared.board, file.partCount);
    this.board.begin();
    this.slots = slotsIn(shared.rows, file.partBytes);
    this.pool = new SegmentPool(threads, { ...shared, file, kernel });
  }

  /**
   * The rows of the part in which the line at `position` begins, good until the next call.
   * Undefined where it is to be read here, up to `boundary(position)`.
   */
  async rowsAt(position: number): Promise<SegmentRows | undefined> {
    const number = Math.floor(position / this.file.partBytes);
    for (; this.number < number; this.number++) await this.pass();
    if (!this.isNew || this.isOver || number >= this.file.partCount) return undefined;
    this.isNew = false;
    const outcome = await this.outcomeOf(number);
    const rows = outcome === 'read' ? this.slots[number % slotCount].open() : undefined;
    if (outcome === 'free') return undefined;
    this.wasted = rows?.start === position ? 0 : this.wasted + 1;
    if (this.wasted === wastedMax) this.giveUp();
    return this.wasted === 0 ? rows : undefined;
  }

  /** Where to stop reading in order: a line that begins at or behind it is of another part. */
  boundary(position: number): number {
    const { partBytes, partCount } = this.file;
    const number = Math.floor(position / partBytes);
    return number < partCount && !this.isOver ? (number + 1) * partBytes : Infinity;
  }

  async close(): Promise<void> {
    this.giveUp();
    await this.pool.close();
  }

  /** Goes behind part `this.number`; what another thread may be doing with it is waited for. */
  private async pass(): Promise<void> {
    if (this.isOver) return;
    if (this.isNew) await this.outcomeOf(this.number);
    this.board.pass(this.number);
    this.isNew = true;
  }

  private async outcomeOf(number: number): Promise<Outcome> {
    const outcome = await this.board.outcome(number, () => this.pool.isBroken);
    if (outcome === 'lost') this.giveUp();
    return outcome;
  }

  private giveUp(): void {
    this.isOver = true;
    this.board.end();
  }
}
