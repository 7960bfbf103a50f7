/** JsonScalars: strings, numbers and literals of the JSON machine, resumable at any byte. */
import {
  BACKSLASH,
  ESCAPES,
  HEX,
  LETTER_U,
  LF,
  LITERALS,
  NUMBER_CLASS,
  NUMBER_MAY_END,
  NUMBER_NEXT,
  QUOTE,
  WHITE,
  WHITE_LF,
} from './json-tables.js';
import { plainRun, plainRunReach } from './plain-run.js';

/** What the machine expects next. */
export const STATE = {
  value: 0,
  string: 1,
  escape: 2,
  hex: 3,
  number: 4,
  literal: 5,
  firstName: 6,
  name: 7,
  colon: 8,
  firstElement: 9,
  after: 10,
  end: 11,
  bad: 12,
  byteOrderMark: 13,
} as const;

/** The state all JSON machines have, and the scalars: each method reads on from an index. */
export abstract class JsonScalars {
  /** Longer than what callers fill: a NUL behind the data stops every inner loop. */
  protected readonly bytes: Uint8Array;
  protected readonly view: DataView;
  /** Bytes of data in `bytes`; `bytes[end]` is 0. */
  protected end = 0;
  protected state: number = STATE.value;
  protected depth = 0;
  /** True where names and values of the current container are reported. */
  protected watched = true;
  /** Index in `bytes` at which the grammar broke; -1 while it holds. */
  protected brokeAt = -1;
  /** A backslash was seen in the string being read. */
  protected sawEscape = 0;
  /** The string being read is a member's name. */
  protected inName = false;
  protected numberState = 0;
  protected literal = LITERALS[0];
  protected literalDone = 0;
  protected readonly white: Uint8Array;
  private hexLeft = 0;

  /** `capacity`: bytes per chunk. `lines`: a line feed ends the text; else it is whitespace. */
  constructor(
    capacity: number,
    protected readonly lines: boolean,
  ) {
    // Behind the data stand a line feed, where the last line has none, and a NUL.
    this.bytes = new Uint8Array(capacity + 2 + plainRunReach);
    this.view = new DataView(this.bytes.buffer);
    this.white = lines ? WHITE : WHITE_LF;
  }

  /** A watched value ended just before index `i`. */
  protected abstract endValue(i: number): void;
  /** A watched name ended just before index `i`. */
  protected abstract endName(i: number): void;
  protected abstract colon(i: number): number;

  protected string(i: number): number {
    const { bytes, view } = this;
    for (;;) {
      i = plainRun(view, i);
      const byte = bytes[i];
      if (byte === QUOTE) return this.closeString(i);
      if (byte !== BACKSLASH) return this.stop(i);
      this.sawEscape = 1;
      // The common escapes without leaving the loop; the line feed behind the data is none.
      if (ESCAPES[bytes[i + 1]] !== 1) {
        this.state = STATE.escape;
        return i + 1;
      }
      i += 2;
    }
  }

  protected closeString(i: number): number {
    if (!this.inName) {
      if (this.watched) this.endValue(i + 1);
      this.state = this.depth === 0 ? STATE.end : STATE.after;
      return i + 1;
    }
    if (this.watched) this.endName(i);
    this.state = STATE.colon;
    return this.colon(i + 1);
  }

  protected escape(i: number): number {
    const byte = this.bytes[i];
    if (byte === LETTER_U) {
      this.hexLeft = 4;
      this.state = STATE.hex;
    } else if (ESCAPES[byte] === 1) {
      this.state = STATE.string;
    } else {
      return this.stop(i);
    }
    return i + 1;
  }

  protected hex(i: number): number {
    if (HEX[this.bytes[i]] !== 1) return this.stop(i);
    if (--this.hexLeft === 0) this.state = STATE.string;
    return i + 1;
  }

  protected number(i: number): number {
    const { bytes } = this;
    let state = this.numberState;
    for (;;) {
      const next = NUMBER_NEXT[7 * state + NUMBER_CLASS[bytes[i]]];
      if (next === 0) break;
      state = next;
      i++;
    }
    this.numberState = state;
    if (i >= this.end) return i;
    if (NUMBER_MAY_END[state] !== 1) return this.stop(i);
    if (this.watched) this.endValue(i);
    this.state = this.depth === 0 ? STATE.end : STATE.after;
    return i;
  }

  protected literalRest(i: number): number {
    const { bytes, literal } = this;
    while (this.literalDone < literal.length) {
      if (bytes[i] !== literal[this.literalDone]) return this.stop(i);
      i++;
      this.literalDone++;
    }
    if (this.watched) this.endValue(i);
    this.state = this.depth === 0 ? STATE.end : STATE.after;
    return i;
  }

  /** Behind the first error only the line feed matters. */
  protected skip(i: number): number {
    const at = this.bytes.indexOf(LF, i);
    return at < 0 || at >= this.end || !this.lines ? this.end : ~at;
  }

  /** At a byte that fits nothing: out of data, end of the text, or an error. */
  protected stop(i: number): number {
    if (i >= this.end) return i;
    if (this.lines && this.bytes[i] === LF) return ~i;
    this.brokeAt = i;
    this.state = STATE.bad;
    return i;
  }
}
