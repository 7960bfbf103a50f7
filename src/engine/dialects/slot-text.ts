/** slot-text: what a codec takes out of a slot of the line it judges. */
import { canonicalKey } from '../keydir/key-bytes.js';
import type { LineView } from '../scan/kernel.js';

/** The text of a slot as it stands in the line; of a string without its quotes. */
export function slotText({ text, textStart, textLength }: LineView, slot: number): string {
  const start = textStart[slot];
  return Buffer.from(text.buffer, text.byteOffset + start, textLength[slot]).toString();
}

/** Sets the key from a slot that is a string, escapes decoded. */
export function setTextKey(line: LineView, slot: number): void {
  const start = line.textStart[slot];
  const length = line.textLength[slot];
  if (line.escaped[slot] === 0 && !line.suspect) return line.setKey(line.text, start, length);
  const key = canonicalKey(line.text.slice(start, start + length));
  line.setKey(key, 0, key.length);
}
