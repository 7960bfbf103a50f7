/**
 * damage: what a damaged line is made of.
 *
 * Cuts one line into pieces: whole entries, fragments, zero bytes. Framing tells where lines end,
 * grammar where the first piece breaks off; entries after that are found by their first bytes and
 * proved by the kernel. An entry at the line's start, or right after one that counts, is certain,
 * whatever follows. After a fragment it counts only if it ends where the line ends or where the
 * next piece begins, so that an object inside a damaged value is never taken for an entry.
 */
import type { SourceFile } from '../disk.js';
import type { Dialect } from '../dialects/dialect.js';
import { keyToString } from '../keydir/key-bytes.js';
import { Keydir } from '../keydir/keydir.js';
import type { Role } from '../model.js';
import { KIND, PROBLEM } from '../scan/kernel.js';
import { referenceKernel } from '../scan/reference.js';

/** A part of a damaged line. Offsets in the file, lengths in bytes. */
export type Piece =
  | { kind: 'nul' | 'separator'; offset: number; length: number }
  | {
      kind: 'fragment';
      offset: number;
      length: number;
      /** What looks like a whole entry in it, and cannot be told from a part of a damaged value. */
      perhaps: number;
    }
  | {
      kind: 'entry';
      offset: number;
      length: number;
      op: number;
      key: string | undefined;
      deletes: boolean;
      time: number;
      seq: number;
    };

export type EntryPiece = Extract<Piece, { kind: 'entry' }>;

export interface LineRange {
  offset: number;
  length: number;
  /** The line has its newline. */
  ended: boolean;
  /** Time of the entry before it, NaN when unknown: decides where the grammar alone cannot. */
  timeBefore: number;
}

const LF = 0x0a;
const CR = 0x0d;
const windowBytes = 65_536;
const bytesOf = (text: string) => [...Buffer.from(text)];
const white = new Set(bytesOf(' \t\r'));
/** The first bytes of an object, an array, a string and a number. */
const beginners = new Set(bytesOf('{["-0123456789'));
/** After an object these go on with the value that it is a part of. */
const insiders = new Set(bytesOf(',}]:'));
const closers = new Set(bytesOf(']}'));
/** Also line ends that were written as two characters, RS of json-seq, and a BOM. */
const separators = [
  ...[' ', '\t', ',', ';', '|', '\u001e', '\u2028', '\u2029', '\ufeff'],
  ...['\\n', '\\r', '\\t'],
].map(bytesOf);
/** Probing may read this many times the line's length; more is an attack, the rest a fragment. */
const budgetFactor = 16;
const budgetFloor = 1 << 22;

/** Cuts damaged lines, one after the other, with one kernel: a broken disk makes many. */
export class LineSplitter {
  private prober: Prober | undefined;

  constructor(
    private readonly dialect: Dialect,
    private readonly role: Role,
  ) {}

  /** The pieces of a line, in order; they cover it without gaps. */
  async split(source: SourceFile, line: LineRange): Promise<Piece[]> {
    const prober = (this.prober ??= new Prober(this.dialect, this.role));
    prober.turnTo(source, line.length * budgetFactor + budgetFloor);
    const end = line.offset + line.length;
    const pieces: Piece[] = [];
    let at = await pushSeparators(prober, pieces, line.offset, end);
    while (at < end) {
      const seen = await prober.probe(at, end);
      // Here the line begins, or an entry has ended, or `nextEntry` has found one that counts.
      const after = at + (seen.entry?.length ?? 0);
      const isClosed = seen.entry !== undefined && (await prober.closesMore(after, end));
      if (seen.entry && !isClosed) {
        pieces.push(seen.entry);
        at = await pushSeparators(prober, pieces, after, end);
        continue;
      }
      const errorAt = isClosed ? after : seen.errorAt;
      const { next = end, ...found } = await nextEntry(prober, line, at, { ...seen, errorAt });
      const perhaps = found.perhaps + (isClosed ? 1 : 0);
      await pushFragment(prober, pieces, { from: at, to: next, perhaps });
      at = next;
    }
    return pieces;
  }
}

/** Adds what only stands between entries from `from` on; gives where it ends. */
async function pushSeparators(prober: Prober, pieces: Piece[], from: number, end: number) {
  const to = await prober.separatorsEnd(from, end);
  if (to > from) pieces.push({ kind: 'separator', offset: from, length: to - from });
  return to;
}

/**
 * Where the next entry that counts begins, after a fragment that begins at `from`; and how many
 * that may be some lie in between.
 */
