// Backups go to another directory, or another filesystem: compared before the first one goes.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveBackups } from '../src/engine/compaction/backup-archive.js';
import { loadKernelLocks, nodeDisk, type WriteContext } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { keepOpen } from './helpers/open-writer.js';

const locks = await loadKernelLocks(nodeDisk);
const given = it.runIf(locks.leases === 'kernel');
const roots = [tmpdir(), '/dev/shm'].filter((root) => fs.existsSync(root));
const filesystems = new Set(roots.map((root) => fs.statSync(root).dev)).size;
let folder: string;
let backupDir: string;
let path: string;
let context: WriteContext;
beforeEach(() => {
  folder = fs.mkdtempSync(join(roots[0], 'logctl-move-'));
  backupDir = fs.mkdtempSync(join(roots.at(-1)!, 'logctl-kept-'));
  path = join(folder, 'players.log');
  fs.writeFileSync(path, log(set('a', 1)));
  for (const ms of [100, 99, 1000]) fs.writeFileSync(`${path}.backup.${ms}`, content(ms));
  context = { ...contextOf(), disk: nodeDisk, locks, random: () => 'c0ffee' };
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true });
  fs.rmSync(backupDir, { recursive: true });
});

describe(`--backup-dir over ${filesystems} filesystems`, () => {
  given('takes every backup, oldest first, with its bytes, mode and owner', async () => {
    fs.chmodSync(`${path}.backup.99`, 0o600);
    fs.writeFileSync(`${path}.backup.50.gz`, 'packed');
    const moved = await archiveBackups(context, path, { backupDir });
    const expected = ['50.gz', '99', '100', '1000'].map((end) => `players.log.backup.${end}`);
    expect(moved).toEqual(expected.map((name) => join(backupDir, name)));
    expect(fs.readdirSync(folder)).toEqual(['players.log']);
    expect(fs.readdirSync(backupDir).sort()).toEqual(expected.sort());
    expect(fs.readFileSync(join(backupDir, 'players.log.backup.1000'), 'utf8')).toBe(content(1000));
    expect(fs.statSync(join(backupDir, 'players.log.backup.99')).mode & 0o777).toBe(0o600);
  });

  given('leaves a backup where it is that somebody still appends to', async () => {
    const writer = await keepOpen(`${path}.backup.100`);
    expect(await archiveBackups(context, path, { backupDir })).toHaveLength(2);
    await writer.stop();
    expect(fs.readdirSync(folder).sort()).toEqual(['players.log', 'players.log.backup.100']);
  });

  given('finishes what a run left that died between its copy and the end of the link', async () => {
    fs.writeFileSync(join(backupDir, 'players.log.backup.100'), content(100));
    fs.writeFileSync(join(backupDir, '.players.log.tmp-dead'), 'half a copy');
    expect(await archiveBackups(context, path, { backupDir })).toHaveLength(3);
    expect(fs.readdirSync(folder)).toEqual(['players.log']);
    expect(fs.readdirSync(backupDir)).not.toContain('.players.log.tmp-dead');
  });

  given('never takes another file for its copy, and never overwrites it', async () => {
    const another = content(100).replace('"value":100', '"value":101');
    fs.writeFileSync(join(backupDir, 'players.log.backup.100'), another);
    const failure = archiveBackups(context, path, { backupDir });
    await expect(failure).rejects.toMatchObject({ code: 'io', exitCode: 8 });
    expect(fs.readFileSync(`${path}.backup.100`, 'utf8')).toBe(content(100));
    expect(fs.readFileSync(join(backupDir, 'players.log.backup.100'), 'utf8')).toBe(another);
  });

  given('leaves the backup and no temporary when the copy fails', async () => {
    const full = Object.assign(Object.create(nodeDisk) as typeof nodeDisk, {
      create(at: string) {
        const file = nodeDisk.create(at);
        const append = () => {
          throw new Error('no space');
        };
        return Object.assign(Object.create(file) as typeof file, { append });
      },
    });
    const failure = archiveBackups({ ...context, disk: full }, path, { backupDir });
    await expect(failure).rejects.toThrow('no space');
    expect(fs.readdirSync(backupDir)).toEqual([]);
    expect(fs.readdirSync(folder)).toHaveLength(4);
  });

  given('is nothing to do where it is the directory of the log', async () => {
    expect(await archiveBackups(context, path, { backupDir: `${folder}/.` })).toEqual([]);
    expect(fs.readdirSync(folder)).toHaveLength(4);
  });
});

const content = (ms: number) =>
  log(...Array.from({ length: 9_000 }, (_, at) => set(`key${at}`, ms, at)));
