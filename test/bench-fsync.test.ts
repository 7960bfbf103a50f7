// What bench-fsync measures and concludes, on a disk in memory whose clock the test turns.
import { describe, expect, it } from 'vitest';
import { benchFsync } from '../src/engine/bench-fsync.js';
import { deviceOf, flushesPerSecondMax } from '../src/engine/bench-fsync/bench-fsync-device.js';
import { percentilesOf } from '../src/engine/bench-fsync/bench-fsync-percentiles.js';
import { WriteProfile } from '../src/engine/bench-fsync/bench-fsync-profile.js';
import { EntryBytes } from '../src/engine/bench-fsync/bench-fsync-scratch.js';
import { LogctlError, type BenchContext, type BenchFsyncReport } from '../src/engine/index.js';
import { checkpoint, log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type FileSeed, type RecordingDisk } from './helpers/recording-disk.js';
import { schemaErrors } from './helpers/schema.js';
import { announcedSeed } from './helpers/seed.js';

const players = '/data/logs/players.log';
/** Three entries in the busiest minute. */
const entries = [set('a', 1, 0), set('b', 'x'.repeat(50), 59), set('c', 1, 61), set('a', 2, 62)];
const playersLog = log(checkpoint({ z: 'y'.repeat(900) }), ...entries, set('c', 2, 70));

/** How long each effect takes, ms. */
interface Speed {
  append?: number;
  sync?: number;
  'sync-directory'?: number;
}

/** A disk that takes its time, and the context around it. */
function slowDisk(
  files: Record<string, FileSeed> = { [players]: playersLog },
  { append = 0.004, sync = 8, 'sync-directory': syncDirectory = 4 }: Speed = {},
  options: { fsType?: number; freeBytes?: number } = {},
) {
  const disk = memoryDisk(files, options);
  const took: Record<string, number> = { append, sync, 'sync-directory': syncDirectory };
  let ms = 1_000;
  let names = 0;
  disk.before = ({ do: what }) => void (ms += took[what] ?? 0);
  const context: BenchContext = {
    ...contextOf(disk),
    ...{ disk, clockMs: () => ms, random: () => `c0ffee${names++}` },
  };
  return { disk, context };
}

const bench = async (
  { context }: { context: BenchContext },
  rounds = 20,
): Promise<BenchFsyncReport> => benchFsync(context, [players], { rounds });

const method = (report: BenchFsyncReport, name: string, group: number | null = 1) =>
  report.logs[0].methods.find((one) => one.name === name && one.group === group)!;

const codes = ({ findings }: BenchFsyncReport) => findings.map(({ code }) => code);

describe('percentiles', () => {
  it('are the least durations that so many do not exceed, for any list', () => {
    let state = announcedSeed('percentiles');
    const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
    for (const length of [1, 2, 19, 20, 21, 999, 1_000, 1_001, 10_000, 10_001]) {
      const list = Float64Array.from({ length }, () => Math.round(random() ** 4 * 500));
      const oracle = (share: number) => {
        const enough = [...new Set(list)].filter((value) => {
          return list.filter((one) => one <= value).length >= share * length - 1e-9;
        });
        return Math.min(...enough);
      };
      expect(percentilesOf(list)).toEqual({
        ...{ p50: oracle(0.5), p95: oracle(0.95), max: Math.max(...list) },
        p99: length < 1_000 ? null : oracle(0.99),
        p999: length < 10_000 ? null : oracle(0.999),
      });
    }
  });

  it('leave no outlier out, and do not reorder what they are given', () => {
    const list = Float64Array.of(3, 900, 1);
    expect(percentilesOf(list)).toMatchObject({ p50: 3, max: 900 });
    expect([...list]).toEqual([3, 900, 1]);
  });
});

