// A large head reaches its file in order and the disk on the way, and an error of the disk is told.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeadSink } from '../src/engine/compaction/head-sink.js';
import { nodeDisk, type TargetFile } from '../src/engine/disk.js';

let folder: string;
let file: TargetFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-head-'));
  file = nodeDisk.create(join(folder, 'head'));
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

const mebibytes = (count: number, byte: string): Buffer => Buffer.alloc(count << 20, byte);
const clockMs = (): number => performance.now();

/** The file, with an fsync that is counted and may go wrong. */
function watched(sync: () => Promise<void>): TargetFile {
  return Object.assign(Object.create(file) as TargetFile, { syncAsync: sync });
}

describe('the head of a swap', () => {
  it('is in the file as it was given, whatever the sizes', async () => {
    const head = new HeadSink(file, clockMs);
    const parts = [mebibytes(5, 'a'), Buffer.from('b'), mebibytes(3, 'c'), mebibytes(9, 'd')];
    for (const part of parts) await head.write(part);
    await head.settle();
    expect(readFileSync(file.path).equals(Buffer.concat(parts))).toBe(true);
  });

  it('is synced every 4 MiB, one sync at a time, and none is left behind', async () => {
    let [begun, ended] = [0, 0];
    const slow = watched(async () => {
      expect(ended).toBe(begun++);
      await file.syncAsync!();
      ended++;
    });
    const head = new HeadSink(slow, clockMs);
    for (let i = 0; i < 12; i++) await head.write(mebibytes(1, 'x'));
    await head.write(mebibytes(9, 'y'));
    await head.settle();
    expect([begun, ended]).toEqual([5, 5]);
    expect(head.waitedMs).toBeGreaterThan(0);
  });

  it('is given up where the disk fails: the next write tells, or else the end', async () => {
    const failing = (): TargetFile => watched(() => Promise.reject(new Error('EIO')));
    const first = new HeadSink(failing(), clockMs);
    await first.write(mebibytes(4, 'x'));
    await expect(first.write(mebibytes(1, 'x'))).rejects.toThrow('EIO');
    const last = new HeadSink(failing(), clockMs);
    await last.write(mebibytes(4, 'x'));
    await expect(last.settle()).rejects.toThrow('EIO');
  });
});
