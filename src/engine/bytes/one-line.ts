/** one-line: a value that was printed over several lines, as a part of one line. */

/**
 * JSON without its line breaks. In JSON a raw line break is whitespace between tokens, never a
 * part of a string (RFC 8259 §7), so nothing else changes.
 */
export function oneLine(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(0x0a) && !bytes.includes(0x0d)) return bytes;
  return bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d);
}

/** True where `text` has no line breaks but `count` newlines: those behind its values. */
export function hasNewlines(text: Uint8Array, count: number): boolean {
  let found = 0;
  for (let at = text.indexOf(0x0a); at >= 0; at = text.indexOf(0x0a, at + 1)) found++;
  return found === count && !text.includes(0x0d);
}
