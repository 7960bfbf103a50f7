/** LineCapture: what of a line is kept while it streams by: slots, key text, members' ranges. */
import { LogctlError } from '../errors.js';
import { canonicalKey, stringToKey } from '../keydir/key-bytes.js';
import { Keydir } from '../keydir/keydir.js';
import { JsonMachine } from './json-machine.js';
import { TYPE, type LineShape, type LineView } from './kernel.js';

/** Keys live in memory, so this is the longest; other texts are only compared with short ones. */
const keyBytesMax = 1 << 28;
const textBytesMax = 1 << 20;

/** The captures of one line, for the codec to look at; ranges are file offsets. */
export abstract class LineCapture extends JsonMachine implements LineView {
  readonly type: Uint8Array;
  readonly textStart: Uint32Array;
  readonly textLength: Uint32Array;
  readonly escaped: Uint8Array;
  readonly valueStart: Float64Array;
  readonly valueEnd: Float64Array;
  text: Uint8Array;
  topType = 0;
  kind = 0;
  op = 0;
  problem = 0;
  time = NaN;
  seq = NaN;
  clock = NaN;
  lineStart = 0;
  valueSlot = -1;
  stateSlot = -1;

  /** Per `members` slot: its members of this line, in order; the values' ranges in the file. */
  protected readonly memberTables: Keydir[] = [];
  protected keyBytes: Uint8Array;
  protected keyStart = 0;
  protected keyLength = 0;
  /** File offset of `bytes[0]`, number of the file, number of the line being read. */
  protected base = 0;
  protected file = 0;
  protected lineNumber = 1;
  /** File offsets of the line's own value, whitespace around it excluded. */
  protected topStart = 0;
  topEnd = 0;
  lineEnd = 0;

  /** Texts of a line that streams by; `text` is this, or the chunk where the line lies in it. */
  private kept = new Uint8Array(1024);
  private readonly slotsByLength: number[][] = [];
  protected readonly names: Uint8Array[];
  /** Depth of the values that slots take. */
  protected readonly slotDepth: number;
  private slot = -1;
  /** The slot whose value has begun and not ended. */
  private openSlot = -1;
  private textEnd = 0;
  /** A capture runs from here in `bytes` (-1: none); its earlier bytes are at `captureAt` on. */
  private captureFrom = -1;
  private captureAt = 0;
  private captureMax = 0;
  private members = new Keydir();
  /** Depth at which names are keys of a whole state; -1: nowhere. */
  private membersDepth = -1;
  private memberFrom = 0;
  private memberKeyLength = 0;
  private memberIndex = 0;
  private readonly memberRange = { file: 0, offset: 0, length: 0, line: 0, versions: 1 };

  constructor(
    capacity: number,
    protected readonly shape: LineShape,
  ) {
    super(capacity, shape.framing === 'line');
    this.text = this.keyBytes = this.kept;
    const slots = shape.slots.length;
    this.type = new Uint8Array(slots);
    this.textStart = new Uint32Array(slots);
    this.textLength = new Uint32Array(slots);
    this.escaped = new Uint8Array(slots);
    this.valueStart = new Float64Array(slots);
    this.valueEnd = new Float64Array(slots);
    this.slotDepth = shape.lineSlot === undefined ? 1 : 0;
    this.names = shape.slots.map(({ member }) => stringToKey(member));
    shape.slots.forEach(({ capture }, slot) => {
      (this.slotsByLength[this.names[slot].length] ??= []).push(slot);
      if (capture === 'members') this.memberTables[slot] = new Keydir();
    });
    if (shape.framing === 'file') this.memberTables[0] = this.members;
    this.resetCapture();
  }

  setKey(bytes: Uint8Array, start: number, length: number): void {
    this.keyBytes = bytes;
    this.keyStart = start;
    this.keyLength = length;
  }

  /** The text of a slot, escapes as they stand. A view: valid until the line ends. */
  slotText(slot: number): Uint8Array {
    const start = this.textStart[slot];
    return this.text.subarray(start, start + this.textLength[slot]);
  }

  protected resetCapture(): void {
    for (let slot = 0; slot < this.type.length; slot++) this.type[slot] = TYPE.absent;
    this.text = this.kept;
    this.topType = this.kind = this.op = this.problem = 0;
    this.time = this.seq = this.clock = NaN;
    this.valueSlot = this.stateSlot = this.slot = this.openSlot = -1;
    this.keyLength = this.textEnd = 0;
    this.captureFrom = -1;
    this.membersDepth = this.shape.framing === 'file' ? 1 : -1;
  }

  /** The line broke off: a slot whose value never ended holds nothing. */
  protected dropOpenSlot(): void {
    if (this.openSlot >= 0) this.type[this.openSlot] = TYPE.absent;
  }

  protected atFileStart(i: number): boolean {
    return this.base + i === 0;
  }

  protected watches(depth: number): boolean {
    return depth <= this.slotDepth || depth === this.membersDepth;
  }

  /** The data in `bytes` is used up in mid-line: keep what a running capture has of it. */
  protected suspendCapture(): void {
    if (this.captureFrom < 0) return;
    this.keep(this.captureFrom, this.end);
    this.captureFrom = 0;
  }

  abstract readonly suspect: boolean;

  protected beginName(i: number): void {
    this.beginCapture(i, keyBytesMax);
  }

  protected endName(i: number): void {
    const kept = this.textEnd > this.captureAt;
    if (this.depth === this.membersDepth) {
      this.memberKeyLength = this.endCapture(i);
      return;
    }
    // Names are compared where they lie; only one that crossed chunks is in `text`.
    const length = kept ? this.endCapture(i) : i - this.captureFrom;
    this.slot = kept
      ? this.findSlot(this.kept, this.captureAt, length)
      : this.findSlot(this.bytes, this.captureFrom, length);
    this.captureFrom = -1;
    this.textEnd = this.captureAt;
  }

