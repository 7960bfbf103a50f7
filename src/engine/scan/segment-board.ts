/**
 * segment-board: which thread has which part of a file, in memory that all of them share.
 *
 * The parts of a file are numbered. One thread reads in order and stands in part `at`; the others
 * read some of the next parts and leave their rows in slots, part n in slot n modulo their
 * number. Whoever is in order and comes to a part that nobody has reads it itself.
 */

/** Slots for so many threads besides the one that reads in order, whose part has a slot too. */
export const slotsFor = (threads: number): number => 3 + 2 * threads;

/** What becomes of a part: it counts up from `free`. */
const STATE = {
  free: 0,
  /** A thread reads it. */
  taken: 1,
  /** Its rows are in the slot. */
  read: 2,
  /** It holds anything but plain entries: it is to be read in order. */
  refused: 3,
} as const;
const stateBits = 2;
/** How long to wait for another thread before a look at whether it is still there. */
const waitMs = 20;

/**
 * What whoever reads in order finds of a part: nobody had it, and now it is theirs; a thread has
 * it; its rows are in the slot; it is to be read in order.
 */
export type Outcome = 'free' | 'taken' | 'read' | 'refused';

/** Index of `at` in the control words; the states of the slots stand behind it. */
const atWord = 0;
/** Value of `at` that sends all threads home. */
const over = -1;

const stateOf = (number: number, state: number): number => (number << stateBits) | state;

/** Memory for a board of so many slots. */
export const sharedBoard = (slotCount: number): SharedArrayBuffer =>
  new SharedArrayBuffer((1 + slotCount) * Int32Array.BYTES_PER_ELEMENT);

/** One for each thread, over the same memory. */
export class SegmentBoard {
  private readonly words: Int32Array;
  readonly slotCount: number;

  constructor(
    shared: SharedArrayBuffer,
    /** Parts up to here may be read ahead: the last one may be torn, or grow. */
    private readonly partCount: number,
  ) {
    this.words = new Int32Array(shared);
    this.slotCount = this.words.length - 1;
  }

  /** Sets the board up, before other threads know of it. */
  begin(): void {
    for (let number = 0; number < this.slotCount; number++) this.free(number);
  }

  /**
   * For threads that read ahead: takes the farthest part that nobody has, so that whoever reads in
   * order seldom comes to one that is being read. Waits for one; undefined where there are no more.
   */
  take(): number | undefined {
    for (;;) {
      const at = Atomics.load(this.words, atWord);
      if (at === over) return undefined;
      const last = Math.min(at + this.slotCount, this.partCount) - 1;
      for (let number = last; number > at; number--) if (this.tryTake(number)) return number;
      if (last === this.partCount - 1) return undefined;
      Atomics.wait(this.words, atWord, at);
    }
  }

  /** For threads that read ahead: the rows of a part they took are in its slot, or it has none. */
  give(number: number, isPlain: boolean): void {
    const word = this.wordOf(number);
    Atomics.store(this.words, word, stateOf(number, isPlain ? STATE.read : STATE.refused));
    Atomics.notify(this.words, word);
  }

  /** For who reads in order: what is with a part. One that nobody has is theirs from now on. */
  look(number: number): Outcome {
    if (this.tryTake(number)) return 'free';
    const word = Atomics.load(this.words, this.wordOf(number));
    if (word === stateOf(number, STATE.taken)) return 'taken';
    return word === stateOf(number, STATE.read) ? 'read' : 'refused';
  }

  /** For who reads in order, while another thread has what comes next: the next free part. */
  takeNext(): number | undefined {
    const at = Atomics.load(this.words, atWord);
    const last = Math.min(at + this.slotCount, this.partCount) - 1;
    for (let number = at + 1; number <= last; number++) if (this.tryTake(number)) return number;
    return undefined;
  }

  /** For who reads in order: waits for the thread that has a part, but not for long. */
  async wait(number: number): Promise<void> {
    const taken = stateOf(number, STATE.taken);
    if (Atomics.wait(this.words, this.wordOf(number), taken, waitMs) !== 'timed-out') return;
    // The end of a thread is only heard of while the event loop turns.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** For who reads in order: it is in part `to` now. No slot of those before it is free yet. */
  stand(to: number): void {
    Atomics.store(this.words, atWord, to);
  }

  /** For who stands in part `to` now: the slot of a part before it is for a later one. */
  pass(number: number, to: number): void {
    this.free(number + this.slotCount * Math.ceil((to - number) / this.slotCount));
    Atomics.notify(this.words, atWord);
  }

  /** Sends the threads home. */
  end(): void {
    Atomics.store(this.words, atWord, over);
    Atomics.notify(this.words, atWord);
  }

  private free(number: number): void {
    Atomics.store(this.words, this.wordOf(number), stateOf(number, STATE.free));
  }

  private wordOf(number: number): number {
    return 1 + (number % this.slotCount);
  }

  private tryTake(number: number): boolean {
    const [free, taken] = [stateOf(number, STATE.free), stateOf(number, STATE.taken)];
    return Atomics.compareExchange(this.words, this.wordOf(number), free, taken) === free;
  }
}
