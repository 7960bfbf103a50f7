// Values with their keys around them, in large pieces: the same bytes as one by one, in few reads.
import { describe, expect, it } from 'vitest';
import type { SourceFile } from '../src/engine/disk.js';
import { gatherValues, type Frame } from '../src/engine/keydir/gather.js';
import { keyToJson, stringToKey } from '../src/engine/keydir/key-bytes.js';
import { Keydir, literalFile } from '../src/engine/keydir/keydir.js';
import { asLines, asText } from '../src/engine/bytes/value-text.js';
import { randomFrom } from './helpers/crash-states.js';
import { oddKeys } from './helpers/odd-keys.js';
import { announcedSeed } from './helpers/seed.js';

/** A file in memory that counts how often, and how much, is read. */
class CountedFile implements SourceFile {
  readonly path = '/log';
  reads = 0;
  bytesRead = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly isSlow = false,
  ) {}

  stat(): never {
    throw new Error('nobody asks');
  }

  read(target: Uint8Array, position: number): number | Promise<number> {
    const part = this.bytes.subarray(position, position + target.length);
    this.reads++;
    this.bytesRead += part.length;
    if (!this.isSlow) target.set(part);
    else return Promise.resolve().then(() => (target.set(part), part.length));
    return part.length;
  }

  close(): void {}
}

function put(keydir: Keydir, key: string, file: number, offset: number, length: number): void {
  const bytes = stringToKey(key);
  keydir.put(bytes, 0, bytes.length, { file, offset, length, line: 1, versions: 1 });
}

const members: Frame = { between: ',', open: '', keyText: keyToJson, colon: ':', behind: '' };
const lines: Frame = {
  ...{ between: '', open: '{"key":', keyText: keyToJson, colon: ',"value":', behind: '}\n' },
};

async function gathered(keydir: Keydir, sources: SourceFile[], frame: Frame): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const order = keydir.order('documented');
  await gatherValues({ keydir, sources }, order, frame, (piece) => {
    pieces.push(Buffer.from(piece));
  });
  return Buffer.concat(pieces);
}

/** The same by its definition: one value after the other. */
function oneByOne(keydir: Keydir, files: readonly Uint8Array[], frame: Frame): Buffer {
  const parts: Uint8Array[] = [];
  for (const index of keydir.order('documented')) {
    const { file, offset, length } = keydir.at(index);
    const from = file === literalFile ? Buffer.from(keydir.literals) : files[file];
    const value = from.subarray(offset, offset + length);
    const key = `${frame.open}${frame.keyText!(keydir.key(index))}${frame.colon}`;
    if (parts.length > 0) parts.push(Buffer.from(frame.between));
    parts.push(Buffer.from(key), frame.as?.write(value, true) ?? value, Buffer.from(frame.behind));
  }
  return Buffer.concat(parts);
}

/** Letters, never the same ones at two places of a file. */
function letters(length: number, random: () => number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = 0x61 + Math.floor(random() * 26);
  return bytes;
}

