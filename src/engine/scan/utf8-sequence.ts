/** utf8-sequence: one UTF-8 sequence, byte by byte: what may follow in it. */

/** Source: Unicode 16, table 3-7, "Well-Formed UTF-8 Byte Sequences". */
export class Utf8Sequence {
  /** Continuation bytes still wanted; 0 where no sequence is open. */
  wanted = 0;
  /** The range allowed for the next one. */
  private low = 0x80;
  private high = 0xbf;

  /** Begins with a byte; false where no sequence begins with it. One byte may be all of it. */
  begin(byte: number): boolean {
    this.wanted = 0;
    if (byte < 0x80) return true;
    this.low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    if (byte >= 0xc2 && byte <= 0xdf) this.wanted = 1;
    else if (byte >= 0xe0 && byte <= 0xef) this.wanted = 2;
    else if (byte >= 0xf0 && byte <= 0xf4) this.wanted = 3;
    return this.wanted > 0;
  }

  /** Goes on with a byte where one is wanted; false where it cannot follow. */
  goOn(byte: number): boolean {
    if (byte < this.low || byte > this.high) return false;
    this.wanted--;
    this.low = 0x80;
    this.high = 0xbf;
    return true;
  }

  /** No sequence is open. */
  reset(): void {
    this.wanted = 0;
  }
}
