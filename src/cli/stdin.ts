/** Standard input as a file: read to its end first, because the engine goes back for values. */
import type { SyncSource } from '../engine/index.js';
import type { Io } from './io.js';

/**
 * Gives all bytes of standard input as a file in memory.
 * `throwIfInterrupted` names the reason when the stream was cut off by a signal.
 */
export async function readStdin(io: Io, throwIfInterrupted: () => void): Promise<SyncSource> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of io.stdin()) chunks.push(chunk);
  } catch (error) {
    throwIfInterrupted();
    throw error;
  }
  return memoryFile(chunks, io.now());
}

function memoryFile(chunks: Uint8Array[], mtimeMs: number): SyncSource {
  // Kept in pieces: one buffer would double the memory while it is joined, and has a limit.
  const starts: number[] = [];
  let size = 0;
  for (const chunk of chunks) {
    starts.push(size);
    size += chunk.length;
  }
  const owner = { mode: 0o600, uid: 0, gid: 0, links: 1 };
  return {
    path: '-',
    stat: () => ({ id: 'stdin', kind: 'file', size, mtimeMs, ...owner }),
    read(target, position) {
      let done = 0;
      for (
        let at = chunkAt(starts, position);
        at < chunks.length && done < target.length;
        at += 1
      ) {
        const from = position + done - starts[at];
        const piece = chunks[at].subarray(from, from + target.length - done);
        target.set(piece, done);
        done += piece.length;
      }
      return done;
    },
    close() {},
  };
}

/** Index of the chunk that holds byte `position`: the last one that starts at or before it. */
function chunkAt(starts: number[], position: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= position) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
