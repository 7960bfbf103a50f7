/** segment-pool: other threads that read parts of files ahead of the one that reads in order. */
import { Worker } from 'node:worker_threads';
import type { SegmentWork } from './segment-worker.js';

/** Beside the built program; where it is run from its sources there is none, and no threads. */
const program = new URL('./segment-worker.cjs', import.meta.url);

/** What such a thread forgets at once is little: room for more would only be filled. */
const resourceLimits = { maxYoungGenerationSizeMb: 1 };

/**
 * Threads that read until the board of a file has no more parts. Close it at the end.
 *
 * To begin takes a thread as long as reading 30 MB: so they are started before all that they wait
 * for is at hand.
 */
export class SegmentPool {
  private readonly workers: Worker[];
  /** A thread ended before its work did, or could not begin. */
  isBroken = false;

  constructor(readonly count: number) {
    this.workers = Array.from({ length: count }, () => {
      const worker = new Worker(program, { resourceLimits });
      worker.on('error', () => (this.isBroken = true));
      worker.on('exit', (code) => (this.isBroken ||= code !== 0));
      worker.unref();
      return worker;
    });
  }

  /** Has all threads read parts of a file, once they are done with the one before. */
  begin(work: SegmentWork): void {
    for (const worker of this.workers) worker.postMessage(work);
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