  protected beginValue(i: number, type: number): void {
    if (this.depth === 0) {
      this.topType = type;
      this.topStart = this.base + i;
      if (this.shape.lineSlot !== undefined) {
        this.slot = this.shape.lineSlot;
        this.beginSlot(i, type);
      }
    } else if (this.depth === this.membersDepth) {
      this.memberFrom = this.base + i;
      if (this.inArray) this.nameElement();
    } else if (this.slot >= 0) {
      this.beginSlot(i, type);
    }
  }

  protected endValue(i: number): void {
    if (this.depth === this.membersDepth) {
      this.addMember(this.base + i);
      return;
    }
    if (this.membersDepth === 2) this.membersDepth = -1;
    if (this.depth === 0) this.topEnd = this.base + i;
    if (this.depth !== this.slotDepth || this.slot < 0) return;
    const { slot } = this;
    this.openSlot = -1;
    this.valueEnd[slot] = this.base + i;
    if (this.captureFrom < 0) return;
    const isString = this.type[slot] === TYPE.string;
    if (isString) this.escaped[slot] = this.sawEscape;
    this.textStart[slot] = this.captureAt;
    this.textLength[slot] = this.endCapture(isString ? i - 1 : i);
  }

  private beginSlot(i: number, type: number): void {
    const { slot } = this;
    const { capture } = this.shape.slots[slot];
    this.type[slot] = type;
    this.openSlot = slot;
    this.valueStart[slot] = this.base + i;
    const composite = type === TYPE.object || type === TYPE.array;
    const isWhole = slot === this.shape.keySlot || capture === 'whole';
    if (capture === 'members' && composite) {
      this.members = this.memberTables[slot];
      this.members.clear();
      this.membersDepth = 2;
      this.memberIndex = 0;
    } else if (capture === 'members' && type === TYPE.string) {
      this.beginCapture(i + 1, keyBytesMax);
    } else if (isWhole || (capture === 'text' && !composite)) {
      const bytesMax = isWhole ? keyBytesMax : textBytesMax;
      this.beginCapture(type === TYPE.string ? i + 1 : i, bytesMax);
    }
  }

  private beginCapture(i: number, bytesMax: number): void {
    this.captureFrom = i;
    this.captureAt = this.textEnd;
    this.captureMax = bytesMax;
  }

  /** Ends a capture just before index `i`; gives its length in `text`. */
  private endCapture(i: number): number {
    this.keep(this.captureFrom, i);
    this.captureFrom = -1;
    return this.textEnd - this.captureAt;
  }

  private keep(from: number, to: number): void {
    const length = to - from;
    const wanted = this.textEnd + length;
    if (wanted - this.captureAt > this.captureMax) {
      if (this.captureMax === keyBytesMax) this.refuseText(from);
      // Nothing more is kept: with a hole in it the text could pass for a short one.
      this.captureMax = 0;
      return;
    }
    this.reserveText(wanted);
    const { kept, bytes, textEnd } = this;
    if (length < 64) for (let k = 0; k < length; k++) kept[textEnd + k] = bytes[from + k];
    else kept.set(bytes.subarray(from, to), textEnd);
    this.textEnd = wanted;
  }

  private refuseText(from: number): never {
    const where = `line ${this.lineNumber}, byte ${this.base + from}`;
    const words = `${where}: a key, or a text to be looked into, over 256 MiB`;
    throw new LogctlError('too-large', words, 'look at that line first');
  }

  private reserveText(length: number): void {
    if (length <= this.kept.length) return;
    const bigger = new Uint8Array(Math.ceil(length * 1.5));
    bigger.set(this.kept.subarray(0, this.textEnd));
    this.text = this.kept = bigger;
  }

  private findSlot(bytes: Uint8Array, start: number, length: number): number {
    if (this.sawEscape === 0) return this.matchSlot(bytes, start, length);
    const plain = canonicalKey(bytes.slice(start, start + length));
    return this.matchSlot(plain, 0, plain.length);
  }

  /** The slot of the member whose plain name is `bytes[start, start + length)`, -1 for none. */
  protected matchSlot(bytes: Uint8Array, start: number, length: number): number {
    const candidates = this.slotsByLength[length];
    if (candidates === undefined) return -1;
    for (const slot of candidates) {
      const name = this.names[slot];
      let k = 0;
      while (k < length && name[k] === bytes[start + k]) k++;
      if (k === length) return slot;
    }
    return -1;
  }

  /** Elements of an array in a members slot go by their index, as Object.assign spreads them. */
  private nameElement(): void {
    const name = Buffer.from(String(this.memberIndex++));
    this.reserveText(this.textEnd + name.length);
    this.kept.set(name, this.textEnd);
    this.textEnd += name.length;
    this.memberKeyLength = name.length;
  }

  private addMember(endOffset: number): void {
    const { memberRange: live } = this;
    live.file = this.file;
    live.offset = this.memberFrom;
    live.length = endOffset - this.memberFrom;
    live.line = this.lineNumber;
    const start = this.textEnd - this.memberKeyLength;
    const raw = this.kept.subarray(start, this.textEnd);
    const key = this.plainMember(start) ? raw : canonicalKey(raw);
    this.members.put(key, 0, key.length, live);
    this.textEnd = start;
  }

  private plainMember(start: number): boolean {
    for (let k = start; k < this.textEnd; k++) {
      if (this.kept[k] === 0x5c || this.kept[k] > 0x7f) return false;
    }
    return true;
  }
}
