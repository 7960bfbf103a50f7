/** values: live values' bytes from their files, in any order, in bounded memory. */
import type { SourceFile } from '../disk.js';
import { literalFile, type Keydir, type LiveRange } from './keydir.js';
import { LogctlError } from '../errors.js';

/** Bytes of values held at once; a longer value is passed on in parts. */
const windowBytes = 8 << 20;
/** Two values closer than this are read in one go. */
const gapBytes = 32_768;
const partBytes = 1 << 20;
/** Bytes read in one go. */
const scratchBytes = 1 << 20;

/** Takes values in the order asked for. `last` is false for all but the last part of a value. */
export type TakeValue = (index: number, part: Uint8Array, last: boolean) => void | Promise<void>;

/**
 * Reads the values of `order` (indices of `keydir`) and gives them in that order.
 *
 * A window of values is read in file order, neighbours together, then handed out in the order
 * asked for: a forward pass over each window, also where the source can only go forward (gzip).
 * Throws LogctlError `changed` when a file is shorter than the ranges say.
 */
export async function readValues(
  keydir: Keydir,
  sources: readonly SourceFile[],
  order: Uint32Array,
  take: TakeValue,
): Promise<void> {
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    let bytes = keydir.valueLength(order[from]);
    while (to < order.length && bytes + keydir.valueLength(order[to]) <= windowBytes) {
      bytes += keydir.valueLength(order[to++]);
    }
    const window = order.subarray(from, to);
    if (window.length === 1 && bytes > partBytes) {
      await streamValue(keydir, sources, window[0], take);
    } else {
      const held = await loadWindow(keydir, sources, window);
      for (let i = 0; i < window.length; i++) {
        // Awaiting nothing would still cost a turn of the microtask queue for each value.
        const wait = take(window[i], held[i], true);
        if (wait !== undefined) await wait;
      }
    }
    from = to;
  }
}

/** The bytes of one value. For values a person asked to see, and small ones. */
export async function readRange(
  range: LiveRange,
  sources: readonly SourceFile[],
  keydir: Keydir,
): Promise<Uint8Array> {
  if (range.file === literalFile) {
    return Buffer.from(keydir.literalAt(range));
  }
  const bytes = new Uint8Array(range.length);
  await readFully(sources[range.file], bytes, range.offset);
  return bytes;
}

/** Gives one value in parts. */
export async function streamValue(
  keydir: Keydir,
  sources: readonly SourceFile[],
  index: number,
  take: TakeValue,
): Promise<void> {
  const { file, offset, length } = keydir.at(index);
  for (let done = 0; done < length;) {
    const part = new Uint8Array(Math.min(partBytes, length - done));
    await readFully(sources[file], part, offset + done);
    done += part.length;
    await take(index, part, done === length);
  }
}

/**
 * The values of a window, in its order; read in file order, neighbours in one go. They are copied
 * out of what was read: a view would keep the gaps between live values in memory too, and in a
 * log before its compaction the gaps are nearly all of it.
 */
async function loadWindow(
  keydir: Keydir,
  sources: readonly SourceFile[],
  window: Uint32Array,
): Promise<Uint8Array[]> {
  const held: Uint8Array[] = new Array(window.length);
  const places = inFileOrder(keydir, window);
  const scratch = new Uint8Array(scratchBytes);
  for (let first = 0; first < places.length;) {
    const range = keydir.at(window[places[first]]);
    const { file, offset: from } = range;
    if (file === literalFile || range.length > scratchBytes) {
      held[places[first++]] = await readRange(range, sources, keydir);
      continue;
    }
    let end = from + range.length;
    let next = first + 1;
    for (; next < places.length; next++) {
      const index = window[places[next]];
      const offset = keydir.valueOffset(index);
      const behind = offset + keydir.valueLength(index);
      const isNear = keydir.valueFile(index) === file && offset - end <= gapBytes;
      if (!isNear || behind - from > scratchBytes) break;
      end = Math.max(end, behind);
    }
    await readFully(sources[file], scratch.subarray(0, end - from), from);
    for (; first < next; first++) {
      const at = keydir.valueOffset(window[places[first]]) - from;
      held[places[first]] = scratch.slice(at, at + keydir.valueLength(window[places[first]]));
    }
  }
  return held;
}

/** Places in the window, by file and offset of their values. */
function inFileOrder(keydir: Keydir, window: Uint32Array): Uint32Array {
  const places = Uint32Array.from(window, (_, place) => place);
  const isBefore = (a: number, b: number) =>
    keydir.valueFile(window[a]) - keydir.valueFile(window[b]) ||
    keydir.valueOffset(window[a]) - keydir.valueOffset(window[b]);
  // The members of a checkpoint are asked for in the order they have in the file.
  let sorted = true;
  for (let place = 1; place < places.length && sorted; place++) {
    sorted = isBefore(place - 1, place) <= 0;
  }
  return sorted ? places : places.sort(isBefore);
}

/** Fills `target` from the source; a promise only where the source gives one. */
export function readFully(
  source: SourceFile,
  target: Uint8Array,
  position: number,
): void | Promise<void> {
  const length = source.read(target, position);
  if (length === target.length) return undefined;
  if (typeof length !== 'number') return length.then((got) => requireAll(source, target, got));
  return requireAll(source, target, length);
}

function requireAll(source: SourceFile, target: Uint8Array, length: number): void {
  if (length === target.length) return;
  const hint = 'stop what rewrites it (another compactor?) and try again';
  throw new LogctlError('changed', `${source.path} shrank while it was read`, hint, {
    path: source.path,
  });
}
