/** whole-entry: is a stretch of a file one whole entry, though no newline ends it? */
import type { SyncSource } from '../disk.js';
import { Keydir } from '../keydir/keydir.js';
import { KIND, PROBLEM, TYPE, type LineCodec } from '../scan/kernel.js';
import { referenceKernel } from '../scan/reference.js';

/** In every format here an entry is one JSON object, and a part of an object is never one. */
const anyObject: LineCodec = {
  shape: { slots: [], keySlot: -1, crcSlot: -1, framing: 'line' },
  ops: ['other'],
  decode: (line) => (line.kind = line.topType === TYPE.object ? KIND.meta : KIND.bad),
};

const chunkBytes = 1 << 16;

/** True when bytes `[from, to)`, without newline, are one JSON object. */
export function isWholeEntry(file: SyncSource, from: number, to: number): boolean {
  if (to <= from) return false;
  const keydir = new Keydir();
  const kernel = referenceKernel({ codec: anyObject, keydir, chunkBytes, fold: false });
  kernel.start({ file: 0, offset: from });
  for (let at = from; at < to;) {
    const room = kernel.chunk.subarray(0, Math.min(kernel.chunk.length, to - at));
    const length = file.read(room, at);
    if (length === 0) return false;
    at += length;
    do kernel.scan(length, at >= to);
    while (kernel.pending);
  }
  const { kind, problem, count } = kernel.batch;
  return count === 1 && kind[0] === KIND.meta && (problem[0] & (PROBLEM.json | PROBLEM.utf8)) === 0;
}
