/** gather: live values with text around them, such as their keys, in one piece after the other. */
import type { SourceFile } from '../disk.js';
import { literalFile, type Keydir } from './keydir.js';
import { readFully, readRange, streamValue } from './values.js';
import { placesMax, sortPlaces } from './value-places.js';

/** Bytes given in one piece. */
const pieceBytes = 4 << 20;
/** It is larger where most values lie elsewhere in the file than the one before. */
const sparsePieceBytes = 16 << 20;
/** A longer value is given in parts. */
const longBytes = 1 << 20;
/**
 * Values that lie apart in the file are read in one go up to this size, over gaps up to this: what
 * is copied in the time of a call.
 */
const windowBytes = 1 << 20;
const gapBytes = 16_384;
/** Bytes that are read to where they belong, rather than copied there from a window. */
const directBytes = 16_384;

/** The texts around a value: `between` is left out before the first one. All are ASCII. */
export interface Frame {
  between: string;
  /** Before the key. */
  open: string;
  /** The key as JSON: one of plain ASCII characters must be itself in quotes. Default: no key. */
  keyText?(key: Uint8Array): string;
  /** Between key and value. */
  colon: string;
  behind: string;
  as?: WrittenAs;
}

/** What values are written as where they are not copied as they are. */
export interface WrittenAs {
  /** A value, or a part of one. */
  write(part: Uint8Array, last: boolean): Uint8Array;
  /** True where all would come out of `write` as they are: `count` values in their frames. */
  suits(piece: Uint8Array, count: number): boolean;
}

/** Takes a piece, which is overwritten when it has returned, or its promise is resolved. */
export type TakePiece = (piece: Uint8Array) => void | Promise<void>;

/** Keys whose values lie in open files. */
export interface Gathered {
  keydir: Keydir;
  sources: readonly SourceFile[];
}

/**
 * Gives the values of `order` (indices of the keydir), each in its frame, in that order. They are
 * read in the order of the files, neighbours in one go. Memory does not grow with the values.
 * Throws LogctlError `changed` when a file is shorter than the ranges say.
 */
