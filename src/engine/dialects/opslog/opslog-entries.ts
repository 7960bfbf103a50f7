/** opslog-entries: every whole entry of a file, those hidden inside damaged lines included. */
import type { Context } from '../../context.js';
import { LineSplitter, type EntryPiece } from '../../damage/damage.js';
import type { SourceFile } from '../../disk.js';
import type { Role } from '../../model.js';
import { KIND, PROBLEM, type Kernel, type LineBatch, type LineCodec } from '../../scan/kernel.js';
import type { Dialect } from '../dialect.js';
import type { FoldPlace } from './opslog-fold.js';
import { readRows, rowKernel } from './opslog-rows.js';

/** How the damage of a file was read. */
export interface DamageCount {
  /** Lines that are no entry as a whole. */
  lines: number;
  /** Whole entries found inside them. */
  entriesBack: number;
  /** Bytes of them that belong to no entry. */
  bytesLost: number;
  /** Damaged lines, or stretches of them, in which an entry was. */
  entriesLost: number;
}

/** What to read, and who takes it. */
export interface EntryReading {
  source: SourceFile;
  role: Role;
  /** Number of the file among the sources. */
  file: number;
  until?: number;
  /** Rows `from` to `to` of the batch, in the order of the file. */
  take(batch: LineBatch, place: FoldPlace): void;
}

/** Reads one file with the codecs of `dialect`, whatever is wrong with it. */
export async function readEntries(
  context: Context,
  dialect: Dialect,
  reading: EntryReading,
): Promise<DamageCount> {
  return new EntryReader(context, dialect, reading).read();
}

class EntryReader {
  private readonly codec: LineCodec;
  private readonly kernel: Kernel;
  private readonly splitter: LineSplitter;
  private readonly damage: DamageCount = { lines: 0, entriesBack: 0, bytesLost: 0, entriesLost: 0 };
  private lastTime = NaN;

  constructor(
    private readonly context: Context,
    dialect: Dialect,
    private readonly reading: EntryReading,
  ) {
    this.codec = dialect.codec(reading.role);
    this.kernel = rowKernel(context, this.codec, { bytes: reading.source.stat().size });
    this.splitter = new LineSplitter(dialect, reading.role);
  }

  async read(): Promise<DamageCount> {
    const { file, until, source } = this.reading;
    const onBatch = (firstLine: number) => this.takeBatch(firstLine);
    await readRows(this.context, source, this.kernel, { file, until, onBatch });
    return this.damage;
  }

  private async takeBatch(firstLine: number): Promise<void> {
    const { batch, writers } = this.kernel;
    const { file, take } = this.reading;
    let from = 0;
    for (let row = 0; batch.odd > 0 && row < batch.count; row++) {
      if (batch.time[row] === batch.time[row]) this.lastTime = batch.time[row];
      const isWhite = (batch.problem[row] & PROBLEM.white) !== 0;
      if (batch.kind[row] !== KIND.bad || isWhite) continue;
      take(batch, { firstLine, file, writers, from, to: row });
      from = row + 1;
      await this.takePieces(row, firstLine + row);
    }
    take(batch, { firstLine, file, writers, from, to: batch.count });
  }

  private async takePieces(row: number, line: number): Promise<void> {
    const { batch } = this.kernel;
    const { source } = this.reading;
    const range = { offset: batch.offset[row], length: batch.length[row] };
    this.damage.lines++;
    const isJson = (batch.problem[row] & PROBLEM.json) === 0;
    const ended = (batch.problem[row] & PROBLEM.unended) === 0;
    const place = { ...range, ended, timeBefore: this.lastTime };
    const pieces = isJson ? [] : await this.splitter.split(source, place);
    const entries = pieces.filter((piece) => piece.kind === 'entry');
    for (const entry of entries) await this.takePiece(entry, line);
    this.damage.entriesBack += entries.length;
    const whole = entries.reduce((bytes, { length }) => bytes + length, 0);
    this.damage.bytesLost += range.length - whole;
    // A torn last line was never acknowledged; a fragment in the middle may have been.
    if (ended && pieces.some(({ kind }) => kind === 'fragment')) this.damage.entriesLost++;
    else if (isJson) this.damage.entriesLost++;
  }

  /** Reads a piece again, by itself: the splitter does not say where its value lies. */
  private async takePiece({ offset, length }: EntryPiece, line: number): Promise<void> {
    const { source, file, take } = this.reading;
    const inner = rowKernel(this.context, this.codec, { bytes: length });
    inner.start({ file, offset, line });
    for (let done = 0; done < length;) {
      const room = Math.min(inner.chunk.length, length - done);
      const got = await source.read(inner.chunk.subarray(0, room), offset + done);
      done += got;
      inner.scan(got, done >= length || got === 0);
      if (inner.batch.count > 0)
        take(inner.batch, { firstLine: line, file, writers: inner.writers });
      if (got === 0) return;
    }
  }
}
