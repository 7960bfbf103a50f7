// The simulated leases must show what the real ones do: a swap without them loses, with them never.
import { describe, expect, it } from 'vitest';
import type { KernelLocks } from '../src/engine/kernel-locks.js';
import { FakeLocks } from './helpers/fake-locks.js';
import { Killed, memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';
import { ScriptedWriter } from './helpers/scripted-writer.js';

const log = '/data/players.log';
const temporary = '/data/.players.log.tmp-1';
const lines = ['one', 'two', 'three'];

/** A swap as small as can be: the whole log is the tail. Each guard may be left out. */
interface Guards {
  quiesce: boolean;
  hold: boolean;
  drain: boolean;
}
const sound: Guards = { quiesce: true, hold: true, drain: true };

function swap(disk: RecordingDisk, locks: KernelLocks, { quiesce, hold, drain }: Guards): string {
  const old = disk.open(log);
  const fresh = disk.create(temporary);
  let carried = 0;
  const carry = () => {
    const rest = new Uint8Array(old.stat().size - carried);
    old.read(rest, carried);
    fresh.append(rest);
    fresh.sync();
    carried += rest.length;
  };
  carry();
  if (quiesce && locks.lease(old, 'read', 2_000) !== 'granted') return 'busy';
  carry();
  if (hold) locks.lease(fresh, 'write');
  disk.rename(temporary, log);
  disk.syncDirectory('/data');
  locks.release(old);
  for (let unbroken = !drain; !unbroken; locks.release(old)) {
    if (locks.lease(old, 'read', 2_000) !== 'granted') continue;
    carry();
    locks.pause(20);
    unbroken = locks.leaseOf(old) === 'read';
    if (unbroken) break;
  }
  locks.release(fresh);
  [old, fresh].forEach((file) => file.close());
  return 'swapped';
}

/** Runs the swap beside one writer that begins at `first` and then takes `pace` steps a point. */
function race(guards: Guards, { first, pace }: { first: number; pace: number }) {
  const disk = memoryDisk({ [log]: '' });
  const writer = new ScriptedWriter(disk, { path: log, lines });
  const locks = new FakeLocks(disk, [writer], (point) => (point < first ? 0 : pace));
  const outcome = swap(disk, locks, guards);
  const points = locks.points;
  locks.finish();
  return { outcome, points, text: disk.text(log)!, acknowledged: writer.acknowledged };
}

/** What went wrong in any race: every first point, several paces. */
function raceAll(guards: Guards) {
  const wrong = new Set<string>();
  let races = 0;
  for (const pace of [1, 2, 3, 4, 5, 7]) {
    for (let first = 0, points = 1; first <= points; first += 1, races += 1) {
      const { text, acknowledged, ...rest } = race(guards, { first, pace });
      points = rest.points;
      expect(acknowledged).toEqual(lines);
      const found = text.split('\n').slice(0, -1);
      if (found.length < lines.length) wrong.add('lost');
      else if (found.join() !== lines.join()) wrong.add('inverted');
    }
  }
  return { races, wrong: [...wrong].sort() };
}

describe('a swap beside a writer that opens by path', () => {
  it('loses nothing and keeps the order with both leases and the drain, whenever it begins', () => {
    const { races, wrong } = raceAll(sound);
    console.log(`${races} races, nothing lost, no order inverted`);
    expect(wrong).toEqual([]);
  });

  it('is seen to lose without a drain', () => {
    expect(raceAll({ ...sound, drain: false }).wrong).toContain('lost');
  });

  it('is seen to invert the order where the new file is not held during the drain', () => {
    expect(raceAll({ ...sound, hold: false }).wrong).toContain('inverted');
  });

  it('is seen to lose without leases', () => {
    expect(raceAll({ quiesce: false, hold: false, drain: false }).wrong).toContain('lost');
  });
});

describe('simulated leases', () => {
  it('are refused while a writer keeps the file open, and name it', () => {
    const disk = memoryDisk({ [log]: '' });
    const writer = new ScriptedWriter(disk, { path: log, lines, keepsOpen: true });
    const locks = new FakeLocks(disk, [writer], () => 1);
    locks.finish();
    expect(swap(disk, locks, sound)).toBe('busy');
    expect(locks.clockMs()).toBe(2_000);
    const { id } = disk.stat(log)!;
    const holder = { pid: 2, command: 'writer', writes: true, append: true };
    expect(locks.holders(id).holders).toEqual([holder]);
  });

  it('make an opener wait, tell the holder, and are taken away after 45 s', () => {
    const disk = memoryDisk({ [log]: '' });
    const writer = new ScriptedWriter(disk, { path: log, lines });
    const locks = new FakeLocks(disk, [writer], (point) => (point === 0 ? 0 : 1));
    const file = disk.open(log);
    expect(locks.lease(file, 'read')).toBe('granted');
    locks.pause(44_000);
    expect([locks.leaseOf(file), writer.acknowledged]).toEqual(['none', []]);
    locks.pause(2_000);
    expect(writer.acknowledged).toEqual(lines);
  });

  it('refuse the engine an open that would wait for itself', () => {
    const disk = memoryDisk({ [log]: '' });
    const locks = new FakeLocks(disk);
    locks.lease(disk.open(log), 'read');
    expect(() => disk.openAppend(log)).toThrow('wait 45 s for itself');
    disk.open(log).close();
  });

  it('end with kill -9: the writer that waited goes on, on the inode it had found', () => {
    const disk = memoryDisk({ [log]: '' });
    const writer = new ScriptedWriter(disk, { path: log, lines });
    const locks = new FakeLocks(disk, [writer], () => 1);
    // From the effect after this one on: the name is swapped and the drain has not run.
    disk.before = (effect) => {
      if (effect.do === 'sync-directory') disk.killAt = 0;
    };
    expect(() => swap(disk, locks, sound)).toThrow(Killed);
    const acknowledged = writer.acknowledged.length;
    disk.before = undefined;
    disk.restart();
    locks.finish();
    expect(acknowledged).toBeLessThan(lines.length);
    expect(writer.acknowledged).toEqual(lines);
  });

  it('can be made to answer as a system without them', () => {
    const disk = memoryDisk({ [log]: '' });
    const locks = new FakeLocks(disk);
    locks.refusal = 'unsupported';
    expect(locks.lease(disk.open(log), 'read')).toBe('unsupported');
  });
});

describe('the simulated flock', () => {
  it('lets one open file in, and the next one when it is closed', async () => {
    const disk = memoryDisk({ '/data/.players.log.lock': '' });
    const locks = new FakeLocks(disk);
    const [one, two] = [1, 2].map(() => disk.open('/data/.players.log.lock'));
    expect(locks.tryLock(one)).toBe(true);
    expect(await locks.lock(two, { waitMs: 50 })).toBe(false);
    expect(locks.clockMs()).toBe(50);
    one.close();
    expect(locks.tryLock(two)).toBe(true);
  });
});
