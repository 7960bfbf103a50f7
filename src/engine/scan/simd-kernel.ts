/**
 * The SIMD kernel: the scanner in WebAssembly, and the reference for every line that it doubts.
 *
 * Answers what the reference kernel answers, byte for byte, on every input; see README.md.
 */
import { MEMBERS_TABLE, SimdKeydir } from '../keydir/simd-keydir.js';
import { BreakWatch } from './break-watch.js';
import {
  KIND,
  type HeldState,
  type Kernel,
  type KernelOptions,
  type LineBatch,
  type LineCodec,
  type MakeKernel,
  type ScanStart,
} from './kernel.js';
import { ReturnLines } from './return-lines.js';
import { SimdBatch } from './simd-batch.js';
import { SimdMemory } from './simd-memory.js';
import { openSimd, SCAN, type SimdExports, type SimdSeed } from './simd-module.js';
import { SimdSums } from './simd-sums.js';
import { writeTables } from './simd-tables.js';
import { SlowLines } from './slow-lines.js';
import { Utf8Watch } from './utf8-watch.js';

/**
 * Makes SIMD kernels: those that fold need a SimdKeydir and work in its memory, others make their
 * own from the compiled module. Given the seed of another keydir these hash the keys for it.
 * `hasFastLines` of the codec must be true.
 */
export const simdKernel =
  (module: WebAssembly.Module, seed?: SimdSeed): MakeKernel =>
  (options) => {
    if (options.keydir instanceof SimdKeydir) return new SimdKernel(options, options.keydir, false);
    if (options.fold) throw new TypeError('rows of the SIMD kernel go into a SimdKeydir');
    const keydir = new SimdKeydir(openSimd(module, options.chunkBytes, seed));
    return new SimdKernel(options, keydir, seed !== undefined);
  };

class SimdKernel implements Kernel {
  readonly name = 'simd';
  readonly brokenAt = -1;
  pending = false;

  private readonly module: SimdExports;
  private readonly memory: SimdMemory;
  private readonly views: SimdBatch;
  private readonly chunkAt: number;
  private readonly keptMax: number;
  private readonly codec: LineCodec;
  private readonly fold: boolean;
  private readonly slow: SlowLines;
  private readonly sums: SimdSums;
  /** Members of a whole state, in the module's table for them; and the state where it is held. */
  private readonly members: SimdKeydir;
  private ownHeld: HeldState | undefined;
  private readonly holdStates: KernelOptions['holdStates'];
  private readonly utf8 = new Utf8Watch();
  private readonly breaks: BreakWatch | undefined;
  private readonly returns: ReturnLines | undefined;
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
  /** First byte in memory that is kept for the next chunk. */
  private keepAt = 0;
  /** A line is to be read again whose first bytes are gone. */
  private goesBack = false;

  constructor(
    options: KernelOptions,
    readonly keydir: SimdKeydir,
    private readonly hashesKeys: boolean,
  ) {
    const { codec, fold, holdStates } = options;
    const { module } = keydir;
    this.module = module;
    this.codec = codec;
    this.fold = fold;
    this.holdStates = holdStates;
    this.members = new SimdKeydir(module, MEMBERS_TABLE);
    this.sums = new SimdSums(module, this.addressOf);
    this.keptMax = module.chunkAt.value - module.keptAt.value;
    this.chunkAt = module.chunkAt.value;
    this.memory = SimdMemory.of(module);
    this.views = new SimdBatch(module);
    this.slow = new SlowLines({ ...options, chunkBytes: module.chunkBytes.value });
    const { breaks, returnsEndLines } = codec.shape;
    this.breaks = breaks && new BreakWatch(breaks);
    if (returnsEndLines === true) this.returns = new ReturnLines();
  }

  get chunk(): Uint8Array {
    return this.views.chunk;
  }

  get batch(): LineBatch {
    return this.views.batch;
  }

  get held(): Kernel['held'] {
    return this.ownHeld ?? this.slow.held;
  }

  get checksummed(): number {
    return this.sums.matching + this.slow.checksummed;
  }

  get writers(): readonly string[] {
    return this.slow.writers;
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
    this.ownHeld = undefined;
    this.forgetBadBytes();
    writeTables(module, this.codec);
    module.setStates(this.fold ? 1 : 0);
    module.feed(this.chunkAt, this.chunkAt, BigInt(at.offset));
    module.restart(this.chunkAt);
  }

  scan(length: number, last: boolean): void {
    this.firstLine += this.batch.count;
    this.folded = 0;
    this.views.clear(this.file, this.firstLine);
    this.release();
    if (!this.pending)
      this.beginChunk(this.returns?.whole(this.chunk, length, last) ?? length, last);
    this.pending = false;
    let goesOn = !this.slow.active || this.readSlowly();
    while (goesOn && !this.pending) {
      const status = this.scanOn();
      this.pending = status === SCAN.full;
      if (status === SCAN.state) this.takeState();
      else goesOn = status === SCAN.doubt && this.readSlowly();
    }
    this.foldRows();
    if (this.hashesKeys) this.views.hashKeys();
    if (!this.pending && !this.goesBack) this.endChunk();
    this.goesBack = false;
  }

