/** walk-guard: watches over one file while it is read: its size, its ends, its name. */
import type { Context } from './context.js';
import type { SourceFile } from './disk.js';
import { LogctlError } from './errors.js';

/** Bytes at the start and before the end that show whether a file was rewritten in place. */
const guardBytes = 4_096;
const appendWaitMs = 1_000;

/** Watches over one file while it is read: its size, its first and last bytes, its name. */
export class WalkGuard {
  private constructor(
    private readonly context: Context,
    private readonly source: SourceFile,
    /** Bytes to read; Infinity where only the end tells (gzip, standard input). */
    public limit: number,
    readonly total: number,
    private readonly fixed: boolean,
    private readonly before: Buffer,
  ) {}

  static async of(context: Context, source: SourceFile, until: number | undefined) {
    const { size } = source.stat();
    const streams = source.path === '-' || source.path.endsWith('.gz');
    const limit = streams ? (until ?? Infinity) : Math.min(until ?? size, size);
    const before = streams ? Buffer.alloc(0) : await ends(source, limit);
    return new WalkGuard(context, source, limit, streams ? 0 : limit, until !== undefined, before);
  }

  /**
   * The prefix stops inside a line: a writer may be at work. Waits for its newline and moves the
   * limit behind it; false when nothing more came: then the tail is as it is.
   */
  async extend(position: number): Promise<boolean> {
    if (this.fixed || !Number.isFinite(this.limit)) return false;
    for (let waited = 0; waited < appendWaitMs; waited += 50) {
      const { size } = this.source.stat();
      if (size <= position) return false;
      const grown = new Uint8Array(Math.min(size - position, 1 << 20));
      const length = await this.source.read(grown, position);
      const newline = grown.subarray(0, length).indexOf(0x0a);
      if (newline >= 0 || length === 1 << 20) {
        this.limit = position + (newline >= 0 ? newline + 1 : length);
        return true;
      }
      await this.context.sleep(50);
    }
    return false;
  }

  shrank(): never {
    const { path } = this.source;
    const hint = 'stop what rewrites it (another compactor?) and try again';
    throw new LogctlError('changed', `${path} shrank while it was read`, hint, { path });
  }

  /** After the last byte: throws when the file was rewritten; true when it was renamed over. */
  async check(position: number): Promise<boolean> {
    if (!Number.isFinite(this.limit) || this.total === 0) return false;
    const { size, id } = this.source.stat();
    if (size < position) this.shrank();
    if (!this.before.equals(await ends(this.source, this.total))) {
      const { path } = this.source;
      const hint = 'stop what rewrites it (another compactor?) and try again';
      throw new LogctlError('changed', `${path} was rewritten in place`, hint, { path });
    }
    return this.context.disk.stat(this.source.path)?.id !== id;
  }
}

async function ends(source: SourceFile, size: number): Promise<Buffer> {
  const length = Math.min(size, guardBytes);
  const both = Buffer.alloc(length * 2);
  await source.read(both.subarray(0, length), 0);
  await source.read(both.subarray(length), size - length);
  return both;
}
