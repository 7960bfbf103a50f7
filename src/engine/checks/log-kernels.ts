/** log-kernels: what reads the files of one log: a kernel for each role, and threads beside it. */
import type { Context } from '../context.js';
import type { Keydir } from '../keydir/keydir.js';
import { isReadByName } from '../dialects/codecs.js';
import { makeKernel, type Log } from '../log.js';
import { dialectNamed } from '../recognise.js';
import type { Role } from '../model.js';
import { chooseKernel, type ChosenKernel } from '../scan/choose-kernel.js';
import type { Kernel, KernelOptions } from '../scan/kernel.js';
import type { WalkOptions } from '../walk.js';

/** What the kernels of one pass have in common. */
export interface LogKernelOptions {
  keydir: Keydir;
  /** Whether files of a role are folded by their kernel. */
  folds(role: Role): boolean;
  holdStates: KernelOptions['holdStates'];
}

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

  /** Other threads may read ahead where a dialect by its name is all they need to know. */
  threadsFor(role: Role): WalkOptions['threads'] {
    const { threads: count = 1, chunkBytes } = this.context;
    const { dialect } = this.log;
    const { name } = dialect;
    // One with options of its own is made here, and numbers of writers are those of one kernel.
    const isOwn = dialect !== dialectNamed(name);
    const hasWriters = dialect.codec(role).shape.writerSlot !== undefined;
    if (count < 2 || isOwn || hasWriters || !isReadByName(name)) return undefined;
    const { make, module } = this.chosen;
    const { folds, keydir } = this.options;
    return {
      count: count - 1,
      others: { dialect: name, role, chunkBytes, module },
      own: () => makeKernel(this.context, dialect, role, { fold: false, keydir }, make),
      fold: folds(role),
    };
  }
}
