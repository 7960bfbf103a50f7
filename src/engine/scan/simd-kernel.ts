/**
 * The SIMD kernel: the scanner in WebAssembly, and the reference for every line that it doubts.
 *
 * Answers what the reference kernel answers, byte for byte, on every input; see README.md.
 */
import type { Keydir } from '../keydir/keydir.js';
import { BreakWatch } from './break-watch.js';
import { CrcWatch } from './crc-watch.js';
import type { Kernel, KernelOptions, LineBatch, MakeKernel, ScanStart } from './kernel.js';
import { rowsMax } from './line-batch.js';
import { RowFold } from './row-fold.js';
import { addRowOf, batchIn, checkSums, clearForeign } from './simd-batch.js';
import { instantiate, SCAN, type SimdExports } from './simd-module.js';
import { writeTables } from './simd-tables.js';
import { SlowLines } from './slow-lines.js';
import { Utf8Watch } from './utf8-watch.js';

/** Longest part of a line that is kept from one chunk to the next, as a multiple of a chunk. */
const keptChunks = 2;
/** What is scanned behind the file's end: the scanner wants to look beyond its blocks. */
const paddingBytes = 136;
const space = 0x20;

/** Makes SIMD kernels from the compiled module. `hasFastLines` of the codec must be true. */
export const simdKernel =
  (module: WebAssembly.Module): MakeKernel =>
  (options) =>
    new SimdKernel(options, instantiate(module));

class SimdKernel implements Kernel {
  readonly name = 'simd';
  readonly chunk: Uint8Array;
  readonly batch: LineBatch;
  readonly keydir: Keydir;
  pending = false;

  private readonly bytes: Uint8Array;
  private readonly keys: Uint8Array;
  private readonly chunkAt: number;
  private readonly keptMax: number;
  private readonly fold: boolean;
  private readonly rowFold: RowFold;
  private readonly slow: SlowLines;
  private readonly crc = new CrcWatch();
  private matching = 0;
  private readonly utf8 = new Utf8Watch();
  private readonly breaks: BreakWatch | undefined;
  /** File offsets of bytes that make a line doubtful, ascending, from the line being read on. */
  private badBytes: number[] = [];
  private file = 0;
  /** File offset of the chunk's first byte, and of the line being read where it is slow. */
  private chunkOffset = 0;
  /** Bytes kept before the chunk, data in it; true at the file's end. */
  private kept = 0;
  private length = 0;
  private last = false;
  private firstLine = 1;
  private folded = 0;
  private hasForeign = false;

  constructor(
    options: KernelOptions,
    private readonly module: SimdExports,
  ) {
    const { chunkBytes, codec } = options;
    const rows = Math.min(rowsMax, chunkBytes * (keptChunks + 1) + 1);
    this.keptMax = chunkBytes * keptChunks;
    module.configure(chunkBytes, this.keptMax, rows);
    writeTables(module, codec);
    this.batch = batchIn(module, rows);
    this.keys = this.batch.keys;
    this.bytes = new Uint8Array(module.memory.buffer);
    this.chunkAt = module.chunkAt.value;
    this.chunk = this.bytes.subarray(this.chunkAt, this.chunkAt + chunkBytes);
    this.keydir = options.keydir;
    this.fold = options.fold;
    this.rowFold = new RowFold(this.keydir, this.batch);
    this.slow = new SlowLines(options);
    const { breaks } = codec.shape;
    this.breaks = breaks === undefined ? undefined : new BreakWatch(breaks);
  }

  get held(): Kernel['held'] {
    return this.slow.held;
  }

  get checksummed(): number {
    return this.matching + this.slow.checksummed;
  }

  get writers(): readonly string[] {
    return this.slow.writers;
  }

  get brokenAt(): number {
    return -1;
  }

  get position(): number {
    return this.chunkOffset;
  }

  start(at: ScanStart): void {
    const { module } = this;
    this.file = at.file;
    this.chunkOffset = at.offset;
    this.kept = 0;
    this.firstLine = at.line ?? 1;
    this.batch.count = 0;
    this.pending = this.slow.active = false;
    this.utf8.reset();
    this.breaks?.reset();
    this.badBytes = [];
    module.feed(this.chunkAt, this.chunkAt, BigInt(at.offset));
    module.restart(this.chunkAt);
  }

