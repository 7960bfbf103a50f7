/**
 * read-ahead: shares the parts of a file between threads, and hands their rows out in file order.
 *
 * One thread reads in order and is the only one that folds, counts and judges, so that the result
 * is that of one thread, bit for bit. The others read parts ahead of it; a part that holds
 * anything but plain entries is thrown away and read in order.
 */
import type { SegmentPool } from './segment-pool.js';
import type { SegmentAnswer } from './segment-rows.js';

/** Parts that may lie read and not taken, for each thread: they cost memory. */
const aheadMax = 4;
/** Parts thrown away in a row after which reading ahead is given up: this is no plain file. */
const wastedMax = 8;

interface Part {
  /** Number of the thread that reads it; -1: who reads in order does. */
  thread: number;
  rows?: Promise<SegmentAnswer>;
}

/** The plan for one open file. Times in ms. */
export class ReadAhead {
  private readonly partCount: number;
  private readonly parts = new Map<number, Part>();
  private planned = 0;
  /** When each thread would be done with what it has; the last is who reads in order. */
  private readonly busyUntil: number[];
  /** What reading one part takes, and what taking rows that another thread read takes. */
  private readMs = 3;
  private takeMs = 1;
  private wasted = 0;

  constructor(
    private readonly pool: SegmentPool,
    private readonly file: { path: string; fd: number },
    /** Bytes of the file, and of a part. */
    fileBytes: number,
    private readonly partBytes: number,
  ) {
    // The file's end is read in order: it may be torn, or grow.
    this.partCount = Math.floor(fileBytes / partBytes) - 1;
    this.busyUntil = new Array<number>(pool.size + 1).fill(0);
  }

  /**
   * The rows of the part in which the line at `position` begins. Undefined where it is to be read
   * here, up to `boundary(position)`.
   */
  async rowsAt(position: number): Promise<SegmentAnswer> {
    const number = Math.floor(position / this.partBytes);
    this.planUpTo(Math.min(this.partCount, number + aheadMax * this.pool.size));
    for (const passed of this.parts.keys()) if (passed < number) this.parts.delete(passed);
    const rows = await this.parts.get(number)?.rows;
    if (rows?.start === position) {
      this.wasted = 0;
      this.readMs = mean(this.readMs, rows.ms);
      return rows;
    }
    if (this.parts.get(number)?.rows !== undefined) this.wasted++;
    return undefined;
  }

  /** How long it took to fold and count rows that another thread read. */
  tookRows(ms: number): void {
    this.takeMs = mean(this.takeMs, ms);
  }

  /** Where to stop reading in order: a line that begins at or behind it is of another part. */
  boundary(position: number): number {
    const number = Math.floor(position / this.partBytes);
    return number < this.partCount ? (number + 1) * this.partBytes : Infinity;
  }

  /** Each part goes to whoever would be done with it first. */
  private planUpTo(end: number): void {
    const inOrder = this.pool.size;
    for (; this.planned < end && this.wasted < wastedMax; this.planned++) {
      const { busyUntil, readMs, takeMs, planned } = this;
      let first = inOrder;
      const doneAt = (thread: number) => {
        return busyUntil[thread] + readMs + (thread === inOrder ? takeMs : 0);
      };
      for (let thread = 0; thread < inOrder; thread++) {
        if (doneAt(thread) < doneAt(first)) first = thread;
      }
      busyUntil[first] = doneAt(first);
      if (first !== inOrder) busyUntil[inOrder] += takeMs;
      const [from, to] = [planned * this.partBytes, (planned + 1) * this.partBytes];
      const request = { ...this.file, from, to };
      const isHere = first === inOrder;
      this.parts.set(
        planned,
        isHere ? { thread: -1 } : { thread: first, rows: this.pool.read(first, request) },
      );
    }
  }
}

/** A mean that follows: the file's parts need not be alike. */
const mean = (before: number, now: number) => before + (now - before) / 8;
