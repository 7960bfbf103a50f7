/** bench-fsync-scratch: the files a benchmark writes: their names, their bytes, their end. */
import { join } from 'node:path';
import type { Disk } from '../disk.js';

/** Scratch files begin with this: hidden, so that nothing takes them for logs. */
export const scratchPrefix = '.logctl-bench-';

/** Makes paths of scratch files in one directory, and takes away whatever of them is left. */
export class Scratch {
  private readonly paths: string[] = [];
  private made = 0;

  constructor(
    private readonly disk: Disk,
    private readonly directory: string,
    private readonly random: () => string,
  ) {}

  /** A fresh path. */
  path(): string {
    const path = join(this.directory, `${scratchPrefix}${this.random()}-${this.made++}`);
    this.paths.push(path);
    return path;
  }

  /** Removes every file that is still there. Throws LogctlError. */
  remove(): void {
    for (const path of this.paths.splice(0)) {
      if (this.disk.lstat(path) !== undefined) this.disk.unlink(path);
    }
  }
}

/** Steps through a list of 63 sizes so that large and small ones take turns; shares no factor. */
const sizeStride = 25;

/** Entries of given sizes (bytes, newline included), one after the other, for ever. */
export class EntryBytes {
  /** Bytes given so far. */
  given = 0;
  private at = 0;
  private readonly noise: Uint8Array;

  constructor(private readonly sizes: readonly number[]) {
    this.noise = noiseOf(2 * Math.max(...sizes));
  }

  /** The next `entries` entries in one piece. */
  take(entries: number): Uint8Array {
    const sizes = Array.from({ length: entries }, () => this.nextSize());
    const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    let end = 0;
    for (const size of sizes) {
      const from = (this.given + end) % (this.noise.length - size + 1);
      bytes.set(this.noise.subarray(from, from + size), end);
      end += size;
      bytes[end - 1] = 0x0a;
    }
    this.given += end;
    return bytes;
  }

  private nextSize(): number {
    return this.sizes[(this.at++ * sizeStride) % this.sizes.length];
  }
}

/** Letters and digits that do not repeat: filesystems that compress would be too fast on others. */
function noiseOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    // Source: Numerical Recipes, "quick and dirty" generator; its high bits are random enough.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = 0x30 + (state >>> 26);
  }
  return bytes;
}
