// The lock of jsonl-db: who holds a store, told as the library would; and it keeps the library out.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { JsonlDB } from '@alcalzone/jsonl-db';
import { expect, it, vi } from 'vitest';
import { lookAtLock, takeLock } from '../src/engine/dialects/jsonldb/jsonldb-lock.js';
import {
  compact,
  loadKernelLocks,
  nodeDisk,
  recover,
  undoRecovery,
  type WriteContext,
} from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { storeFolder } from './helpers/jsonldb-store.js';

const locks = await loadKernelLocks(nodeDisk);
const patient = { patient: true };

/** A store and the world around it: a real clock, and waits during which `passes` happens. */
function storeWithLock(passes: () => void = () => undefined) {
  const path = join(storeFolder(), 'db.jsonl');
  writeFileSync(path, '{"k":"a","v":1}\n');
  const sleep = async () => passes();
  const context: WriteContext = {
    ...contextOf(nodeDisk, { now: Date.now, sleep }),
    ...{ disk: nodeDisk, locks, random: () => 'abc' },
  };
  return { path, lock: `${path}.lock`, context };
}

const setAge = (lock: string, seconds: number) => {
  const at = Date.now() / 1000 - seconds;
  utimesSync(lock, at, at);
};

it('J16: a store without a lock is free, one renewed just now is in use', async () => {
  const { path, lock, context } = storeWithLock();
  expect((await lookAtLock(context, path, patient)).state).toBe('free');
  mkdirSync(lock);
  expect((await lookAtLock(context, path, { patient: false })).state).toBe('live');
});

it('J16: a fresh lock is watched: it moves and is alive, or it stays and is stale', async () => {
  const alive = storeWithLock(() => setAge(alive.lock, 0.5));
  mkdirSync(alive.lock);
  expect((await lookAtLock(alive.context, alive.path, patient)).state).toBe('live');
  const dead = storeWithLock();
  mkdirSync(dead.lock);
  expect((await lookAtLock(dead.context, dead.path, patient)).state).toBe('stale');
});

it.each([3600, -3600])('J16: a lock of %d s ago is stale, and taken over', async (seconds) => {
  const { path, lock, context } = storeWithLock();
  mkdirSync(lock);
  setAge(lock, seconds);
  expect((await lookAtLock(context, path, patient)).state).toBe('stale');
  const held = await takeLock(context, path, { waitMs: 0 });
  expect(Math.abs(Date.now() - statSync(lock).mtimeMs)).toBeLessThan(5_000);
  held.release();
  expect(existsSync(lock)).toBe(false);
});

it('J16: a lock that cannot be renewed ends the work at its next step', async () => {
  const { path, lock, context } = storeWithLock();
  const held = await takeLock(context, path, { waitMs: 0 });
  rmdirSync(lock);
  symlinkSync('db.jsonl.lock', lock);
  // Longer than a beat of its timer.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(() => held.check()).toThrow(/too many symbolic links/);
  held.release();
  expect(readlinkSync(lock)).toBe('db.jsonl.lock');
});

it('J16: what the library can never remove is named, and not touched', async () => {
  const { path, lock, context } = storeWithLock();
  writeFileSync(lock, '');
  setAge(lock, 3600);
  expect((await lookAtLock(context, path, patient)).state).toBe('odd');
  await expect(takeLock(context, path, { waitMs: 0 })).rejects.toMatchObject({ exitCode: 11 });
  const other = storeWithLock();
  mkdirSync(other.lock);
  writeFileSync(join(other.lock, 'x'), '');
  setAge(other.lock, 3600);
  await expect(takeLock(other.context, other.path, { waitMs: 0 })).rejects.toThrow('not empty');
  expect(readdirSync(other.lock)).toEqual(['x']);
});

it('J16: a store whose lock lies elsewhere is in use while its file is open', async () => {
  const { path, context } = storeWithLock();
  const db = new JsonlDB(path, { lockfile: { directory: storeFolder() } });
  await db.open();
  // open() ends before the library's writer has the file open: its first line shows that it has.
  db.set('b', 2);
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain('"b"'), 10_000);
  const search = (id: string) => locks.holders(id);
  const look = await lookAtLock({ ...context, holders: search }, path, patient);
  expect(look.state).toBe('live');
  expect(look.words).toContain(`pid ${process.pid}`);
  await db.close();
});

it('keeps the library out until released, and is refused while the library is in', async () => {
  const { path, context } = storeWithLock();
  const held = await takeLock(context, path, { waitMs: 0 });
  const db = new JsonlDB(path, { ignoreReadErrors: true });
  await expect(db.open()).rejects.toThrow('Failed to lock');
  held.check();
  held.release();
  await db.open();
  setAge(`${path}.lock`, 0.1);
  const moving = { ...context, sleep: async () => setAge(`${path}.lock`, 0) };
  await expect(takeLock(moving, path, { waitMs: 0 })).rejects.toMatchObject({ exitCode: 11 });
  await db.close();
});

it('says so when it was taken over, and leaves the lock to who has it now', async () => {
  const { path, lock, context } = storeWithLock();
  const held = await takeLock(context, path, { waitMs: 0 });
  setAge(lock, 1);
  expect(() => held.check()).toThrow('taken over');
  held.release();
  expect(existsSync(lock)).toBe(true);
});

it('is looked at again before the rename: where it was lost the store stays', async () => {
  const { path, lock, context } = storeWithLock();
  const before = '{"k":"a","v":1}\n{"k":"a","v":2}\n';
  writeFileSync(path, before);
  let names = 0;
  const random = () => String((names += 1));
  const steal = () => void (existsSync(lock) && setAge(lock, 1));
  const stolen = { ...context, random, progress: steal };
  const { logs } = await compact(stolen, [path], { force: true });
  expect(logs[0].error?.message).toContain('taken over');
  expect(readFileSync(path, 'utf8')).toBe(before);
  writeFileSync(path, `${before}###\n`);
  rmdirSync(lock);
  const recovers = recover(stolen, [path], { policy: 'salvage', maxLost: 9 }, () => true);
  await expect(recovers).rejects.toThrow('taken over');
  expect(readFileSync(path, 'utf8')).toBe(`${before}###\n`);
  rmdirSync(lock);
  const options = { policy: 'salvage', maxLost: 9 } as const;
  const [{ receipt }] = (await recover({ ...context, random }, [path], options, () => true)).logs;
  await expect(undoRecovery(stolen, receipt!, [], {})).rejects.toThrow('taken over');
  expect(readFileSync(path, 'utf8')).toBe(before);
});
