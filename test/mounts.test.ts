// A log that is mounted as a single file is known by two names: `docker -v file:file`.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mountsIn, mountsOfFile } from '../src/engine/locks/mounts.js';
import { log, set } from './helpers/bot-log.js';

const table = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  '30 22 8:2 / /srv rw - xfs /dev/sdb1 rw',
  '31 22 8:2 /bot/my\\040logs/p.log /app/p.log rw - xfs /dev/sdb1 rw',
  '32 22 8:2 /bot/my\\040logs /app/logs rw - xfs /dev/sdb1 rw',
  '33 22 0:40 /bot/my\\040logs/p.log /other rw - tmpfs tmpfs rw',
  '34 22 8:1 /etc/x//deleted /etc/y rw - ext4 /dev/sda1 rw',
].join('\n');
const mounts = mountsIn(table);
const pointsOf = (path: string) => mountsOfFile(path, mounts, mounts).map(({ point }) => point);

describe('the table of mounts', () => {
  it('tells where a file is mounted by itself, through whatever name it is seen', () => {
    expect(pointsOf('/srv/bot/my logs/p.log')).toEqual(['/app/p.log']);
    expect(pointsOf('/app/logs/p.log')).toEqual(['/app/p.log']);
    // The file is the mount point itself: as in the container.
    expect(pointsOf('/app/p.log')).toEqual(['/app/p.log']);
  });

  it.each([
    ['another file of that directory', '/srv/bot/my logs/q.log'],
    ['a file of the same path on another filesystem', '/bot/my logs/p.log'],
    ['a file whose name only begins so', '/srv/bot/my logs/p.log.backup.1'],
    ['a file of the root', '/p.log'],
  ])('%s is not mounted', (_what, path) => {
    expect(pointsOf(path)).toEqual([]);
  });

  it('the last of several mounts at one point counts', () => {
    const covered = [...mounts, ...mountsIn('40 22 8:9 /deep /srv rw - ext4 /dev/sdc1 rw')];
    expect(mountsOfFile('/srv/bot/my logs/p.log', covered, covered)).toEqual([]);
  });
});

const mayMount = () => {
  const folder = mkdtempSync(join(tmpdir(), 'logctl-may-mount-'));
  const { status } = spawnSync('mount', ['--bind', folder, folder]);
  if (status === 0) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return status === 0;
};

describe.runIf(mayMount())('a log on the real disk', () => {
  let folder: string;
  let path: string;
  const bound: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logctl-mounts-'));
    path = join(folder, 'l og/p.log');
    for (const name of ['l og', 'other']) mkdirSync(join(folder, name));
    writeFileSync(path, log(set('a', 1), set('a', 2)));
    writeFileSync(join(folder, 'other/p.log'), '');
  });
  afterEach(() => {
    for (const point of bound.splice(0)) execFileSync('umount', [point]);
    rmSync(folder, { recursive: true });
  });
  const bind = (from: string, to: string) => {
    execFileSync('mount', ['--bind', from, to]);
    bound.push(to);
  };
  const run = (...argv: string[]) =>
    spawnSync(process.execPath, [resolve('bin/logctl.js'), ...argv], { encoding: 'utf8' });

  it('that is mounted elsewhere by itself is not replaced, by neither name: 21', () => {
    bind(path, join(folder, 'other/p.log'));
    const before = readFileSync(path);
    for (const name of [path, join(folder, 'other/p.log')]) {
      const { status, stdout, stderr } = run('compact', '--force', name);
      expect({ status, text: stdout + stderr }).toMatchObject({ status: 21 });
      expect((stdout + stderr).replace(/\s+/g, ' ')).toContain('mounted as a single file');
    }
    writeFileSync(path, Buffer.concat([before, Buffer.from('{"torn')]));
    expect(run('recover', '--yes', path).status).toBe(21);
    expect(readFileSync(path)).toEqual(Buffer.concat([before, Buffer.from('{"torn')]));
  });

  it('whose directory is mounted elsewhere is replaced, and seen there', () => {
    bind(join(folder, 'l og'), join(folder, 'other'));
    expect(run('compact', '--force', path).status).toBe(0);
    expect(readFileSync(join(folder, 'other/p.log'))).toEqual(readFileSync(path));
  });

  it('that another mount namespace knows by itself is not replaced: 21', async () => {
    const inside = `mount --bind '${path}' '${folder}/other/p.log' && echo ready && cat`;
    const other = spawn('unshare', ['-m', 'sh', '-c', inside]);
    await once(other.stdout, 'data');
    try {
      expect(run('compact', '--force', '-q', path).status).toBe(21);
    } finally {
      other.stdin.end();
      await once(other, 'close');
    }
    expect(run('compact', '--force', '-q', path).status).toBe(0);
  });
});
