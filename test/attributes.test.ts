// An ACL or another extended attribute would be lost with the old file: such a log is refused.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compact, loadKernelLocks, nodeDisk } from '../src/engine/index.js';
import type { KernelLocks } from '../src/engine/kernel-locks.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';

const ways = await Promise.all(
  (['koffi', 'perl'] as const).map(async (use) => loadKernelLocks(nodeDisk, { use })),
);
const best = await loadKernelLocks(nodeDisk);
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-attributes-'));
  path = join(folder, 'players.log');
  writeFileSync(path, log(set('a', 1), set('a', 2)));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** False where the filesystem keeps no attributes of users. */
async function mark(name: string): Promise<boolean> {
  const { load } = await import('koffi');
  const signature = 'int setxattr(const char *path, const char *name, str value, size_t size, int)';
  return load(null).func(signature)(path, name, 'yes', 3, 0) === 0;
}

const run = async (locks: KernelLocks) => {
  const context = {
    ...contextOf(),
    disk: nodeDisk,
    locks,
    random: () => randomBytes(8).toString('hex'),
  };
  return compact(context, [path], { force: true });
};

const usable = ways.filter(({ leases }) => leases === 'kernel').map((locks) => [locks.via, locks]);

describe.runIf(best.via === 'koffi').each(usable as [string, KernelLocks][])(
  'by %s, a log',
  (_, locks) => {
    it('with an extended attribute is refused and stays as it is', async ({ skip }) => {
      if (!(await mark('user.owner'))) skip('the filesystem keeps no attributes of users');
      const before = readFileSync(path);
      const { logs, exitCode } = await run(locks);
      expect([exitCode, logs[0].error?.code]).toEqual([21, 'refused']);
      expect(logs[0].error?.message).toContain('user.owner');
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    it('without any is compacted', async () => {
      expect((await run(locks)).exitCode).toBe(0);
    });
  },
);
