/** The SIMD kernel beside the reference kernel: the same bytes, and all they answer, compared. */
import { progressive } from '../../src/engine/dialects/progressive/progressive.js';
import { keyToString } from '../../src/engine/keydir/key-bytes.js';
import { Keydir } from '../../src/engine/keydir/keydir.js';
import { tallyOf, tallyOpsMax } from '../../src/engine/scan/batch-tally.js';
import type { Kernel, LineBatch, LineCodec, MakeKernel } from '../../src/engine/scan/kernel.js';
import { SimdKeydir } from '../../src/engine/keydir/simd-keydir.js';
import { referenceKernel } from '../../src/engine/scan/reference.js';
import { simdKernel } from '../../src/engine/scan/simd-kernel.js';
import { openSimd } from '../../src/engine/scan/simd-module.js';
import { rowsOf, type Row } from './kernel-run.js';

export interface Answers {
  rows: Row[];
  /** Every whole state that was held, and what it held. */
  held: unknown[];
  documented: unknown[];
  upstream: unknown[];
  totals: Record<string, number>;
}

export interface PairOptions {
  codec?: LineCodec;
  holdStates?: 'replacing' | 'all';
  fold?: boolean;
}

/** A kernel for chunks of some size, and the keydir it folds into. */
export type OpenKernel = (chunkBytes: number) => { make: MakeKernel; keydir: Keydir };

const openReference: OpenKernel = () => ({ make: referenceKernel, keydir: new Keydir() });

/** SIMD kernels of a module; one memory for each size of chunks, used again and again. */
export function openSimdKernels(module: WebAssembly.Module): OpenKernel {
  const keydirs = new Map<number, SimdKeydir>();
  return (chunkBytes) => {
    const keydir = keydirs.get(chunkBytes) ?? new SimdKeydir(openSimd(module, chunkBytes));
    keydirs.set(chunkBytes, keydir);
    keydir.clear();
    keydir.literals = '';
    return { make: simdKernel(module), keydir };
  };
}

/** Feeds `bytes` in chunks of `chunkBytes` and gives all that can be asked of a kernel. */
export function answersOf(
  open: OpenKernel,
  bytes: Uint8Array,
  chunkBytes: number,
  { codec = progressive.codec('segment'), holdStates, fold = true }: PairOptions = {},
): Answers {
  const { make, keydir } = open(chunkBytes);
  return feed(make({ codec, keydir, chunkBytes, fold, holdStates }), bytes);
}

/** What `kernel` says of `bytes`, fed as large as its chunks are. */
export function feed(kernel: Kernel, bytes: Uint8Array): Answers {
  const rows: Row[] = [];
  const held: unknown[] = [];
  let falseTallies = 0;
  kernel.start({ file: 3, offset: 0 });
  for (let last = false; !last;) {
    const from = kernel.position;
    const part = bytes.subarray(from, from + kernel.chunk.length);
    kernel.chunk.set(part);
    last = from + part.length >= bytes.length;
    do {
      kernel.scan(part.length, last);
      rows.push(...rowsOf(kernel.batch));
      if (!hasTrueTally(kernel.batch)) falseTallies++;
      if (kernel.held === undefined) continue;
      const { members, ...rest } = kernel.held;
      held.push({ ...rest, members: contents(members, 'documented') });
    } while (kernel.pending);
    last = last && kernel.position >= bytes.length;
  }
  const { keydir, checksummed } = kernel;
  const { count, upstreamCount, liveBytes, removals } = keydir;
  const totals = { checksummed, count, upstreamCount, liveBytes, removals, falseTallies };
  const [documented, upstream] = [contents(keydir, 'documented'), contents(keydir, 'upstream')];
  return { rows, held, documented, upstream, totals };
}

/** What a kernel says of all rows together, if it does, is what a look at each says. */
function hasTrueTally(batch: LineBatch): boolean {
  const odd = batch.problem.subarray(0, batch.count).filter((problem) => problem !== 0);
  if (odd.length !== batch.odd) return false;
  if (batch.tally === undefined) return true;
  const [said, is] = [batch.tally, tallyOf(batch)].map(
    ({ others, drops, numbered, firstTime, lastTime, ops }) =>
      show([others, drops, numbered, firstTime, lastTime, ...ops.subarray(0, tallyOpsMax)]),
  );
  return said === is;
}

const contents = (keydir: Keydir, semantics: 'documented' | 'upstream'): unknown[] =>
  [...keydir.order(semantics)].map((index) => ({
    key: keyToString(keydir.key(index)),
    ...keydir.at(index),
  }));

/** The first thing in which the two differ, in words; undefined where nothing does. */
export function difference(wanted: Answers, found: Answers): string | undefined {
  for (let row = 0; row < Math.max(wanted.rows.length, found.rows.length); row++) {
    const [want, got] = [wanted.rows[row], found.rows[row]].map((one) => show(one));
    if (want !== got) return `row ${row}\n  wanted ${want}\n  found  ${got}`;
  }
  for (const part of ['held', 'documented', 'upstream', 'totals'] as const) {
    const [want, got] = [show(wanted[part]), show(found[part])];
    if (want !== got) return `${part}\n  wanted ${want}\n  found  ${got}`;
  }
  return undefined;
}

/** JSON, with NaN as a word. */
const show = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (Number.isNaN(one) ? 'NaN' : one)) ?? 'nothing';

/** What the reference says of bytes, in one chunk. */
export function referenceAnswers(bytes: Uint8Array, options?: PairOptions): Answers {
  return answersOf(openReference, bytes, Math.max(1, bytes.length), options);
}
