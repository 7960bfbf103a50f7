/** invalid-utf8: where a line holds bytes that are no UTF-8, as every decoder counts them. */
import type { SourceFile } from '../disk.js';

/** Bytes of a file that U+FFFD stands for, `marks` of them. Offsets and lengths in bytes. */
export interface InvalidRun {
  offset: number;
  length: number;
  marks: number;
}

const chunkBytes = 1 << 16;

/**
 * The invalid runs of `[from, to)`, in order. A decoder puts one U+FFFD for each maximal prefix of
 * a sequence, else one for each byte (Unicode 16, section 3.9, "U+FFFD Substitution").
 */
export async function invalidRuns(
  source: SourceFile,
  from: number,
  to: number,
): Promise<InvalidRun[]> {
  const finder = new RunFinder();
  const chunk = new Uint8Array(chunkBytes);
  for (let at = from; at < to;) {
    const length = await source.read(chunk.subarray(0, Math.min(chunkBytes, to - at)), at);
    if (length === 0) break;
    for (let i = 0; i < length; i++) finder.step(chunk[i], at + i);
    at += length;
  }
  finder.endSequence(to);
  return finder.runs;
}

class RunFinder {
  readonly runs: InvalidRun[] = [];
  private sequenceAt = -1;
  private wanted = 0;
  private low = 0x80;
  private high = 0xbf;

  step(byte: number, at: number): void {
    if (this.wanted > 0) {
      if (byte >= this.low && byte <= this.high) {
        this.wanted--;
        this.low = 0x80;
        this.high = 0xbf;
        return;
      }
      this.endSequence(at);
    }
    if (byte < 0x80) return;
    this.low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    this.sequenceAt = at;
    if (byte >= 0xc2 && byte <= 0xdf) this.wanted = 1;
    else if (byte >= 0xe0 && byte <= 0xef) this.wanted = 2;
    else if (byte >= 0xf0 && byte <= 0xf4) this.wanted = 3;
    else this.add(at, 1);
  }

  /** The sequence that is open, if one is, breaks off before `at`. */
  endSequence(at: number): void {
    if (this.wanted > 0) this.add(this.sequenceAt, at - this.sequenceAt);
    this.wanted = 0;
  }

  private add(offset: number, length: number): void {
    const last = this.runs.at(-1);
    if (last !== undefined && last.offset + last.length === offset) {
      last.length += length;
      last.marks++;
    } else {
      this.runs.push({ offset, length, marks: 1 });
    }
  }
}
