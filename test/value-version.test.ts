// Values that change their shape between two versions of a program.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compact, openLog, verify, type WriteContext } from '../src/engine/index.js';
import { loadKernelLocks, nodeDisk } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-version-'));
  path = join(directory, 'players.log');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const migrate = (value: unknown, from: number) => ({ hp: value, from });
const lines = () => readFileSync(path, 'utf8').trimEnd().split('\n');

it('are migrated in memory when the log is opened, and on disk with the first write', async () => {
  const old = await openLog(path);
  await old.set('a', 1);
  await old.set('b', 2);
  await old.close();
  const log = await openLog<unknown>(path, { version: 2, migrate });
  expect([...log.entries()]).toEqual([
    ['a', { hp: 1, from: 0 }],
    ['b', { hp: 2, from: 0 }],
  ]);
  expect(lines()).toHaveLength(2);
  await log.set('a', { hp: 9 });
  expect(lines()).toHaveLength(4);
  await log.close();
  const again = await openLog(path, { version: 2 });
  expect([...again.entries()]).toEqual([
    ['a', { hp: 9 }],
    ['b', { hp: 2, from: 0 }],
  ]);
  await again.close();
  expect((await verify(contextOf(), [path], {})).findings).toEqual([]);
});

it('keep their version over a compaction: nothing is migrated twice', async () => {
  const log = await openLog(path, { version: 2 });
  await log.set('a', 1);
  await log.close();
  const locks = await loadKernelLocks(nodeDisk);
  const disk = nodeDisk;
  const context: WriteContext = { ...contextOf(disk), disk, locks, random: () => 'c0ffee' };
  await compact(context, [path], { force: true });
  expect(lines()[0]).toMatch(/"version":2/);
  const again = await openLog(path, { version: 3, migrate });
  expect(again.get('a')).toEqual({ hp: 1, from: 2 });
  await again.close();
});

it('of a newer version are refused, and older ones without migrate', async () => {
  const log = await openLog(path, { version: 2 });
  await log.set('a', 1);
  await log.close();
  await expect(openLog(path, { version: 1 })).rejects.toMatchObject({ code: 'refused' });
  await expect(openLog(path, { version: 3 })).rejects.toMatchObject({ code: 'usage' });
});
