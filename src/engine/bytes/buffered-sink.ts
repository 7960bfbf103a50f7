/** BufferedSink: gathers small pieces of output into large writes. */
import type { Sink } from '../context.js';

const bufferBytes = 1 << 20;

/** Writes to `sink` in pieces of about 1 MiB. `flush` at the end. Gives a promise only to wait. */
export class BufferedSink {
  /** Made when the first bytes come: many sinks get few. */
  private buffer: Uint8Array | undefined;
  private used = 0;

  constructor(private readonly sink: Sink) {}

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.used + bytes.length <= bufferBytes) {
      this.buffer ??= new Uint8Array(bufferBytes);
      this.buffer.set(bytes, this.used);
      this.used += bytes.length;
      return undefined;
    }
    return this.spill(bytes);
  }

  async flush(): Promise<void> {
    if (this.buffer === undefined) return;
    const full = this.buffer.subarray(0, this.used);
    // The sink may still hold these bytes when it returns (a pipe): they are not reused.
    this.buffer = undefined;
    this.used = 0;
    await this.sink(full);
  }

  private async spill(bytes: Uint8Array): Promise<void> {
    await this.flush();
    if (bytes.length > bufferBytes) await this.sink(bytes);
    else void this.write(bytes);
  }
}
