// Every version of one key, newest first, across the log and its backups, plain and gzipped.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { listEntries, type EntriesOptions } from '../src/engine/index.js';
import { checkpoint, clock, log, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type FileSeed } from './helpers/recording-disk.js';
import { logPath } from './helpers/recovery.js';

const first = log(set('a', 1, 10), set('b', 1, 11), set('a', 2, 20));
const second = log(checkpoint({ a: 2, b: 1 }, 25), remove('a', 30), set('a', 33, 40));
const text = log(checkpoint({ a: 33, b: 1 }, 45), set('a', 444, 50), set('b', 2, 51));
const backupAt = (second: number) => `${logPath}.backup.${Date.parse(clock(second))}`;
const plain = { [backupAt(25)]: first, [backupAt(45)]: second, [logPath]: text };

describe.each<[string, Record<string, FileSeed>, string]>([
  ['plain', plain, ''],
  [
    'gzipped',
    {
      [`${backupAt(25)}.gz`]: gzipSync(first),
      [`${backupAt(45)}.gz`]: gzipSync(second),
      [logPath]: text,
    },
    '.gz',
  ],
])('the history over %s backups', (_how, files, suffix) => {
  it('has every version once, newest first, each with the file it stands in', async () => {
    const { rows } = await listed(files, { history: 'a', values: true });
    expect(rows.map(({ op, time, value, path, line }) => [op, time, value, path, line])).toEqual([
      ['SET', clock(50), '444', logPath, 2],
      ['SET', clock(40), '33', backupAt(45) + suffix, 3],
      ['DELETE', clock(30), undefined, backupAt(45) + suffix, 2],
      ['SET', clock(20), '2', backupAt(25) + suffix, 3],
      ['SET', clock(10), '1', backupAt(25) + suffix, 1],
    ]);
  });

  it('is cut by the limit at its old end, and says how many there are', async () => {
    const { rows, matched } = await listed(files, { history: 'a', limit: 2 });
    expect(rows.map(({ line }) => line)).toEqual([2, 3]);
    expect(matched).toBe(5);
  });

  it('of a key that never was is empty', async () => {
    expect(await listed(files, { history: 'nobody' })).toMatchObject({ rows: [], matched: 0 });
  });
});

describe('a history whose oldest version is in a checkpoint alone', () => {
  it('shows the checkpoint as the version it is', async () => {
    const { rows } = await listed({ [logPath]: text }, { history: 'a', values: true });
    expect(rows.map(({ op, value }) => [op, value])).toEqual([
      ['SET', '444'],
      ['CHECKPOINT', '33'],
    ]);
  });

  it('tells two values of one length apart', async () => {
    const files = { [backupAt(25)]: log(set('k', 1, 1)), [logPath]: log(checkpoint({ k: 2 }, 25)) };
    const { rows } = await listed(files, { history: 'k', values: true });
    expect(rows.map(({ value }) => value)).toEqual(['2', '1']);
  });
});

describe('entries', () => {
  const all = log(set('a', 1, 1), set('b', 2, 2), remove('a', 3), set('ab', 4, 4));
  const files = { [logPath]: all };
  it.each<[EntriesOptions, number[]]>([
    [{}, [1, 2, 3, 4]],
    [{ op: 'set' }, [1, 2, 4]],
    [{ keyGlob: 'a*' }, [1, 3, 4]],
    [{ startLine: 2, endLine: 3 }, [2, 3]],
    [{ since: Date.parse(clock(2)), until: Date.parse(clock(3)) }, [2, 3]],
    [{ limit: 2 }, [1, 2]],
    [{ limit: 0 }, [1, 2, 3, 4]],
  ])('%j are the lines %j', async (options, lines) => {
    const { rows } = await listed(files, options);
    expect(rows.map(({ line }) => line)).toEqual(lines);
  });

  it('show values and lines only when asked', async () => {
    const [row] = (await listed(files, {})).rows;
    expect(row).not.toHaveProperty('value');
    expect(row).not.toHaveProperty('raw');
    const [asked] = (await listed(files, { values: true, raw: true })).rows;
    expect(asked).toMatchObject({ value: '1', raw: set('a', 1, 1), bytes: 1, offset: 0 });
  });
});

async function listed(files: Record<string, FileSeed>, options: EntriesOptions) {
  const report = await listEntries(contextOf(memoryDisk(files)), [logPath], options);
  return { rows: report.entries, matched: report.matched };
}
