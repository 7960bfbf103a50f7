/** line-back: where lines start and end around a place, in an open file. */
import type { SourceFile } from '../disk.js';

const chunkBytes = 1 << 16;

/**
 * Where the line starts that is `lines` before the one that `offset` lies in, or starts; 0 where
 * there are fewer.
 */
export async function lineStartBefore(
  source: SourceFile,
  offset: number,
  lines: number,
): Promise<number> {
  const chunk = Buffer.alloc(chunkBytes);
  // The newline in front of `offset` ends the line before; that line's own start is one more back.
  let newlines = lines + 1;
  for (let end = offset; end > 0;) {
    const start = Math.max(0, end - chunkBytes);
    const part = chunk.subarray(0, end - start);
    await source.read(part, start);
    for (let at = part.lastIndexOf(0x0a); at >= 0; at = part.lastIndexOf(0x0a, at - 1)) {
      if (--newlines === 0) return start + at + 1;
      if (at === 0) break;
    }
    end = start;
  }
  return 0;
}

/** Bytes before a line's end in which all stands that a writer of ours puts there. */
export const stampBytes = 200;

/** The text before byte `end`, at most `stampBytes` of it. */
export async function textBefore(source: SourceFile, end: number): Promise<string> {
  const bytes = new Uint8Array(Math.max(0, Math.min(stampBytes, end)));
  await source.read(bytes, end - bytes.length);
  return Buffer.from(bytes).toString('latin1');
}

/** Where the first line ends, its newline not included; undefined where none ends it. */
export async function firstLineEnd(source: SourceFile): Promise<number | undefined> {
  const chunk = Buffer.alloc(chunkBytes);
  for (let at = 0; ;) {
    const length = await source.read(chunk, at);
    const newline = chunk.subarray(0, length).indexOf(0x0a);
    if (newline >= 0) return at + newline;
    if (length === 0) return undefined;
    at += length;
  }
}
