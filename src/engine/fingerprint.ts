/** fingerprint: size and sha-256 of a file a plan rests on. */
import { createHash } from 'node:crypto';
import type { Context } from './context.js';
import type { Fingerprint } from './plan.js';

/** Reads a file whole (its stored bytes, not decompressed). Throws LogctlError. */
export async function fingerprint(context: Context, path: string): Promise<Fingerprint> {
  const file = context.disk.open(path);
  try {
    const hash = createHash('sha256');
    const chunk = new Uint8Array(1 << 20);
    let size = 0;
    for (;;) {
      const length = await file.read(chunk, size);
      if (length === 0) break;
      hash.update(chunk.subarray(0, length));
      size += length;
      context.progress?.({ phase: 'hash', path, done: size, total: file.stat().size });
      await context.checkpoint?.();
    }
    return { path, size, sha256: hash.digest('hex') };
  } finally {
    file.close();
  }
}
