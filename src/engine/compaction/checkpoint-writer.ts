/** checkpoint-writer: the state of a log as the line or two that compaction leaves of it. */
import type { Sink } from '../context.js';
import type { Dialect } from '../dialects/dialect.js';
import type { SourceFile } from '../disk.js';
import { writtenString, type CheckpointStamp, type EntryWriting } from '../writer/entry-text.js';
import { LogctlError } from '../errors.js';
import { keyToString } from '../keydir/key-bytes.js';
import { gatherValues, type Frame } from '../keydir/gather.js';
import type { Keydir } from '../keydir/keydir.js';
import { SummedSink } from './summed-sink.js';

/** A state whose values lie in open files. */
export interface CheckpointState {
  keydir: Keydir;
  sources: readonly SourceFile[];
}

/** What a checkpoint says of the log it stands for. */
export type HeadStamp = Omit<CheckpointStamp, 'upstreamOnly'>;

/** How a format writes, or LogctlError `refused` where nothing of ours may write it. */
export function writingOf({ name, writes }: Dialect, path: string): EntryWriting {
  if (writes !== undefined) return writes;
  const hint = 'its own program compacts it';
  throw new LogctlError('refused', `${path}: ${name} logs are only read`, hint, { path });
}

/**
 * Writes the state as CHECKPOINT lines: values byte for byte, keys in the order in which each was
 * last created. Where a reader that merges whole-state entries has more keys, those stand in a
 * checkpoint of their own first: a reader that replaces sees the second, one that merges sees both.
 * Memory does not grow with the values. Throws LogctlError.
 */
export async function writeCheckpoint(
  state: CheckpointState,
  writing: EntryWriting,
  stamp: HeadStamp,
  sink: Sink,
): Promise<void> {
  const extra = upstreamOnlyKeys(state.keydir);
  if (extra.length > 0) {
    const { now } = stamp;
    const text = writing.checkpoint({ now, upstreamOnly: true });
    await writeLine(state, extra, text, sink);
  }
  await writeLine(state, state.keydir.order('documented'), writing.checkpoint(stamp), sink);
}

/** The keys, as indices in order, that only a reader has which merges whole-state entries. */
export function upstreamOnlyKeys(keydir: Keydir): Uint32Array {
  if (keydir.upstreamCount === keydir.count) return new Uint32Array(0);
  return keydir.order('upstream').filter((index) => !keydir.isLive(index, 'documented'));
}

async function writeLine(
  state: CheckpointState,
  order: Uint32Array,
  { before, behind }: ReturnType<EntryWriting['checkpoint']>,
  sink: Sink,
): Promise<void> {
  const line = new SummedSink(sink);
  await line.write(before);
  // Copy bytes, never the parsed value: JSON.parse reads 9007199254740993 as 9007199254740992.
  await gatherValues(state, order, members, (piece) => line.write(piece));
  await line.write(behind);
  await line.end();
}

const members: Frame = {
  ...{ between: ',', open: '', colon: ':', behind: '' },
  keyText: (key) => writtenString(keyToString(key)),
};
