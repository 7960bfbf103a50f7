/** DamageLog: collects the damaged lines of one pass, and what later entries make of them. */
import { LineSplitter, type Piece } from './damage.js';
import type { Dialect } from '../dialects/dialect.js';
import type { SourceFile } from '../disk.js';
import { keyToString } from '../keydir/key-bytes.js';
import type { Role } from '../model.js';
import { KIND, PROBLEM, type LineBatch } from '../scan/kernel.js';
import type { UnfinishedBatch } from './unfinished-batch.js';

/** One damaged line. Offsets and lengths in bytes, times in ms (NaN: unknown). */
export interface Damage {
  path: string;
  line: number;
  offset: number;
  length: number;
  /** The line has its newline. */
  ended: boolean;
  /** Bits of PROBLEM. */
  problem: number;
  /** True where the line still is an entry and was replayed (invalid UTF-8 in a string). */
  replayed: boolean;
  /** Operation and key of its first fragment, as far as they can be read. */
  op: number;
  key: string | undefined;
  timeBefore: number;
  pieces: Piece[];
  /** Its first bytes as latin1 text. */
  head: string;
  /** Keys whose later entry made this line's content irrelevant. */
  superseded: Set<string>;
  /** Sequence numbers of the entries before and behind it; 0 where there are none. */
  seqBefore: number;
  seqBehind: number;
  /** A whole-state entry came later: nothing of this line counts any more. */
  replaced: boolean;
  /** The whole entry on the next line begins with its bytes: a write that was tried again. */
  retried: boolean;
  /** Something valid stands behind it. */
  followed: boolean;
  /** Set where it is a batch that was cut: whole entries of it that are here, of how many. */
  batch?: { here: number; of: number };
}

/** Damaged lines kept with their pieces; beyond that memory is safe and only counts go on. */
const damagesMax = 100_000;

/** Fed line by line during one pass; `damages` are complete when the pass is over. */
export class DamageLog {
  readonly damages: Damage[] = [];
  /** Damaged lines beyond `damagesMax`. */
  uncounted = 0;
  /** Bytes of all damaged lines, newlines excluded. */
  bytes = 0;
  private readonly atStake = new Map<string, Damage[]>();
  /** Lines of whitespace behind the last entry: no damage if nothing follows. */
  private white: Damage[] = [];
  private seenEntry = false;
  /** Of the file that is being read. */
  role: Role = 'segment';
  private readonly splitters = new Map<Role, LineSplitter>();

  constructor(private readonly dialect: Dialect) {}

  /** True while an entry would change nothing here: the usual case, kept cheap. */
  get isQuiet(): boolean {
    return this.seenEntry && this.isEmpty;
  }

  /** True while there is nothing that an entry could settle. */
  get isEmpty(): boolean {
    return this.damages.length === 0 && this.white.length === 0;
  }

  /** Entries were seen while this was empty. */
  seeEntries(): void {
    this.seenEntry = true;
  }

  /** A line that is an entry settles damage before it. Needed only while `isQuiet` is false. */
  seeEntry(batch: LineBatch, row: number): void {
    this.seenEntry = true;
    for (const line of this.white) this.keep(line);
    this.white = [];
    for (let i = this.damages.length - 1; i >= 0 && !this.damages[i].followed; i--) {
      this.damages[i].followed = true;
      const { offset, length } = this.damages[i];
      if (batch.offset[row] !== offset + length + 1) this.damages[i].retried = false;
      this.damages[i].seqBehind = batch.seq[row] > 0 ? batch.seq[row] : 0;
    }
    const kind = batch.kind[row];
    if (kind === KIND.state) this.replaceAll();
    else if (kind === KIND.put || kind === KIND.delete) this.settle(keyOf(batch, row));
  }

