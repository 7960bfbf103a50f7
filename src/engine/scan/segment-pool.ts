/** segment-pool: other threads that read parts of a file ahead of the one that reads in order. */
import { Worker } from 'node:worker_threads';
import type { SegmentAnswer, SegmentRequest } from './segment-rows.js';
import type { SegmentWorkerData } from './segment-worker.js';

/** Beside the built program; where it is run from its sources there is none, and no threads. */
const program = new URL('./segment-worker.js', import.meta.url);

/** One thread. Its answers come in the order of the requests. */
class SegmentThread {
  private readonly waiting = new Map<number, (rows: SegmentAnswer) => void>();
  private readonly worker: Worker;
  private broken = false;

  constructor(workerData: SegmentWorkerData) {
    this.worker = new Worker(program, { workerData });
    this.worker.on('message', ({ from, rows }: { from: number; rows: SegmentAnswer }) => {
      this.waiting.get(from)?.(rows);
      this.waiting.delete(from);
    });
    // Whatever ended it: what it had not read is read in order.
    for (const event of ['error', 'exit']) this.worker.on(event, () => this.giveUp());
    this.worker.unref();
  }

  read(request: SegmentRequest): Promise<SegmentAnswer> {
    if (this.broken) return Promise.resolve(undefined);
    this.worker.postMessage(request);
    return new Promise((resolve) => {
      this.waiting.set(request.from, resolve);
      // A thread keeps the process alive only while it is waited for.
      this.worker.ref();
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private giveUp(): void {
    this.broken = true;
    for (const resolve of this.waiting.values()) resolve(undefined);
    this.waiting.clear();
  }
}

/** Threads that wait for parts to read. Close it at the end. */
export class SegmentPool {
  private readonly threads: SegmentThread[];

  constructor(count: number, data: SegmentWorkerData) {
    this.threads = Array.from({ length: count }, () => new SegmentThread(data));
  }

  get size(): number {
    return this.threads.length;
  }

  /** Asks thread number `thread`; undefined where the part has to be read in order. */
  read(thread: number, request: SegmentRequest): Promise<SegmentAnswer> {
    return this.threads[thread].read(request);
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}
