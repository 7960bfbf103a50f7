/** unfinished-batch: entries at a log's end that count together, when not all of them are there. */
import type { Dialect } from '../dialects/dialect.js';
import type { SourceFile } from '../disk.js';
import { lineStartBefore, textBefore } from '../bytes/line-back.js';

/** Where a batch starts that was cut, and how many of its entries are whole. */
export interface UnfinishedBatch {
  start: number;
  here: number;
  of: number;
  /** Bytes of a further line without newline stand behind them. */
  fragment: boolean;
}

/**
 * Looks at the last lines of an open file of `size` bytes. Each entry of a batch carries its own
 * number, the number of the first one and how many there are, so the last whole line tells. Only
 * the end of a file can hold such a batch: one write makes it, and whoever appends next removes it.
 */
export async function unfinishedBatch(
  source: SourceFile,
  size: number,
  { writes }: Dialect,
): Promise<UnfinishedBatch | undefined> {
  if (writes === undefined || size === 0) return undefined;
  const newline = await lineStartBefore(source, size, 0);
  // The last line may be whole and lack its newline; it is an entry all the same.
  const unended = newline < size ? writes.readStamp(await textBefore(source, size)) : undefined;
  const stamp = unended ?? writes.readStamp(await textBefore(source, newline - 1));
  if (stamp?.batch === undefined) return undefined;
  const { first, of } = stamp.batch;
  const here = stamp.seq - first + 1;
  if (here >= of) return undefined;
  const back = async (from: number, lines: number) =>
    lines === 0 ? from : lineStartBefore(source, from, lines);
  const last = unended === undefined ? await back(newline, 1) : newline;
  const start = await back(last, here - 1);
  const firstEnd = here > 1 ? (await back(last, here - 2)) - 1 : unended ? size : newline - 1;
  // A writer that knows no batches may have appended in between: then nothing can be said.
  const startsIt = writes.readStamp(await textBefore(source, firstEnd))?.seq === first;
  if (!startsIt) return undefined;
  return { start, here, of, fragment: newline < size && unended === undefined };
}
