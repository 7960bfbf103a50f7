/** SequenceRule: the sequence numbers that our writer puts into entries run without a hole. */
import type { FindingList } from '../finding-list.js';
import type { Position } from '../model.js';
import { plural } from '../text.js';

/** How an entry takes part: `state` carries the highest number it stands for, `note` a gap's. */
export type SequenceRole = 'entry' | 'state' | 'note';

/**
 * Sees entries in file order and adds seq-gap and seq-repeat. A gap or a repeat counts only where
 * no entry without a number stands between: a writer that knows no numbers may append after ours.
 */
export class SequenceRule {
  /** The highest number so far; 0 before the first. */
  last = 0;
  /** Entries without a number stand since the last one with: a legacy writer was here. */
  private interrupted = false;

  constructor(private readonly findings: FindingList) {}

  /** Sees the next entry; `seq` is NaN where it has none. */
  see(seq: number, at: Position, role: SequenceRole): void {
    if (seq !== seq) {
      if (role === 'entry') this.interrupted = true;
      return;
    }
    if (role === 'entry' && this.last > 0 && !this.interrupted) this.compare(seq, at);
    this.interrupted = false;
    this.last = Math.max(this.last, seq);
  }

  /**
   * Sees `count` entries at once, of which `numbered` have a number: none, or each the next one.
   * False where they are neither: then nothing was seen, and `see` is to see each.
   */
  seeAll(seqs: Float64Array, count: number, numbered: number): boolean {
    if (numbered === 0) {
      this.interrupted = true;
      return true;
    }
    if (!areConsecutive(seqs, count) || seqs[0] <= this.last) return false;
    if (seqs[0] !== this.last + 1 && this.last > 0 && !this.interrupted) return false;
    this.interrupted = false;
    this.last = seqs[count - 1];
    return true;
  }

  private compare(seq: number, { path, ...at }: Position): void {
    const { last } = this;
    if (seq > last + 1) {
      const missing = plural(seq - last - 1, 'number');
      this.findings.add('seq-gap', path, `${missing} missing after ${last}`, at);
    } else if (seq <= last) {
      this.findings.add('seq-repeat', path, `number ${seq} again, ${last} was the highest`, at);
    }
  }
}

/** True where the numbers go up by one each; NaN is no number. */
function areConsecutive(numbers: Float64Array, count: number): boolean {
  for (let row = 1; row < count; row++) if (numbers[row] !== numbers[row - 1] + 1) return false;
  return count > 0 && numbers[0] === numbers[0];
}
