// A writer whose log is compacted goes on where it was, without reading the checkpoint again.
import { describe, expect, it } from 'vitest';
import {
  compact,
  memoryDisk,
  openLog,
  type LogHandle,
  type MemoryDisk,
} from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';

const path = '/data/logs/players.log';
let temporaries = 0;
const big = 'x'.repeat(100_000);

/** A log of some 3 MB of live values, and a writer that has them. */
async function world() {
  const disk = memoryDisk({});
  const log = await openLog<unknown>(path, { disk });
  await log.batch((batch) => {
    for (let key = 0; key < 30; key++) batch.set(`k${key}`, { key, big });
  });
  return { disk, log };
}

/** Compacts the log; `meanwhile` runs when it was read and its checkpoint is being written. */
async function compactOn(disk: MemoryDisk, meanwhile?: () => Promise<void>): Promise<void> {
  let rest = meanwhile;
  const checkpoint = async () => {
    const act = rest;
    rest = undefined;
    await act?.();
  };
  const context = {
    checkpoint,
    ...contextOf(disk),
    disk,
    locks: disk.locks,
    random: () => `t${++temporaries}`,
  };
  const { logs } = await compact(context, [path], { force: true, offline: true });
  expect(logs[0]).toMatchObject({ result: 'compacted' });
}

/** Bytes of the log that `act` read. */
async function bytesReadBy(disk: MemoryDisk, act: () => Promise<unknown>): Promise<number> {
  return (await readsOf(disk, act)).bytes;
}

/** How often `act` read the log, and how much of it. */
async function readsOf(disk: MemoryDisk, act: () => Promise<unknown>) {
  const open = disk.open.bind(disk);
  let [bytes, reads] = [0, 0];
  disk.open = (name) => {
    const file = open(name);
    const read = file.read.bind(file);
    if (name === path) {
      file.read = (target, position) => {
        bytes += target.length;
        reads++;
        return read(target, position);
      };
    }
    return file;
  };
  await act();
  disk.open = open;
  return { bytes, reads };
}

describe('a writer whose log was compacted', () => {
  it('goes on without reading the checkpoint, its state whole', async () => {
    const { disk, log } = await world();
    await compactOn(disk);
    const bytes = await bytesReadBy(disk, () => log.set('after', 1));
    expect(bytes).toBeLessThan(500_000);
    await expectSame(log, disk);
  });

  it('finds its place behind entries that others appended to the new file', async () => {
    const { disk, log } = await world();
    const other = await openLog(path, { disk });
    await compactOn(disk);
    await other.set('k3', 'changed by the other');
    await other.delete('k4');
    expect(await bytesReadBy(disk, () => log.refresh())).toBeLessThan(500_000);
    expect(log.get('k3')).toBe('changed by the other');
    expect(log.has('k4')).toBe(false);
    await log.set('after', 1);
    await expectSame(log, disk);
  });

  it('finds its place among the entries that the compaction carried over', async () => {
    const { disk, log } = await world();
    const other = await openLog(path, { disk });
    await compactOn(disk, async () => {
      await log.set('k3', 'mine');
      await other.set('k5', 'of the other');
    });
    expect(await bytesReadBy(disk, () => log.refresh())).toBeLessThan(500_000);
    expect([log.get('k3'), log.get('k5')]).toEqual(['mine', 'of the other']);
    await log.set('after', 1);
    await expectSame(log, disk);
  });

  it('finds it in few reads, however many entries the compaction carried over', async () => {
    const { disk, log } = await world();
    await compactOn(disk, () => {
      return log.batch((batch) => {
        for (let key = 0; key < 2_000; key++) batch.set(`n${key}`, key);
      });
    });
    const { bytes, reads } = await readsOf(disk, () => log.refresh());
    expect(bytes).toBeLessThan(1_000_000);
    expect(reads).toBeLessThan(50);
    await log.set('after', 1);
    await expectSame(log, disk);
  });

  it('reads all of it again where the bytes before its place are others', async () => {
    const { disk, log } = await world();
    await compactOn(disk, () => log.set('k3', 'mine'));
    const text = disk.text(path)!;
    // Put in its place by another hand: as long as the log, and with another value of k3.
    disk.unlink(path);
    const file = disk.create(path);
    file.append(
      Buffer.from(text.replace(/"mine".*\n/, '"them","by":"another"}'.padEnd(99) + '\n')),
    );
    file.close();
    await log.refresh();
    expect(log.get('k3')).toBe('them');
  });

  it('reads all of it again where others had appended what it never saw', async () => {
    const { disk, log } = await world();
    const other = await openLog(path, { disk });
    await other.set('k3', 'unseen');
    await compactOn(disk);
    await log.set('after', 1);
    expect(log.get('k3')).toBe('unseen');
    await expectSame(log, disk);
  });

  it('goes on with its numbers where a compactor folded them without naming any', async () => {
    const disk = memoryDisk({});
    const log = await openLog<unknown>(path, { disk });
    for (let n = 1; n <= 3; n++) await log.set(`k${n}`, n);
    // Another program's compaction: a state alone, under the log's name.
    disk.unlink(path);
    const file = disk.create(path);
    file.append(Buffer.from('{"op":"CHECKPOINT","state":{"k1":1,"k2":2,"k3":3}}\n'));
    file.close();
    await log.set('k4', 4);
    const [, line] = disk.text(path)!.split('\n');
    expect(JSON.parse(line)).toMatchObject({ key: 'k4', seq: 4 });
  });

  it('reads all of it again after two compactions', async () => {
    const { disk, log } = await world();
    const other = await openLog(path, { disk });
    await compactOn(disk);
    await other.set('k3', 'between');
    await compactOn(disk);
    await log.set('after', 1);
    expect(log.get('k3')).toBe('between');
    await expectSame(log, disk);
  });
});

/** The handle says what a fresh one reads from the disk, figures included. */
async function expectSame(log: LogHandle<unknown>, disk: MemoryDisk): Promise<void> {
  const fresh = await openLog(path, { disk, readOnly: true });
  expect([...log.entries()]).toEqual([...fresh.entries()]);
  const { entries, bytes, liveBytes, lastCompactionAt, lastEntryAt } = fresh.stats();
  const expected = { entries, bytes, liveBytes, lastCompactionAt, lastEntryAt };
  expect(log.stats()).toMatchObject(expected);
}
