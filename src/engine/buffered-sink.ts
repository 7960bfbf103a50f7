/** BufferedSink: gathers small pieces of output into large writes. */
import type { Sink } from './context.js';

const bufferBytes = 1 << 20;

/** Writes to `sink` in pieces of about 1 MiB. `flush` at the end. Gives a promise only to wait. */
export class BufferedSink {
  private buffer = new Uint8Array(bufferBytes);
  private used = 0;

  constructor(private readonly sink: Sink) {}

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.used + bytes.length <= this.buffer.length) {
      this.buffer.set(bytes, this.used);
      this.used += bytes.length;
      return undefined;
    }
    return this.spill(bytes);
  }

  async flush(): Promise<void> {
    if (this.used === 0) return;
    const full = this.buffer.subarray(0, this.used);
    // The sink may still hold these bytes when it returns (a pipe): they are not reused.
    this.buffer = new Uint8Array(bufferBytes);
    this.used = 0;
    await this.sink(full);
  }

  private async spill(bytes: Uint8Array): Promise<void> {
    await this.flush();
    if (bytes.length > this.buffer.length) await this.sink(bytes);
    else void this.write(bytes);
  }
}
