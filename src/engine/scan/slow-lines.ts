/** SlowLines: single lines through the reference kernel, which is the judge of all that is odd. */
import type { Kernel, KernelOptions, LineBatch } from './kernel.js';
import { referenceKernel } from './reference.js';

const LF = 0x0a;
const CR = 0x0d;
const chunkBytesMax = 1 << 16;
/** Those of a kernel that has read nothing. */
const noWriters: readonly string[] = [''];

/**
 * Feeds a line, in as many parts as it comes in, to a reference kernel that folds into the same
 * keydir. Between `begin` and the line's end nothing else may be folded.
 */
export class SlowLines {
  /** A line has begun and not ended. */
  active = false;
  /** Most logs have no such line: a kernel takes nearly a megabyte. */
  private made: Kernel | undefined;

  constructor(private readonly options: KernelOptions) {}

  private get kernel(): Kernel {
    const chunkBytes = Math.min(this.options.chunkBytes, chunkBytesMax);
    this.made ??= referenceKernel({ ...this.options, chunkBytes });
    return this.made;
  }

  get held(): Kernel['held'] {
    return this.made?.held;
  }

  get checksummed(): number {
    return this.made?.checksummed ?? 0;
  }

  get writers(): readonly string[] {
    return this.made?.writers ?? noWriters;
  }

  /** One row once the line is complete. */
  get batch(): LineBatch {
    return this.kernel.batch;
  }

  begin(file: number, offset: number, line: number): void {
    this.kernel.start({ file, offset, line });
    this.active = true;
  }

  /**
   * Takes `bytes[from, to)` up to the first line feed; gives the index behind what was taken.
   * `last`: the file ends at `to`. The line is complete when `active` is false.
   */
  feed(bytes: Uint8Array, from: number, to: number, last: boolean): number {
    const at = bytes.subarray(from, to).indexOf(LF);
    const end = at < 0 ? to : from + at + 1;
    const { chunk } = this.kernel;
    while (from < end) {
      const room = Math.min(chunk.length, end - from);
      // A line end of two bytes stays in one piece: half of it would end the line already.
      const isSplit = room > 1 && from + room < end && bytes[from + room - 1] === CR;
      const length = isSplit ? room - 1 : room;
      chunk.set(bytes.subarray(from, from + length));
      from += length;
      this.active = from < end || (at < 0 && !last);
      this.kernel.scan(length, from === end && at < 0 && last);
    }
    return end;
  }

  /** Lets a whole-state entry that was held take effect. */
  release(): void {
    this.kernel.scan(0, false);
  }
}
