/** nedb-upstream: what the library would load, followed line by line. Source: nedb.md. */
import { faultBeside } from '../../beside.js';
import type { Context } from '../../context.js';
import type { SourceFile } from '../../disk.js';
import { LogctlError } from '../../errors.js';
import type { Keydir } from '../../keydir/keydir.js';
import { openSource } from '../../log.js';
import { skimmed } from './nedb-documents.js';
import type { NedbIndex } from './nedb-indexes.js';
import { cutLines, type NedbLine } from './nedb-lines.js';
import { finishLoad } from './nedb-opening.js';
import { NedbTable } from './nedb-table.js';

/** Why the library would not open the store, in its own words. */
export interface NedbRefusal {
  kind: 'corrupt' | 'index' | 'unique' | 'name';
  message: string;
  /** Of the document it is about, as bytes. */
  key?: Uint8Array;
  line?: number;
  offset?: number;
}

/** Where the first of something stands. */
interface Place {
  line: number;
  offset: number;
}

/** What a load comes to. Its file stays open, so that values can be read: close it at the end. */
export interface NedbLoad {
  refusal?: NedbRefusal;
  /** The documents, if asked for in the library's order: by `_id`, as its index has them. */
  keydir: Keydir;
  sources: SourceFile[];
  /** Lines that count, and those of them that are corrupt. */
  lines: number;
  corrupt: number;
  firstCorrupt?: Place;
  /** Line breaks where only the library breaks a line. */
  foreignBreaks: number;
  firstForeignBreak?: Place;
  /** Options of the persisted indexes by field name, as they stand in the file. */
  indexLines: Record<string, IndexOptions>;
  indexes: NedbIndex[];
  table: NedbTable;
}

/** What an index line holds: of any type, since nobody looked. */
export type IndexOptions = Partial<Record<keyof NedbIndex, unknown>>;

/** How a store is read. */
export interface NedbLoadOptions {
  /** Only so many of its bytes. */
  until?: number;
  /** A hook decoded the lines after they were cut. */
  lineFeeds?: boolean;
  /** Off where nobody asks for the order: it costs a second table of all documents. */
  ordered?: boolean;
}

/**
 * Follows loadDatabaseAsync for the store at `path`: of the file itself, else of `path~`, which
 * the library would rename; of nothing where there is neither. Memory grows with the live keys and
 * the longest line. Throws LogctlError; what the library throws is `refusal`.
 * Source: persistence.js:168-341, storage.js:283-294.
 */
export async function loadAsLibrary(
  context: Context,
  path: string,
  { until = Infinity, lineFeeds = false, ordered = true }: NedbLoadOptions = {},
): Promise<NedbLoad> {
  const load = emptyLoad();
  const isThere = path === '-' || context.disk.stat(path) !== undefined;
  const file = isThere ? path : copyOf(context, path);
  if (file === undefined) return load;
  const source = openSource(context, file, path);
  load.sources.push(source);
  try {
    await cutLines(context, source, { until, lineFeeds }, (line) => takeLine(load, line));
    await finishLoad(load, ordered);
    return load;
  } catch (error) {
    source.close();
    throw error;
  }
}

/** The library's copy; undefined where there is none that may be read for the store's own. */
function copyOf({ disk }: Context, path: string): string | undefined {
  const copy = `${path}~`;
  const stat = disk.lstat(copy);
  const isOwn = stat !== undefined && faultBeside(disk, copy, path, stat) === undefined;
  return isOwn ? copy : undefined;
}

function emptyLoad(): NedbLoad {
  const table = new NedbTable();
  return {
    keydir: table.ranges,
    sources: [],
    lines: 0,
    corrupt: 0,
    foreignBreaks: 0,
    indexLines: {},
    indexes: [],
    table,
  };
}

/** One line that is not empty. Source: persistence.js:256-276. */
function takeLine(load: NedbLoad, line: NedbLine): void {
  const at = { line: line.line, offset: line.offset };
  if (line.cut) {
    load.foreignBreaks++;
    load.firstForeignBreak ??= at;
  }
  load.lines++;
  try {
    applyLine(load, line);
  } catch (error) {
    if (error instanceof LogctlError) throw error;
    // As there: whatever parsing throws, or looking at what was parsed, is one corrupt line.
    load.corrupt++;
    load.firstCorrupt ??= at;
  }
}

function applyLine({ table, indexLines }: NedbLoad, line: NedbLine): void {
  const document = skimmed(line.bytes);
  const value = document.value as Record<string, unknown>;
  const { _id: id } = value;
  if (id) {
    // An object may have a toString that is none: then this throws, as there.
    const name = String(id);
    if (value.$$deleted === true) return table.delete(name);
    const { offset, bytes } = line;
    const range = { file: 0, offset, length: bytes.length, line: line.line, versions: 1 };
    return table.put(name, document, range);
  }
  if (id !== undefined) {
    table.falsyIds++;
    table.firstFalsyId ??= { line: line.line, offset: line.offset };
  }
  const created = value.$$indexCreated as IndexOptions | null | undefined;
  const removed = value.$$indexRemoved;
  if (created && created.fieldName != null) indexLines[created.fieldName as string] = created;
  else if (typeof removed === 'string') delete indexLines[removed];
}