  scan(length: number, last: boolean): void {
    this.clearBatch();
    if (this.held !== undefined) this.slow.release();
    if (!this.pending) this.beginChunk(length, last);
    this.pending = false;
    let goesOn = !this.slow.active || this.readSlowly();
    while (goesOn && !this.pending) {
      const status = this.scanOn();
      this.pending = status === SCAN.full;
      goesOn = status === SCAN.doubt && this.readSlowly();
    }
    this.foldRows();
    if (!this.pending) this.endChunk();
  }

  private clearBatch(): void {
    const { batch } = this;
    this.firstLine += batch.count;
    if (this.hasForeign) {
      clearForeign(batch);
      batch.keys = this.keys;
    }
    this.hasForeign = false;
    batch.count = batch.odd = this.folded = 0;
    this.module.clearRows();
  }

  private beginChunk(length: number, last: boolean): void {
    const { module, chunkAt, bytes } = this;
    this.length = length;
    this.last = last;
    this.utf8.check(this.chunk, length, last);
    this.breaks?.check(this.chunk, length);
    const bad = [...this.utf8.bad, ...(this.breaks?.at ?? [])].sort((a, b) => a - b);
    for (const at of bad) this.badBytes.push(this.chunkOffset + at);
    let end = chunkAt + length;
    if (last) {
      bytes.fill(space, end, end + paddingBytes);
      end += paddingBytes;
    }
    module.feed(chunkAt - this.kept, end, BigInt(this.chunkOffset));
  }

  /** Scans on from where the module is; gives how that ended, a member of SCAN. */
  private scanOn(): number {
    const { module, batch } = this;
    this.findBadByte();
    const status = module.scan();
    batch.count = module.rows.value;
    batch.odd = module.odd.value;
    if (status !== SCAN.more) return status;
    // A line that the file's end or the memory leaves unfinished.
    const open = this.dataEnd - this.addressOf(this.lineStart);
    return open > (this.last ? 0 : this.keptMax) ? SCAN.doubt : status;
  }

  private get dataEnd(): number {
    return this.chunkAt + this.length;
  }

  private get lineStart(): number {
    return Number(this.module.lineStart.value);
  }

  private readonly addressOf = (offset: number): number =>
    this.chunkAt + (offset - this.chunkOffset);

  /** Tells the module of the next byte that is no UTF-8, or a break: it doubts that line. */
  private findBadByte(): void {
    const { badBytes } = this;
    while (badBytes.length > 0 && badBytes[0] < this.lineStart) badBytes.shift();
    const at = badBytes.length > 0 ? this.addressOf(badBytes[0]) : 0xffffffff;
    this.module.setBadAt(at);
  }

  /** Takes the line that was doubted, as far as it is there; false where it goes on. */
  private readSlowly(): boolean {
    const { slow, batch, module } = this;
    let from = this.chunkAt;
    if (!slow.active) {
      this.foldRows();
      from = this.addressOf(this.lineStart);
      slow.begin(this.file, this.lineStart, this.firstLine + batch.count);
    }
    const end = slow.feed(this.bytes, from, this.dataEnd, this.last);
    if (slow.active) return false;
    const keyAt = module.nextKeyAt() - module.keysAt.value;
    const hasRoom = addRowOf(slow.batch, batch, keyAt);
    const isOdd = slow.batch.odd > 0;
    if (isOdd) batch.odd++;
    module.addForeignRow(isOdd ? 1 : 0, slow.batch.keyLength[0]);
    this.hasForeign = true;
    this.folded = batch.count;
    module.restart(end);
    this.pending = slow.held !== undefined || !hasRoom || batch.count === batch.kind.length;
    return true;
  }

  private foldRows(): void {
    const { batch, module } = this;
    this.matching += checkSums(module, batch, this.crc, this.addressOf);
    if (this.fold) this.rowFold.fold(this.folded, this.file, this.firstLine);
    this.folded = batch.count;
  }

  /** Keeps what of the line being read is there. */
  private endChunk(): void {
    const { module, slow, bytes, chunkAt, dataEnd } = this;
    const from = slow.active ? dataEnd : this.addressOf(this.lineStart);
    this.kept = dataEnd - from;
    bytes.copyWithin(chunkAt - this.kept, from, dataEnd);
    module.moved(this.length);
    this.chunkOffset += this.length;
  }
}