export async function gatherValues(
  state: Gathered,
  order: Uint32Array,
  frame: Frame,
  take: TakePiece,
): Promise<void> {
  const gathering = new Gathering(state, order, frame);
  for (let from = 0; from < order.length;) {
    const count = gathering.lay(from);
    if (count === 0) await gathering.stream(from, take);
    else {
      await gathering.fill();
      await gathering.frameAll(take);
    }
    from += Math.max(1, count);
  }
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** A piece behind a window, in one memory: to copy within it makes no view for each value. */
class Gathering {
  private readonly memory: Uint8Array;
  /** Of each value in the piece: where it is, and where in the memory it belongs. */
  private readonly files: Uint16Array;
  private readonly offsets: Float64Array;
  private readonly lengths: Uint32Array;
  private readonly targets: Uint32Array;
  /** Texts of the keys that are not plain, by place. */
  private readonly texts = new Map<number, Uint8Array>();
  private readonly between: Uint8Array;
  private readonly open: Uint8Array;
  private readonly colon: Uint8Array;
  private readonly behind: Uint8Array;
  private from = 0;
  private count = 0;
  private end = 0;

  constructor(
    private readonly state: Gathered,
    private readonly order: Uint32Array,
    private readonly frame: Frame,
  ) {
    // Small states are many where programs keep small logs: no more memory than they can fill.
    const framed = frame.between.length + frame.open.length + frame.colon.length;
    const most = state.keydir.liveBytes + order.length * (framed + frame.behind.length);
    this.memory = new Uint8Array(windowBytes + Math.min(sparsePieceBytes, most + 4_096));
    const places = Math.min(placesMax, order.length);
    this.files = new Uint16Array(places);
    this.offsets = new Float64Array(places);
    this.lengths = new Uint32Array(places);
    this.targets = new Uint32Array(places);
    this.between = bytesOf(frame.between);
    this.open = bytesOf(frame.open);
    this.colon = bytesOf(frame.colon);
    this.behind = bytesOf(frame.behind);
  }

  /** Says where the values from place `from` of the order on belong; gives how many fit. */
  lay(from: number): number {
    const { state, order, memory, texts, open, colon, behind } = this;
    const { keydir } = state;
    const around = open.length + colon.length;
    const countMax = Math.min(placesMax, order.length - from);
    texts.clear();
    let near = 0;
    let last = 0;
    let at = windowBytes;
    let place = 0;
    for (; place < countMax; place++) {
      const laid = at - windowBytes;
      if (laid >= pieceBytes && near > place / 2) break;
      const index = order[from + place];
      const length = keydir.valueLength(index);
      const between = from + place === 0 ? 0 : this.between.length;
      const target = at + between + around + this.keyLength(index, place);
      if (length > longBytes || target + length + behind.length > memory.length) break;
      this.files[place] = keydir.valueFile(index);
      const offset = keydir.valueOffset(index);
      if (Math.abs(offset - last) <= gapBytes) near++;
      last = offset + length;
      this.offsets[place] = offset;
      this.lengths[place] = length;
      this.targets[place] = target;
      at = target + length + behind.length;
    }
    this.from = from;
    this.count = place;
    this.end = at;
    return place;
  }

  /** Bytes of the key as JSON. */
  private keyLength(index: number, place: number): number {
    const { keydir } = this.state;
    if (this.frame.keyText === undefined) return 0;
    const { bytes, start, length } = keydir.keyBytes(index);
    if (isPlain(bytes, start, length)) return length + 2;
    const text = Buffer.from(this.frame.keyText(keydir.key(index)));
    this.texts.set(place, text);
    return text.length;
  }

  /** Reads the values to where they belong; between them is anything. */
  async fill(): Promise<void> {
    const { keydir, sources } = this.state;
    const { files, offsets, lengths, targets, count, memory, order, from } = this;
    const places = sortPlaces(files, offsets, count);
    for (let first = 0; first < count;) {
      const place = places[first];
      const file = files[place];
      if (file === literalFile) {
        const range = keydir.at(order[from + place]);
        memory.set(await readRange(range, sources, keydir), targets[place]);
        first++;
        continue;
      }
      const start = offsets[place];
      const { behind, end, isRun } = this.windowFrom(places, first);
      const at = isRun ? targets[place] : 0;
      const wait = readFully(sources[file], memory.subarray(at, at + (end - start)), start);
      if (wait !== undefined) await wait;
      for (; first < behind && !isRun; first++) {
        const one = places[first];
        const found = offsets[one] - start;
        memory.copyWithin(targets[one], found, found + lengths[one]);
      }
      first = behind;
    }
  }

  /**
   * What is read in one go, from the value at `first` of `places` on: the values before `behind`,
   * up to the file's byte `end`. A run lies in the file as it does in the piece, but for what
   * stands between: it is read to its place.
   */
  private windowFrom(places: Uint32Array, first: number) {
    const { files, offsets, lengths, targets, count } = this;
    const place = places[first];
    const file = files[place];
    const start = offsets[place];
    const shift = targets[place] - start;
    let end = start + lengths[place];
    let behind = first + 1;
    for (; behind < count; behind++) {
      const next = places[behind];
      const isNext = next === places[behind - 1] + 1 && files[next] === file;
      if (!isNext || targets[next] - offsets[next] !== shift) break;
      end = offsets[next] + lengths[next];
    }
    if (end - start >= directBytes) return { behind, end, isRun: true };
    for (; behind < count; behind++) {
      const next = places[behind];
      const nextEnd = offsets[next] + lengths[next];
      if (files[next] !== file || offsets[next] - end > gapBytes) break;
      if (nextEnd - start > windowBytes) break;
      end = Math.max(end, nextEnd);
    }
    return { behind, end, isRun: behind === first + 1 };
  }

  /** Writes what stands around the values, and gives the piece. */
  async frameAll(take: TakePiece): Promise<void> {
    const { memory, count, from, end, targets, lengths, frame } = this;
    let at = windowBytes;
    for (let place = 0; place < count; place++) {
      this.writeLead(place, at);
      at = targets[place] + lengths[place];
      at = this.put(this.behind, at);
    }
    const piece = memory.subarray(windowBytes, end);
    if (frame.as === undefined || frame.as.suits(piece, count)) {
      await take(piece);
      return;
    }
    for (let place = 0; place < count; place++) {
      const value = memory.slice(targets[place], targets[place] + lengths[place]);
      await take(
        Buffer.concat([this.leadOf(from + place), frame.as.write(value, true), this.behind]),
      );
    }
  }

  private writeLead(place: number, start: number): void {
    let at = start;
    if (this.from + place > 0) at = this.put(this.between, at);
    at = this.put(this.open, at);
    if (this.frame.keyText !== undefined) at = this.putKey(place, at);
    this.put(this.colon, at);
  }

  private putKey(place: number, start: number): number {
    const { texts, memory, state } = this;
    const text = texts.size > 0 ? texts.get(place) : undefined;
    if (text !== undefined) return this.put(text, start);
    const key = state.keydir.keyBytes(this.order[this.from + place]);
    let at = start;
    memory[at++] = quote;
    for (let i = key.start; i < key.start + key.length; i++) memory[at++] = key.bytes[i];
    memory[at++] = quote;
    return at;
  }

  /** What stands before a value, as bytes of its own. */
  private leadOf(place: number): Uint8Array {
    const { between, open, colon, frame, order } = this;
    const key = frame.keyText?.(this.state.keydir.key(order[place])) ?? '';
    return Buffer.concat([...(place === 0 ? [] : [between]), open, Buffer.from(key), colon]);
  }

  private put(text: Uint8Array, start: number): number {
    let at = start;
    for (let i = 0; i < text.length; i++) this.memory[at++] = text[i];
    return at;
  }

  /** Gives the value at place `from` of the order in parts: it, or its key, fits no piece. */
  async stream(from: number, take: TakePiece): Promise<void> {
    const { state, order, frame, behind } = this;
    await take(this.leadOf(from));
    await streamValue(state.keydir, state.sources, order[from], (_, part, last) =>
      take(frame.as === undefined ? part : frame.as.write(part, last)),
    );
    await take(behind);
  }
}

const quote = 0x22;
const backslash = 0x5c;

/** True where every writer of JSON would leave the characters as they are. */
function isPlain(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i];
    if (byte < 0x20 || byte > 0x7e || byte === quote || byte === backslash) return false;
  }
  return true;
}
