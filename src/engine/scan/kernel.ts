/**
 * Kernel: bytes in, packed line records out, keydir folded on the way.
 *
 * Two hot loops must agree on every input, byte for byte: the reference kernel (plain TypeScript,
 * the definition) and later a SIMD kernel in WebAssembly. So everything that crosses this border
 * is data: a LineShape goes in, typed arrays come out, a few calls per file and none per line.
 */
import type { Keydir } from '../keydir/keydir.js';
import type { BatchTally } from './batch-tally.js';
import type { PlainLines } from './plain-lines.js';

/** How a member of the top-level object is captured. */
export type Capture =
  /** The text of a scalar, for the dialect to look at (operation, key, time, number). */
  | 'text'
  /** The text of any value, containers too, for the dialect to look into. At most 256 MiB. */
  | 'whole'
  /** The byte range only: values may be of any size. */
  | 'range'
  /** An object whose members are live ranges of their own (a checkpoint's state). */
  | 'members';

/** The members of a line that carry meaning. Their order gives the slot numbers. */
export interface LineShape {
  slots: readonly { member: string; capture: Capture }[];
  /** Slot whose text is the key: captured whole whatever it is. -1: none. */
  keySlot: number;
  /** Slot of a checksum over the line's bytes before it (see crc-watch.ts). -1: none. */
  crcSlot: number;
  /** Characters at which some line readers cut: lines are watched for them (break-watch.ts). */
  breaks?: readonly string[];
  /** Slot whose text names the writer of the line, where several write one log. Absent: none. */
  writerSlot?: number;
  /** The only slot, and not of a member: the line's whole value, whatever it is. Absent: none. */
  lineSlot?: number;
  /**
   * `document`: the whole file is one JSON value, judged as one line. `file`: and its own members
   * are live ranges (a mirror).
   */
  framing: 'line' | 'document' | 'file';
  /** A bare carriage return ends a line too, as its library's line reader has it. */
  returnsEndLines?: boolean;
}

/** What one line is. The numbers are on the kernel's border: never reorder. */
export const KIND = {
  /** No bytes between two newlines, or whitespace at either end of the file. */
  blank: 0,
  put: 1,
  delete: 2,
  /** Replaces (documented) or merges (upstream) the state by the members captured. */
  state: 3,
  /** Kept, no effect on the state: unknown operations, notes. */
  meta: 4,
  /** Not an entry: `problem` says why. */
  bad: 5,
} as const;

/** Why a line is bad, or what is odd about an entry. Bits, so that one line can have several. */
export const PROBLEM = {
  json: 1,
  entry: 2,
  utf8: 4,
  crc: 8,
  /** A note without effect on the state that compaction keeps as it stands. */
  carried: 16,
  unknownOp: 32,
  ignored: 64,
  /** Whole JSON at which the format's own reader throws all the same (a line `null`). */
  refused: 128,
  /** The line consists of whitespace only. */
  white: 256,
  /** No newline: the file ended. */
  unended: 512,
  /** A damaged line that reads as the deletion of its key. */
  deletes: 1024,
  /** A whole-state entry for readers that merge; the next one stands for the documented state. */
  upstreamOnly: 2048,
  /** A whole entry that the format's own reader sees otherwise, or not at all. */
  differs: 4096,
  /** A character stands in it at which the format's own reader may cut the line. */
  breaks: 8192,
} as const;

/** Value slot of a line that is a value as a whole. */
export const WHOLE_LINE = -2;

/** One batch of lines, in columns. Row i of every column is one line. */
export interface LineBatch {
  /** Rows filled. */
  count: number;
  /** Rows with a problem bit set: 0 means nothing needs a second look. */
  odd: number;
  /** Byte offset of the line in its file. */
  offset: Float64Array;
  /** Bytes, newline excluded. */
  length: Float64Array;
  kind: Uint8Array;
  /** Index into the dialect's operation names. */
  op: Uint8Array;
  problem: Uint16Array;
  /** Where the grammar broke, as a byte offset in the file; -1 where it did not. */
  errorAt: Float64Array;
  /** Milliseconds since 1970 UTC; NaN without a time. */
  time: Float64Array;
  /** Sequence number; NaN without one. */
  seq: Float64Array;
  /** What orders the entries of several writers; NaN without one. */
  clock: Float64Array;
  /** Index in `kernel.writers`; 0: the line names none. */
  writer: Uint16Array;
  valueOffset: Float64Array;
  valueLength: Float64Array;
  /** The key in canonical bytes: `keys.subarray(keyStart, keyStart + keyLength)`, row by row. */
  keyStart: Uint32Array;
  keyLength: Uint32Array;
  keys: Uint8Array;
  /** Hashes of the keys, where whoever folds the rows is to be spared them. */
  hash?: Uint32Array;
  /** What the rows are together, where that is known without a look at each. */
  tally?: BatchTally;
}

