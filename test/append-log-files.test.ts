// The bot's own functions on files that are damaged, or compacted while they are written.
import { readFileSync, truncateSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import {
  CompactionScheduler,
  compactAllLogs,
  compactLog,
  getLogSize,
  needsCompaction,
  readLogEntries,
  rebuildStateFromLog,
} from '../src/append-log.js';
import { complaints, filesWith, freshBotData, leave, name, put } from './helpers/bot-data.js';
import { log as logOf, set } from './helpers/bot-log.js';

const data = freshBotData();

describe('damage', () => {
  it('at the end is less than an entry: left out, put aside by the next append', async () => {
    leave(data, logOf(set('a', 1)) + set('b', 2).slice(0, -7));
    expect(await rebuildStateFromLog(name)).toEqual({ a: 1 });
    expect(await readLogEntries(name)).toHaveLength(1);
    await put('c', 3);
    expect(await rebuildStateFromLog(name)).toEqual({ a: 1, c: 3 });
    expect(filesWith(data, '.quarantine.')).toHaveLength(1);
    expect(await complaints(data)).toEqual([]);
  });

  it.each([
    ['inside', logOf(set('a', 1), set('b', 2).slice(0, -9), set('c', 3))],
    ['of one line', logOf(set('a', 1), 'null', set('c', 3))],
  ])('%s is refused by all who would build on it, and nothing is changed', async (_, text) => {
    leave(data, text);
    const damaged = { code: 'damaged', hint: expect.stringContaining('logctl recover') };
    await expect(rebuildStateFromLog(name)).rejects.toMatchObject(damaged);
    await expect(readLogEntries(name)).rejects.toMatchObject(damaged);
    await expect(put('d', 4)).rejects.toMatchObject(damaged);
    await expect(compactLog(name)).rejects.toMatchObject({ code: 'damaged' });
    expect(readFileSync(data.path, 'utf8')).toBe(text);
  });

  it('is refused where a killed compaction emptied the log', async () => {
    await put('a', 1);
    await put('b', 2);
    await compactLog(name);
    truncateSync(data.path, 0);
    for (const read of [rebuildStateFromLog, readLogEntries]) {
      await expect(read(name)).rejects.toMatchObject({ code: 'damaged' });
    }
  });

  it('that was mended needs no restart of the bot', async () => {
    leave(data, logOf(set('a', 1), 'rubbish', set('c', 3)));
    await expect(put('b', 2)).rejects.toMatchObject({ code: 'damaged' });
    leave(data, logOf(set('a', 1)));
    await put('b', 2);
    expect(await rebuildStateFromLog(name)).toEqual({ a: 1, b: 2 });
  });
});

describe('compaction', () => {
  it('keeps the three newest backups, and none of what is compact already', async () => {
    for (let round = 1; round <= 5; round++) {
      await put('a', round);
      await compactLog(name);
      await compactLog(name);
      expect(filesWith(data, '.backup.')).toHaveLength(Math.min(round, 3));
    }
    expect(await rebuildStateFromLog(name)).toEqual({ a: 5 });
  });

  it('loses nothing of what this process appends and reads meanwhile', async () => {
    let isOver = false;
    const write = async (who: string) => {
      let count = 0;
      for (; !isOver; count++) await put(`${who}${count}`, count);
      return count;
    };
    const read = async () => {
      for (let keys = 0; !isOver;) {
        const now = Object.keys(await rebuildStateFromLog(name)).length;
        expect(now).toBeGreaterThanOrEqual(keys);
        keys = now;
      }
    };
    await put('first', 0);
    const compactings = async () => {
      for (let round = 0; round < 12; round++) await compactLog(name);
    };
    const ends = (work: Promise<unknown>) => work.finally(() => (isOver = true));
    const [a, b] = await Promise.all([write('a'), write('b'), ends(read()), ends(compactings())]);
    expect(Object.keys(await rebuildStateFromLog(name))).toHaveLength(a + b + 1);
    expect(await complaints(data)).toEqual([]);
  });

  it('of all logs goes on behind one that fails, and says so', async () => {
    leave(data, logOf(set('a', 1), 'null', set('b', 2)));
    for (const log of ['players', 'tokens']) {
      await put('a', 1, log);
      await put('a', 2, log);
    }
    await expect(compactAllLogs([name, 'players', 'tokens'])).rejects.toThrow(/test_log\.log/);
    for (const log of ['players', 'tokens']) expect(await readLogEntries(log)).toHaveLength(1);
  });

  it('is needed beyond the threshold, 1 MiB if nothing is said', async () => {
    await put('a', 'x'.repeat(100));
    const size = await getLogSize(name);
    expect(await needsCompaction(name, size - 1)).toBe(true);
    expect(await needsCompaction(name, size)).toBe(false);
    expect(await needsCompaction(name)).toBe(false);
    await put('a', 'x'.repeat(1_048_576));
    expect(await needsCompaction(name)).toBe(true);
  });
});

describe('CompactionScheduler', () => {
  it('takes names, starts and stops in one line, and compacts what has grown', async () => {
    await put('a', 'x'.repeat(1_048_576));
    await put('a', 1);
    await new CompactionScheduler(3_600_000).start([name]).stop();
    const scheduler = new CompactionScheduler().start([name, 'players']);
    expect([scheduler.intervalMs, scheduler.isRunning]).toEqual([3_600_000, true]);
    const results = (await scheduler.runNow()).map(({ result }) => result);
    await scheduler.stop();
    expect([results, scheduler.isRunning]).toEqual([['compacted', 'skipped'], false]);
    expect(await readLogEntries(name)).toHaveLength(1);
  });

  it('says on stderr what failed, unless somebody listens', async () => {
    leave(data, logOf(set('a', 'x'.repeat(1_048_576)), 'null', set('b', 2)));
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      const scheduler = new CompactionScheduler().start([name]);
      await scheduler.runNow();
      expect(said.mock.calls.flat().join()).toMatch(/test_log\.log was not compacted: .*line 2/);
      const heard: string[] = [];
      scheduler.on('failed', ({ error }) => heard.push(error.message));
      await scheduler.runNow();
      expect([heard.length, said.mock.calls.length]).toEqual([1, 1]);
      await scheduler.stop();
    } finally {
      said.mockRestore();
    }
  });
});
