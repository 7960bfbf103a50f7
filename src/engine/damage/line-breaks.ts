/** line-breaks: characters in a line at which some readers cut it, and what to write instead. */
import type { SourceFile } from '../disk.js';

/** Bytes of a file that stand for `text`. Offsets and lengths in bytes. */
export interface Rewritten {
  offset: number;
  length: number;
  text: string;
}

const chunkBytes = 1 << 16;
const CR = 0x0d;

/**
 * The line breaks inside `[from, to)`, a line of valid JSON, in order. U+0085, U+2028 and U+2029
 * stand inside strings there and become escapes; a CR stands between members and becomes a blank.
 */
export async function lineBreaks(
  source: SourceFile,
  from: number,
  to: number,
): Promise<Rewritten[]> {
  const found: Rewritten[] = [];
  const chunk = Buffer.alloc(chunkBytes);
  for (let at = from; at < to;) {
    const length = await source.read(chunk.subarray(0, Math.min(chunkBytes, to - at)), at);
    if (length === 0) break;
    // What could be the beginning of a character is looked at again with the next bytes.
    const end = at + length < to && length > 2 ? length - 2 : length;
    let i = 0;
    for (; i < end; i++) {
      const one = breakAt(chunk.subarray(0, length), i);
      // The CR before the newline belongs to the newline.
      if (one === undefined || (chunk[i] === CR && at + i + 1 === to)) continue;
      found.push({ offset: at + i, ...one });
      i += one.length - 1;
    }
    at += i;
  }
  return found;
}

function breakAt(bytes: Buffer, i: number): { length: number; text: string } | undefined {
  if (bytes[i] === CR) return { length: 1, text: ' ' };
  if (bytes[i] === 0xc2 && bytes[i + 1] === 0x85) return { length: 2, text: '\\u0085' };
  if (bytes[i] !== 0xe2 || bytes[i + 1] !== 0x80) return undefined;
  if (bytes[i + 2] === 0xa8) return { length: 3, text: '\\u2028' };
  return bytes[i + 2] === 0xa9 ? { length: 3, text: '\\u2029' } : undefined;
}
