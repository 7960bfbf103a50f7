/** opslog-fold: operations put into a keydir, in file order or in the order of several writers. */
import type { Keydir } from '../../keydir/keydir.js';
import { KIND, PROBLEM, type LineBatch } from '../../scan/kernel.js';
import { ClockedFold } from './opslog-merge.js';

/** Where the rows of a batch stand. */
export interface FoldPlace {
  /** Line of row 0. */
  firstLine: number;
  /** Number of the file among the sources. */
  file: number;
  /** Names of agents by their number in the batch. */
  writers: readonly string[];
  /** Only these rows; absent: all. `to` is excluded. */
  from?: number;
  to?: number;
}

/** What a fold leaves out. */
export interface FoldOptions {
  /** Only what the library's own reader takes. */
  upstream?: boolean;
  /** Rows for which it is true do not count. */
  skips?(batch: LineBatch, row: number, file: number): boolean;
}

/** Takes operations, and has the state they lead to in its keydir when it is finished. */
export interface RowFold {
  see(batch: LineBatch, place: FoldPlace): void;
  finish(): void;
}

/** The fold for one writer, or for several whose operations interleave. */
export function makeFold(keydir: Keydir, isMerged: boolean, options: FoldOptions = {}): RowFold {
  return isMerged ? new ClockedFold(keydir, options) : new FileOrderFold(keydir, options);
}

/** True for an operation that counts under these options. */
export function counts(
  batch: LineBatch,
  row: number,
  file: number,
  { upstream, skips }: FoldOptions,
): boolean {
  const kind = batch.kind[row];
  if (kind !== KIND.put && kind !== KIND.delete) return false;
  if (upstream === true && (batch.problem[row] & PROBLEM.differs) !== 0) return false;
  return skips === undefined || !skips(batch, row, file);
}

class FileOrderFold implements RowFold {
  constructor(
    private readonly keydir: Keydir,
    private readonly options: FoldOptions,
  ) {}

  see(batch: LineBatch, { firstLine, file, from = 0, to = batch.count }: FoldPlace): void {
    for (let row = from; row < to; row++) {
      if (!counts(batch, row, file, this.options)) continue;
      const [start, length] = [batch.keyStart[row], batch.keyLength[row]];
      if (batch.kind[row] === KIND.delete) {
        this.keydir.delete(batch.keys, start, length);
        continue;
      }
      const value = { offset: batch.valueOffset[row], length: batch.valueLength[row] };
      const range = { file, ...value, line: firstLine + row, versions: 1 };
      this.keydir.put(batch.keys, start, length, range);
    }
  }

  finish(): void {
    // Every row is in the keydir already.
  }
}
