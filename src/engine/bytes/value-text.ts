/** value-text: values that come in parts, as valid UTF-8: a part may end inside a character. */
import { TextDecoder } from 'node:util';
import { asUtf8 } from '../keydir/state-hash.js';

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
