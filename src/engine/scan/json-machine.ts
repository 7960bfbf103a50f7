/**
 * JsonMachine: validates JSON byte by byte, suspends at any byte, recurses never.
 *
 * RFC 8259 to the letter: no raw control characters in strings, no leading zeros, any \u escape.
 * One line feed ends the text (framing `line`), whatever the state. Only values and names near the
 * top are reported (`watched`), so that the inner loops stay tight.
 */
import { TYPE } from './kernel.js';
import { skipValue } from './skip-value.js';
import { JsonScalars, STATE } from './json-scalars.js';
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  LITERALS,
  LITERAL_TYPE,
  NUMBER_CLASS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './json-tables.js';

const IN_ARRAY = 0;
const IN_OBJECT = 1;
/** Levels of nesting, a byte each; a million is fine, memory for endless openers is not. */
export const depthMax = 1 << 22;

/** The run loop and the containers; what is watched is reported to the subclass. */
export abstract class JsonMachine extends JsonScalars {
  private container = IN_ARRAY;
  private containers = new Uint8Array(256);
  /** Index in `bytes` from which on the fast path may be tried. */
  protected skipFrom = 0;

  protected get inArray(): boolean {
    return this.container === IN_ARRAY;
  }

  /** A value begins at index `i`; `depth` is its container's. */
  protected abstract beginValue(i: number, type: number): void;
  /** A watched name's first byte is at `i`. */
  protected abstract beginName(i: number): void;
  /** A container opened or closed: say whether its members are reported. */
  protected abstract watches(depth: number): boolean;

  protected resetMachine(): void {
    this.state = STATE.value;
    this.depth = 0;
    this.container = IN_ARRAY;
    this.watched = true;
    this.brokeAt = -1;
  }

  /**
   * Reads from index `i` on. Gives the index of the line feed that ended the text as `~index`
   * (negative), or `end` when the data ran out.
   */
  protected run(i: number): number {
    while (i >= 0 && i < this.end) {
      switch (this.state) {
        case STATE.value:
          i = this.value(i);
          break;
        case STATE.string:
          i = this.string(i);
          break;
        case STATE.after:
          i = this.after(i);
          break;
        case STATE.name:
        case STATE.firstName:
          i = this.memberName(i);
          break;
        case STATE.colon:
          i = this.colon(i);
          break;
        case STATE.number:
          i = this.number(i);
          break;
        default:
          i = this.runRare(i);
      }
    }
    return i;
  }

  private runRare(i: number): number {
    switch (this.state) {
      case STATE.escape:
        return this.escape(i);
      case STATE.hex:
        return this.hex(i);
      case STATE.literal:
        return this.literalRest(i);
      case STATE.firstElement:
        return this.firstElement(i);
      case STATE.end:
        return this.trailing(i);
      case STATE.byteOrderMark:
        return this.byteOrderMark(i);
      default:
        return this.skip(i);
    }
  }

  private value(i: number): number {
    const { bytes, white } = this;
    while (white[bytes[i]] === 1) i++;
    const byte = bytes[i];
    if (byte === QUOTE) {
      if (this.watched) this.beginValue(i, TYPE.string);
      this.inName = false;
      this.sawEscape = 0;
      this.state = STATE.string;
      return this.string(i + 1);
    }
    if (byte === OPEN_OBJECT) return this.open(i, IN_OBJECT);
    if (byte === OPEN_ARRAY) return this.open(i, IN_ARRAY);
    if (NUMBER_CLASS[byte] === 1 || NUMBER_CLASS[byte] === 2 || NUMBER_CLASS[byte] === 6) {
      if (this.watched) this.beginValue(i, TYPE.number);
      this.numberState = NUMBER_CLASS[byte] === 6 ? 1 : NUMBER_CLASS[byte] + 1;
      this.state = STATE.number;
      return this.number(i + 1);
    }
    return this.otherValue(i, byte);
  }

  private otherValue(i: number, byte: number): number {
    const which = byte === 0x74 ? 0 : byte === 0x66 ? 1 : byte === 0x6e ? 2 : -1;
    if (which < 0) {
      if (byte !== 0xef || !this.atFileStart(i)) return this.stop(i);
      this.state = STATE.byteOrderMark;
      return i + 1;
    }
    if (this.watched) this.beginValue(i, LITERAL_TYPE[which]);
    this.literal = LITERALS[which];
    this.literalDone = 1;
    this.state = STATE.literal;
    return i + 1;
  }

  /** True for the first byte of the file, where a byte order mark is no damage. */
  protected abstract atFileStart(i: number): boolean;

  private byteOrderMark(i: number): number {
    const wanted = this.atFileStart(i - 1) ? 0xbb : 0xbf;
    if (this.bytes[i] !== wanted) return this.stop(i);
    if (wanted === 0xbf) this.state = STATE.value;
    return i + 1;
  }

  private open(i: number, kind: number): number {
    if (this.watched) this.beginValue(i, kind === IN_OBJECT ? TYPE.object : TYPE.array);
    if (i >= this.skipFrom && !this.watches(this.depth + 1)) {
      const behind = skipValue(this.bytes, this.view, i, this.white);
      if (behind >= 0) return this.closed(behind);
      // Nothing before that byte is worth another try: containers inside would stop there too.
      this.skipFrom = ~behind + 1;
    }
    if (this.depth === this.containers.length) {
      if (this.depth === depthMax) return this.stop(i);
      const deeper = new Uint8Array(this.depth * 2);
      deeper.set(this.containers);
      this.containers = deeper;
    }
    this.containers[this.depth++] = this.container;
    this.container = kind;
    this.watched = this.watches(this.depth);
    this.state = kind === IN_OBJECT ? STATE.firstName : STATE.firstElement;
    return i + 1;
  }

  private close(i: number): number {
    this.container = this.containers[--this.depth];
    this.watched = this.watches(this.depth);
    return this.closed(i + 1);
  }

  private closed(i: number): number {
    if (this.watched) this.endValue(i);
    this.state = this.depth === 0 ? STATE.end : STATE.after;
    return i;
  }

  private firstElement(i: number): number {
    while (this.white[this.bytes[i]] === 1) i++;
    if (i >= this.end) return i;
    if (this.bytes[i] === CLOSE_ARRAY) return this.close(i);
    this.state = STATE.value;
    return i;
  }

  private memberName(i: number): number {
    const { bytes, white } = this;
    while (white[bytes[i]] === 1) i++;
    if (bytes[i] === QUOTE) {
      if (this.watched) this.beginName(i + 1);
      this.inName = true;
      this.sawEscape = 0;
      this.state = STATE.string;
      return this.string(i + 1);
    }
    if (bytes[i] === CLOSE_OBJECT && this.state === STATE.firstName) return this.close(i);
    return this.stop(i);
  }

  protected colon(i: number): number {
    const { bytes, white } = this;
    while (white[bytes[i]] === 1) i++;
    if (bytes[i] !== COLON) return this.stop(i);
    this.state = STATE.value;
    return i + 1;
  }

  private after(i: number): number {
    const { bytes, white } = this;
    while (white[bytes[i]] === 1) i++;
    const byte = bytes[i];
    if (byte === COMMA) {
      this.state = this.container === IN_OBJECT ? STATE.name : STATE.value;
      return i + 1;
    }
    const closer = this.container === IN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
    return byte === closer ? this.close(i) : this.stop(i);
  }

  private trailing(i: number): number {
    while (this.white[this.bytes[i]] === 1) i++;
    return this.stop(i);
  }
}
