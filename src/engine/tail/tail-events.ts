/** tail-events: what following a log gives, and what it can be asked. Types only. */
import type { EntriesOptions } from '../context.js';
import type { WorldOptions } from '../writer/library-context.js';
import type { EntryRow } from '../model.js';

/** A new entry. Offsets and lengths in bytes of the file it was read from. */
export interface TailEntry extends EntryRow {
  event: 'entry';
  /** Where the value's `bytes` begin; -1 where there is none. */
  valueOffset: number;
}

/**
 * Something that is no entry, in its place between them.
 *
 * - `compacted`: the file was replaced by one that begins with a checkpoint.
 * - `replaced`: by another one: rotated, repaired.
 * - `truncated`: it shrank, or was rewritten in place.
 * - `missing`: its name is gone; it may come back.
 * - `damaged`: a whole line that is no entry.
 */
export interface TailNotice {
  event: 'compacted' | 'replaced' | 'truncated' | 'missing' | 'damaged';
  path: string;
  message: string;
  /** Of a damaged line. */
  line?: number;
  offset?: number;
  length?: number;
}

export type TailEvent = TailEntry | TailNotice;

/** Which entries, and where to begin. */
export interface FollowOptions extends Pick<
  EntriesOptions,
  'op' | 'key' | 'keyGlob' | 'since' | 'until' | 'values' | 'raw'
> {
  /** Default `end`: entries from now on. */
  from?: 'start' | 'end';
  /** With `end`: so many of the entries before are given first; default 0. */
  last?: number;
}

/** The same for a program, which may bring its own disk and stop from outside. */
export interface TailOptions extends FollowOptions, WorldOptions {
  /** Ends the iteration, also while it waits. */
  signal?: AbortSignal;
}