/** What a dialect sees of one line: captured slots, and where its answers go. */
export interface LineView {
  /** Per slot: 0 absent, else the JSON type (see TYPE). */
  readonly type: Uint8Array;
  /** Captured text of `text` slots: raw bytes, without quotes for strings. */
  readonly text: Uint8Array;
  readonly textStart: Uint32Array;
  readonly textLength: Uint32Array;
  /** 1 where a string holds a backslash escape. */
  readonly escaped: Uint8Array;
  /** Byte range of the slot's value in the file. */
  readonly valueStart: Float64Array;
  readonly valueEnd: Float64Array;
  /** Type of the whole line's value. */
  readonly topType: number;
  /** Invalid UTF-8 is near: captured text may hold it. */
  readonly suspect: boolean;
  /** Offsets in the file: of the line's first byte and behind its last, newline excluded. */
  readonly lineStart: number;
  readonly lineEnd: number;
  /** Offset behind the last byte of the line's value: whitespace may follow. */
  readonly topEnd: number;
  /**
   * Answers. `kind` starts as bad; `valueSlot` may be WHOLE_LINE; `stateSlot` names the members
   * slot of a state entry.
   */
  kind: number;
  op: number;
  problem: number;
  time: number;
  seq: number;
  clock: number;
  valueSlot: number;
  stateSlot: number;
  /** Sets the key from canonical bytes. */
  setKey(bytes: Uint8Array, start: number, length: number): void;
}

/** JSON types as a slot reports them. */
export const TYPE = {
  absent: 0,
  string: 1,
  number: 2,
  true: 3,
  false: 4,
  null: 5,
  object: 6,
  array: 7,
} as const;

/** What a dialect gives a kernel: the shape as data, and the judge of one captured line. */
export interface LineCodec {
  readonly shape: LineShape;
  /** Operation names; `op` of a row is an index here. The last one stands for every other. */
  readonly ops: readonly string[];
  /** Called once per JSON line in file order. Pure: looks at `line`, writes its answers there. */
  decode(line: LineView): void;
  /** Lines that `decode` need not see; absent: it sees all of them. */
  readonly plain?: PlainLines;
}

/** A whole-state entry that waits for the next `scan` to take effect. */
export interface HeldState {
  members: Keydir;
  line: number;
  offset: number;
  length: number;
  op: number;
  /** Milliseconds since 1970 UTC; NaN without a time. */
  time: number;
}

/** Where scanning of one file starts. */
export interface ScanStart {
  /** Number of the file in the log; live ranges carry it. */
  file: number;
  /** Byte offset of the first byte that will be put into the chunk. */
  offset: number;
  /** Number of the first line; 1 unless a part of a file is scanned. */
  line?: number;
}

/**
 * Scans and folds.
 *
 * Use: `start`, then per chunk: put bytes into `chunk`, call `scan(length, last)`, take `batch`;
 * while `pending` call `scan` again with the same length. Lines may be longer than any chunk.
 */
export interface Kernel {
  readonly name: string;
  /** Read straight into this. Its length is the chunk size. */
  readonly chunk: Uint8Array;
  readonly batch: LineBatch;
  /** True while the last `scan` stopped early: the batch was full, or a state is held. */
  readonly pending: boolean;
  /**
   * With `holdStates`: the members of a whole-state entry that is about to take effect upon a
   * state that is not empty, and its line. The next `scan` lets it. Else undefined.
   */
  readonly held: HeldState | undefined;
  /** Lines whose checksum was there and matched. */
  readonly checksummed: number;
  /** Names of writers by their number in the batch; the first is empty. */
  readonly writers: readonly string[];
  /** Live keys of everything folded so far. */
  readonly keydir: Keydir;
  /** Where the grammar of the line being read broke already, as a file offset; -1: nowhere. */
  readonly brokenAt: number;
  /**
   * File offset of the byte that the next chunk begins with. A kernel may go back: it wants to
   * look again at a line that was too long to keep.
   */
  readonly position: number;
  start(at: ScanStart): void;
  /** `last`: the file ends with this chunk; an unended last line becomes a record. */
  scan(length: number, last: boolean): void;
}

export interface KernelOptions {
  codec: LineCodec;
  keydir: Keydir;
  /** Bytes. Tests use sizes down to 1. */
  chunkBytes: number;
  /** Off where a file is only checked (backups): no keydir work. */
  fold: boolean;
  /** Pause before whole-state entries: those that replace something, or `all`. */
  holdStates?: 'replacing' | 'all';
}

export type MakeKernel = (options: KernelOptions) => Kernel;
