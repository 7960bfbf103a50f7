// The bot's own functions: the nine cases of its documents under their names, and what is beyond.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CompactionScheduler,
  OpType,
  appendLogEntry,
  compactAllLogs,
  compactLog,
  getLogSize,
  needsCompaction,
  readLogEntries,
  rebuildStateFromLog,
  type NewEntry,
} from '../src/append-log.js';
import { openLog } from '../src/engine/index.js';
import { complaints, freshBotData, leave, name, put } from './helpers/bot-data.js';
import { checkpoint, clock, log as logOf, remove, set, setAll } from './helpers/bot-log.js';

const data = freshBotData();

describe('a name', () => {
  const strange = [
    ...['../../x', '..', '.', '', '/etc/x', 'a/b', 'a/../../b', 'a\\b', 'x\0y', '.hidden', '\0'],
    ...['x.log.backup.1', 'x.log.backup.1.gz', 'x.log.original.5', 'x.log.receipt.5.json'],
    ...[undefined, null, 5, {}, Symbol('x'), 5n, ['a']],
  ] as string[];

  it.each(strange.map((one) => ({ one })))(
    'that leads elsewhere is refused: $one',
    async ({ one }) => {
      const before = readdirSync(data.dataDir, { recursive: true });
      const refused = { code: 'refused', message: expect.stringContaining('is no name for a log') };
      const entry: NewEntry = { op: 'SET', key: 'k', value: 1 };
      await expect(appendLogEntry(one, entry)).rejects.toMatchObject(refused);
      const others = [readLogEntries, rebuildStateFromLog, compactLog, getLogSize, needsCompaction];
      for (const read of others) await expect(read(one)).rejects.toMatchObject(refused);
      await expect(compactAllLogs([one])).rejects.toMatchObject(refused);
      expect(() => new CompactionScheduler().start([one])).toThrow('is no name for a log');
      expect(readdirSync(data.dataDir, { recursive: true })).toEqual(before);
    },
  );

  it.each(['a b', 'players.log', 'é\u{1f600}', '-x', 'backup', 'x..y', '~', 'a:b'])(
    'that is one is kept: %j',
    async (one) => {
      await appendLogEntry(one, { op: 'SET', key: 'k', value: 1 });
      expect(await rebuildStateFromLog(one)).toEqual({ k: 1 });
      expect(readdirSync(join(data.dataDir, 'logs'))).toContain(`${one}.log`);
    },
  );
});