  /** Lets a whole state that was held take effect. */
  private release(): void {
    if (this.ownHeld !== undefined) this.keydir.replaceState(this.members);
    else if (this.slow.held !== undefined) this.slow.release();
    this.ownHeld = undefined;
  }

  /** The last row is a whole state: it takes effect, or is held. */
  private takeState(): void {
    this.foldRows();
    const { batch, holdStates, keydir, members, firstLine } = this;
    const row = batch.count - 1;
    const replaces = keydir.upstreamCount > 0;
    if (!this.fold || batch.kind[row] !== KIND.state) return;
    if (holdStates === 'all' || (holdStates === 'replacing' && replaces)) {
      const place = { line: firstLine + row, offset: batch.offset[row], length: batch.length[row] };
      const { op, time } = batch;
      this.ownHeld = { members: members.sync(), ...place, op: op[row], time: time[row] };
    } else keydir.replaceState(members);
    this.pending = this.ownHeld !== undefined || batch.count === batch.kind.length;
  }

  private beginChunk(length: number, last: boolean): void {
    const { module, chunkAt } = this;
    this.length = length;
    this.last = last;
    this.returns?.end(this.chunk.subarray(0, length));
    this.utf8.check(this.chunk, length, last);
    this.breaks?.check(this.chunk, length);
    const bad = [...this.utf8.bad, ...(this.breaks?.at ?? [])].sort((a, b) => a - b);
    // The first line of some files is for the codec, whatever it looks like.
    const isFirst = this.chunkOffset === 0 && this.codec.plain!.exceptFirst === true;
    if (isFirst) this.badBytes.push(0);
    for (const at of bad) this.badBytes.push(this.chunkOffset + at);
    const end = last ? this.views.padded(length) : chunkAt + length;
    module.feed(chunkAt - this.kept, end, BigInt(this.chunkOffset));
  }

  /** Scans on from where the module is; gives how that ended, a member of SCAN. */
  private scanOn(): number {
    const { module } = this;
    this.findBadByte();
    const status = this.memory.run(() => module.scan());
    this.views.count();
    return status === SCAN.more ? this.keepOpenLine() : status;
  }

  /** The line that the data's end leaves unfinished: SCAN.more where it can go on. */
  private keepOpenLine(): number {
    const { module, dataEnd, keptMax, last } = this;
    this.keepAt = this.addressOf(this.lineStart);
    if (last) return this.keepAt < dataEnd ? SCAN.doubt : SCAN.more;
    if (dataEnd - this.keepAt <= keptMax) return SCAN.more;
    // Too long to be kept whole: what was read of it may go.
    this.keepAt = this.memory.run(() => module.keepFrom()) >>> 0;
    return this.keepAt !== 0 && dataEnd - this.keepAt <= keptMax ? SCAN.more : SCAN.doubt;
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
    const at = badBytes.length > 0 ? Math.max(1, this.addressOf(badBytes[0])) : 0xffffffff;
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
      if (from < this.chunkAt - this.kept) return this.goBack();
    }
    const end = slow.feed(this.views.bytes, from, this.dataEnd, this.last);
    if (slow.active) return false;
    const mayGoOn = this.views.addRowOf(slow.batch);
    this.folded = batch.count;
    module.restart(end);
    this.pending = slow.held !== undefined || !mayGoOn;
    return true;
  }

  /** The line's first bytes are gone: the next chunk is to begin with them. Gives false. */
  private goBack(): false {
    this.chunkOffset = this.lineStart;
    this.kept = 0;
    this.forgetBadBytes();
    this.goesBack = true;
    return false;
  }

  private forgetBadBytes(): void {
    this.returns?.reset();
    this.utf8.reset();
    this.breaks?.reset();
    this.badBytes = [];
  }

  private foldRows(): void {
    const { batch } = this;
    this.sums.check(batch);
    if (this.fold && this.folded < batch.count) {
      this.keydir.foldRows(batch, this.folded, this.file, this.firstLine);
    }
    this.folded = batch.count;
  }

  /** Keeps what of the line being read is needed. */
  private endChunk(): void {
    const { module, slow, chunkAt, dataEnd, lineStart, codec } = this;
    const from = slow.active ? dataEnd : this.keepAt;
    const isCut = !slow.active && from > this.addressOf(lineStart);
    if (isCut && codec.shape.crcSlot >= 0) {
      this.sums.feed(lineStart, this.chunkOffset + (from - chunkAt));
    }
    this.kept = dataEnd - from;
    this.views.bytes.copyWithin(chunkAt - this.kept, from, dataEnd);
    module.moved(this.length);
    this.chunkOffset += this.length;
  }
}
