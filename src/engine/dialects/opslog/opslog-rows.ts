/** opslog-rows: the lines of one file of a store, batch by batch, for readers besides the scan. */
import type { Context } from '../../context.js';
import type { SourceFile } from '../../disk.js';
import { Keydir } from '../../keydir/keydir.js';
import type { Kernel, LineCodec } from '../../scan/kernel.js';
import { referenceKernel } from '../../scan/reference.js';

const defaultChunkBytes = 1 << 18;

/**
 * A kernel that folds nothing, or puts and whole states into `keydir`. `bytes`: of the longest file
 * that it reads; a store has hundreds of small ones, and rooms for large ones would be dear.
 */
export function rowKernel(
  { chunkBytes = defaultChunkBytes }: Context,
  codec: LineCodec,
  { keydir, bytes = Infinity }: { keydir?: Keydir; bytes?: number },
): Kernel {
  return referenceKernel({
    codec,
    keydir: keydir ?? new Keydir(),
    chunkBytes: Math.max(1, Math.min(chunkBytes, bytes)),
    fold: keydir !== undefined,
  });
}

/**
 * Reads an open file through a kernel, its bytes `from` to `until` or all. `onBatch` is
 * called after each scan, with the line of row 0, and ends the reading with `false`.
 */
export async function readRows(
  context: Context,
  source: SourceFile,
  kernel: Kernel,
  options: {
    file?: number;
    from?: number;
    until?: number;
    onBatch(firstLine: number): boolean | void | Promise<boolean | void>;
  },
): Promise<void> {
  const size = Math.min(options.until ?? Infinity, source.stat().size);
  const { file = 0, from = 0 } = options;
  kernel.start({ file, offset: from });
  let firstLine = 1;
  for (let position = from, last = false; !last;) {
    const room = Math.min(kernel.chunk.length, size - position);
    const length = await source.read(kernel.chunk.subarray(0, room), position);
    position += length;
    last = position >= size || length === 0;
    do {
      kernel.scan(length, last);
      if ((await options.onBatch(firstLine)) === false) return;
      firstLine += kernel.batch.count;
    } while (kernel.pending);
    context.progress?.({ phase: 'read', path: source.path, done: position, total: size });
    await context.checkpoint?.();
  }
}
