/** fingerprint: size and sha-256 of a file a plan rests on. */
import { createHash } from 'node:crypto';
import { chunksOf } from '../bytes/chunks.js';
import type { Context } from '../context.js';
import type { Fingerprint } from './plan.js';
import { partOf } from '../bytes/source-part.js';

/**
 * Reads the first `limit` bytes of a file, or all of it (its stored bytes, not decompressed).
 * Throws LogctlError.
 */
export async function fingerprint(
  context: Context,
  path: string,
  limit = Infinity,
): Promise<Fingerprint> {
  const file = context.disk.open(path);
  try {
    const { mtimeMs: modifiedMs } = file.stat();
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of chunksOf(context, partOf(file, 0, limit), 'hash')) {
      hash.update(chunk);
      size += chunk.length;
    }
    return { path, size, sha256: hash.digest('hex'), modifiedMs };
  } finally {
    file.close();
  }
}