describe('values', () => {
  it('come in their frames and in order, wherever in which file they lie', async () => {
    const random = randomFrom(announcedSeed('gather'));
    const below = (limit: number): number => Math.floor(random() * limit);
    const files = [3 << 20, 5 << 20].map((size) => letters(size, random));
    for (let round = 0; round < 40; round++) {
      const keydir = new Keydir();
      const literal = keydir.addLiteral('"é"');
      let at = below(files[0].length);
      for (let step = 0; step < 300; step++) {
        const key = random() < 0.1 ? oddKeys[below(oddKeys.length)] : `key ${step}`;
        const sizes = [0, 20, 300, 20_000, 70_000, ...(step % 60 === 0 ? [1 << 20, 2 << 20] : [])];
        const length = below(sizes[below(sizes.length)] + 1);
        const file = below(8) === 0 ? 0 : 1;
        const isNeighbour = random() < 0.7;
        // As the members of a checkpoint lie, or lines, or anywhere.
        at += isNeighbour ? keyToJson(stringToKey(key)).length + 2 : below(200_000);
        if (at + length > files[file].length) at = below(files[file].length - length);
        if (random() < 0.02) put(keydir, key, literalFile, literal.offset, literal.length);
        else put(keydir, key, file, at, length);
        at += length;
      }
      const frame = round % 2 === 0 ? members : lines;
      const sources = files.map((bytes) => new CountedFile(bytes, round % 5 === 0));
      const found = await gathered(keydir, sources, frame);
      expect(found.equals(oneByOne(keydir, files, frame))).toBe(true);
    }
  });

  it('of an old checkpoint are read in a few large runs', async () => {
    const keydir = new Keydir();
    const texts = Array.from({ length: 90_000 }, (_, i) => `"player:${i}":${'9'.repeat(100)}`);
    const file = Buffer.from(`{"op":"CHECKPOINT","state":{${texts.join(',')}}}\n`);
    let at = '{"op":"CHECKPOINT","state":{'.length;
    for (const [i, text] of texts.entries()) {
      put(keydir, `player:${i}`, 0, at + text.length - 100, 100);
      at += text.length + 1;
    }
    const source = new CountedFile(file);
    expect((await gathered(keydir, [source], members)).equals(file.subarray(28, -3))).toBe(true);
    // One for each piece of 4 MiB, or of 65,536 values.
    expect(source.reads).toBeLessThanOrEqual(4);
    expect(source.bytesRead).toBeLessThan(file.length);
  });

  it('far from each other are read alone, those between which little lies together', async () => {
    const [far, near] = [new Keydir(), new Keydir()];
    const file = Buffer.alloc(20 << 20, '7');
    for (let i = 0; i < 200; i++) {
      put(far, `far ${i}`, 0, (((i * 77) % 200) * 100_000) | 0, 10);
      put(near, `near ${i}`, i % 2, ((i * 77) % 200) * 1_000, 10);
    }
    const sources = Array.from({ length: 3 }, () => new CountedFile(file));
    await gathered(far, [sources[0]], members);
    await gathered(near, sources.slice(1), members);
    expect(sources[0]).toMatchObject({ reads: 200, bytesRead: 2_000 });
    for (const { reads, bytesRead } of sources.slice(1)) {
      expect({ reads, bytesRead }).toEqual({ reads: 1, bytesRead: 198 * 1_000 + 10 });
    }
  });

  it('that are sparse are gathered so many at once that the file is read about once', async () => {
    const keydir = new Keydir();
    const [count, apart] = [120_000, 2_048];
    for (let i = 0; i < count; i++)
      put(keydir, `sensor ${i}`, 0, ((i * 7_919) % count) * apart, 20);
    const source = new CountedFile(Buffer.alloc(count * apart, '7'));
    expect((await gathered(keydir, [source], members)).length).toBeGreaterThan(4 << 20);
    expect(source.bytesRead).toBeLessThan(count * apart);
  });

  it('are made valid where a piece is not, and nowhere else', async () => {
    const keydir = new Keydir();
    const file = Buffer.from('"\xff" {\r\n} "ok" "\xc3', 'latin1');
    const places = [0, 4, 9, 14];
    for (const [i, from] of places.entries()) put(keydir, `${i}`, 0, from, i === 3 ? 2 : 3);
    put(keydir, 'long', 0, 0, 4);
    for (const as of [asText, asLines]) {
      for (const frame of [members, lines]) {
        if (as === asLines && frame === members) continue;
        const found = await gathered(keydir, [new CountedFile(file)], { ...frame, as: as() });
        expect(found.equals(oneByOne(keydir, [file], { ...frame, as: as() }))).toBe(true);
        expect(found.includes('\ufffd')).toBe(true);
      }
    }
  });

  it('and keys longer than any piece come in parts', async () => {
    const random = randomFrom(7);
    const keydir = new Keydir();
    const file = letters(9 << 20, random);
    put(keydir, 'a', 0, 10, 10);
    put(keydir, 'k'.repeat(5 << 20), 0, 20, 20);
    put(keydir, 'long', 0, 0, file.length);
    put(keydir, 'z', 0, 30, 30);
    const found = await gathered(keydir, [new CountedFile(file)], members);
    expect(found.equals(oneByOne(keydir, [file], members))).toBe(true);
  });

  it('of a file that shrank are an error', async () => {
    for (const isSlow of [false, true]) {
      const keydir = new Keydir();
      put(keydir, 'a', 0, 90, 20);
      const source = new CountedFile(Buffer.alloc(100), isSlow);
      const done = gathered(keydir, [source], members);
      await expect(done).rejects.toMatchObject({ code: 'changed' });
    }
  });
});
