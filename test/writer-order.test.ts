// The order of write, fsync and answer, seen by a disk that records every effect; and what happens
// when one of them fails.
import { describe, expect, it } from 'vitest';
import { LogctlError, openLog, type LockedDisk, type WriteMode } from '../src/engine/index.js';
import { FakeLocks } from './helpers/fake-locks.js';
import type { Effect } from './helpers/memory-inode.js';
import { memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';

const path = '/data/logs/players.log';

function newDisk(): RecordingDisk & LockedDisk {
  const disk = memoryDisk({}, { directories: ['/data/logs'] });
  return Object.assign(disk, { locks: new FakeLocks(disk) });
}

/** Answers that came before their bytes, and the name of the log's file, were on the disk. */
function earlyAnswers(effects: readonly Effect[]): string[] {
  const early: string[] = [];
  let [written, durable, named] = ['', '', false];
  for (const effect of effects) {
    if (effect.do === 'note') {
      const isThere = named && durable.includes(`"key":"${effect.path}"`);
      if (!isThere) early.push(effect.path);
    }
    if (effect.do === 'sync-directory') named = true;
    if (effect.path !== path) continue;
    if (effect.do === 'append') {
      written = Buffer.from(effect.inode.content.view().subarray(0, effect.length)).toString();
    }
    if (effect.do === 'sync') durable = written;
  }
  return early;
}

/** Ten callers, three changes each, one after the other; each answer becomes a note of the disk. */
async function tenCallers(writeMode: WriteMode): Promise<RecordingDisk> {
  const disk = newDisk();
  const log = await openLog(path, { disk, writeMode, groupCommitSize: 4 });
  const caller = async (name: number) => {
    for (let number = 0; number < 3; number++) {
      await log.set(`${name}-${number}`, number);
      disk.note(`${name}-${number}`);
    }
    await log.batch((batch) => {
      batch.set('shared', name);
      batch.set(`${name}-batch`, name);
    });
    disk.note(`${name}-batch`);
  };
  await Promise.all(Array.from({ length: 10 }, (_, name) => caller(name)));
  await log.close();
  return disk;
}

describe('an answer', () => {
  it.each(['immediate', 'group'] as const)(
    '%s: comes after the fsync of its bytes',
    async (mode) => {
      const { effects } = await tenCallers(mode);
      expect(effects.filter((effect) => effect.do === 'note')).toHaveLength(40);
      expect(earlyAnswers(effects)).toEqual([]);
    },
  );

  it.each(['async', 'none'] as const)(
    '%s: comes before it, and this test sees that',
    async (mode) => {
      expect(earlyAnswers((await tenCallers(mode)).effects)).not.toEqual([]);
    },
  );

  it('comes after the one write of its group, not in pieces', async () => {
    const { effects } = await tenCallers('group');
    const writes = effects.filter((effect) => effect.do === 'append' && effect.path === path);
    const syncs = effects.filter((effect) => effect.do === 'sync' && effect.path === path);
    expect(writes.length).toBe(syncs.length);
    expect(writes.length).toBeLessThan(40);
  });
});

describe('a failed write', () => {
  /** Refuses the next effect of this kind on the log, once. */
  function failNext(disk: RecordingDisk, kind: Effect['do']): void {
    disk.before = (effect) => {
      if (effect.do !== kind || effect.path !== path) return;
      disk.before = undefined;
      throw new LogctlError('io', `${path}: EIO`, 'look at dmesg', { path });
    };
  }

  it.each(['append', 'sync'] as const)(
    'of %s is told to every waiter, and nothing follows',
    async (kind) => {
      const disk = newDisk();
      const log = await openLog(path, { disk });
      await log.set('kept', 1);
      failNext(disk, kind);
      const first = Promise.allSettled([log.set('a', 1), log.set('b', 1)]);
      await new Promise((resolve) => setImmediate(resolve));
      const late = Promise.allSettled([log.set('c', 1)]);
      const outcomes = [...(await first), ...(await late)];
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      const syncs = () => disk.effects.filter((effect) => effect.do === 'sync').length;
      const before = [disk.effects.length, syncs()];
      await expect(log.set('d', 1)).rejects.toThrow(/takes no more changes since a write failed/);
      await expect(log.flush()).rejects.toThrow(/EIO/);
      // A second fsync might succeed without the data: it is never tried.
      expect([disk.effects.length, syncs()]).toEqual(before);
      expect([...log.keys()]).toEqual(['kept']);
      await expect(log.close()).rejects.toThrow(/EIO/);
      const again = await openLog(path, { disk });
      expect(again.get('kept')).toBe(1);
      await again.set('e', 1);
      await again.close();
    },
  );

  it('of an append in mode async is told by flush, close and the next change', async () => {
    const disk = newDisk();
    const log = await openLog(path, { disk, writeMode: 'async' });
    failNext(disk, 'append');
    await log.set('a', 1);
    await expect(log.flush()).rejects.toThrow(/EIO/);
    await expect(log.set('b', 1)).rejects.toThrow(/EIO/);
    await expect(log.close()).rejects.toThrow(/EIO/);
  });
});
