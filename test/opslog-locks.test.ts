// O20: opslog's lock files: who holds the store, who is gone, and what logctl holds meanwhile.
import { Store } from '@backloghq/opslog';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeDisk } from '../src/engine/index.js';
import { takeLocks } from '../src/engine/dialects/opslog/opslog-lock.js';
import { cli } from './helpers/cli.js';
import { contextOf } from './helpers/context.js';
import {
  agentStore,
  deadPid,
  fixture,
  op,
  recovered,
  removeStores,
  seenByLogctl,
  singleStore,
  verified,
} from './helpers/opslog-store.js';

afterAll(removeStores);

const lockOf = (store: string): string => join(store, '.lock');
const compactLockOf = (store: string): string => join(store, '.compact-lock');
const force = ['--force', '--json'];

describe('a store that somebody has open', () => {
  it('is read, and neither compacted nor recovered: 11, naming who', async () => {
    const store = fixture('wal-torn-tail');
    writeFileSync(lockOf(store), String(process.pid));
    const { exitCode, codes } = await verified(store);
    expect([exitCode, codes.some((code) => code.startsWith('live-writer'))]).toEqual([3, true]);
    for (const args of [
      ['compact', store, '--force'],
      ['recover', store, '--yes'],
    ]) {
      const refused = await cli(args);
      expect(refused.exitCode).toBe(11);
      expect(refused.out + refused.err).toMatch(new RegExp(`process ${process.pid}, which runs`));
    }
    expect(readFileSync(lockOf(store), 'utf8')).toBe(String(process.pid));
  });

  it('as pid 1 of a container is not taken for granted, and not taken away', async () => {
    const store = fixture('wal-torn-tail');
    writeFileSync(lockOf(store), '1');
    const refused = await cli(['recover', store, '--yes']);
    expect(refused.exitCode).toBe(11);
    expect(refused.err).toMatch(/in a\s+container that may be whoever started last/);
  });

  it('is waited for with --lock-wait', async () => {
    const store = singleStore(op('set', 'a'));
    writeFileSync(lockOf(store), String(process.pid));
    setTimeout(() => rmSync(lockOf(store)), 300);
    expect((await cli(['compact', store, ...force, '--lock-wait', '20s'])).exitCode).toBe(0);
  });
});

describe('a lock whose holder is gone', () => {
  it.each(['', 'not a number', String(deadPid)])(
    '%j is told of, and is no hindrance',
    async (text) => {
      const store = singleStore(op('set', 'a'));
      writeFileSync(lockOf(store), text);
      expect((await verified(store)).codes).toEqual(['stale-lock ']);
      expect((await cli(['compact', store, ...force])).exitCode).toBe(0);
      expect(existsSync(lockOf(store))).toBe(false);
    },
  );

  it('of a compaction of agents keeps them from compacting for ever, until recover', async () => {
    const store = fixture('crash-mw-compact-07');
    writeFileSync(compactLockOf(store), String(deadPid));
    const { findings } = await verified(store);
    const stale = findings.find(({ code }) => code === 'stale-lock');
    expect(stale?.consequence).toMatch(/No agent will ever compact again/);
    const before = await seenByLogctl(store);
    expect((await recovered(store)).exitCode).toBe(0);
    expect(existsSync(compactLockOf(store))).toBe(false);
    expect(await seenByLogctl(store)).toEqual(before);
  });
});

describe('our own locks', () => {
  const context = () => ({
    ...contextOf(),
    disk: nodeDisk,
    locks: undefined as never,
    random: () => Math.random().toString(16).slice(2),
    processes: { self: process.pid, isAlive: () => true },
  });

  it('keep the library out, and each other', async () => {
    const folder = singleStore(op('set', 'a'));
    const held = takeLocks(context(), folder, ['.lock']);
    await expect(new Store().open(folder)).rejects.toThrow(/locked by process/);
    expect(() => takeLocks(context(), folder, ['.lock'])).toThrow(/which runs/);
    held.check();
    held.release();
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
    const store = new Store();
    await store.open(folder, { checkpointOnClose: false });
    expect(store.get('a')).toEqual({ v: 1 });
    await store.close();
  });

  it('are seen to be lost where somebody removes them, and a stranger’s stays', () => {
    const folder = singleStore(op('set', 'a'));
    const held = takeLocks(context(), folder, ['.lock']);
    writeFileSync(lockOf(folder), '1');
    expect(() => held.check()).toThrow('taken away');
    held.release();
    expect(readFileSync(lockOf(folder), 'utf8')).toBe('1');
  });
});

it('agents hold no lock that could be seen: compact wants to be told that none runs', async () => {
  const store = agentStore({
    alpha: op('set', 'a', { agent: 'alpha', clock: 1 }),
    beta: op('set', 'b', { agent: 'beta', clock: 2 }),
  });
  const refused = await cli(['compact', store, '--force']);
  expect(refused.exitCode).toBe(11);
  expect(refused.out + refused.err).toMatch(/agents write to it \(alpha, beta\)/);
  expect((await cli(['compact', store, ...force, '--offline'])).exitCode).toBe(0);
  expect((await seenByLogctl(store)).map(([key]) => key)).toEqual(['a', 'b']);
});
