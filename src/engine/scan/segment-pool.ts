/** segment-pool: other threads that read parts of a file ahead of the one that reads in order. */
import { Worker } from 'node:worker_threads';
import type { SegmentWorkerData } from './segment-worker.js';

/** Beside the built program; where it is run from its sources there is none, and no threads. */
const program = new URL('./segment-worker.cjs', import.meta.url);

/** What such a thread forgets at once is little: room for more would only be filled. */
const resourceLimits = { maxYoungGenerationSizeMb: 1 };

/** Threads that read until the board has no more parts. Close it at the end. */
export class SegmentPool {
  private readonly workers: Worker[];
  /** A thread ended before its work did, or could not begin. */
  isBroken = false;

  constructor(count: number, workerData: SegmentWorkerData) {
    this.workers = Array.from({ length: count }, () => {
      const worker = new Worker(program, { workerData, resourceLimits });
      worker.on('error', () => (this.isBroken = true));
      worker.on('exit', (code) => (this.isBroken ||= code !== 0));
      worker.unref();
      return worker;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
