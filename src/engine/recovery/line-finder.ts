/** line-finder: where given lines stand in another file, in one pass however many there are. */
import { createHash } from 'node:crypto';
import { contentStart } from '../bytes/order-mark.js';
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';
import { openSource } from '../log.js';

/** Where a line was seen: the offset of its first copy, -1 for none, and how many there are. */
export interface Sighting {
  offset: number;
  copies: number;
}

const chunkBytes = 1 << 20;

/**
 * Looks for lines (without their newline) in the file at `path`, beside the log at `beside` or the
 * log itself. Throws LogctlError.
 */
export async function findLines(
  context: Context,
  path: string,
  wanted: readonly Uint8Array[],
  beside = path,
): Promise<Sighting[]> {
  const finder = new LineFinder(wanted);
  if (wanted.length === 0) return finder.sightings;
  const source = openSource(context, path, beside);
  try {
    await finder.read(context, source);
  } finally {
    source.close();
  }
  return finder.sightings;
}

/** Fed with a file's bytes in order: sees which of its lines are wanted ones, and where. */
export class LineFinder {
  readonly sightings: Sighting[];
  /** Lengths of the wanted lines: most lines are ruled out without a look at their bytes. */
  private readonly lengths: ReadonlySet<number>;
  private readonly lengthMax: number;
  /** Numbers of the wanted lines by digest: they may be many, and all of one length. */
  private readonly byDigest = new Map<string, number[]>();
  /** Bytes of the current line that lie in chunks before; of no use once it is too long. */
  private held = Buffer.alloc(0);
  private lineStart = 0;

  constructor(wanted: readonly Uint8Array[]) {
    this.sightings = wanted.map(() => ({ offset: -1, copies: 0 }));
    this.lengths = new Set(wanted.map(({ length }) => length));
    this.lengthMax = wanted.reduce((longest, { length }) => Math.max(longest, length), 0);
    for (const [number, line] of wanted.entries()) {
      const digest = digestOf(line);
      const same = this.byDigest.get(digest);
      if (same === undefined) this.byDigest.set(digest, [number]);
      else same.push(number);
    }
  }

  /** Reads the lines of an open file; a byte order mark is no part of its first one. */
  async read(context: Context, source: SourceFile): Promise<void> {
    const chunk = Buffer.alloc(chunkBytes);
    let position = await contentStart(source);
    this.begin(position);
    for (;;) {
      const length = await source.read(chunk, position);
      if (length === 0) break;
      this.look(chunk.subarray(0, length), position);
      position += length;
      await context.checkpoint?.();
    }
    this.end(position);
  }

  /** The first line begins at `position`. */
  begin(position: number): void {
    this.lineStart = position;
  }

  /** The last line may lack its newline and still be one that is looked for. */
  end(position: number): void {
    this.compare(Buffer.alloc(0), position - this.lineStart);
  }

  /** Takes the next bytes, which lie at `position`. */
  look(chunk: Buffer, position: number): void {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      this.compare(chunk.subarray(from, at), position + at - this.lineStart);
      this.lineStart = position + at + 1;
      this.held = Buffer.alloc(0);
      from = at + 1;
    }
    const fits = position + chunk.length - this.lineStart <= this.lengthMax;
    if (fits) this.held = Buffer.concat([this.held, chunk.subarray(from)]);
  }

  private compare(rest: Buffer, length: number): void {
    if (!this.lengths.has(length)) return;
    const line = this.held.length === 0 ? rest : Buffer.concat([this.held, rest]);
    for (const number of this.byDigest.get(digestOf(line)) ?? []) {
      const sighting = this.sightings[number];
      if (sighting.copies++ === 0) sighting.offset = this.lineStart;
    }
  }
}

const digestOf = (line: Uint8Array): string => createHash('sha256').update(line).digest('base64');
