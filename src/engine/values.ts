/** values: live values' bytes from their files, in any order, in bounded memory. */
import type { SourceFile } from './disk.js';
import { literalFile, type Keydir, type LiveRange } from './keydir.js';
import { LogctlError } from './errors.js';

/** Bytes of values held at once; a longer value is passed on in parts. */
const windowBytes = 8 << 20;
/** Two values closer than this are read in one go. */
const gapBytes = 32_768;
const partBytes = 1 << 20;

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
    let to = from;
    let bytes = 0;
    while (to < order.length && (to === from || bytes < windowBytes)) {
      const { length } = keydir.at(order[to]);
      if (to > from && bytes + length > windowBytes) break;
      bytes += length;
      to++;
    }
    const window = order.subarray(from, to);
    if (window.length === 1 && bytes > partBytes) {
      await streamValue(keydir, sources, window[0], take);
    } else {
      const held = await loadWindow(keydir, sources, window);
      for (let i = 0; i < window.length; i++) await take(window[i], held[i], true);
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
    return Buffer.from(keydir.literals.slice(range.offset, range.offset + range.length));
  }
  const bytes = new Uint8Array(range.length);
  await readFully(sources[range.file], bytes, range.offset);
  return bytes;
}

async function streamValue(
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

async function loadWindow(keydir: Keydir, sources: readonly SourceFile[], window: Uint32Array) {
  const ranges = [...window].map((index, place) => ({ place, range: keydir.at(index) }));
  ranges.sort((a, b) => a.range.file - b.range.file || a.range.offset - b.range.offset);
  const held: Uint8Array[] = new Array(window.length);
  for (let first = 0; first < ranges.length;) {
    const { file, offset } = ranges[first].range;
    if (file === literalFile) {
      held[ranges[first].place] = await readRange(ranges[first].range, sources, keydir);
      first++;
      continue;
    }
    let end = offset + ranges[first].range.length;
    let next = first + 1;
    for (; next < ranges.length; next++) {
      const { range } = ranges[next];
      const isNear = range.file === file && range.offset - end <= gapBytes;
      if (!isNear || range.offset + range.length - offset > 2 * windowBytes) break;
      end = Math.max(end, range.offset + range.length);
    }
    const bytes = new Uint8Array(end - offset);
    await readFully(sources[file], bytes, offset);
    for (; first < next; first++) {
      const { place, range } = ranges[first];
      held[place] = bytes.subarray(range.offset - offset, range.offset - offset + range.length);
    }
  }
  return held;
}

async function readFully(source: SourceFile, target: Uint8Array, position: number): Promise<void> {
  const length = await source.read(target, position);
  if (length === target.length) return;
  const hint = 'stop what rewrites it (another compactor?) and try again';
  throw new LogctlError('changed', `${source.path} shrank while it was read`, hint, {
    path: source.path,
  });
}
