/** library-context: the world as a program gives it to the library. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Context, WriteContext } from '../context.js';
import { nodeDisk } from '../disk.js';
import { loadKernelLocks, type KernelLocks } from '../kernel-locks.js';
import type { LogOptions } from '../library.js';
import { version } from '../../version.js';

/** The options that say where the files are and what time it is. */
export type WorldOptions = Pick<LogOptions, 'disk' | 'now' | 'dialect' | 'backupDir'>;

/** What reading functions work with. */
export function readingContext({ disk = nodeDisk, now = Date.now }: WorldOptions): Context {
  return { disk, now, version, sleep: async (ms) => void (await wait(ms)) };
}

/** The kernel's locks are looked for once: it may take the start of a program to find them. */
let kernelLocks: Promise<KernelLocks> | undefined;

/** What an open log works with. */
export async function writingContext(options: WorldOptions): Promise<WriteContext> {
  const { disk = nodeDisk } = options;
  const locks = options.disk?.locks ?? (await (kernelLocks ??= loadKernelLocks(nodeDisk)));
  return { ...readingContext(options), disk, locks, random: () => randomBytes(6).toString('hex') };
}