describe('the cases of the documents', () => {
  it('Append log entry: one line, with a timestamp', async () => {
    await put('test1', 'value1');
    const entries = await readLogEntries(name);
    expect(entries).toEqual([
      expect.objectContaining({ op: 'SET', key: 'test1', value: 'value1', timestamp: anyTime }),
    ]);
    expect(readFileSync(data.path, 'utf8')).toMatch(/^\{"timestamp":"[^\n]*\}\n$/);
  });

  it('Read log entries: all of them, in the order in which they were appended', async () => {
    for (const key of ['k1', 'k2', 'k3']) await put(key, `v${key}`);
    expect((await readLogEntries(name)).map(({ key }) => key)).toEqual(['k1', 'k2', 'k3']);
  });

  it('SET operations: each key has its value', async () => {
    await put('user1', { score: 100 });
    await put('user2', { score: 200 });
    expect(await rebuildStateFromLog(name)).toEqual({
      user1: { score: 100 },
      user2: { score: 200 },
    });
  });

  it('DELETE operations (tombstones): what was deleted stays away', async () => {
    await put('user1', { score: 100 });
    await put('user2', { score: 200 });
    await appendLogEntry(name, { op: OpType.DELETE, key: 'user1' });
    expect(await rebuildStateFromLog(name)).toEqual({ user2: { score: 200 } });
  });

  it('Rebuild state from log: the last value counts', async () => {
    for (const score of [0, 10, 20]) await put('score', score);
    expect(await rebuildStateFromLog(name)).toEqual({ score: 20 });
  });

  it('Log compaction: smaller, and the state is the same', async () => {
    await put('user1', { score: 100 });
    await put('user2', { score: 200 });
    await put('user1', { score: 150 });
    const [size, state] = [await getLogSize(name), await rebuildStateFromLog(name)];
    await compactLog(name);
    expect(await getLogSize(name)).toBeLessThan(size);
    expect(await rebuildStateFromLog(name)).toEqual(state);
    expect(state).toEqual({ user1: { score: 150 }, user2: { score: 200 } });
  });

  it('Checkpoint operations: what comes after a checkpoint is added to it', async () => {
    await put('user1', { score: 100 });
    await put('user2', { score: 200 });
    await compactLog(name);
    await put('user3', { score: 300 });
    const [first] = await readLogEntries(name);
    expect(first).toMatchObject({ op: OpType.CHECKPOINT, compactedAt: anyTime });
    expect(Object.keys(await rebuildStateFromLog(name))).toEqual(['user1', 'user2', 'user3']);
  });

  it('Log size calculation: 0 without a log, and its bytes with one', async () => {
    expect(await getLogSize(name)).toBe(0);
    await put('test', 'data');
    expect(await getLogSize(name)).toBe(readFileSync(data.path).length);
    expect(await getLogSize(name)).toBeGreaterThan(0);
  });

  it('Crash recovery simulation: the log alone gives everything back, and goes on', async () => {
    await put('player1', { score: 100 });
    await put('player2', { score: 200 });
    const state = await rebuildStateFromLog(name);
    expect(state).toEqual({ player1: { score: 100 }, player2: { score: 200 } });
    await put('player3', { score: 300 });
    expect(Object.keys(await rebuildStateFromLog(name))).toHaveLength(3);
  });
});

const anyTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

describe('a log that is not there', () => {
  it('reads as empty, and nothing that only looks makes it', async () => {
    expect(await readLogEntries(name)).toEqual([]);
    expect(await rebuildStateFromLog(name)).toEqual({});
    expect(await needsCompaction(name)).toBe(false);
    await compactLog(name);
    await compactAllLogs();
    expect(readdirSync(data.dataDir)).toEqual([]);
  });

  it('begins anew where it was removed while the bot runs', async () => {
    await put('a', 1);
    rmSync(data.path);
    await put('b', 2);
    expect(await rebuildStateFromLog(name)).toEqual({ b: 2 });
    expect(await complaints(data)).toEqual([]);
  });

  it('begins with its first entry, whatever a main file holds', async () => {
    writeFileSync(join(data.dataDir, `${name}.json`), '{"old":1}');
    await put('a', 1);
    expect(await rebuildStateFromLog(name)).toEqual({ a: 1 });
  });
});

describe('what the bot appends', () => {
  it('is carried as JSON.stringify carries it, with number and checksum', async () => {
    const date = new Date(clock(0));
    const entry = { op: 'SET', key: 'a', value: { date, no: undefined, nan: NaN }, note: '\u2028' };
    await appendLogEntry(name, entry);
    await appendLogEntry(name, { op: 'NOTE', timestamp: clock(5), text: 'kept' });
    const [first, second] = await readLogEntries(name);
    expect(first).toMatchObject({ value: { date: clock(0), nan: null }, note: '\u2028', seq: 1 });
    expect(second).toMatchObject({ op: 'NOTE', timestamp: clock(5), text: 'kept', seq: 2 });
    expect(Object.keys(second)).toEqual(['timestamp', 'op', 'text', 'seq', 'crc']);
    expect(await complaints(data)).toEqual([]);
  });

  it('gets a number and a checksum of its own when it is copied from another log', async () => {
    await put('a', 1, 'source');
    const batched = await openLog(join(data.dataDir, 'logs', 'source.log'));
    await batched.batch((batch) => ['b', 'c'].forEach((key) => batch.set(key, key)));
    await batched.close();
    const [, second] = await readLogEntries('source');
    expect(second).toMatchObject({ key: 'b', batch: 2, of: 2, seq: 2 });
    await appendLogEntry(name, second);
    expect(await rebuildStateFromLog(name)).toEqual({ b: 'b' });
    expect(await complaints(data)).toEqual([]);
  });

  it('is refused without an operation, and what follows is not', async () => {
    const bad = { key: 'a', value: 1 } as unknown as NewEntry;
    await expect(appendLogEntry(name, bad)).rejects.toMatchObject({ code: 'refused' });
    await put('a', 1);
    expect(await complaints(data)).toEqual([]);
  });
});

describe('a replay', () => {
  it('merges whole-state entries, as the code of the bot does', async () => {
    leave(
      data,
      logOf(
        set('a', 1),
        setAll({ b: 2, c: { d: 3 } }, 1),
        checkpoint({ c: 4 }, 2),
        set('__proto__', { x: 1 }, 3),
        remove('b', 4),
        setAll({ e: 5 }, 5),
      ),
    );
    const state = await rebuildStateFromLog(name);
    expect(Object.entries(state)).toEqual([
      ['a', 1],
      ['c', 4],
      ['__proto__', { x: 1 }],
      ['e', 5],
    ]);
    expect(Object.getPrototypeOf(state)).toBe(Object.prototype);
    await compactLog(name);
    expect(Object.keys(await rebuildStateFromLog(name)).sort()).toEqual(Object.keys(state).sort());
  });
});
