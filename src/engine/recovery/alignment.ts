/** alignment: which lines of a log are which of a copy, where one has what the other lacks. */

/** A line of the log, or one that is damaged. */
export interface LogToken {
  /** Its bytes, without newline; of a damaged line only the length counts. */
  bytes: Uint8Array;
  isDamaged: boolean;
}

/** Comparisons that one stretch may cost; a longer one is not aligned. */
const cellsMax = 1 << 20;

/** A whole line that is the same counts more than any guess about damaged ones. */
const score = { same: 4 * 2 ** 10, damaged: 2, damagedOfSameLength: 3 } as const;

/**
 * For each line of the log its number in the copy, -1 where it has none: in order, as many of the
 * same lines as can be, then as many damaged ones as find a line in between that they may have
 * been. Where there are several ways, the one with the first lines of the copy and the one with the
 * last: what both say is certain. Undefined where that would take too long.
 */
export function aligned(
  log: readonly LogToken[],
  copy: readonly Uint8Array[],
): { first: Int32Array; last: Int32Array } | undefined {
  const width = copy.length + 1;
  if ((log.length + 1) * width > cellsMax) return undefined;
  const best = new Int32Array((log.length + 1) * width);
  const gains = (row: number, column: number) => gainOf(log[row], copy[column]);
  for (let row = log.length - 1; row >= 0; row--) {
    for (let column = copy.length - 1; column >= 0; column--) {
      const at = row * width + column;
      const skipped = Math.max(best[at + width], best[at + 1]);
      const gain = gains(row, column);
      best[at] = gain > 0 ? Math.max(skipped, gain + best[at + width + 1]) : skipped;
    }
  }
  const walk = (isLast: boolean) => {
    const places = new Int32Array(log.length).fill(-1);
    for (let row = 0, column = 0; row < log.length && column < copy.length;) {
      const at = row * width + column;
      const gain = gains(row, column);
      const pairs = gain > 0 && best[at] === gain + best[at + width + 1];
      const skipsCopy = best[at] === best[at + 1];
      if (pairs && !(isLast && skipsCopy)) places[row++] = column++;
      else if (skipsCopy && (isLast || best[at] !== best[at + width])) column++;
      else row++;
    }
    return places;
  };
  return { first: walk(false), last: walk(true) };
}

function gainOf({ bytes, isDamaged }: LogToken, other: Uint8Array): number {
  const isSameLength = bytes.length === other.length;
  if (isDamaged) return isSameLength ? score.damagedOfSameLength : score.damaged;
  return isSameLength && Buffer.compare(bytes, other) === 0 ? score.same : 0;
}

/** A line that a log and its copy both have once, and where. */
export interface Anchor {
  offset: number;
  copyOffset: number;
}

/** The longest row of anchors that are in the same order in both; `anchors` by offset. */
export function inOneOrder<T extends Anchor>(anchors: readonly T[]): T[] {
  const ends: number[] = [];
  const before = new Int32Array(anchors.length).fill(-1);
  for (const [number, { copyOffset }] of anchors.entries()) {
    let low = 0;
    for (let high = ends.length; low < high;) {
      const middle = (low + high) >> 1;
      if (anchors[ends[middle]].copyOffset < copyOffset) low = middle + 1;
      else high = middle;
    }
    if (low > 0) before[number] = ends[low - 1];
    ends[low] = number;
  }
  const row: T[] = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at]) row.push(anchors[at]);
  return row.reverse();
}