  /** A line that is no entry, or an entry with invalid bytes. */
  async addLine(
    batch: LineBatch,
    row: number,
    at: { path: string; line: number; timeBefore: number; seqBefore: number },
    source: SourceFile,
  ): Promise<void> {
    const trims = this.dialect.upstream.trimsFile;
    const isWhite = (batch.problem[row] & PROBLEM.white) !== 0 && trims;
    if (this.damages.length + this.white.length >= damagesMax) {
      if (!isWhite) this.countOnly(batch.length[row]);
      return;
    }
    const damage: Damage = {
      ...at,
      offset: batch.offset[row],
      length: batch.length[row],
      ended: (batch.problem[row] & PROBLEM.unended) === 0,
      problem: batch.problem[row],
      replayed: batch.kind[row] !== KIND.bad,
      op: batch.op[row],
      key: batch.keyLength[row] > 0 ? keyOf(batch, row) : undefined,
      pieces: [],
      head: '',
      superseded: new Set(),
      replaced: false,
      seqBehind: 0,
      retried: false,
      followed: false,
    };
    if (isWhite) {
      if (this.seenEntry || this.damages.length > 0) this.white.push(damage);
      return;
    }
    for (const line of this.white) this.keep(line);
    this.white = [];
    if ((damage.problem & PROBLEM.json) !== 0) {
      damage.pieces = await this.splitter().split(source, damage);
    }
    const head = new Uint8Array(Math.min(32, damage.length));
    await source.read(head, damage.offset);
    damage.head = Buffer.from(head).toString('latin1');
    // Whether that is a whole entry shows when it is read.
    damage.retried = isTorn(damage) && (await isRepeated(source, damage));
    this.keep(damage);
  }

  /** A batch at the end of the file of which entries are missing. */
  addBatch(
    at: { path: string; line: number; timeBefore: number; seqBefore: number },
    { here, of, fragment }: UnfinishedBatch,
    range: { offset: number; length: number },
  ): void {
    this.keep({
      ...{ ...at, ...range, ended: false, problem: fragment ? PROBLEM.json : 0, replayed: false },
      ...{ op: 0, key: undefined, pieces: [], head: '', superseded: new Set() },
      ...{ replaced: false, seqBehind: 0, retried: false, followed: false, batch: { here, of } },
    });
  }

  private keep(damage: Damage): void {
    if (this.damages.length >= damagesMax) return this.countOnly(damage.length);
    this.bytes += damage.length;
    this.damages.push(damage);
    const keys = damage.pieces.map((piece) => (piece.kind === 'entry' ? piece.key : undefined));
    for (const key of new Set([damage.key, ...keys])) {
      if (key === undefined) continue;
      const others = this.atStake.get(key);
      if (others) others.push(damage);
      else this.atStake.set(key, [damage]);
    }
  }

  private splitter(): LineSplitter {
    const splitter = this.splitters.get(this.role) ?? new LineSplitter(this.dialect, this.role);
    this.splitters.set(this.role, splitter);
    return splitter;
  }

  private countOnly(length: number): void {
    this.uncounted++;
    this.bytes += length;
  }

  private settle(key: string): void {
    for (const damage of this.atStake.get(key) ?? []) damage.superseded.add(key);
    this.atStake.delete(key);
  }

  private replaceAll(): void {
    for (let i = this.damages.length - 1; i >= 0 && !this.damages[i].replaced; i--) {
      this.damages[i].replaced = true;
    }
    this.atStake.clear();
  }
}

/** Longer fragments are not compared. */
const retriedBytesMax = 1 << 20;

/** True for a line that is one fragment: a write that stopped early. */
const isTorn = ({ pieces, ended, length }: Damage): boolean =>
  ended && length <= retriedBytesMax && pieces.length === 1 && pieces[0].kind === 'fragment';

/** True where the next line begins with the bytes of this one. */
async function isRepeated(source: SourceFile, { offset, length }: Damage): Promise<boolean> {
  const bytes = Buffer.alloc(2 * length + 1);
  const read = bytes.subarray(0, await source.read(bytes, offset));
  return read.subarray(0, length).equals(read.subarray(length + 1));
}

function keyOf(batch: LineBatch, row: number): string {
  const start = batch.keyStart[row];
  return keyToString(batch.keys.subarray(start, start + batch.keyLength[row]));
}
