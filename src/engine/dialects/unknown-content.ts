/** unknown-content: what a file that no dialect recognises may be all the same. */

/** So many lines decide. */
const linesAsked = 16;
/** Base64 (also as URLs have it) or hex, long enough to be no word. */
const token = /^[A-Za-z0-9+/_-]{16,}={0,2}\r?$/;

/** A guess from a file's first bytes, with the options that would tell; undefined: none. */
export function guessAt(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  // Where the head cuts the last line it is a token all the same.
  const isTokens = lines.length > 1 && lines.slice(0, linesAsked).every((line) => token.test(line));
  if (!isTokens) return undefined;
  const words = 'each line is one base64 or hex token: it looks like a store with a serialization';
  return `${words} hook; give the command that turns a line back: --dialect nedb --decode COMMAND`;
}
