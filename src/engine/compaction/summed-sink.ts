/** summed-sink: writes one line and ends it with the checksum of what stands before. */
import { crc32 } from 'node:zlib';
import { BufferedSink } from '../bytes/buffered-sink.js';
import type { Sink } from '../context.js';
import { crcDigits } from '../writer/entry-text.js';

/** Sums up what it writes; `end` adds the checksum, the last brace and a newline. */
export class SummedSink {
  private sum = 0;
  private readonly buffered: BufferedSink;

  constructor(private readonly sink: Sink) {
    // Summed in large pieces: a call for each small one costs more than the sum.
    this.buffered = new BufferedSink((bytes) => {
      this.sum = crc32(bytes, this.sum);
      return sink(bytes);
    });
  }

  /** Gives a promise only to wait. */
  write(part: string | Uint8Array): void | Promise<void> {
    return this.buffered.write(typeof part === 'string' ? Buffer.from(part) : part);
  }

  async end(): Promise<void> {
    await this.buffered.flush();
    await this.sink(Buffer.from(`,"crc":"${crcDigits(this.sum)}"}\n`));
  }
}
