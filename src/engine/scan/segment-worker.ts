/** segment-worker: the program of a thread that reads parts of a file ahead. */
import { workerData } from 'node:worker_threads';
import { codecNamed } from '../dialects/codecs.js';
import { openedFile } from '../disk.js';
import { Keydir } from '../keydir/keydir.js';
import type { Role } from '../model.js';
import { defaultChunkBytes, kernelOf } from './choose-kernel.js';
import { SegmentBoard, slotCount } from './segment-board.js';
import { readSegment } from './segment-reader.js';
import { slotsIn } from './segment-rows.js';

/** How the lines of a file are read. */
export interface SegmentKernel {
  dialect: string;
  role: Role;
  chunkBytes: number | undefined;
  /** The SIMD kernel where it is the one to take. */
  module: WebAssembly.Module | undefined;
}

/** The file whose parts are shared; it is open in the whole process. Bytes. */
export interface SharedFile {
  path: string;
  fd: number;
  partBytes: number;
  /** Parts that may be read ahead. */
  partCount: number;
}

/** What a thread is told when it starts. */
export interface SegmentWorkerData {
  kernel: SegmentKernel;
  file: SharedFile;
  /** Shared memory: see SegmentBoard and slotsIn. */
  board: SharedArrayBuffer;
  rows: SharedArrayBuffer;
}

await readAhead(workerData as SegmentWorkerData);

async function readAhead({ kernel: how, file, ...shared }: SegmentWorkerData): Promise<void> {
  const { path, fd, partBytes, partCount } = file;
  const board = new SegmentBoard(shared.board, partCount);
  const slots = slotsIn(shared.rows, partBytes);
  const { chunkBytes = defaultChunkBytes } = how;
  const codec = codecNamed(how.dialect, how.role);
  const options = { codec, keydir: new Keydir(), chunkBytes, fold: false };
  const kernel = kernelOf(how.module)(codec)(options);
  const source = openedFile(path, fd);
  for (let number = board.take(); number !== undefined; number = board.take()) {
    const part = { from: number * partBytes, to: (number + 1) * partBytes };
    const rows = slots[number % slotCount];
    // A disk that fails is for the thread that reads in order to say: it reads this part again.
    const isPlain = await readSegment(source, kernel, part, rows).catch(() => false);
    board.give(number, isPlain);
  }
}
