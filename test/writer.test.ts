// An open log: what it promises of its state, its file, its refusals; on real files and processes.
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { LogctlError, openLog, verify } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { writerFolder } from './helpers/writer-folder.js';

const world = writerFolder();
const { lines, entries, withLog, findingsOf } = world;
let path: string;
beforeEach(() => {
  ({ path } = world);
});

describe('an open log', () => {
  it('shows a change at once, and keeps it over a close', async () => {
    await withLog(async (log) => {
      const done = log.set('a', { hp: 3 });
      expect(log.get('a')).toEqual({ hp: 3 });
      await done;
      await log.set('b', 1);
      expect(await log.delete('a')).toBe(true);
      expect(await log.delete('never')).toBe(false);
      await log.set('a', 2);
    });
    await withLog((log) =>
      expect([...log.entries()]).toEqual([
        ['b', 1],
        ['a', 2],
      ]),
    );
    expect(await findingsOf()).toEqual([]);
  });

  it('gives copies: changing a value changes nothing in the log', async () => {
    await withLog(async (log) => {
      const mine = { hp: 3 };
      await log.set('a', mine);
      mine.hp = 4;
      (log.get('a') as typeof mine).hp = 5;
      expect(log.get('a')).toEqual({ hp: 3 });
    });
  });

  it('has keys like __proto__ and 7, in the order of their creation', async () => {
    await withLog(async (log) => {
      for (const key of ['z', '7', '__proto__', 'constructor', '3']) await log.set(key, key);
      expect([...log.keys()]).toEqual(['z', '7', '__proto__', 'constructor', '3']);
      expect(log.has('toString')).toBe(false);
      await log.replace(
        new Map([
          ['__proto__', 1],
          ['2', 2],
          ['1', 1],
        ]),
      );
    });
    await withLog((log) => expect([...log.keys()]).toEqual(['__proto__', '2', '1']));
  });

  it('writes what every reader frames right, numbered and with a checksum', async () => {
    await withLog(async (log) => {
      await log.set('line\u2028s', 'a\u0085b\u2029c');
      expect(log.get('line\u2028s')).toBe('a\u0085b\u2029c');
    });
    const [line] = lines();
    expect(line).toMatch(
      /^\{"timestamp":"[-\d]+T\S+Z","op":"SET","key":"line\\u2028s","value":"a\\u0085b\\u2029c"/,
    );
    expect(line).toMatch(/,"seq":1,"crc":"[0-9a-f]{8}"\}$/);
    expect(await findingsOf()).toEqual([]);
  });

  it('replaces the state for readers that merge as for readers that replace', async () => {
    await withLog(async (log) => {
      await log.set('gone', 1);
      await log.set('stays', 1);
      await log.replace({ stays: 2, comes: 3 });
      expect([...log.entries()]).toEqual([
        ['stays', 2],
        ['comes', 3],
      ]);
    });
    expect(entries().map(({ op }) => op)).toEqual(['SET', 'SET', 'DELETE', 'SET']);
    const report = await verify(contextOf(), [path], {});
    expect(report.findings).toEqual([]);
  });

  it('lets others in between, however busy it is', async () => {
    const busy = await openLog(path);
    const other = await openLog(path, { lockWaitMs: 3_000 });
    let isOver = false;
    const looping = (async () => {
      for (let number = 0; !isOver; number++) await busy.set('busy', number);
    })();
    for (let number = 0; number < 5; number++) await other.set(`other-${number}`, number);
    isOver = true;
    await looping;
    await Promise.all([busy.close(), other.close()]);
    expect(busy.size).toBe(6);
  });

  it('counts what it holds and did', async () => {
    await withLog(async (log) => {
      await log.set('a', 'xy');
      await log.set('a', 'xyz');
      await log.set('b', 1);
      await log.delete('b');
      const pending = log.set('c', 1);
      expect(log.stats()).toMatchObject({ queued: 1, keys: 2 });
      await pending;
      const { size } = { size: readFileSync(path).length };
      const liveBytes = '"a""xyz"'.length + '"c"1'.length;
      const stats = { keys: 2, deleted: 1, entries: 5, bytes: size, liveBytes, queued: 0 };
      expect(log.stats()).toMatchObject({ ...stats, fsyncs: 5, reclaimable: size - liveBytes });
      expect(log.stats().lastEntryAt).toBe(entries()[4].timestamp);
    });
  });

  it('is read back with values no number of JavaScript can hold, byte for byte', async () => {
    const value = '{"id":9007199254740993,"x":1.0,"x":-0}';
    writeFileSync(
      path,
      `{"timestamp":"2026-01-01T00:00:00.000Z","op":"SET","key":"a","value":${value}}\n`,
    );
    await withLog(async (log) => {
      await log.set('b', 1);
      await log.delete('a');
      await log.undo();
    });
    expect(lines().at(-1)).toContain(`"value":${value},`);
  });
});

describe('write modes', () => {
  it.each([undefined, 'group'] as const)(
    '%s: 64 calls at once share one or two fsyncs',
    async (mode) => {
      await withLog(
        async (log) => {
          await log.set('first', 0);
          const before = log.stats().fsyncs;
          await Promise.all(Array.from({ length: 64 }, (_, n) => log.set(`k${n}`, n)));
          expect(log.stats().fsyncs - before).toBeLessThanOrEqual(2);
          expect(log.stats().queued).toBe(0);
        },
        { writeMode: mode },
      );
      expect(entries().map(({ seq }) => seq)).toEqual(Array.from({ length: 65 }, (_, i) => i + 1));
    },
  );

  it('async: the promise is there at once, flush and close make all of it durable', async () => {
    await withLog(
      async (log) => {
        await log.set('a', 1);
        expect(log.stats()).toMatchObject({ queued: 1, fsyncs: 0 });
        await log.flush();
        expect(log.stats()).toMatchObject({ queued: 0, fsyncs: 1 });
        for (let n = 0; n < 1_000; n++) await log.set(`k${n}`, n);
      },
      { writeMode: 'async' },
    );
    expect(entries()).toHaveLength(1_001);
  });

  it('none: calls no fsync', async () => {
    await withLog(
      async (log) => {
        await log.set('a', 1);
        expect(log.stats().fsyncs).toBe(0);
      },
      { writeMode: 'none' },
    );
    expect(entries()).toHaveLength(1);
  });

  it('load: false appends in any mode and keeps no value', async () => {
    await withLog(async (log) => log.set('a', 1));
    await withLog(
      async (log) => {
        await log.set('b', 2);
        expect(() => log.get('b')).toThrow(LogctlError);
        expect(log.stats()).toMatchObject({ keys: null, liveBytes: null, entries: 2 });
      },
      { load: false },
    );
    expect(entries().map(({ seq }) => seq)).toEqual([1, 2]);
  });
});
