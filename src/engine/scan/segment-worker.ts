/** segment-worker: the program of a thread that reads parts of a file ahead. */
import { parentPort } from 'node:worker_threads';
import { codecNamed } from '../dialects/codecs.js';
import { openedFile } from '../disk.js';
import { Keydir } from '../keydir/keydir.js';
import type { Role } from '../model.js';
import { defaultChunkBytes, kernelOf } from './choose-kernel.js';
import { SegmentBoard } from './segment-board.js';
import { SegmentReader, type SharedParts } from './segment-reader.js';
import type { SimdSeed } from './simd-module.js';

/** How the lines of a file are read. */
export interface SegmentKernel {
  dialect: string;
  role: Role;
  chunkBytes: number | undefined;
  /** The SIMD kernel where it is the one to take. */
  module: WebAssembly.Module | undefined;
  /** Of the keydir that the rows are going to be folded into, where they are. */
  seed: SimdSeed | undefined;
}

/** What a thread is told of a file. It is open in the whole process. */
export interface SegmentWork {
  kernel: SegmentKernel;
  file: { path: string; fd: number };
  shared: SharedParts;
}

parentPort!.on('message', (work: SegmentWork) => void readAhead(work));

async function readAhead({ kernel: how, file, shared }: SegmentWork): Promise<void> {
  const { chunkBytes = defaultChunkBytes } = how;
  const codec = codecNamed(how.dialect, how.role);
  const options = { codec, keydir: new Keydir(), chunkBytes, fold: false };
  const kernel = kernelOf(how.module, how.seed)(codec)(options);
  const board = new SegmentBoard(shared.board, shared.partCount);
  const reader = new SegmentReader(openedFile(file.path, file.fd), kernel, board, shared);
  for (let number = board.take(); number !== undefined; number = board.take()) {
    await reader.read(number);
  }
}
