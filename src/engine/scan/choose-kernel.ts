/** choose-kernel: which kernel reads a log: the fast one where starting it pays. */
import { Keydir } from '../keydir/keydir.js';
import { SimdKeydir } from '../keydir/simd-keydir.js';
import type { LineCodec, MakeKernel } from './kernel.js';
import { referenceKernel } from './reference.js';
import { simdKernel } from './simd-kernel.js';
import { loadSimdModule, newSimdSeed, openSimd, type SimdSeed } from './simd-module.js';
import { hasFastLines } from './simd-tables.js';

/** The kernels by name. */
export type KernelName = 'reference' | 'simd';

/** Starting the SIMD kernel takes some milliseconds; below this it would not win them back. */
const simdBytesMin = 4 << 20;
/** Bytes read at a time where nothing else is said: of half as many, 4 % of the time is lost. */
export const defaultChunkBytes = 1 << 19;

/** How a log is read: the kernel for lines of a codec, and the keydir that all fold into. */
export interface ChosenKernel {
  make(codec: LineCodec): MakeKernel;
  /** What other threads make the same kernel of; undefined: the reference. */
  module: WebAssembly.Module | undefined;
  /** What keys the hash of the keydir. */
  seed: SimdSeed | undefined;
  openKeydir(): Keydir;
}

/** What there is to read, and how. */
export interface KernelChoice {
  /** Bytes of the files. */
  bytes: number;
  /** The kernel to take whatever pays, where the codec allows it. */
  kernel?: KernelName;
  chunkBytes?: number;
}

/**
 * The kernel for a codec: the fast one where it is at hand and takes lines of this kind. `seed`: of
 * the keydir for which it is to hash the keys.
 */
export function kernelOf(
  module: WebAssembly.Module | undefined,
  seed?: SimdSeed,
): ChosenKernel['make'] {
  if (module === undefined) return () => referenceKernel;
  const fast = simdKernel(module, seed);
  return (codec) => (hasFastLines(codec) ? fast : referenceKernel);
}

const plainChoice: ChosenKernel = {
  make: kernelOf(undefined),
  module: undefined,
  seed: undefined,
  openKeydir: () => new Keydir(),
};

/** Chooses by what pays. */
export async function chooseKernel(choice: KernelChoice): Promise<ChosenKernel> {
  const { bytes, kernel: wanted, chunkBytes = defaultChunkBytes } = choice;
  const isWorthIt = wanted === undefined ? bytes >= simdBytesMin : wanted === 'simd';
  if (!isWorthIt) return plainChoice;
  const module = await loadSimdModule();
  const seed = newSimdSeed();
  return {
    make: kernelOf(module),
    module,
    seed,
    openKeydir: () => new SimdKeydir(openSimd(module, chunkBytes, seed)),
  };
}
