/** log-kernels: what reads the files of one log: a kernel for each role, and threads beside it. */
import type { Context } from '../context.js';
import type { Keydir } from '../keydir/keydir.js';
import { isReadByName } from '../dialects/codecs.js';
import type { Dialect } from '../dialects/dialect.js';
import { makeKernel, type Log } from '../log.js';
import { dialectNamed } from '../recognise.js';
import type { Role } from '../model.js';
import { chooseKernel, type ChosenKernel } from '../scan/choose-kernel.js';
import type { Kernel, KernelOptions } from '../scan/kernel.js';
import { SegmentPool } from '../scan/segment-pool.js';
import { isForThreads, type WalkOptions } from '../walk.js';

/** What the kernels of one pass have in common. */
export interface LogKernelOptions {
  keydir: Keydir;
  /** Whether files of a role are folded by their kernel. */
  folds(role: Role): boolean;
  holdStates: KernelOptions['holdStates'];
  /** Other threads, where they are wanted. */
  pool: SegmentPool | undefined;
}

/** Starts other threads where a file of the log is long enough for them. Close them at the end. */
export function startThreads(context: Context, log: Log): SegmentPool | undefined {
  const { threads: count = 1, disk, segmentBytes } = context;
  const { dialect, files } = log;
  // Where a dialect by its name is all they need to know: one with options of its own is made here.
  const isByName = dialect === dialectNamed(dialect.name) && isReadByName(dialect.name);
  if (count < 2 || !isByName) return undefined;
  const isWorth = files.some(({ path, role }) => {
    const { size } = (path === '-' ? undefined : disk.stat(path)) ?? { size: -1 };
    return size >= 0 && isForThreads(size, segmentBytes) && !hasWriters(dialect, role);
  });
  return isWorth ? new SegmentPool(count - 1) : undefined;
}

/** Numbers of writers are those of one kernel: other threads would have others. */
const hasWriters = (dialect: Dialect, role: Role): boolean =>
  dialect.codec(role).shape.writerSlot !== undefined;

/** Decides which kernel reads the files of a log, by what there is to read. */
export function chooseFor(context: Context, log: Log): Promise<ChosenKernel> {
  const { disk, kernel, chunkBytes } = context;
  const plain = log.files.filter(({ path }) => path !== '-' && !path.endsWith('.gz'));
  const bytes = plain.reduce((sum, { path }) => sum + (disk.stat(path)?.size ?? 0), 0);
  // A dialect that folds this log by itself makes many changes one by one.
  const isOwn = log.dialect.fold?.(context, log) !== undefined && kernel === undefined;
  return chooseKernel({ bytes: isOwn ? 0 : bytes, kernel, chunkBytes });
}

/** Kernels of one pass over a log; all fold into one keydir. */
export class LogKernels {
  private readonly kernels = new Map<Role, Kernel>();
  /** Checksums that matched in rows that other threads read. */
  private checksummedAhead = 0;

  constructor(
    private readonly context: Context,
    private readonly log: Log,
    private readonly chosen: ChosenKernel,
    private readonly options: LogKernelOptions,
  ) {}

  /** Lines whose checksum was there and matched. */
  get checksummed(): number {
    const counts = [...this.kernels.values()].map(({ checksummed }) => checksummed);
    return counts.reduce((sum, count) => sum + count, this.checksummedAhead);
  }

  ahead(checksummed: number): void {
    this.checksummedAhead += checksummed;
  }

  forRole(role: Role): Kernel {
    const { context, log, options, chosen } = this;
    const { keydir, holdStates } = options;
    const own = { fold: options.folds(role), keydir, holdStates };
    const kernel =
      this.kernels.get(role) ?? makeKernel(context, log.dialect, role, own, chosen.make);
    this.kernels.set(role, kernel);
    return kernel;
  }

  /** How other threads read files of a role ahead, where there are such threads. */
  threadsFor(role: Role): WalkOptions['threads'] {
    const { chunkBytes } = this.context;
    const { dialect } = this.log;
    const { make, module, seed } = this.chosen;
    const { folds, keydir, pool } = this.options;
    if (pool === undefined || hasWriters(dialect, role)) return undefined;
    return {
      pool,
      others: {
        dialect: dialect.name,
        role,
        chunkBytes,
        module,
        seed: folds(role) ? seed : undefined,
      },
      own: () => makeKernel(this.context, dialect, role, { fold: false, keydir }, make),
      fold: folds(role),
    };
  }
}
