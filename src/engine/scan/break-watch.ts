/** BreakWatch: finds characters inside lines at which some programs' line readers cut. */

const LF = 0x0a;
const CR = 0x0d;
/** A character has at most three bytes here: so many of them may stand in the chunk before. */
const seamBytes = 2;

/**
 * Looks at consecutive chunks for the characters it is made with; for CR only where no LF follows.
 * Each search is one native call where a chunk has none, the usual case. JSON allows U+0085, U+2028
 * and U+2029 raw inside strings, and CR between members.
 */
export class BreakWatch {
  /** Indices of their bytes, ascending, of the last chunk; -1: in the chunk before it. */
  readonly at: number[] = [];
  private readonly marks: readonly Buffer[];
  /** The last bytes of the chunks before. */
  private before = Buffer.alloc(0);

  constructor(characters: readonly string[]) {
    this.marks = characters.map((character) => Buffer.from(character));
  }

  reset(): void {
    this.at.length = 0;
    this.before = Buffer.alloc(0);
  }

  /** Looks at `bytes[0, length)`. */
  check(bytes: Uint8Array, length: number): void {
    this.at.length = 0;
    if (length === 0) return;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    const seam = Buffer.concat([this.before, view.subarray(0, seamBytes)]);
    for (const mark of this.marks) {
      if (this.isSplit(seam, mark)) this.at.push(-1);
      for (let i = view.indexOf(mark); i >= 0; i = view.indexOf(mark, i + mark.length)) {
        if (mark[0] !== CR || (i + 1 < length && view[i + 1] !== LF)) this.at.push(i);
      }
    }
    if (this.at.length > 1) this.at.sort((a, b) => a - b);
    const last = view.subarray(-seamBytes);
    this.before = Buffer.concat([this.before, last]).subarray(-seamBytes);
  }

  /** A character, or a CR and what follows it, lies in two chunks. */
  private isSplit(seam: Buffer, mark: Buffer): boolean {
    const { length } = this.before;
    if (mark[0] === CR) return length > 0 && seam[length - 1] === CR && seam[length] !== LF;
    const at = seam.indexOf(mark);
    return at >= 0 && at < length && at + mark.length > length;
  }
}
