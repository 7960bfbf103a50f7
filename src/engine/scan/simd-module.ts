/** simd-module: the WebAssembly module of the SIMD kernel, compiled once, and what it exports. */

import { hashSeed } from '../keydir/hash-seed.js';
import { rowsMax } from './line-batch.js';

/** A number that the module exports: where something lies, or how much of it there is. */
interface Place {
  readonly value: number;
}

declare global {
  /** What is used of it; the types of Node 20 have none of this. */
  namespace WebAssembly {
    interface Module {}
    class Memory {
      readonly buffer: ArrayBuffer;
    }
    class Instance {
      readonly exports: object;
      constructor(module: Module);
    }
    function compile(bytes: Uint8Array): Promise<Module>;
  }
}

/** How a scan of the module ended. */
export const SCAN = {
  /** The data is used up. */
  more: 0,
  /** The batch is full. */
  full: 1,
  /** The line at `lineStart` is for the reference. */
  doubt: 2,
  /** The last row is a whole state, whose members are in the module's table for them. */
  state: 3,
} as const;

/** See simd/scan.as.ts. Places are addresses in `memory`, offsets are in the file. */
export interface SimdExports {
  memory: WebAssembly.Memory;
  configure(chunk: number, kept: number, rows: number, seed0: bigint, seed1: bigint): void;
  slotsAt: Place;
  wordsAt: Place;
  rulesAt: Place;
  typesAt: Place;
  guessesAt: Place;
  keptAt: Place;
  chunkAt: Place;
  chunkBytes: Place;
  rowsMax: Place;
  columnsAt: Place;
  keysAt: Place;
  keysEnd: Place;
  sumsAt: Place;
  hashesAt: Place;
  tallyAt: Place;
  setSlotCount(count: number): void;
  setStates(areRead: number): void;
  setWordCount(count: number): void;
  setRules(count: number, sums: number): void;
  setNumberSlots(time: number, otherTime: number, seq: number, clock: number): void;
  feed(start: number, end: number, offset: bigint): void;
  moved(distance: number): void;
  restart(at: number): void;
  setBadAt(at: number): void;
  clearRows(file: number, firstLine: number): void;
  addForeignRow(isOdd: number, keyBytes: number): void;
  noteOddRow(): void;
  nextKeyAt(): number;
  takeSums(): number;
  scan(): number;
  keepFrom(): number;
  /** See simd/odd-names.as.ts. */
  hasOddNames(from: number, to: number): number;
  /** The keydir: see simd/fold.as.ts and simd/states.as.ts. Tables are 0 and 1. */
  hashKeys(): void;
  foldRows(from: number, to: number, file: number, firstLine: number, hashed: number): void;
  scratch(bytes: number): number;
  put(
    table: number,
    length: number,
    file: number,
    offset: number,
    valueLength: number,
    line: number,
    versions: number,
  ): void;
  remove(table: number, length: number): number;
  find(table: number, length: number): number;
  tableNumber(table: number, place: number): number;
  liveBytes(table: number): number;
  entryAt(handle: number): number;
  openOrder(table: number, upstream: number): number;
  closeOrder(): void;
  beginState(): void;
  commitState(): void;
  clearTable(table: number): void;
  readonly mainTable: Place;
  setMemoryLimit(pages: number): void;
  readonly isExhausted: Place;
  readonly rows: Place;
  readonly odd: Place;
  readonly cursor: Place;
  readonly lineStart: { readonly value: bigint };
}

/** Longest part of a line that is kept from one chunk to the next, as a multiple of a chunk. */
const keptChunks = 2;
/** At least what the scanner leaves unread: less than two blocks, what it looks ahead, a byte. */
const keptMin = 144;

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles the module, once per process. */
export function loadSimdModule(): Promise<WebAssembly.Module> {
  compiled ??= import('./simd.wasm.js').then(({ simdModule }) =>
    WebAssembly.compile(Buffer.from(simdModule, 'base64')),
  );
  return compiled;
}

/** What keys the hash of a module: 16 bytes. */
export type SimdSeed = Uint32Array<ArrayBuffer>;
/** A fresh one. */
export const newSimdSeed = (): SimdSeed => hashSeed(4);

/**
 * A fresh instance with memory of its own, for chunks of `chunkBytes`. Memory that is never used
 * costs nothing.
 */
export function openSimd(
  module: WebAssembly.Module,
  chunkBytes: number,
  seed = newSimdSeed(),
): SimdExports {
  const instance = new WebAssembly.Instance(module).exports as unknown as SimdExports;
  const keptBytes = Math.max(chunkBytes * keptChunks, keptMin);
  const rows = Math.min(rowsMax, chunkBytes + keptBytes + 1);
  const [seed0, seed1] = new BigUint64Array(seed.buffer);
  instance.configure(chunkBytes, keptBytes, rows, seed0, seed1);
  return instance;
}
