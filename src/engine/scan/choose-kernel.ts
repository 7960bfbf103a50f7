/** choose-kernel: which kernel reads a log: the fast one where starting it pays. */
import type { LineCodec, MakeKernel } from './kernel.js';
import { referenceKernel } from './reference.js';
import { simdKernel } from './simd-kernel.js';
import { loadSimdModule } from './simd-module.js';
import { hasFastLines } from './simd-tables.js';

/** The kernels by name. */
export type KernelName = 'reference' | 'simd';

/** Starting the SIMD kernel takes some milliseconds; below this it would not win them back. */
const simdBytesMin = 4 << 20;

/** Which kernel reads lines of a codec. */
export type ChosenKernel = (codec: LineCodec) => MakeKernel;

/** What there is to read, and how. */
export interface KernelChoice {
  /** Bytes of the files. */
  bytes: number;
  /** The kernel to take whatever pays, where the codec allows it. */
  kernel?: KernelName;
}

/** Gives the way to make a kernel for a codec. */
export async function chooseKernel(choice: KernelChoice): Promise<ChosenKernel> {
  const { bytes, kernel: wanted } = choice;
  const isWorthIt = wanted === undefined ? bytes >= simdBytesMin : wanted === 'simd';
  if (!isWorthIt) return () => referenceKernel;
  const fast = simdKernel(await loadSimdModule());
  return (codec) => (hasFastLines(codec) ? fast : referenceKernel);
}
