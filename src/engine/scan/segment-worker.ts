/** segment-worker: the program of a thread that reads parts of a file ahead. */
import { parentPort, workerData } from 'node:worker_threads';
import { openedFile } from '../disk.js';
import { makeKernel } from '../log.js';
import type { Role } from '../model.js';
import { dialectNamed } from '../recognise.js';
import { chooseKernel, type KernelName } from './choose-kernel.js';
import { readSegment } from './segment-reader.js';
import { memoryOf, type SegmentRequest } from './segment-rows.js';

/** What a thread is told when it starts. */
export interface SegmentWorkerData {
  dialect: string;
  role: Role;
  chunkBytes: number | undefined;
  /** The kernel to take whatever pays, where the dialect allows it. */
  kernel: KernelName | undefined;
}

const { dialect, role, kernel: wanted, ...how } = workerData as SegmentWorkerData;
const { make } = await chooseKernel({ bytes: Infinity, kernel: wanted, ...how });
const kernel = makeKernel(how, dialectNamed(dialect), role, { fold: false }, make);

parentPort!.on('message', (request: SegmentRequest) => void answer(request));

async function answer(request: SegmentRequest): Promise<void> {
  const source = openedFile(request.path, request.fd);
  // A disk that fails is for the thread that reads in order to say: it reads this part again.
  const rows = await readSegment(source, kernel, request).catch(() => undefined);
  parentPort!.postMessage({ from: request.from, rows }, memoryOf(rows?.batches ?? []));
}
