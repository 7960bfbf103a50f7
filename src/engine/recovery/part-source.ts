/** part-source: a planned file as a readable one, before a byte of it is written. */
import type { Context } from '../context.js';
import type { FileStat, SourceFile } from '../disk.js';
import type { Dialect } from '../dialects/dialect.js';
import { openSource, type Log } from '../log.js';
import { entryBytes, type EntryPart } from './mirror-entry.js';
import type { PlanPart } from './plan.js';

/** One part with its place in the planned file. */
interface Placed {
  from: number;
  length: number;
  read(target: Uint8Array, offset: number): number | Promise<number>;
}

/**
 * A SourceFile over the parts of a plan for a log. `close` closes what it opened. Throws
 * LogctlError.
 */
export function openParts(
  context: Context,
  { path, dialect }: Pick<Log, 'path' | 'dialect'>,
  parts: readonly PlanPart[],
): SourceFile {
  const files = new Map<string, SourceFile>();
  const open = (at: string) => {
    const file = files.get(at) ?? openSource(context, at, path);
    files.set(at, file);
    return file;
  };
  const entries = new Entries(dialect, open);
  const placed: Placed[] = [];
  let size = 0;
  for (const part of parts) {
    const one = place(part, size, open, entries);
    placed.push(one);
    size += one.length;
  }
  const stat: FileStat = {
    ...{ id: 'plan', kind: 'file', size, mtimeMs: 0 },
    ...{ mode: 0, uid: 0, gid: 0, links: 1 },
  };
  return {
    path,
    stat: () => stat,
    read: (target, position) => readParts(placed, target, position),
    close: () => files.forEach((file) => file.close()),
  };
}

/** Entries that are made of values: the last one is kept, for it is read in pieces. */
class Entries {
  private last: { part: EntryPart; bytes: Promise<Buffer> } | undefined;

  constructor(
    private readonly dialect: Dialect,
    private readonly open: (path: string) => SourceFile,
  ) {}

  bytesOf(part: EntryPart): Promise<Buffer> {
    if (this.last?.part !== part) {
      const bytes = entryBytes(this.dialect, this.open(part.from.path), part);
      this.last = { part, bytes };
    }
    return this.last.bytes;
  }
}

function place(
  part: PlanPart,
  from: number,
  open: (path: string) => SourceFile,
  entries: Entries,
): Placed {
  if (part.part === 'range') {
    const file = open(part.path);
    const read = (target: Uint8Array, offset: number) => file.read(target, part.offset + offset);
    return { from, length: part.length, read };
  }
  if (part.part === 'entry') {
    const read = async (target: Uint8Array, offset: number) => {
      return (await entries.bytesOf(part)).copy(target, 0, offset);
    };
    return { from, length: part.length, read };
  }
  const bytes = Buffer.from(part.text);
  const read = (target: Uint8Array, offset: number) => bytes.copy(target, 0, offset);
  return { from, length: bytes.length, read };
}

async function readParts(placed: readonly Placed[], target: Uint8Array, position: number) {
  let done = 0;
  for (let i = partAt(placed, position); i < placed.length && done < target.length; i++) {
    const { from, length, read } = placed[i];
    const offset = position + done - from;
    const wanted = Math.min(target.length - done, length - offset);
    if (wanted <= 0) continue;
    const got = await read(target.subarray(done, done + wanted), offset);
    done += got;
    if (got < wanted) break;
  }
  return done;
}

/** The part that holds a position, by halving. */
function partAt(placed: readonly Placed[], position: number): number {
  let low = 0;
  for (let high = placed.length; low < high;) {
    const middle = (low + high) >> 1;
    if (placed[middle].from + placed[middle].length <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
