/**
 * The reference kernel: the definition of correct, in plain TypeScript.
 *
 * Every other kernel must answer the same, byte for byte, on every input. One pass: the machine
 * validates, the capture keeps what the shape names, the codec judges each line, the keydir is
 * folded, and a row goes into the batch.
 */
import { canonicalKey, keyToString } from '../keydir/key-bytes.js';
import { literalFile, type Keydir } from '../keydir/keydir.js';
import { BreakWatch } from './break-watch.js';
import { CrcWatch } from './crc-watch.js';
import { STATE } from './json-scalars.js';
import {
  KIND,
  PROBLEM,
  TYPE,
  type Kernel,
  type KernelOptions,
  type LineCodec,
  type MakeKernel,
  type ScanStart,
} from './kernel.js';
import { rowsMax } from './line-batch.js';
import { LineRows } from './line-rows.js';
import { ReturnLines } from './return-lines.js';
import { RowFold } from './row-fold.js';
import { Utf8Watch } from './utf8-watch.js';

const LF = 0x0a;
const RETURN = 0x0d;

/** Makes the reference kernel. Nothing is read or opened by it. */
export const referenceKernel: MakeKernel = (options) => new ReferenceKernel(options);

class ReferenceKernel extends LineRows implements Kernel {
  readonly name = 'reference';
  readonly chunk: Uint8Array;
  readonly keydir: Keydir;
  pending = false;
  private isOver = false;
  checksummed = 0;
  held: Kernel['held'];

  private readonly codec: LineCodec;
  private readonly fold: boolean;
  private readonly holdStates: KernelOptions['holdStates'];
  private readonly utf8 = new Utf8Watch();
  private utf8Next = 0;
  private badUtf8 = false;
  private readonly breaks: BreakWatch | undefined;
  private breaksNext = 0;
  private hasBreak = false;
  private readonly crc = new CrcWatch();
  private cursor = 0;
  /** The last line has no newline: one is put behind it, so that no state needs a special end. */
  private virtualEnd = false;
  private readonly returns: ReturnLines | undefined;
  /** Rows of the batch that are in the keydir, or were never to be; the line of row 0. */
  private folded = 0;
  private firstLine = 1;
  private readonly rowFold: RowFold;

  constructor(options: KernelOptions) {
    super(options.chunkBytes, options.codec.shape);
    this.codec = options.codec;
    const { breaks, returnsEndLines } = options.codec.shape;
    this.breaks = breaks === undefined ? undefined : new BreakWatch(breaks);
    if (returnsEndLines === true) this.returns = new ReturnLines();
    this.fold = options.fold;
    this.holdStates = options.holdStates;
    this.keydir = options.keydir;
    this.rowFold = new RowFold(this.keydir, this.batch);
    this.chunk = this.bytes.subarray(0, options.chunkBytes);
  }

  get suspect(): boolean {
    return this.badUtf8 || this.utf8.bad.length > 0;
  }

  get brokenAt(): number {
    return this.errorAt;
  }

  get position(): number {
    return this.base;
  }

  start(at: ScanStart): void {
    this.file = at.file;
    this.base = at.offset;
    this.lineNumber = at.line ?? 1;
    this.cursor = 0;
    this.pending = this.virtualEnd = false;
    this.returns?.reset();
    this.held = undefined;
    this.utf8.reset();
    this.breaks?.reset();
    this.beginLine(at.offset);
  }

  scan(length: number, last: boolean): void {
    if (!this.pending) this.beginChunk(length, last);
    if (this.held !== undefined) this.keydir.replaceState(this.held.members);
    this.held = undefined;
    this.pending = false;
    this.batch.count = this.batch.odd = this.keysEnd = this.folded = 0;
    this.firstLine = this.lineNumber;
    // A document that was held back had been read to its end.
    if (this.isOver) return void (this.isOver = false);
    let i = this.cursor;
    while (i < this.end) {
      let end = this.base + i === this.lineStart ? this.takeLine(i) : -1;
      if (end < 0) {
        const stop = this.run(i);
        if (stop >= 0) break;
        end = ~stop;
      }
      this.finishLine(end);
      i = end + 1;
      this.lineNumber++;
      this.beginLine(this.base + i);
      if (this.batch.count === rowsMax || this.held !== undefined) {
        this.cursor = i;
        this.pending = true;
        break;
      }
    }
    if (!this.pending) this.endChunk(length, last);
    this.foldRows();
    if (this.held !== undefined && !this.lines) this.pending = this.isOver = true;
  }

  private beginChunk(length: number, last: boolean): void {
    const { bytes } = this;
    this.cursor = this.skipFrom = 0;
    const isRest = this.returns?.end(bytes.subarray(0, length)) === true;
    if (isRest) this.beginLine(this.base + ++this.cursor);
    this.utf8.check(bytes, length, last);
    this.breaks?.check(bytes, length);
    this.utf8Next = this.breaksNext = 0;
    const unfinished = length > 0 ? bytes[length - 1] !== LF : this.base > this.lineStart;
    this.virtualEnd = last && (unfinished || !this.lines);
    this.end = length;
    if (this.virtualEnd) bytes[this.end++] = LF;
    bytes[this.end] = 0;
  }

