// A compressed file reads as its plain bytes, and a device that fails is no damage.
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

  it('that unpacks to more than any log does is a bomb, and is not read to its end', async () => {
    const source = gunzipped(opened(gzipSync(Buffer.alloc(100 << 20))));
    const part = new Uint8Array(1 << 20);
    const reading = (async () => {
      for (let at = 0; at < 100 << 20; at += part.length) await source.read(part, at);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'damaged' });
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
