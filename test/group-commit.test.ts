// Who shares an fsync with whom: groups by the free disk, by size and by age, and errors for all.
import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../src/engine/writer/group-commit.js';

/** A disk whose commits end when the test says so; `groups` are the sizes of the calls in each. */
function slowDisk(options: { size?: number; openMs?: number } = {}) {
  const groups: number[][] = [];
  const ends: { resolve(): void; reject(error: Error): void }[] = [];
  let nowMs = 0;
  const group = new GroupCommit<string>({
    ...options,
    clockMs: () => nowMs,
    commit(calls) {
      groups.push(calls.map(({ length }) => length));
      return new Promise((resolve, reject) => ends.push({ resolve, reject }));
    },
  });
  const turns = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const end = async (error?: Error) => {
    await turns();
    const next = ends.shift();
    if (error === undefined) next?.resolve();
    else next?.reject(error);
    await turns();
  };
  return { group, groups, end, turns, wait: (ms: number) => (nowMs += ms) };
}

describe('a group commit', () => {
  it('lets a lone caller wait for one commit, and for no timer', async () => {
    const { group, groups, end } = slowDisk({ openMs: 1e9 });
    let done = false;
    const first = group.add(['a']).then(() => (done = true));
    await end();
    await first;
    expect([groups, done]).toEqual([[[1]], true]);
  });

  it('gives all calls of one turn of the event loop to one commit', async () => {
    const { group, groups, end } = slowDisk();
    const all = Array.from({ length: 64 }, () => group.add(['a']));
    await end();
    await Promise.all(all);
    expect(groups.map(({ length }) => length)).toEqual([64]);
  });

  it('resolves no promise before the commit of its own group has ended', async () => {
    const { group, end, turns } = slowDisk();
    const order: string[] = [];
    void group.add(['a']).then(() => order.push('a'));
    await turns();
    void group.add(['b']).then(() => order.push('b'));
    await turns();
    expect(order).toEqual([]);
    await end();
    expect(order).toEqual(['a']);
    await end();
    expect(order).toEqual(['a', 'b']);
  });

  it('closes a group when it is full, and never cuts a call', async () => {
    const { group, groups, end } = slowDisk({ size: 4 });
    const all = [
      group.add(['1', '2', '3']),
      group.add(['4', '5']),
      group.add(['6']),
      group.add([...'789abc']),
    ];
    for (let commits = 0; commits < 3; commits++) await end();
    await Promise.all(all);
    expect(groups).toEqual([[3], [2, 1], [6]]);
  });

  it('closes a group when it is old', async () => {
    const { group, groups, end, turns, wait } = slowDisk({ openMs: 100 });
    const all = [group.add(['a'])];
    await turns();
    for (const ms of [0, 100, 1, 99]) {
      wait(ms);
      all.push(group.add(['b']));
    }
    for (let commits = 0; commits < 3; commits++) await end();
    await Promise.all(all);
    expect(groups).toEqual([[1], [1, 1], [1, 1]]);
  });

  it('gives the first error to every caller that waits, and to every later one', async () => {
    const { group, groups, end, turns } = slowDisk();
    const failed = [group.add(['a'])];
    await turns();
    failed.push(group.add(['b']));
    const outcomes = Promise.allSettled(failed);
    await end(new Error('the disk is gone'));
    const reasons = (await outcomes).map((one) => (one as PromiseRejectedResult).reason as Error);
    expect(reasons.map(({ message }) => message)).toEqual(Array(2).fill('the disk is gone'));
    await expect(group.add(['c'])).rejects.toThrow('the disk is gone');
    await expect(group.drained()).rejects.toThrow('the disk is gone');
    expect(groups).toEqual([[1]]);
  });
});