describe('the entries written', () => {
  it('have the sizes of the log, its median, and its busiest minute', async () => {
    const report = await bench(slowDisk());
    const sizes = [...entries, set('c', 2, 70)].map((line) => line.length + 1);
    const { sizes: shown, answer } = report.logs[0];
    const median = sizes.sort((a, b) => a - b)[2];
    expect(shown).toEqual({ median, largest: Math.max(...sizes), from: 'log' });
    expect(answer).toMatchObject({ busiestMinute: 3, neededPerSecond: 3 / 60 });
  });

  it('stand for large and small ones in the shares that these have', () => {
    const profile = new WriteProfile();
    for (let n = 0; n < 63; n++) profile.add(n < 42 ? 100 : 5_000, NaN);
    const sizes = profile.sizesAtRanks(63);
    expect(sizes.filter((size) => size === 100)).toHaveLength(42);
    const bytes = new EntryBytes(sizes).take(126);
    const lines = Buffer.from(bytes).toString('latin1').split('\n').slice(0, -1);
    const lengths = lines.map((line) => line.length + 1).sort((a, b) => a - b);
    expect(lengths).toEqual([...sizes, ...sizes].sort((a, b) => a - b));
    expect(lines.join('')).toMatch(/^[\x20-\x7e]+$/);
  });

  it('are taken from the newest backup where compaction has just emptied the log', async () => {
    const backup = `${players}.backup.1700000000000`;
    const files = { [players]: log(checkpoint({ a: 1 })), [backup]: playersLog };
    const { logs } = await bench(slowDisk(files));
    expect(logs[0].answer.busiestMinute).toBe(3);
    expect(logs[0].sizes.from).toBe('log');
  });

  it('have a size of their own in a directory without a log', async () => {
    const { context } = slowDisk({ '/data/other.txt': 'x' });
    const report = await benchFsync(context, ['/data'], { rounds: 3 });
    expect(report.logs[0]).toMatchObject({ path: '/data', sizes: { from: 'default' } });
    expect(report.logs[0].answer.answer).toBe('unknown');
    await expect(benchFsync(context, ['/nowhere'])).rejects.toMatchObject({ code: 'not-found' });
    await expect(benchFsync(context, ['-'])).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('the figures', () => {
  it('are the time of the writes and fsyncs alone, after a warm-up', async () => {
    const report = await bench(slowDisk(), 1_000);
    expect(method(report, 'append+fsync')).toMatchObject({ rounds: 1_000, p999: null });
    expect(method(report, 'append+fsync').p99).toBeCloseTo(8.004);
    expect(method(report, 'append+fsync', 64).entriesPerSecond).toBeCloseTo(64_000 / 8.004);
    expect(method(report, 'append, no fsync').p50).toBeCloseTo(0.004);
    expect(method(report, 'swap', null)).toMatchObject({ entriesPerSecond: null });
    expect(method(report, 'swap', null).max).toBeCloseTo(12.004);
    expect(method(report, 'directory fsync', null).p50).toBeCloseTo(4);
    expect(report.notChecked.join(' ')).toMatch(/p99\.9: it needs 10,000 rounds.*power cut/);
    expect(report.notChecked.join(' ')).not.toMatch(/p99:/);
    expect(schemaErrors(JSON.parse(JSON.stringify(report)))).toEqual([]);
  });

  it('come from fewer rounds on a slow disk, unless rounds are asked for', async () => {
    const slow = slowDisk(undefined, { sync: 100 });
    const report = await benchFsync(slow.context, [players]);
    expect(report).toMatchObject({ rounds: 2_000, budgetMs: 10_000 });
    expect(method(report, 'append+fsync').rounds).toBe(100);
    expect(method(report, 'append, no fsync').rounds).toBe(2_000);
    expect((await bench(slow, 150)).budgetMs).toBe(null);
    expect(method(await bench(slow, 150), 'append+fsync').rounds).toBe(150);
  });
});

describe('the verdict', () => {
  const busy = (perMinute: number) =>
    log(...Array.from({ length: perMinute }, (_, n) => set(`k${n}`, n, (n * 59) / perMinute)));

  it.each([
    [3, 8, 'enough', []],
    [6_000, 8, 'group commit', ['disk-too-slow']],
    [6_000, 1_000, 'not enough', ['disk-too-slow']],
  ])('on %d entries a minute and an fsync of %d ms is: %s', async (count, sync, answer, found) => {
    const report = await bench(slowDisk({ [players]: busy(count) }, { sync }), 5);
    expect(report.logs[0].answer).toMatchObject({ busiestMinute: count, answer });
    expect(codes(report)).toEqual(found);
    expect(report.exitCode).toBe(found.length === 0 ? 0 : 3);
  });

  it.each([
    ['memory', 0x01021994, 0.001, ['disk-volatile'], 3],
    ['a cache', 0xef53, 0.01, ['fsync-too-fast'], 3],
    ['a network', 0x6969, 8, ['disk-remote'], 0],
    ['layers', 0x794c7630, 8, ['disk-layered'], 0],
    ['a disk', 0xef53, 8, [], 0],
  ])('names %s', async (_name, fsType, sync, found, exitCode) => {
    const report = await bench(slowDisk(undefined, { sync }, { fsType }));
    expect({ codes: codes(report), exitCode: report.exitCode }).toEqual({ codes: found, exitCode });
  });

  it('does not believe a rotating disk that flushes 1,000 times a second', async () => {
    const files = {
      [players]: playersLog,
      '/proc/self/mountinfo': '30 1 8:2 / / rw - ext4 /dev/sda2 rw\n',
      '/sys/dev/block/8:2/../queue/rotational': '1\n',
      '/sys/dev/block/8:2/../queue/write_cache': 'write back\n',
    };
    const report = await bench(slowDisk(files, { sync: 1 }));
    expect(report.findings[0].message).toMatch(/^996 flushes a second, and a rotating disk can/);
    expect(codes(await bench(slowDisk(files, { sync: 8 })))).toEqual([]);
  });
});

describe('the device', () => {
  const mounts = [
    '22 1 254:0 / / rw - ext4 /dev/vda rw',
    '23 22 8:2 / /srv rw - btrfs /dev/sdb2 rw',
    '24 22 179:2 / /media/my\\040card rw shared:1 - vfat /dev/mmcblk0p2 rw',
  ].join('\n');
  const files = {
    '/proc/self/mountinfo': mounts,
    '/sys/dev/block/254:0/queue/rotational': '1\n',
    '/sys/dev/block/254:0/queue/write_cache': 'write through\n',
    '/sys/class/block/mmcblk0p2/../queue/rotational': '0\n',
    '/srv/data/a.log': '',
    '/srvice/a.log': '',
    '/media/my card/a.log': '',
  };

  it.each([
    ['/srv/data', { source: '/dev/sdb2', rotational: null, virtual: false }, Infinity],
    ['/srvice', { source: '/dev/vda', writeCache: 'write through', virtual: true }, Infinity],
    ['/media/my card', { source: '/dev/mmcblk0p2', rotational: false, writeCache: null }, 3_000],
  ])('below %s is known from the mounts and the queue', (directory, facts, flushes) => {
    const device = deviceOf(memoryDisk(files), directory);
    expect(device).toMatchObject({ filesystem: 'ext4', ...facts });
    expect(flushesPerSecondMax(device)).toBe(flushes);
  });

  it('is unknown where the system tells nothing', () => {
    const nothing = { source: null, rotational: null, writeCache: null, virtual: false };
    const disk = memoryDisk({ '/data/x': '' }, { fsType: 1 });
    expect(deviceOf(disk, '/data')).toEqual({ filesystem: 'unknown', ...nothing });
  });
});

describe('scratch files', () => {
  const left = (disk: RecordingDisk) => [...disk.names.keys()];

  it('are gone at the end, and the log and all beside it are as they were', async () => {
    const files = { [players]: playersLog, '/data/players.json': '{}' };
    const { disk, context } = slowDisk(files);
    const before = { ...disk.stat(players), text: disk.text(players) };
    await benchFsync(context, ['/data'], { rounds: 5 });
    expect(left(disk)).toEqual(Object.keys(files));
    expect({ ...disk.stat(players), text: disk.text(players) }).toEqual(before);
    const touched = disk.effects.filter(({ path }) => !path.includes('/.logctl-bench-'));
    expect([...new Set(touched.map((effect) => `${effect.do} ${effect.path}`))]).toEqual([
      'sync-directory /data/logs',
    ]);
  });

  it('are gone when the disk fails or the user interrupts, at any moment', async () => {
    const whole = slowDisk();
    await bench(whole, 2);
    const { length } = whole.disk.effects;
    for (let at = 0; at < length; at += 7) {
      const { disk, context } = slowDisk();
      disk.before = (effect, index) => {
        const fails = index === at && effect.do !== 'unlink';
        if (fails) throw new LogctlError('io', 'the device failed', 'a test');
      };
      await benchFsync(context, [players], { rounds: 2 }).catch(({ code }) => {
        expect(code).toBe('io');
      });
      expect(left(disk), `after effect ${at}`).toEqual([players]);
    }
    for (const rounds of [1, 60, 200, 400]) {
      const { disk, context } = slowDisk();
      let checks = 0;
      context.checkpoint = () => {
        if (++checks > rounds) throw new LogctlError('interrupted', 'interrupted', '');
      };
      await expect(bench({ context }, 50)).rejects.toMatchObject({ code: 'interrupted' });
      expect(left(disk)).toEqual([players]);
    }
  });

  it('of a run that was killed are named', async () => {
    const path = '/data/logs/.logctl-bench-1234-0';
    const report = await bench(slowDisk({ [players]: playersLog, [path]: 'x' }), 2);
    expect(report.findings).toMatchObject([{ code: 'leftover-temp', path }]);
  });

  it('are not begun without room for them', async () => {
    const { disk, context } = slowDisk(undefined, {}, { freeBytes: 1_000_000 });
    await expect(bench({ context })).rejects.toMatchObject({ code: 'no-space', exitCode: 8 });
    expect(disk.effects).toEqual([]);
  });
});
