/** Runs the reference kernel over bytes in memory; its rows come out as plain objects. */
import { keyToString } from '../../src/engine/keydir/key-bytes.js';
import { Keydir } from '../../src/engine/keydir/keydir.js';
import { KIND, type Kernel, type LineBatch, type LineCodec } from '../../src/engine/scan/kernel.js';
import { referenceKernel } from '../../src/engine/scan/reference.js';

/** One line as the kernel reports it. Offsets and lengths in bytes. */
export interface Row {
  offset: number;
  length: number;
  /** A name of KIND. */
  kind: keyof typeof KIND;
  op: number;
  /** Bits of PROBLEM. */
  problem: number;
  errorAt: number;
  time: number;
  seq: number;
  value: { offset: number; length: number };
  key: string;
}

/** Every JSON text is a `meta` row, every other line a `bad` one: the grammar alone. */
export const grammarCodec: LineCodec = {
  shape: { slots: [], keySlot: -1, crcSlot: -1, framing: 'line' },
  ops: ['any'],
  decode: (line) => (line.kind = KIND.meta),
};

/** A kernel that can be run again and again; its keydir is empty before each run. */
export class KernelRun {
  readonly keydir = new Keydir();
  readonly kernel: Kernel;

  /** `capacity`: bytes of the largest chunk. */
  constructor(codec: LineCodec, capacity = 1 << 16, fold = true) {
    const { keydir } = this;
    this.kernel = referenceKernel({ codec, keydir, chunkBytes: capacity, fold });
  }

  /** The rows of `bytes` as a file of its own, fed in chunks of `chunkBytes`. */
  rows(bytes: Uint8Array, chunkBytes = this.kernel.chunk.length): Row[] {
    const cuts: number[] = [];
    for (let at = chunkBytes; at < bytes.length; at += chunkBytes) cuts.push(at);
    return this.rowsCutAt(bytes, cuts);
  }

  /** The same, with chunk borders at these places, in order. */
  rowsCutAt(bytes: Uint8Array, cuts: readonly number[]): Row[] {
    const { kernel, keydir } = this;
    keydir.clear();
    kernel.start({ file: 0, offset: 0 });
    const rows: Row[] = [];
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      kernel.chunk.set(bytes.subarray(from, to));
      do {
        kernel.scan(to - from, to === bytes.length);
        rows.push(...rowsOf(kernel.batch));
      } while (kernel.pending);
      from = to;
    }
    return rows;
  }
}

/** The rows of a batch as plain objects. */
export function rowsOf(batch: LineBatch): Row[] {
  return Array.from({ length: batch.count }, (_, row) => {
    const start = batch.keyStart[row];
    return {
      offset: batch.offset[row],
      length: batch.length[row],
      kind: kindNames[batch.kind[row]],
      op: batch.op[row],
      problem: batch.problem[row],
      errorAt: batch.errorAt[row],
      time: batch.time[row],
      seq: batch.seq[row],
      value: { offset: batch.valueOffset[row], length: batch.valueLength[row] },
      key: keyToString(batch.keys.slice(start, start + batch.keyLength[row])),
    };
  });
}

const kindNames = Object.keys(KIND) as (keyof typeof KIND)[];
