/** BreakWatch: finds characters inside lines at which some programs' line readers cut. */

const LF = 0x0a;
const CR = 0x0d;
const nextLine = Buffer.from('\u0085');
/** U+2028 and U+2029 without their last byte, which is 0xa8 or 0xa9. */
const separator = Buffer.from([0xe2, 0x80]);

/**
 * Looks at consecutive chunks for U+0085, U+2028, U+2029, and CR that no LF follows. Each search is
 * one native call where a chunk has none, the usual case. JSON allows the first three raw inside
 * strings, and CR between members.
 */
export class BreakWatch {
  /** Indices of their bytes, ascending, of the last chunk; -1: the byte before it. */
  readonly at: number[] = [];
  /** The last two bytes of the chunk before. */
  private before = [0, 0];

  reset(): void {
    this.at.length = 0;
    this.before = [0, 0];
  }

  /** Looks at `bytes[0, length)`. */
  check(bytes: Uint8Array, length: number): void {
    this.at.length = 0;
    if (length === 0) return;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    this.checkSeam(view);
    for (let i = view.indexOf(nextLine); i >= 0; i = view.indexOf(nextLine, i + 2)) this.at.push(i);
    for (let i = view.indexOf(separator); i >= 0; i = view.indexOf(separator, i + 2)) {
      if (isSeparatorEnd(view[i + 2])) this.at.push(i);
    }
    for (let i = view.indexOf(CR); i >= 0; i = view.indexOf(CR, i + 1)) {
      if (i + 1 < length && view[i + 1] !== LF) this.at.push(i);
    }
    if (this.at.length > 1) this.at.sort((a, b) => a - b);
    this.before = length > 1 ? [view[length - 2], view[length - 1]] : [this.before[1], view[0]];
  }

  /** A character, or a CR and what follows it, may lie in two chunks. */
  private checkSeam(view: Buffer): void {
    const [first, second] = this.before;
    const isSplit =
      (second === CR && view[0] !== LF) ||
      (second === nextLine[0] && view[0] === nextLine[1]) ||
      (second === separator[0] && view[0] === separator[1] && isSeparatorEnd(view[1])) ||
      (first === separator[0] && second === separator[1] && isSeparatorEnd(view[0]));
    if (isSplit) this.at.push(-1);
  }
}

const isSeparatorEnd = (byte: number | undefined) => byte === 0xa8 || byte === 0xa9;
