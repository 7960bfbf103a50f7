/** value-text: values that come in parts, as valid UTF-8: a part may end inside a character. */
import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import type { WrittenAs } from '../keydir/gather.js';
import { asUtf8 } from '../keydir/state-hash.js';
import { hasNewlines, oneLine } from './one-line.js';

/** One value after the other; parts of one value in order. */
export class ValueText {
  private decoder: TextDecoder | undefined;

  /** The part as every reader sees it: U+FFFD in place of each invalid sequence. */
  take(part: Uint8Array, last: boolean): Uint8Array {
    if (this.decoder === undefined && last) return asUtf8(part);
    this.decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
    const text = this.decoder.decode(part, { stream: !last });
    if (last) this.decoder = undefined;
    return Buffer.from(text);
  }
}

/** Values as valid UTF-8. */
export function asText(): WrittenAs {
  const text = new ValueText();
  return { write: (part, last) => text.take(part, last), suits: isUtf8 };
}

/** Values as valid UTF-8 without line breaks, each with a newline in what stands behind it. */
export function asLines(): WrittenAs {
  const text = new ValueText();
  return {
    write: (part, last) => oneLine(text.take(part, last)),
    suits: (piece, count) => isUtf8(piece) && hasNewlines(piece, count),
  };
}
