/** Utf8Watch: finds invalid UTF-8 in a stream of chunks, the line it is in included. */
import { isUtf8 } from 'node:buffer';

const LF = 0x0a;

/**
 * Checks consecutive chunks. Fast where all is well (one call per chunk); where a chunk fails, a
 * byte-wise automaton lists the places. A sequence may straddle chunks; a line feed inside a
 * sequence breaks it, and the break belongs to the line before.
 */
export class Utf8Watch {
  /** Indices of bytes at which something invalid was noticed, ascending, of the last chunk. */
  readonly bad: number[] = [];
  /** Continuation bytes still wanted, and the range allowed for the next one. */
  private wanted = 0;
  private low = 0x80;
  private high = 0xbf;

  reset(): void {
    this.wanted = 0;
    this.bad.length = 0;
  }

  /** Checks `bytes[0, length)`. `last`: the stream ends here, an open sequence is invalid. */
  check(bytes: Uint8Array, length: number, last: boolean): void {
    this.bad.length = 0;
    let from = 0;
    while (this.wanted > 0 && from < length) this.step(bytes[from], from++);
    const to = last ? length : length - openSequence(bytes, from, length);
    if (!isUtf8(bytes.subarray(from, to))) {
      for (let i = from; i < to; i++) this.step(bytes[i], i);
    }
    for (let i = Math.max(from, to); i < length; i++) this.step(bytes[i], i);
    if (last && this.wanted > 0) {
      this.bad.push(length - 1);
      this.wanted = 0;
    }
  }

  private step(byte: number, i: number): void {
    if (this.wanted > 0) {
      if (byte >= this.low && byte <= this.high) {
        this.wanted--;
        this.low = 0x80;
        this.high = 0xbf;
        return;
      }
      // The line feed that broke a sequence is not itself the damage: the byte before it is.
      this.bad.push(byte === LF ? i - 1 : i);
      this.wanted = 0;
    }
    if (byte < 0x80) return;
    this.low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    if (byte >= 0xc2 && byte <= 0xdf) this.wanted = 1;
    else if (byte >= 0xe0 && byte <= 0xef) this.wanted = 2;
    else if (byte >= 0xf0 && byte <= 0xf4) this.wanted = 3;
    else this.bad.push(i);
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
