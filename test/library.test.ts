// The library as a program meets it: the first ten lines, a disk in memory, several of them on it.
import { describe, expect, it } from 'vitest';
import {
  memoryDisk,
  openLog,
  readEntries,
  readValue,
  streamState,
  type LogHandle,
  type MemoryDisk,
} from '../src/engine/index.js';

const path = 'data/logs/players.log';

describe('the first ten lines of a bot', () => {
  it('work, and tell what was repaired', async () => {
    const line = '{"timestamp":"2026-01-01T00:00:00.000Z","op":"SET","key":"1","value":{"hp":1}}\n';
    const disk = memoryDisk({ [path]: `${line}${line.slice(0, 40)}` });
    const said: string[] = [];
    const players = await openLog<{ hp: number }>(path, { mirror: 'data/players.json', disk });
    if (players.recovered) said.push(players.recovered.text);
    await players.set('2', { hp: 7 });
    expect([players.get('2')?.hp, players.stats().reclaimable]).toEqual([7, expect.any(Number)]);
    await players.close();
    expect(said.join()).toMatch(
      /^data\/logs\/players\.log: dropped a torn last line \(40 bytes, kept in .*\), .*was missing/,
    );
    expect(disk.text('data/players.json')).toBe(
      '{\n  "1": {\n    "hp": 1\n  },\n  "2": {\n    "hp": 7\n  }\n}',
    );
    expect(await readValue(path, '2', { disk })).toEqual({ hp: 7 });
  });
});

describe('a program that reads in a loop', () => {
  const readers = [
    ['readValue', (disk: MemoryDisk) => readValue(path, 'a', { disk })],
    ['readEntries', (disk: MemoryDisk) => readEntries(path, { disk }).next()],
    ['streamState', (disk: MemoryDisk) => streamState(path, { disk }).next()],
  ] as const;
  it.each(readers)('lets others have their turn, however small the log: %s', async (_, read) => {
    const disk = memoryDisk();
    const log = await openLog(path, { disk });
    await log.set('a', 1);
    await log.close();
    let hadTurn = false;
    setImmediate(() => (hadTurn = true));
    for (let times = 0; times < 3; times++) await read(disk);
    expect(hadTurn).toBe(true);
  });
});

describe('a disk in memory', () => {
  it('keeps two open logs in one order: numbers once, nothing lost', async () => {
    const disk = memoryDisk();
    const logs = await Promise.all([
      openLog<number>(path, { disk }),
      openLog<number>(path, { disk }),
    ]);
    const write = async (log: LogHandle<number>, name: string) => {
      for (let number = 0; number < 50; number++) await log.set(`${name}${number}`, number);
    };
    await Promise.all([write(logs[0], 'a'), write(logs[1], 'b')]);
    await logs[0].refresh();
    expect(logs[0].size).toBe(100);
    await Promise.all(logs.map((log) => log.close()));
    const lines = disk.text(path)!.trimEnd().split('\n');
    const numbers = lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('refuses what a real one refuses', async () => {
    const disk = memoryDisk({ '/a': 'text' });
    expect(() => disk.create('/a')).toThrow(/EEXIST/);
    expect(() => disk.open('/b')).toThrow(/ENOENT/);
    expect(() => disk.link('/a', '/a')).toThrow(/EEXIST/);
    expect([disk.stat('/'), disk.stat('/a')?.kind]).toEqual([
      expect.objectContaining({ kind: 'directory' }),
      'file',
    ]);
  });
});