  private endChunk(length: number, last: boolean): void {
    if (last && !this.lines) this.finishLine(length);
    this.suspendCapture();
    if (this.utf8Next < this.utf8.bad.length) this.badUtf8 = true;
    if (this.breaks !== undefined && this.breaksNext < this.breaks.at.length) this.hasBreak = true;
    if (this.brokeAt >= 0) this.errorAt = this.base + this.brokeAt;
    this.brokeAt = -1;
    if (this.shape.crcSlot >= 0 && this.lineStart < this.base + length) {
      this.crc.feed(this.bytes.subarray(Math.max(0, this.lineStart - this.base), length));
    }
    this.base += length;
  }

  private beginLine(offset: number): void {
    this.lineStart = offset;
    this.errorAt = -1;
    this.badUtf8 = this.hasBreak = false;
    this.crc.begin(offset === 0);
    this.resetMachine();
    this.resetCapture();
  }

  private finishLine(i: number): void {
    const { utf8 } = this;
    while (this.utf8Next < utf8.bad.length && utf8.bad[this.utf8Next] < i) {
      this.badUtf8 = true;
      this.utf8Next++;
    }
    if (this.breaks !== undefined) this.passBreaks(this.breaks.at, i);
    const length = this.base + i - this.lineStart;
    if (length > 0 && !this.isLoneReturn(i, length)) this.judge(i);
    this.addRow(length);
    // A torn main file still shows the members before the tear; its reader sees the error too.
    const isTorn = this.kind === KIND.bad && this.topType === TYPE.object;
    if (isTorn && this.shape.framing === 'file' && this.fold) {
      this.keydir.replaceState(this.memberTables[0]);
    }
    if (this.kind === KIND.state && this.fold) {
      this.foldRows();
      this.foldState();
    }
  }

  /** An empty line that ends in a pair. */
  private isLoneReturn(i: number, length: number): boolean {
    return length === 1 && this.shape.returnsEndLines === true && this.bytes[i - 1] === RETURN;
  }

  private passBreaks(at: readonly number[], i: number): void {
    for (; this.breaksNext < at.length && at[this.breaksNext] < i; this.breaksNext++) {
      this.hasBreak = true;
    }
  }

  /** Decides what the line is; the machine and the captures are complete. */
  private judge(i: number): void {
    const white = this.state === STATE.value && this.depth === 0 && this.topType === TYPE.absent;
    const whole = this.state === STATE.end;
    this.kind = KIND.bad;
    this.lineEnd = this.base + i;
    // A damaged line is decoded as far as it goes: its key tells what the damage costs.
    if (!whole) this.dropOpenSlot();
    if (!white) this.codec.decode(this);
    if (!whole) {
      // A torn SET looks like one without a value; a DELETE has no slot for one at all.
      const deletes = this.kind === KIND.delete && this.valueSlot < 0;
      this.kind = KIND.bad;
      this.problem = PROBLEM.json | (white ? PROBLEM.white : 0) | (deletes ? PROBLEM.deletes : 0);
      // A key that was torn away is unknown, whatever a whole line without one would mean.
      if (this.type[this.shape.keySlot] === TYPE.absent) this.keyLength = 0;
      if (this.errorAt < 0) this.errorAt = this.base + (this.brokeAt >= 0 ? this.brokeAt : i);
    } else if (this.shape.crcSlot >= 0) {
      this.checkSum(i);
    }
    if (this.badUtf8) this.problem |= PROBLEM.utf8;
    if (this.hasBreak) this.problem |= PROBLEM.breaks;
    if (this.virtualEnd && i === this.end - 1) this.problem |= PROBLEM.unended;
  }

  private checkSum(i: number): void {
    const from = Math.max(0, this.lineStart - this.base);
    const verdict = this.crc.check(this.bytes, from, i);
    if (verdict === 'matches') this.checksummed++;
    if (verdict === 'differs') {
      this.kind = KIND.bad;
      this.problem |= PROBLEM.crc;
    }
  }

  /** Folds the rows that wait. */
  private foldRows(): void {
    if (this.fold) this.rowFold.fold(this.folded, this.file, this.firstLine);
    this.folded = this.batch.count;
  }

  private foldState(): void {
    const members = this.memberTables[this.stateSlot];
    if (this.type[this.stateSlot] === TYPE.string) this.spreadString(members);
    const replaces = this.keydir.upstreamCount > 0;
    if (this.holdStates === 'all' || (this.holdStates === 'replacing' && replaces)) {
      const { lineNumber: line, lineStart: offset, op, time } = this;
      const length = this.batch.length[this.batch.count - 1];
      this.held = { members, line, offset, length, op, time };
    } else {
      this.keydir.replaceState(members);
    }
  }

  /** Object.assign spreads a string by its UTF-16 units; such values lie in no file. */
  private spreadString(members: Keydir): void {
    members.clear();
    const text = keyToString(canonicalKey(this.slotText(this.stateSlot)));
    for (let unit = 0; unit < text.length; unit++) {
      const key = Buffer.from(String(unit));
      const { offset, length } = members.addLiteral(JSON.stringify(text[unit]));
      const line = this.lineNumber;
      members.put(key, 0, key.length, { file: literalFile, offset, length, line, versions: 1 });
    }
  }
}
