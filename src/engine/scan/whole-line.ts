/**
 * WholeLine: the fast path over one line that lies in the chunk, captured without a copy.
 *
 * Sound, not complete: it takes compact lines whose members are plain. Whatever it doubts
 * (whitespace, an escaped name or text, a whole state, an error, the chunk's end) it leaves as if
 * untouched, and the machine reads the line from its first byte and is the judge.
 */
import { STATE } from './json-scalars.js';
import { CLOSE_OBJECT, COLON, COMMA, LF, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './json-tables.js';
import { TYPE } from './kernel.js';
import { LineCapture } from './line-capture.js';
import { plainRun } from './plain-run.js';
import { skipScalar, skipString, skipValue } from './skip-value.js';

/** What a value's first byte says about its type; 0 where no value begins so. */
const TYPE_OF_FIRST = new Uint8Array(256);
for (const digit of '-0123456789') TYPE_OF_FIRST[digit.charCodeAt(0)] = TYPE.number;
TYPE_OF_FIRST[QUOTE] = TYPE.string;
TYPE_OF_FIRST[OPEN_OBJECT] = TYPE.object;
TYPE_OF_FIRST[OPEN_ARRAY] = TYPE.array;
TYPE_OF_FIRST[0x74] = TYPE.true;
TYPE_OF_FIRST[0x66] = TYPE.false;
TYPE_OF_FIRST[0x6e] = TYPE.null;

/** Members at these places of a line are guessed. */
const guessesMax = 16;

/** Reads whole lines; what it captures is what `LineCapture` would have, in the chunk itself. */
export abstract class WholeLine extends LineCapture {
  /** Per place the slot the last line had there: writers give members one order. -1: none. */
  private readonly guesses = new Int8Array(guessesMax).fill(-1);

  /** Takes the line that begins at `bytes[i]`: the index of its line feed, or -1: not taken. */
  protected takeLine(i: number): number {
    const { bytes } = this;
    if (!this.lines || this.slotDepth === 0 || bytes[i] !== OPEN_OBJECT) return -1;
    this.text = bytes;
    this.topStart = this.base + i;
    let place = 0;
    do {
      if (bytes[i + 1] !== QUOTE) break;
      let slot = place < guessesMax ? this.guesses[place] : -1;
      let end = slot < 0 ? -1 : this.endOfName(i + 2, slot);
      if (end < 0) {
        end = plainRun(this.view, i + 2);
        if (bytes[end] !== QUOTE || bytes[end + 1] !== COLON) break;
        slot = this.matchSlot(bytes, i + 2, end - i - 2);
        if (place < guessesMax) this.guesses[place] = slot;
      }
      place++;
      i = slot < 0 ? this.skipMember(end + 2) : this.takeSlot(end + 2, slot);
      if (i < 0) break;
    } while (bytes[i] === COMMA);
    // A NUL stands behind the data, so the line feed is never one of an older chunk.
    if (i < 0 || bytes[i] !== CLOSE_OBJECT || bytes[i + 1] !== LF) {
      this.resetCapture();
      return -1;
    }
    this.topType = TYPE.object;
    this.topEnd = this.base + i + 1;
    this.state = STATE.end;
    return i + 1;
  }

  /** The index of the quote behind the slot's name if that is the name at `i`, else -1. */
  private endOfName(i: number, slot: number): number {
    const { bytes } = this;
    const name = this.names[slot];
    for (let k = 0; k < name.length; k++) if (bytes[i + k] !== name[k]) return -1;
    const end = i + name.length;
    return bytes[end] === QUOTE && bytes[end + 1] === COLON ? end : -1;
  }

  private skipMember(i: number): number {
    const { bytes } = this;
    switch (TYPE_OF_FIRST[bytes[i]]) {
      case TYPE.string:
        return skipString(bytes, this.view, i + 1);
      case TYPE.object:
      case TYPE.array:
        return skipValue(bytes, this.view, i, this.white);
      default:
        return skipScalar(bytes, i, bytes[i]);
    }
  }

  private takeSlot(i: number, slot: number): number {
    const { bytes } = this;
    const { capture } = this.shape.slots[slot];
    const type = TYPE_OF_FIRST[bytes[i]];
    const isString = type === TYPE.string;
    if (capture === 'members') return -1;
    let end = i + 1;
    if (isString && capture !== 'range') {
      end = plainRun(this.view, end);
      if (bytes[end++] !== QUOTE) return -1;
    } else {
      end = this.skipMember(i);
      if (end < 0) return -1;
    }
    this.type[slot] = type;
    this.escaped[slot] = 0;
    this.valueStart[slot] = this.base + i;
    this.valueEnd[slot] = this.base + end;
    this.textStart[slot] = isString ? i + 1 : i;
    this.textLength[slot] = isString ? end - i - 2 : end - i;
    return end;
  }
}
