/** CrcWatch: checks the checksum at the end of a line, also of one that crosses chunks. */
import { crc32 } from 'node:zlib';

const mark = Buffer.from(',"crc":"');
/** `,"crc":"xxxxxxxx"}`: an entry has our checksum only if its line ends so. */
const suffixBytes = 18;

/** One per kernel: `feed` the parts of a line that go with their chunk, `check` with the rest. */
export class CrcWatch {
  private running = 0;
  private tail = Buffer.alloc(0);
  private fed = false;

  reset(): void {
    if (!this.fed) return;
    this.running = 0;
    this.tail = Buffer.alloc(0);
    this.fed = false;
  }

  /** Takes the next part of a line that is not complete yet. */
  feed(part: Uint8Array): void {
    this.fed = true;
    const joined =
      part.length >= suffixBytes ? Buffer.from(part) : Buffer.concat([this.tail, part]);
    if (part.length >= suffixBytes) this.running = crc32(this.tail, this.running);
    const covered = Math.max(0, joined.length - suffixBytes);
    this.running = crc32(joined.subarray(0, covered), this.running);
    this.tail = Buffer.from(joined.subarray(covered));
  }

  /** The rest of the line is here: does it end in a checksum, and does that match? */
  check(rest: Uint8Array): 'absent' | 'matches' | 'differs' {
    if (this.fed) this.feed(rest);
    const suffix = this.fed ? this.tail : rest.subarray(Math.max(0, rest.length - suffixBytes));
    if (suffix.length !== suffixBytes || suffix[16] !== 0x22 || suffix[17] !== 0x7d)
      return 'absent';
    for (let k = 0; k < mark.length; k++) if (suffix[k] !== mark[k]) return 'absent';
    const digits = Buffer.from(suffix.subarray(8, 16)).toString('latin1');
    if (!/^[0-9a-f]{8}$/i.test(digits)) return 'absent';
    const sum = this.fed ? this.running : crc32(rest.subarray(0, rest.length - suffixBytes));
    return sum === parseInt(digits, 16) ? 'matches' : 'differs';
  }
}
