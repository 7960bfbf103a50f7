/** simd-module: the WebAssembly module of the SIMD kernel, compiled once, and what it exports. */

/** A number that the module exports: where something lies, or how much of it there is. */
interface Place {
  readonly value: number;
}

declare global {
  /** What is used of it; the types of Node 20 have none of this. */
  namespace WebAssembly {
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
} as const;

/** See simd/scan.as.ts. Places are addresses in `memory`, offsets are in the file. */
export interface SimdExports {
  memory: WebAssembly.Memory;
  configure(chunkBytes: number, keptBytes: number, rows: number): void;
  slotsAt: Place;
  wordsAt: Place;
  rulesAt: Place;
  typesAt: Place;
  guessesAt: Place;
  chunkAt: Place;
  columnsAt: Place;
  keysAt: Place;
  keysEnd: Place;
  sumsAt: Place;
  setSlotCount(count: number): void;
  setWordCount(count: number): void;
  setRules(count: number, sums: number): void;
  setNumberSlots(time: number, otherTime: number, seq: number, clock: number): void;
  feed(start: number, end: number, offset: bigint): void;
  moved(distance: number): void;
  restart(at: number): void;
  setBadAt(at: number): void;
  clearRows(): void;
  addForeignRow(isOdd: number, keyBytes: number): void;
  nextKeyAt(): number;
  takeSums(): number;
  scan(): number;
  readonly rows: Place;
  readonly odd: Place;
  readonly cursor: Place;
  readonly lineStart: { readonly value: bigint };
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles the module, once per process. */
export function loadSimdModule(): Promise<WebAssembly.Module> {
  compiled ??= import('./simd.wasm.js').then(({ simdModule }) =>
    WebAssembly.compile(Buffer.from(simdModule, 'base64')),
  );
  return compiled;
}

/** A fresh instance: its memory is its own. */
export function instantiate(module: WebAssembly.Module): SimdExports {
  return new WebAssembly.Instance(module).exports as unknown as SimdExports;
}
