// Old backups become .gz files: proven first, never the newest two, never one that is in use.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadKernelLocks, nodeDisk, type WriteContext } from '../src/engine/index.js';
import { gzipBackups } from '../src/engine/compaction/gzip-backups.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { keepOpen } from './helpers/open-writer.js';

const locks = await loadKernelLocks(nodeDisk);
const given = it.runIf(locks.leases === 'kernel');
const dayMs = 86_400_000;
const noon = contextOf().now();
let folder: string;
let path: string;
let context: WriteContext;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'logctl-gzip-'));
  path = join(folder, 'players.log');
  fs.writeFileSync(path, log(set('a', 1)));
  context = { ...contextOf(), disk: nodeDisk, locks, random: () => 'c0ffee' };
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

describe('old backups', () => {
  given('are compressed, all but the newest two, byte for byte', async () => {
    const plain = new Map(
      [1, 2, 3, 4, 5].map((days) => [backup(days), fs.readFileSync(backup(days))]),
    );
    const made = await gzipBackups(context, path, { olderThanMs: dayMs });
    expect(made).toEqual([3, 4, 5].map((days) => `${nameOf(days)}.gz`));
    expect(names()).toEqual([5, 4, 3, 2, 1].map((days) => shortName(days, days > 2)));
    for (const file of made) {
      expect(gunzipSync(fs.readFileSync(file)).equals(plain.get(file.slice(0, -3))!)).toBe(true);
    }
    expect(await gzipBackups(context, path, { olderThanMs: dayMs })).toEqual([]);
  });

  given('count from the age that was asked for', async () => {
    for (const days of [1, 2, 3, 4]) backup(days);
    expect(await gzipBackups(context, path, { olderThanMs: 3.5 * dayMs })).toHaveLength(1);
    expect(names()).toContain(shortName(4, true));
    expect(names()).toContain(shortName(3, false));
  });

  given('of another log with a longer name are left alone', async () => {
    const other = join(folder, `players.log2.backup.${noon - 9 * dayMs}`);
    fs.writeFileSync(other, 'x\n');
    for (const days of [1, 2, 3]) backup(days);
    await gzipBackups(context, path, { olderThanMs: 0 });
    expect(fs.readFileSync(other, 'utf8')).toBe('x\n');
  });

  given('keep their mode, and their owner', async () => {
    for (const days of [1, 2, 3]) backup(days);
    fs.chmodSync(nameOf(3), 0o640);
    if (process.getuid?.() === 0) fs.chownSync(nameOf(3), 1234, 4321);
    const { mode, uid, gid } = fs.statSync(nameOf(3));
    await gzipBackups(context, path, { olderThanMs: 0 });
    expect(fs.statSync(`${nameOf(3)}.gz`)).toMatchObject({ mode, uid, gid });
  });

  given('stay plain while a process has one open for writing', async () => {
    for (const days of [1, 2, 3, 4]) backup(days);
    const writer = await keepOpen(nameOf(3));
    const said: string[] = [];
    context.say = (_level, text) => void said.push(text);
    expect(await gzipBackups(context, path, { olderThanMs: 0 })).toEqual([`${nameOf(4)}.gz`]);
    expect(said.join()).toContain('open for writing');
    await writer.stop();
    expect(await gzipBackups(context, path, { olderThanMs: 0 })).toEqual([`${nameOf(3)}.gz`]);
  });
});

describe('a compression that cannot be proven', () => {
  given.each([
    ['one bit is read back wrong', (bytes: Buffer) => bytes.fill(bytes[99] ^ 1, 99, 100)],
    ['another whole file is read back', () => gzipSync('other')],
  ])('leaves the plain backup and no temporary: %s', async (_how, spoil) => {
    for (const days of [1, 2, 3]) backup(days);
    const before = names();
    const disk = spoiledWhenRead(spoil);
    const failure = gzipBackups({ ...context, disk }, path, { olderThanMs: 0 });
    await expect(failure).rejects.toMatchObject({ name: 'LogctlError' });
    expect(names()).toEqual(before);
  });

  given('the same when the user interrupts', async () => {
    for (const days of [1, 2, 3]) backup(days);
    const before = names();
    context.checkpoint = () => {
      throw new Error('interrupted');
    };
    await expect(gzipBackups(context, path, { olderThanMs: 0 })).rejects.toThrow('interrupted');
    expect(names()).toEqual(before);
  });

  given('is done again after a death between the new file and the end of the old one', async () => {
    for (const days of [1, 2, 3]) backup(days);
    fs.writeFileSync(`${nameOf(3)}.gz`, 'what a run left');
    const plain = fs.readFileSync(nameOf(3));
    await gzipBackups(context, path, { olderThanMs: 0 });
    expect(gunzipSync(fs.readFileSync(`${nameOf(3)}.gz`)).equals(plain)).toBe(true);
    expect(fs.existsSync(nameOf(3))).toBe(false);
  });
});

it('without leases a backup is compressed only where the operator vouches for it', async () => {
  for (const days of [1, 2, 3]) backup(days);
  const none = { ...locks, lease: () => 'unsupported' as const, leaseOf: () => 'none' as const };
  const blind = { ...context, locks: none };
  expect(await gzipBackups(blind, path, { olderThanMs: 0 })).toEqual([]);
  expect(await gzipBackups(blind, path, { olderThanMs: 0, offline: true })).toHaveLength(1);
});

const nameOf = (days: number) => `${path}.backup.${noon - days * dayMs - 60_000}`;
const shortName = (days: number, gz: boolean) =>
  `${nameOf(days).slice(folder.length + 1)}${gz ? '.gz' : ''}`;
const names = () =>
  fs
    .readdirSync(folder)
    .filter((name) => name.includes('backup'))
    .sort();

function backup(days: number): string {
  const lines = Array.from({ length: 5_000 }, (_, at) => set(`key${at % 50}`, `${days} ${at}`, at));
  fs.writeFileSync(nameOf(days), log(...lines));
  return nameOf(days);
}

/** The real disk, but what it gives back of a temporary file is not what was written. */
function spoiledWhenRead(spoil: (bytes: Buffer) => Buffer): typeof nodeDisk {
  const open = (at: string) => {
    const file = nodeDisk.open(at);
    if (!at.includes('.tmp-')) return file;
    const bytes = spoil(fs.readFileSync(at));
    const read = (target: Uint8Array, position: number) => bytes.copy(target, 0, position);
    return Object.assign(Object.create(file) as typeof file, { read });
  };
  return Object.assign(Object.create(nodeDisk) as typeof nodeDisk, { open });
}
