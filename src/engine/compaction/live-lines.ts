/** live-lines: the last line of each live key, as it stands: what compaction leaves of a log. */
import { BufferedSink } from '../bytes/buffered-sink.js';
import type { Sink } from '../context.js';
import type { SourceFile } from '../disk.js';
import { Keydir } from '../keydir/keydir.js';
import { readValues } from '../keydir/values.js';
import { KIND, type LineBatch } from '../scan/kernel.js';

const newline = Buffer.from('\n');

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

  /** Writes the lines in the order in which `order` has their keys. Bytes are copied. */
  async write(order: Keydir, source: SourceFile, sink: Sink): Promise<void> {
    const indices = order
      .order('documented')
      .map((index) => this.lines.find(order.key(index)))
      .filter((index) => index !== noIndex);
    const output = new BufferedSink(sink);
    await readValues(this.lines, [source], indices, async (_, part, last) => {
      await output.write(part);
      if (last) await output.write(newline);
    });
    await output.flush();
  }
}

/** What -1 becomes in an array of unsigned numbers. */
const noIndex = 0xffff_ffff;
