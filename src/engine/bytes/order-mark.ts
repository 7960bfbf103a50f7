/** order-mark: where the lines of a file begin, behind a byte order mark. */
import type { SourceFile } from '../disk.js';

/** UTF-8's byte order mark: it belongs to a file's start, not to what is joined or compared. */
export const orderMark = [0xef, 0xbb, 0xbf] as const;

/** The offset of an open file's first line: behind its byte order mark, where it has one. */
export async function contentStart(source: SourceFile): Promise<number> {
  const head = new Uint8Array(orderMark.length);
  const length = await source.read(head, 0);
  const isMarked = length === head.length && orderMark.every((byte, i) => head[i] === byte);
  return isMarked ? head.length : 0;
}