async function nextEntry(
  prober: Prober,
  line: LineRange,
  from: number,
  { errorAt, time: timeOfFragment }: Probed,
): Promise<{ next?: number; perhaps: number }> {
  const end = line.offset + line.length;
  // A fragment that ends inside a string swallows the two bytes `{"` of what follows. One that
  // ends where a value is expected swallows all of it, and the grammar breaks at the line's end.
  const swallowed = errorAt >= end && line.ended;
  // An object inside the value looks the same, but what was appended is no older than its line.
  const { timeBefore } = line;
  const timeLeast =
    !(timeBefore >= timeOfFragment) && timeOfFragment === timeOfFragment
      ? timeOfFragment
      : timeBefore;
  // Text around entries holds no values: nothing in it is a part of one.
  const isText = !(await prober.mayBegin(from));
  let perhaps = 0;
  let at = Math.max(from + 1, swallowed ? from + 1 : errorAt - 2);
  while ((at = await prober.find(at, end)) >= 0) {
    const { entry } = await prober.probe(at, end);
    const behind = entry === undefined ? -1 : entry.offset + entry.length;
    // Entries carry times; two halves of torn lines that happen to fit carry none that is one.
    const time = entry?.time ?? NaN;
    const isDated = time === time || line.timeBefore !== line.timeBefore;
    const inOrder = isDated && !(swallowed && time < timeLeast);
    if (behind === end && inOrder) return { next: at, perhaps };
    const isApart =
      behind > 0 &&
      inOrder &&
      !swallowed &&
      ((await prober.startsPiece(behind, end)) ||
        (isText && !(await prober.goesOnInside(behind, end))));
    if (isApart) return { next: at, perhaps };
    // Within the grammar of the fragment it is a part of it.
    const isDoubtful = behind > 0 && !swallowed;
    if (isDoubtful) perhaps++;
    at = isDoubtful ? behind : at + 1;
  }
  return { perhaps };
}

/** Adds `[from, to)` as fragments, zero bytes apart. */
async function pushFragment(
  prober: Prober,
  pieces: Piece[],
  { from, to, perhaps }: { from: number; to: number; perhaps: number },
) {
  let left = perhaps;
  for (let at = from; at < to;) {
    const isNul = await prober.isNul(at);
    const until = await prober.runEnd(at, to, isNul);
    const range = { offset: at, length: until - at };
    if (isNul) pieces.push({ kind: 'nul', ...range });
    else {
      pieces.push({ kind: 'fragment', ...range, perhaps: left });
      left = 0;
    }
    at = until;
  }
}

interface Probed {
  /** The whole entry that begins there, if one does. */
  entry: EntryPiece | undefined;
  /** Where the grammar breaks. */
  errorAt: number;
  /** The time of a fragment whose grammar holds to its end; NaN: unknown. */
  time: number;
}

class Prober {
  private readonly kernel;
  /** The bytes with which entries begin. */
  private readonly openers: ReadonlySet<number>;
  private readonly window = new Uint8Array(windowBytes);
  private windowAt = -1;
  private windowLength = 0;
  private source: SourceFile | undefined;
  private budget = 0;

  constructor(
    private readonly dialect: Dialect,
    role: Role,
  ) {
    const codec = dialect.codec(role);
    const chunkBytes = windowBytes;
    this.openers = new Set(dialect.resync.map((pattern) => pattern.charCodeAt(0)));
    this.kernel = referenceKernel({ codec, keydir: new Keydir(), chunkBytes, fold: false });
  }

  /** Goes on with a line of `source`; probing may read `budget` bytes. */
  turnTo(source: SourceFile, budget: number): void {
    if (source !== this.source) this.windowAt = -1;
    this.source = source;
    this.budget = budget;
  }

  /** What begins at `at`: a whole entry that ends before `end`, or a fragment. */
  async probe(at: number, end: number): Promise<Probed> {
    const first = await this.scan(at, end);
    const whole = entryOf(this.kernel.batch);
    if (whole) return { entry: whole, errorAt: end, time: whole.time };
    const { count, time: times } = this.kernel.batch;
    const time = first >= end && count > 0 ? times[0] : NaN;
    // The machine stops at the byte behind a complete value: perhaps the entry ends there.
    if (first > at && first < end) {
      await this.scan(at, first);
      const entry = entryOf(this.kernel.batch);
      if (entry) return { entry, errorAt: first, time: entry.time };
    }
    return { entry: undefined, errorAt: first, time };
  }

  /** Scans `[at, end)` as one line; gives where its grammar breaks, `end` when it holds. */
  private async scan(at: number, end: number): Promise<number> {
    const { kernel } = this;
    kernel.start({ file: 0, offset: at });
    for (let position = at; position < end && this.budget > 0;) {
      const room = Math.min(kernel.chunk.length, end - position);
      const length = await this.source!.read(kernel.chunk.subarray(0, room), position);
      this.budget -= length;
      position += length;
      kernel.scan(length, position >= end || length === 0);
      if (kernel.brokenAt >= 0) return kernel.brokenAt;
      if (length === 0) break;
    }
    const { batch } = kernel;
    return batch.count > 0 && batch.errorAt[0] >= 0 ? batch.errorAt[0] : end;
  }

