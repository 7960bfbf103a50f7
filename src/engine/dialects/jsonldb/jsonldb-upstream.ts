/**
 * jsonldb-upstream: the state that the library itself would load, and what its opening does to
 * the files. Streaming; memory grows with the keys that occur in the file. Sources: jsonldb.md.
 */
import { faultBeside, openBeside } from '../../beside.js';
import type { Context } from '../../context.js';
import type { DiskReader } from '../../disk.js';
import { Keydir, type LiveRange } from '../../keydir/keydir.js';
import { readValues } from '../../keydir/values.js';
import { KIND, type Kernel } from '../../scan/kernel.js';
import { referenceKernel } from '../../scan/reference.js';
import type { UpstreamLoad } from '../dialect.js';
import { jsonldbCodec } from './jsonldb-codec.js';
import { RawLineReader, type RawLine } from './jsonldb-lines.js';

const chunkBytes = 1 << 18;
/** Lines between two looks at whether the user interrupted. */
const checkpointLines = 4_096;
/** Lines named one by one; beyond that they are counted. */
const badLinesKept = 1_000;

/** What opening a store with the library does to its files: it looks at sizes alone. */
export interface Opening {
  /** The file whose lines are loaded; undefined where there is none and an empty one is made. */
  takes: string | undefined;
  /** The file is put in the place of the main file first. */
  renames: boolean;
  /** What is deleted unread: `.bak` and `.dump`, directories with all that is in them. */
  deletes: string[];
  /** Why it throws instead. */
  refusal?: string;
}

/** A line the library cannot use. */
export interface BadLine {
  line: number;
  offset: number;
  length: number;
  /** Found when the key was looked for; else when the last line of its key was parsed. */
  isFound: 'by key' | 'by parsing';
  /** The key as it is spelled, where the line has one: with `ignoreReadErrors` it is not loaded. */
  key?: Uint8Array;
}

/** What the library would have in memory: live keys in its order, values in the open file. */
export interface LoadedStore extends UpstreamLoad {
  opening: Opening;
  /** Lines that are not empty: what the library calls `uncompressedSize`. */
  lines: number;
  /** In the order in which the library meets them; the first is where it stops when strict. */
  bad: BadLine[];
  badCount: number;
}

/** What `tryRecoverDBFiles` makes of the three files. */
export function openingOf(disk: DiskReader, path: string): Opening {
  const [bak, dump] = [`${path}.bak`, `${path}.dump`];
  const isThere = (file: string) => disk.lstat(file) !== undefined;
  const isUsed = (file: string) => {
    const stat = file === path ? disk.stat(file) : disk.lstat(file);
    if (stat === undefined || stat.size === 0) return false;
    return file === path ? stat.kind === 'file' : !faultBeside(disk, file, path, stat);
  };
  if (isUsed(path)) {
    return { takes: path, renames: false, deletes: [bak, dump].filter(isThere) };
  }
  if (disk.stat(path)?.kind === 'directory') {
    return { takes: undefined, renames: false, deletes: [], refusal: `${path} is a directory` };
  }
  const copy = [bak, dump].find(isUsed);
  if (copy === undefined) {
    return { takes: disk.stat(path) === undefined ? undefined : path, renames: false, deletes: [] };
  }
  const other = copy === bak ? dump : bak;
  return { takes: copy, renames: true, deletes: [other].filter(isThere) };
}

/**
 * Loads as the library does with `ignoreReadErrors`; the caller closes the sources. `until`: only
 * so many bytes of the main file, whatever lies beside it. Throws LogctlError.
 */
export async function loadUpstream(
  context: Context,
  path: string,
  until = Infinity,
): Promise<LoadedStore> {
  const opening = openingOf(context.disk, path);
  const { takes = path, refusal } = opening;
  const load: LoadedStore = {
    ...{ opening, sources: [], keydir: new Keydir(), lines: 0, bad: [], badCount: 0 },
    ...(refusal === undefined ? {} : { refusal: { message: refusal, path } }),
  };
  if (opening.takes === undefined) return load;
  const source = openBeside(context.disk, until === Infinity ? takes : path, path);
  load.sources.push(source);
  try {
    const lastLines = await lastLinesByKey(context, load, until);
    await parseLines(context, load, lastLines);
    return load;
  } catch (error) {
    source.close();
    throw error;
  }
}

/** The first pass: the last line of each key, keys by their spelling, in order of appearance. */
async function lastLinesByKey(context: Context, load: LoadedStore, until: number): Promise<Keydir> {
  const [source] = load.sources;
  const lastLines = new Keydir();
  const reader = new RawLineReader((line) => {
    load.lines++;
    if (line.key === undefined) return addBad(load, { ...line, isFound: 'by key' });
    lastLines.put(line.key, 0, line.key.length, { ...rangeOf(line), versions: 1 });
  });
  const chunk = new Uint8Array(context.chunkBytes ?? chunkBytes);
  const total = Math.min(until, source.stat().size);
  for (let at = 0; at < total;) {
    const length = await source.read(chunk.subarray(0, Math.min(chunk.length, total - at)), at);
    if (length === 0) break;
    reader.feed(chunk.subarray(0, length));
    at += length;
    context.progress?.({ phase: 'read', path: source.path, done: at, total });
    await context.checkpoint?.();
  }
  reader.finish();
  return lastLines;
}

/** The second pass: only those lines are parsed; one that is no JSON takes its key with it. */
async function parseLines(context: Context, load: LoadedStore, lastLines: Keydir): Promise<void> {
  const { keydir } = load;
  const judge = new LineJudge();
  let parsed = 0;
  await readValues(lastLines, load.sources, lastLines.order('documented'), (index, part, last) => {
    judge.feed(part, last, lastLines.valueOffset(index));
    if (!last) return undefined;
    const { batch } = judge.kernel;
    const start = batch.keyStart[0];
    const length = batch.keyLength[0];
    const { line, offset, length: lineLength, versions } = lastLines.at(index);
    if (batch.kind[0] === KIND.put) {
      const value = { file: 0, offset: batch.valueOffset[0], length: batch.valueLength[0] };
      keydir.put(batch.keys, start, length, { ...value, line, versions });
    } else if (batch.kind[0] === KIND.delete) {
      keydir.delete(batch.keys, start, length);
    } else {
      const key = Uint8Array.from(lastLines.key(index));
      addBad(load, { line, offset, length: lineLength, isFound: 'by parsing', key });
    }
    // To wait for each line would cost more than to read it.
    return ++parsed % checkpointLines === 0 ? context.checkpoint?.() : undefined;
  });
}

/** Parses one line after the other, each from where it stands in its file. */
class LineJudge {
  readonly kernel: Kernel = referenceKernel({
    codec: jsonldbCodec,
    keydir: new Keydir(),
    chunkBytes,
    fold: false,
  });
  private isBegun = false;

  feed(part: Uint8Array, last: boolean, offset: number): void {
    const { kernel } = this;
    if (!this.isBegun) kernel.start({ file: 0, offset });
    this.isBegun = !last;
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + kernel.chunk.length);
      kernel.chunk.set(piece);
      at += piece.length;
      kernel.scan(piece.length, last && at === part.length);
    }
  }
}

function addBad(load: LoadedStore, { line, offset, length, isFound, key }: BadLine): void {
  load.badCount++;
  if (load.bad.length >= badLinesKept) return;
  load.bad.push({ line, offset, length, isFound, ...(key === undefined ? {} : { key }) });
}

const rangeOf = ({ line, offset, length }: RawLine): Omit<LiveRange, 'versions'> => ({
  ...{ file: 0, offset, length, line },
});
