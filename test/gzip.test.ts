// A compressed file reads as its plain bytes, and a device that fails is no damage.
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { SourceFile } from '../src/engine/disk.js';
import { LogctlError } from '../src/engine/errors.js';
import { gunzipped } from '../src/engine/bytes/gzip.js';
import { refuse } from './helpers/memory-file.js';
import { memoryDisk } from './helpers/recording-disk.js';

const plain = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i}\n`).join(''));
const path = '/data/players.log.backup.1.gz';
const opened = (bytes: Uint8Array): SourceFile => memoryDisk({ [path]: bytes }).open(path);

async function readAll(source: SourceFile, step: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; ;) {
    const part = new Uint8Array(step);
    const length = await source.read(part, at);
    if (length === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, length));
    at += length;
  }
}

describe('a gzip file', () => {
  it('reads as its plain bytes, forward, back and in any step', async () => {
    const source = gunzipped(opened(gzipSync(plain)));
    expect((await readAll(source, 100_000)).equals(plain)).toBe(true);
    expect((await readAll(source, 7_777)).equals(plain)).toBe(true);
    const part = Buffer.alloc(20);
    expect(await source.read(part, 300_000)).toBe(20);
    expect(part).toEqual(plain.subarray(300_000, 300_020));
    expect(await source.read(part, plain.length - 5)).toBe(5);
    source.close();
  });

  it('that stops early or is none is damaged, wherever it was cut', async () => {
    const packed = gzipSync(plain);
    for (const length of [0, 1, 9, 10, 100, packed.length - 9, packed.length - 1]) {
      const reading = readAll(gunzipped(opened(packed.subarray(0, length))), 65_536);
      await expect(reading).rejects.toMatchObject({ code: 'damaged' });
    }
    const reading = readAll(gunzipped(opened(Buffer.alloc(100))), 65_536);
    await expect(reading).rejects.toMatchObject({ code: 'damaged' });
  });

  it('that packs as well as deflate can is read to its end, without a warning', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => void warnings.push(warning);
    process.on('warning', warned);
    const bytes = 100 << 20;
    // Noise first, so that many pieces of input wait for room.
    const noise = randomBytes(4 << 20);
    const packed = Buffer.concat([gzipSync(noise), gzipSync(Buffer.alloc(bytes))]);
    const source = gunzipped(opened(packed));
    const part = new Uint8Array(1 << 20);
    let at = 0;
    for (let length = -1; length !== 0; at += length) length = await source.read(part, at);
    source.close();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    expect([at, warnings]).toEqual([noise.length + bytes, []]);
  });

  it('takes no more of its input than its reader has room for', async () => {
    const file = opened(gzipSync(randomBytes(8 << 20)));
    let taken = 0;
    const source = gunzipped({
      ...{ path, stat: () => file.stat(), close: () => file.close() },
      read: async (target, position) => {
        const length = await file.read(target, position);
        taken += length;
        return length;
      },
    });
    await source.read(new Uint8Array(1 << 16), 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeLessThan(2 << 20);
    source.close();
  });

  it('on a device that fails is an I/O error, never a damaged file', async () => {
    const file = opened(gzipSync(plain));
    const failing: SourceFile = {
      ...{ path, stat: () => file.stat(), close: () => file.close() },
      read: () => {
        throw refuse('io', path, 'EIO');
      },
    };
    const reading = readAll(gunzipped(failing), 65_536);
    await expect(reading).rejects.toThrow(LogctlError);
    await expect(reading).rejects.toMatchObject({ code: 'io' });
  });
});
