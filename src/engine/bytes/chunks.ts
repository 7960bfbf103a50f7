/** chunks: a file from front to end in pieces that the receiver may keep. */
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';

const chunkBytes = 1 << 18;

/**
 * Yields an open file's bytes in order, each piece in memory of its own. `phase` names the work
 * for the progress line. Throws LogctlError, also where the user interrupts.
 */
export async function* chunksOf(context: Context, file: SourceFile, phase: string) {
  const total = file.path.endsWith('.gz') ? 0 : file.stat().size;
  for (let done = 0; ;) {
    const chunk = new Uint8Array(chunkBytes);
    const length = await file.read(chunk, done);
    if (length === 0) return;
    done += length;
    yield chunk.subarray(0, length);
    context.progress?.({ phase, path: file.path, done, total });
    await context.checkpoint?.();
  }
}
