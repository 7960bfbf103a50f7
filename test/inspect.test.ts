// What inspect counts: entries, keys, bytes, times, backups, growth, and a directory's totals.
import { describe, expect, it } from 'vitest';
import { inspect, type InspectOptions } from '../src/engine/index.js';
import { checkpoint, clock, log, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type FileSeed } from './helpers/recording-disk.js';
import { logPath } from './helpers/recovery.js';

const backupAt = (second: number) => `${logPath}.backup.${Date.parse(clock(second))}`;
const text = log(
  set('a', 'xxxx', 0),
  set('b', [1, 2], 10),
  set('a', 'yyyyyyyy', 20),
  set('c', 1, 30),
  remove('c', 86_400),
);

describe('one log', () => {
  it('is counted: entries per operation, keys, live bytes, times', async () => {
    const part = await inspected({ [logPath]: text });
    expect(part).toMatchObject({
      dialect: 'progressive',
      verdict: 'ok',
      bytes: text.length,
      lines: 5,
      entries: { SET: 4, DELETE: 1, CHECKPOINT: 0 },
      keys: { live: 2, upstream: 2, removed: 1 },
      firstTime: clock(0),
      lastTime: clock(86_400),
      tail: 'whole',
    });
    const live = ['"a"', '"yyyyyyyy"', '"b"', '[1,2]'].join('').length;
    expect(part).toMatchObject({ liveBytes: live, reclaimableBytes: text.length - live });
  });

  it('tells how long ago the last entry was, by its own time', async () => {
    const now = () => Date.parse(clock(86_460));
    const report = await inspect(contextOf(memoryDisk({ [logPath]: text }), { now }), [logPath]);
    expect(report.logs[0].lastEntryAgeMs).toBe(60_000);
  });

  it('names the largest keys, longest value first, with their versions', async () => {
    const part = await inspected({ [logPath]: text });
    expect(part.largest).toEqual([
      { key: 'a', bytes: 10, versions: 2 },
      { key: 'b', bytes: 5, versions: 1 },
    ]);
    expect((await inspected({ [logPath]: text }, { top: 1 })).largest).toHaveLength(1);
  });

  it('says how fast it grows: all bytes but those of the state it begins with', async () => {
    expect((await inspected({ [logPath]: text })).growthBytesPerDay).toBe(text.length);
    const late = log(set('z', 1, 86_400));
    const one = log(checkpoint({ big: 'x'.repeat(500) }, 0));
    expect((await inspected({ [logPath]: one + late })).growthBytesPerDay).toBe(late.length);
    const two = log(checkpoint({ only: 1 }, 0, { upstreamOnly: true })) + one + late;
    expect((await inspected({ [logPath]: two })).growthBytesPerDay).toBe(late.length);
    expect((await inspected({ [logPath]: late })).growthBytesPerDay).toBeNull();
  });
});

describe('the restore window', () => {
  const head = log(checkpoint({ a: 2 }, 100), set('a', 3, 110));
  const before = log(set('a', 1, 50), set('a', 2, 60));

  it('goes back to the first entry of the oldest backup that joins', async () => {
    const part = await inspected({ [logPath]: head, [backupAt(100)]: before });
    expect(part.restore).toEqual({ since: clock(50), gaps: [] });
    expect(part.backups).toMatchObject([
      { path: backupAt(100), verdict: 'ok', entriesSince: clock(50), bytes: before.length },
    ]);
  });

  it('has a gap where a backup between is missing or damaged', async () => {
    const later = log(checkpoint({ a: 2 }, 100_000), set('a', 3, 100_010));
    const gap = [{ after: clock(100), before: clock(100_000) }];
    const missing = await inspected({ [logPath]: later, [backupAt(100)]: before });
    expect(missing.restore).toEqual({ since: clock(50), gaps: gap });
    const damaged = { [backupAt(100_000)]: 'x', [backupAt(100)]: before };
    expect((await inspected({ [logPath]: later, ...damaged })).restore.gaps).toEqual(gap);
  });

  it('of a log alone is its own', async () => {
    expect((await inspected({ [logPath]: head })).restore).toEqual({ since: clock(100), gaps: [] });
  });
});

describe('a directory', () => {
  it('ends with the totals of its logs and what lies beside them', async () => {
    const files = {
      [logPath]: text,
      '/data/logs/tokens.log': text,
      '/data/players.json': '{"a":"yyyyyyyy","b":[1,2]}',
      [backupAt(5)]: text,
      '/data/logs/.players.log.lock': '',
      '/data/logs/players.log.receipt.1795146082419.json': '{}',
    };
    const { totals } = await inspect(contextOf(memoryDisk(files)), ['/data']);
    expect(totals).toMatchObject({
      path: '/data',
      logs: 2,
      logBytes: text.length * 2,
      backups: 1,
      backupBytes: text.length,
      mirrors: 1,
      sideFiles: 2,
      freeBytes: 2 ** 40,
      growthBytesPerDay: text.length * 2,
    });
  });

  it('has no totals where one log was named', async () => {
    const report = await inspect(contextOf(memoryDisk({ [logPath]: text })), [logPath]);
    expect(report.totals).toBeUndefined();
  });
});

describe('the next step', () => {
  it.each<[what: string, log: string, argv: string[] | undefined]>([
    ['a sound log', text, undefined],
    ['attention', text + '{"torn', ['logctl', 'verify', logPath]],
    [
      'damage',
      text + '{"bad\n' + text,
      ['logctl', 'recover', '--dry-run', '--policy', 'salvage', logPath],
    ],
  ])('after %s never writes', async (_what, log, argv) => {
    const { next } = await inspect(contextOf(memoryDisk({ [logPath]: log })), [logPath]);
    expect(next[0]?.argv).toEqual(argv);
    expect(next.some(({ writes }) => writes)).toBe(false);
  });
});

async function inspected(files: Record<string, FileSeed>, options: InspectOptions = {}) {
  return (await inspect(contextOf(memoryDisk(files)), [logPath], options)).logs[0];
}
