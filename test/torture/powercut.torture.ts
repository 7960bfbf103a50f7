/**
 * Real power cuts: ext4 and xfs images on loop devices lose everything that was not synced, while
 * writers and compactions are at work. Needs root, xfs_io and loop devices.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../helpers/crash-states.js';
import { buildHammer, Hammer } from '../helpers/hammer.js';

const cutsWanted = Number(process.env.LOGCTL_CUTS ?? 100);
const seed = Number(process.env.LOGCTL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const scripts = buildHammer();
const folder = mkdtempSync(join(tmpdir(), 'logctl-powercut-'));
afterAll(() => {
  scripts.remove();
  rmSync(folder, { recursive: true });
});

const has = (program: string) => spawnSync('which', [program]).status === 0;
const missing = ['xfs_io', 'mkfs.xfs', 'mkfs.ext4', 'mount'].filter((program) => !has(program));
const isRoot = process.getuid?.() === 0;
if (!isRoot || missing.length > 0) {
  const why = isRoot ? `${missing.join(', ')} is not installed` : 'only root may mount';
  console.log(`no power is cut: ${why}`);
}
const run = (program: string, ...given: string[]) => execFileSync(program, given);

describe.runIf(isRoot && missing.length === 0).each(['ext4', 'xfs'])('%s', (type) => {
  it(`keeps every acknowledged entry over ${cutsWanted} power cuts`, async () => {
    const [image, mount] = [join(folder, `${type}.img`), join(folder, type)];
    mkdirSync(mount);
    run('truncate', '-s', '400M', image);
    run(`mkfs.${type}`, '-q', image);
    run('mount', '-o', 'loop', image, mount);
    const random = randomFrom(seed);
    const acks = join(folder, `${type}.acks`);
    const one = Hammer.make(scripts, mount);
    let entries = 0;
    try {
      for (let cut = 0; cut < cutsWanted; cut += 1) {
        await one.write({ burst: 4, pauseMs: 2, acksTo: acks });
        const compacting = one.compact(1000, { pauseMs: 3 });
        await new Promise((resolve) => setTimeout(resolve, 150 + random() * 250));
        // What is acknowledged while the power goes counts for nobody.
        const counted = Number(readFileSync(acks, 'utf8'));
        run('xfs_io', '-x', '-c', 'shutdown', mount);
        for (const { acknowledged } of await one.stop(counted)) entries += acknowledged;
        one.killCompactors();
        await compacting;
        run('umount', mount);
        run('mount', '-o', 'loop', image, mount);
        const done = await one.compact(1);
        expect([cut, done!.messages, done!.results]).toEqual([cut, [], { compacted: 1 }]);
      }
      expect(one.audit()).toEqual([]);
    } finally {
      console.log(`${type}: ${entries} entries, LOGCTL_SEED=${seed}`);
      one.killCompactors();
      run('umount', '-l', mount);
    }
  });
});
