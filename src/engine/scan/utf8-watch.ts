/** Utf8Watch: finds invalid UTF-8 in a stream of chunks, the line it is in included. */
import { isUtf8 } from 'node:buffer';
import { Utf8Sequence } from './utf8-sequence.js';

const LF = 0x0a;

/**
 * Checks consecutive chunks. Fast where all is well (one call per chunk); where a chunk fails, a
 * byte-wise automaton lists the places. A sequence may straddle chunks; a line feed inside a
 * sequence breaks it, and the break belongs to the line before.
 */
export class Utf8Watch {
  /** Indices of bytes at which something invalid was noticed, ascending, of the last chunk. */
  readonly bad: number[] = [];
  private readonly sequence = new Utf8Sequence();

  reset(): void {
    this.sequence.reset();
    this.bad.length = 0;
  }

  /** Checks `bytes[0, length)`. `last`: the stream ends here, an open sequence is invalid. */
  check(bytes: Uint8Array, length: number, last: boolean): void {
    this.bad.length = 0;
    let from = 0;
    while (this.sequence.wanted > 0 && from < length) this.step(bytes[from], from++);
    const to = last ? length : length - openSequence(bytes, from, length);
    if (!isUtf8(bytes.subarray(from, to))) {
      for (let i = from; i < to; i++) this.step(bytes[i], i);
    }
    for (let i = Math.max(from, to); i < length; i++) this.step(bytes[i], i);
    if (last && this.sequence.wanted > 0) {
      this.bad.push(length - 1);
      this.sequence.reset();
    }
  }

  private step(byte: number, i: number): void {
    const { sequence } = this;
    if (sequence.wanted > 0) {
      if (sequence.goOn(byte)) return;
      // The line feed that broke a sequence is not itself the damage: the byte before it is.
      this.bad.push(byte === LF ? i - 1 : i);
    }
    if (!sequence.begin(byte)) this.bad.push(i);
  }
}

/** Bytes of a sequence that begins before `length` and needs bytes behind it; 0 to 3. */
function openSequence(bytes: Uint8Array, from: number, length: number): number {
  for (let back = 1; back <= 3 && length - back >= from; back++) {
    const byte = bytes[length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}
