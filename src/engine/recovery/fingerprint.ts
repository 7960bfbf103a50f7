/** fingerprint: size and sha-256 of a file a plan rests on. */
import { createHash } from 'node:crypto';
import { openBeside } from '../beside.js';
import { chunksOf } from '../bytes/chunks.js';
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';
import type { Fingerprint } from './plan.js';
import { partOf } from '../bytes/source-part.js';

/**
 * Reads the first `limit` bytes of a file, or all of it (its stored bytes, not decompressed).
 * `beside`: the log that it lies beside; absent: it is the log itself. Throws LogctlError.
 */
export async function fingerprint(
  context: Context,
  path: string,
  { limit = Infinity, beside = path }: { limit?: number; beside?: string } = {},
): Promise<Fingerprint> {
  const file = openBeside(context.disk, path, beside);
  try {
    return await fingerprintOf(context, file, limit);
  } finally {
    file.close();
  }
}

/** The same of an open file: what its name leads to by now does not count. */
export async function fingerprintOf(
  context: Context,
  file: SourceFile,
  limit = Infinity,
): Promise<Fingerprint> {
  const { mtimeMs: modifiedMs } = file.stat();
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of chunksOf(context, partOf(file, 0, limit), 'hash')) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { path: file.path, size, sha256: hash.digest('hex'), modifiedMs };
}