  /** The next place in `[at, end)` where an entry may begin, -1 for none. */
  async find(at: number, end: number): Promise<number> {
    const longest = Math.max(...this.dialect.resync.map((pattern) => pattern.length));
    while (at < end && this.budget > 0) {
      const length = await this.load(at, end);
      const view = Buffer.from(this.window.buffer, at - this.windowAt, length);
      const hits = this.dialect.resync.map((p) => view.indexOf(p, 0, 'latin1'));
      const nearest = Math.min(...hits.map((hit) => (hit < 0 ? Infinity : hit)));
      if (nearest < Infinity) return at + nearest;
      if (at + length >= end) return -1;
      this.budget -= length;
      at += Math.max(1, length - longest + 1);
    }
    return -1;
  }

  /**
   * True where another piece may begin right behind an entry: another one, a zero byte, a line feed
   * with one flipped bit, or a carriage return alone. Anything else shows that the braces were
   * not its own.
   */
  async startsPiece(at: number, end: number): Promise<boolean> {
    await this.load(at, Math.min(end, at + 2));
    const [byte, next] = this.window.subarray(at - this.windowAt);
    if (byte === 0 || this.openers.has(byte)) return true;
    const flipped = byte ^ LF;
    const isOneBit = (flipped & (flipped - 1)) === 0;
    return (isOneBit || byte === CR) && (at + 1 === end || this.openers.has(next));
  }

  /** False where no entry of any format can begin: text, a closing bracket, a tail of something. */
  async mayBegin(at: number): Promise<boolean> {
    await this.load(at, at + 1);
    const byte = this.window[at - this.windowAt];
    return beginners.has(byte) || this.openers.has(byte) || byte === 0;
  }

  /**
   * True where several brackets close right after an object that it did not open: then it was put
   * together from the start of one entry and the inside of another, as blocks on a disk are that
   * were swapped.
   */
  async closesMore(at: number, end: number): Promise<boolean> {
    if (at + 2 > end) return false;
    await this.load(at, at + 2);
    const view = this.window.subarray(at - this.windowAt, at - this.windowAt + 2);
    return view.every((byte) => closers.has(byte));
  }

  /** True where what follows an object says that it is a part of another value. */
  async goesOnInside(at: number, end: number): Promise<boolean> {
    let next = at;
    for (; next < end; next++) {
      await this.load(next, next + 1);
      if (!white.has(this.window[next - this.windowAt])) break;
    }
    return next < end && insiders.has(this.window[next - this.windowAt]);
  }

  /** Where a run of characters ends that programs put between entries, or that mean nothing. */
  async separatorsEnd(at: number, end: number): Promise<number> {
    while (at < end) {
      const length = await this.load(at, end);
      const view = this.window.subarray(at - this.windowAt, at - this.windowAt + length);
      const found = separators.find((one) => one.every((byte, i) => view[i] === byte));
      if (found === undefined) break;
      at += found.length;
    }
    return at;
  }

  async isNul(at: number): Promise<boolean> {
    await this.load(at, at + 1);
    return this.window[at - this.windowAt] === 0;
  }

  /** The end of the run of zero bytes (or of other bytes) that begins at `at`. */
  async runEnd(at: number, to: number, nul: boolean): Promise<number> {
    while (at < to) {
      const length = await this.load(at, to);
      const view = this.window.subarray(at - this.windowAt, at - this.windowAt + length);
      const hit = nul ? view.findIndex((byte) => byte !== 0) : view.indexOf(0);
      if (hit >= 0) return at + hit;
      at += length;
    }
    return to;
  }

  /** Makes the window hold bytes from `at` on; gives how many, at most up to `end`. */
  private async load(at: number, end: number): Promise<number> {
    const held = this.windowAt + this.windowLength - at;
    const wanted = Math.min(end - at, 256);
    if (this.windowAt < 0 || at < this.windowAt || held < wanted) {
      this.windowLength = await this.source!.read(this.window, at);
      this.windowAt = at;
    }
    return Math.max(0, Math.min(end, this.windowAt + this.windowLength) - at);
  }
}

function entryOf(batch: ReturnType<typeof referenceKernel>['batch']): EntryPiece | undefined {
  const fatal = PROBLEM.json | PROBLEM.entry | PROBLEM.crc;
  if (batch.count !== 1 || (batch.problem[0] & fatal) !== 0) return undefined;
  const kind = batch.kind[0];
  if (kind !== KIND.put && kind !== KIND.delete && kind !== KIND.state && kind !== KIND.meta) {
    return undefined;
  }
  const start = batch.keyStart[0];
  const key = batch.keys.slice(start, start + batch.keyLength[0]);
  return {
    kind: 'entry',
    offset: batch.offset[0],
    length: batch.length[0],
    op: batch.op[0],
    key: kind === KIND.put || kind === KIND.delete ? keyToString(key) : undefined,
    deletes: kind === KIND.delete,
    time: batch.time[0],
    seq: batch.seq[0],
  };
}
