/** one-line: a value that was printed over several lines, as a part of one line. */

/**
 * JSON without its line breaks. In JSON a raw line break is whitespace between tokens, never a
 * part of a string (RFC 8259 §7), so nothing else changes.
 */
export function oneLine(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(0x0a) && !bytes.includes(0x0d)) return bytes;
  return bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d);
}
