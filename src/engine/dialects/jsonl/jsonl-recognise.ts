/** jsonl-recognise: is this a file of which the lines are JSON values? By its first 64 KiB. */
import { Keydir } from '../../keydir/keydir.js';
import { KIND, PROBLEM, TYPE, type Kernel, type LineCodec } from '../../scan/kernel.js';
import { referenceKernel } from '../../scan/reference.js';
import type { Probe } from '../dialect.js';

const headBytesMax = 65_536;
/** Names that say it: with what backups and evidence put behind them. */
const linesName = /\.(jsonl|ndjson)(\.(backup|original)\.\d+)?(\.gz)?$/;
const logName = /\.log(\.(backup|original)\.\d+)?(\.gz)?$/;
/** Operations of the codec: is the value a container? */
const CONTAINER = 1;

const codec = (framing: 'line' | 'document'): LineCodec => ({
  shape: { slots: [], keySlot: -1, crcSlot: -1, framing },
  ops: ['scalar', 'container'],
  decode(line) {
    line.kind = KIND.meta;
    line.op = line.topType === TYPE.object || line.topType === TYPE.array ? CONTAINER : 0;
  },
});

/**
 * A file named by the operator needs whole values in half of its lines at least; one that a search
 * came by a name of lines or logs, and objects or arrays: data directories are full of other JSON,
 * and of logs that are prose. Never a single JSON document over several lines.
 */
export function recognisesLines({ kind, path, head, isNamed }: Probe): boolean {
  if (kind !== 'file') return false;
  const isLines = linesName.test(path) || path === '-';
  const mayBe = isLines || logName.test(path);
  if (!isNamed && !mayBe) return false;
  // Nothing left to tell by but the name: empty, or lost sectors.
  if (head.every((byte) => byte === 0)) return isLines;
  const { rows, values, containers, isCut } = countLines(head);
  if (rows === 0) return isCut && (isNamed ? mayBe : isLines) && beginsContainer(head);
  if (rows + (isCut ? 1 : 0) > 1 && isOneDocument(head)) return false;
  const isLone = rows === 1 && !isCut;
  if (isLone && !mayBe) return false;
  // A name that says it is believed where a single line bears it out: the others are damaged.
  if (isLines && containers > 0) return true;
  return isNamed ? values * 2 >= rows : containers > 0 && containers * 2 >= rows;
}

/** `isCut`: a line behind the last newline is not whole, or the head ends inside it. */
function countLines(head: Uint8Array) {
  const counts = { rows: 0, values: 0, containers: 0, isCut: false };
  const kernel = scanner('line');
  scanAll(kernel, head, () => {
    const { batch } = kernel;
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] === KIND.blank || (batch.problem[row] & PROBLEM.white) !== 0) continue;
      const isLast = batch.offset[row] + batch.length[row] === head.length;
      if (batch.kind[row] === KIND.bad && isLast) {
        counts.isCut = true;
        continue;
      }
      counts.rows++;
      if (batch.kind[row] === KIND.bad) continue;
      counts.values++;
      if (batch.op[row] === CONTAINER) counts.containers++;
    }
  });
  return counts;
}

/** True where the head is one value, or the beginning of one, whatever newlines are in it. */
function isOneDocument(head: Uint8Array): boolean {
  const kernel = scanner('document');
  kernel.start({ file: 0, offset: 0 });
  kernel.chunk.set(head);
  kernel.scan(head.length, false);
  return kernel.brokenAt < 0;
}

const beginsContainer = (head: Uint8Array) => /^\s*[{[]/.test(Buffer.from(head).toString('latin1'));

const scanner = (framing: 'line' | 'document'): Kernel =>
  referenceKernel({
    codec: codec(framing),
    keydir: new Keydir(),
    chunkBytes: headBytesMax,
    fold: false,
  });

function scanAll(kernel: Kernel, head: Uint8Array, take: () => void): void {
  kernel.start({ file: 0, offset: 0 });
  kernel.chunk.set(head);
  do {
    kernel.scan(head.length, true);
    take();
  } while (kernel.pending);
}
