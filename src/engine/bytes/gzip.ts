/** gzip: a compressed file as a SourceFile of its plain bytes, decompressed while it is read. */
import { createGunzip, type Gunzip } from 'node:zlib';
import type { SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';

const inputChunkBytes = 1 << 18;
/**
 * Wraps an open `.gz` file. `stat().size` stays the compressed size; reading ends with 0.
 * Reading forward costs nothing extra; going back further than some KiB starts again at the front.
 * Reads may overlap. How well it packs says nothing: deflate reaches 1,032 to 1 with honest logs
 * too, and what is read is held in pieces.
 */
export function gunzipped(file: SourceFile): SourceFile {
  let stream = new PlainStream(file);
  const readAt = async (target: Uint8Array, position: number) => {
    if (position < stream.position && !stream.remembers(position)) {
      stream.destroy();
      stream = new PlainStream(file);
    }
    const again = stream.recall(target, position);
    await stream.skipTo(position + again);
    return again + (await stream.fill(target.subarray(again)));
  };
  // There is one stream, and each read moves it: they wait for each other.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    path: file.path,
    stat: () => file.stat(),
    read(target, position) {
      const read = turn.then(() => readAt(target, position));
      turn = read.catch(() => undefined);
      return read;
    },
    close() {
      stream.destroy();
      file.close();
    },
  };
}

/** So many of the last bytes are kept at least: the end of a file is looked at once more. */
const rememberedBytes = 1 << 17;

class PlainStream {
  position = 0;
  /** The pieces that were read last, the one that is being read among them. */
  private readonly recent: { at: number; bytes: Uint8Array }[] = [];
  private inputAt = 0;
  private rest: Uint8Array = new Uint8Array(0);
  private readonly gunzip: Gunzip = createGunzip();
  private readonly output: AsyncIterator<Uint8Array>;
  private failure: Error | undefined;

  constructor(private readonly file: SourceFile) {
    this.gunzip.on('error', (error) => (this.failure = error));
    this.output = this.gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    void this.feed();
  }

  async skipTo(position: number): Promise<void> {
    while (this.position < position && (await this.more())) {
      const step = Math.min(this.rest.length, position - this.position);
      this.take(step);
    }
  }

  async fill(target: Uint8Array): Promise<number> {
    let done = 0;
    while (done < target.length && (await this.more())) {
      const step = Math.min(this.rest.length, target.length - done);
      target.set(this.rest.subarray(0, step), done);
      this.take(step);
      done += step;
    }
    return done;
  }

  /** True where the bytes from `position` on, up to where reading is, are at hand. */
  remembers(position: number): boolean {
    return this.recent.length > 0 && this.recent[0].at <= position;
  }

  /** Gives bytes that were read before; how many of them. */
  recall(target: Uint8Array, position: number): number {
    let done = 0;
    const end = Math.min(this.position, position + target.length);
    for (const { at, bytes } of this.recent) {
      const from = position + done - at;
      if (position + done >= end || from >= bytes.length) continue;
      const piece = bytes.subarray(from, from + end - position - done);
      target.set(piece, done);
      done += piece.length;
    }
    return done;
  }

  destroy(): void {
    this.gunzip.destroy();
  }

  private take(length: number): void {
    this.rest = this.rest.subarray(length);
    this.position += length;
  }

  private remember(bytes: Uint8Array): void {
    const { recent } = this;
    recent.push({ at: this.position, bytes });
    while (recent.length > 2 && this.position - recent[1].at >= rememberedBytes) recent.shift();
  }

  private async more(): Promise<boolean> {
    if (this.rest.length > 0) return true;
    try {
      const next = await this.output.next();
      if (next.done) return false;
      this.rest = next.value;
      this.remember(next.value);
      return true;
    } catch (error) {
      // A device that failed says nothing about the bytes.
      if (this.failure instanceof LogctlError) throw this.failure;
      const words = (this.failure ?? (error as Error)).message;
      const { path } = this.file;
      throw new LogctlError('damaged', `${path}: not a whole gzip file: ${words}`, 'use another', {
        path,
      });
    }
  }

  /** Waits until there is room for more, or nobody reads any more: both listeners go then. */
  private room(): Promise<void> {
    const { gunzip } = this;
    return new Promise((resolve) => {
      const done = () => {
        gunzip.off('drain', done);
        gunzip.off('close', done);
        resolve();
      };
      gunzip.on('drain', done);
      gunzip.on('close', done);
    });
  }

  private async feed(): Promise<void> {
    try {
      for (;;) {
        const chunk = new Uint8Array(inputChunkBytes);
        const length = await this.file.read(chunk, this.inputAt);
        if (length === 0) break;
        this.inputAt += length;
        const { gunzip } = this;
        if (!gunzip.write(chunk.subarray(0, length))) await this.room();
        if (gunzip.destroyed) return;
      }
      this.gunzip.end();
    } catch (error) {
      this.gunzip.destroy(error as Error);
    }
  }
}
