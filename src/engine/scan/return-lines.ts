/** ReturnLines: carriage returns that end lines, in a file that is read in chunks. */

const LF = 0x0a;
const CR = 0x0d;

/** Turns the bare returns of consecutive chunks into line feeds; CR LF stays one line end. */
export class ReturnLines {
  /** The last chunk ended in a return, which ended a line: a line feed may belong to it. */
  private isHalf = false;

  reset(): void {
    this.isHalf = false;
  }

  /**
   * How much of `chunk[0, length)` a kernel may read that cannot go back by a byte: a return at the
   * end waits for what follows it. Less than all makes `position` fall behind: it is read again.
   */
  whole(chunk: Uint8Array, length: number, last: boolean): number {
    return !last && length > 1 && chunk[length - 1] === CR ? length - 1 : length;
  }

  /** Changes `chunk`; true where its first byte belongs to the line end of the chunk before. */
  end(chunk: Uint8Array): boolean {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const isRest = this.isHalf && bytes[0] === LF;
    this.isHalf &&= bytes.length === 0;
    for (let at = bytes.indexOf(CR); at >= 0; at = bytes.indexOf(CR, at + 1)) {
      this.isHalf = at + 1 === bytes.length;
      if (bytes[at + 1] !== LF) bytes[at] = LF;
    }
    return isRest;
  }
}
