/** invalid-utf8: where a line holds bytes that are no UTF-8, as every decoder counts them. */
import type { SourceFile } from '../disk.js';
import { Utf8Sequence } from '../scan/utf8-sequence.js';

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
  private readonly sequence = new Utf8Sequence();
  private sequenceAt = -1;

  step(byte: number, at: number): void {
    const { sequence } = this;
    if (sequence.wanted > 0) {
      if (sequence.goOn(byte)) return;
      this.endSequence(at);
    }
    this.sequenceAt = at;
    if (!sequence.begin(byte)) this.add(at, 1);
  }

  /** The sequence that is open, if one is, breaks off before `at`. */
  endSequence(at: number): void {
    if (this.sequence.wanted > 0) this.add(this.sequenceAt, at - this.sequenceAt);
    this.sequence.reset();
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
