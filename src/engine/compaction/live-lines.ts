/** live-lines: the last line of each live key, as it stands: what compaction leaves of a log. */
import type { Sink } from '../context.js';
import type { SourceFile } from '../disk.js';
import { gatherValues } from '../keydir/gather.js';
import { Keydir } from '../keydir/keydir.js';
import { KIND, type LineBatch } from '../scan/kernel.js';

/** Key to its last line, collected while a log of one file is read. */
export class LiveLines {
  private readonly lines = new Keydir();

  /** Lines kept, and their bytes, newlines included. */
  get count(): number {
    return this.lines.count;
  }

  get bytes(): number {
    let total = 0;
    for (const index of this.lines.order('documented')) total += this.lines.valueLength(index) + 1;
    return total;
  }

  see(batch: LineBatch, firstLine: number): void {
    const { keys, keyStart, keyLength } = batch;
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] === KIND.delete) {
        this.lines.delete(keys, keyStart[row], keyLength[row]);
      } else if (batch.kind[row] === KIND.put) {
        const [offset, length] = [batch.offset[row], batch.length[row]];
        const range = { file: 0, offset, length, line: firstLine + row, versions: 1 };
        this.lines.put(keys, keyStart[row], keyLength[row], range);
      }
    }
  }

  /**
   * Writes the lines in the order in which `order` has their keys. What the sink is given is
   * overwritten when it has returned, or its promise is resolved.
   */
  async write(order: Keydir, source: SourceFile, sink: Sink): Promise<void> {
    const indices = order
      .order('documented')
      .map((index) => this.lines.find(order.key(index)))
      .filter((index) => index !== noIndex);
    const frame = { between: '', open: '', colon: '', behind: '\n' };
    await gatherValues({ keydir: this.lines, sources: [source] }, indices, frame, sink);
  }
}

/** What -1 becomes in an array of unsigned numbers. */
const noIndex = 0xffff_ffff;
