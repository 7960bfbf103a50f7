/** Dialect: one on-disk format. Everything the engine knows of a format it learns through this. */
import type { DiskReader } from '../disk.js';
import type { EntryWriting } from '../writer/entry-text.js';
import type { LogFile, Role } from '../model.js';
import type { LineCodec } from '../scan/kernel.js';

/** What a store looks like from outside. */
export interface Probe {
  path: string;
  kind: 'file' | 'directory';
  /** Names in the store directory, or beside the file. */
  names: readonly string[];
  /** The first bytes of the file; empty for a directory. */
  head: Uint8Array;
}

/** How the format's own program reads, where that is not what its documents say. */
export interface UpstreamRules {
  /** What reads it, in words: `the bot`. */
  reader: string;
  /** One line that is not JSON makes the whole log unreadable. */
  refusesBadLines: boolean;
  /** Whitespace at both ends of the file is no damage. */
  trimsFile: boolean;
  /** Keys it cannot hold, as canonical text. */
  losesKeys: readonly string[];
  /** A whole-state entry is merged over the state (documented: it replaces). */
  mergesState: boolean;
  /** Base names of logs it writes and never reads back. */
  ignoresLogs: readonly string[];
}

export interface Dialect {
  readonly name: string;
  /** What its lines look like, for an error message. */
  readonly looksLike: string;
  recognises(probe: Probe): boolean;
  /** The files of the log, in the order replay reads them. */
  layout(disk: DiskReader, path: string): LogFile[];
  /** How to read the lines of one file. */
  codec(role: Role): LineCodec;
  /** Byte patterns at which a whole entry may begin inside a damaged line. */
  readonly resync: readonly string[];
  /** How a line begins with which a compaction begins a log; undefined where none does. */
  readonly checkpointStart: string | undefined;
  /** Names of the operations that are checkpoints. */
  readonly checkpointOps: readonly string[];
  /** The note that stands in place of lost numbered entries, without newline. `now`: ms. */
  recoveredNote?(gap: { from: number; to: number; receipt: string; now: number }): string;
  /** One entry that sets a key, without newline. `value`: JSON text, taken as it is. */
  putEntry?(entry: { key: string; value: string; now: number }): string;
  /** How our writer appends to it; absent where the format is only read. */
  readonly writes?: EntryWriting;
  readonly upstream: UpstreamRules;
  /** Sequence numbers run through the file and are checked. */
  readonly sequenced: boolean;
  /** Entries of several files interleave: the order of two of them. Absent: file order. */
  compare?(a: ClockedEntry, b: ClockedEntry): number;
}

/** What multi-writer formats order entries by. */
export interface ClockedEntry {
  clock: number;
  writer: string;
}
