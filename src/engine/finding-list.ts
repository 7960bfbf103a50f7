/** FindingList: findings in the order they were made, a bounded number of each code. */
import { finding, type Finding, type FindingCode } from './findings.js';

type Details = Parameters<typeof finding>[3];

/** Findings of one code that are kept; the rest is counted. A broken disk makes millions. */
const keptPerCode = 1_000;

/** A list that keeps `perCode` findings of each code and counts the others. */
export class FindingList {
  readonly all: Finding[] = [];
  /** Findings of each code, also of those not kept. */
  readonly counts = new Map<FindingCode, number>();
  /** Findings counted and not kept; damage beyond what a scan keeps comes on top. */
  cut = 0;

  constructor(private readonly perCode = keptPerCode) {}

  add(code: FindingCode, path: string, message: string, details: Details = {}): void {
    this.push(finding(code, path, message, details));
  }

  push(one: Finding): void {
    const count = (this.counts.get(one.code) ?? 0) + 1;
    this.counts.set(one.code, count);
    if (count > this.perCode) this.cut++;
    else this.all.push(one);
  }

  /** Takes findings away that another one explains better. */
  drop(explained: (one: Finding) => boolean): void {
    const kept = this.all.filter((one) => !explained(one));
    for (const one of this.all.filter(explained)) {
      const count = this.counts.get(one.code)! - 1;
      if (count === 0) this.counts.delete(one.code);
      else this.counts.set(one.code, count);
    }
    this.all.length = 0;
    for (const one of kept) this.all.push(one);
  }

  has(code: FindingCode): boolean {
    return this.counts.has(code);
  }

  /**
   * Findings in file order, those without a position last. What the next start of another program
   * would destroy comes before all: it is read first, and acted upon first.
   */
  inOrder(): Finding[] {
    const at = ({ code, offset = Number.MAX_SAFE_INTEGER }: Finding) => {
      return code === 'opening-destroys' ? -1 : offset;
    };
    return this.all
      .map((one, index) => ({ one, index }))
      .sort((a, b) => at(a.one) - at(b.one) || a.index - b.index)
      .map(({ one }) => one);
  }
}
