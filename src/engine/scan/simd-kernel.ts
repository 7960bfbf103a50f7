/**
 * The SIMD kernel: the scanner in WebAssembly, and the reference for every line that it doubts.
 *
 * Answers what the reference kernel answers, byte for byte, on every input; see README.md.
 */
import { SimdKeydir } from '../keydir/simd-keydir.js';
import { BreakWatch } from './break-watch.js';
import { CrcWatch } from './crc-watch.js';
import type {
  Kernel,
  KernelOptions,
  LineBatch,
  LineCodec,
  MakeKernel,
  ScanStart,
} from './kernel.js';
import { addRowOf, checkSums, clearForeign, columnsIn } from './simd-batch.js';
import { openSimd, SCAN, type SimdExports } from './simd-module.js';
import { writeTables } from './simd-tables.js';
import { SlowLines } from './slow-lines.js';
import { Utf8Watch } from './utf8-watch.js';

/** What is scanned behind the file's end: the scanner wants to look beyond its blocks. */
const paddingBytes = 136;
const space = 0x20;

/**
 * Makes SIMD kernels: those that fold need a SimdKeydir and work in its memory, others make their
 * own from the compiled module. `hasFastLines` of the codec must be true.
 */
export const simdKernel =
  (module: WebAssembly.Module): MakeKernel =>
  (options) => {
    if (options.keydir instanceof SimdKeydir) return new SimdKernel(options, options.keydir);
    if (options.fold) throw new TypeError('rows of the SIMD kernel go into a SimdKeydir');
    return new SimdKernel(options, new SimdKeydir(openSimd(module, options.chunkBytes)));
  };

class SimdKernel implements Kernel {
  readonly name = 'simd';
  readonly batch: LineBatch;
  pending = false;

  private readonly module: SimdExports;
  /** The module's memory, and what of it the caller fills. Both anew where it has grown. */
  private bytes!: Uint8Array;
  private chunkView!: Uint8Array;
  private keys!: Uint8Array;
  private readonly chunkAt: number;
  private readonly keptMax: number;
  private readonly codec: LineCodec;
  private readonly fold: boolean;
  private readonly slow: SlowLines;
  private readonly crc = new CrcWatch();
  private matching = 0;
  private readonly utf8 = new Utf8Watch();
  private readonly breaks: BreakWatch | undefined;
  /** File offsets of bytes that make a line doubtful, ascending, from the line being read on. */
  private badBytes: number[] = [];
  private file = 0;
  /** File offset of the chunk's first byte. */
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
    readonly keydir: SimdKeydir,
  ) {
    const { codec, fold } = options;
    const { module } = keydir;
    this.module = module;
    this.codec = codec;
    this.fold = fold;
    this.keptMax = module.chunkAt.value - module.keptAt.value;
    this.chunkAt = module.chunkAt.value;
    this.batch = { count: 0, odd: 0, ...columnsIn(module) };
    clearForeign(this.batch);
    this.look();
    this.slow = new SlowLines({ ...options, chunkBytes: module.chunkBytes.value });
    const { breaks } = codec.shape;
    this.breaks = breaks === undefined ? undefined : new BreakWatch(breaks);
  }

  get chunk(): Uint8Array {
    return this.chunkView;
  }

  /** Looks at the memory as it is now. */
  private look(): void {
    const { module, batch, chunkAt } = this;
    const count = batch.count;
    const { keys: foreign } = batch;
    Object.assign(batch, columnsIn(module));
    if (this.keys !== undefined && foreign !== this.keys) batch.keys = foreign;
    else this.keys = batch.keys;
    batch.count = count;
    this.bytes = new Uint8Array(module.memory.buffer);
    this.chunkView = this.bytes.subarray(chunkAt, chunkAt + module.chunkBytes.value);
  }

  /** To be called when the memory may have grown: then the old views are dead. */
  private follow(): void {
    if (this.bytes.buffer !== this.module.memory.buffer) this.look();
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
    writeTables(module, this.codec);
    this.follow();
    module.feed(this.chunkAt, this.chunkAt, BigInt(at.offset));
    module.restart(this.chunkAt);
  }

  scan(length: number, last: boolean): void {
    this.clearBatch();
    if (this.held !== undefined) this.slow.release();
    this.follow();
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
    this.follow();
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
    if (this.fold && this.folded < batch.count) {
      this.keydir.foldRows(batch, this.folded, this.file, this.firstLine);
      this.follow();
    }
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
