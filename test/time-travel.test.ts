// The past of a log: every version of a key, the state at a time, and the last change taken back.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog, readEntries, readValue, streamState } from '../src/engine/index.js';
import type { LogOptions } from '../src/engine/index.js';

let directory: string;
let path: string;
let nowMs: number;
const startMs = Date.parse('2026-11-20T09:00:00.000Z');
const second = (number: number) => startMs + number * 1_000;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-time-'));
  path = join(directory, 'players.log');
  nowMs = startMs;
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A log whose clock goes on by one second with each entry. */
const open = (options: LogOptions = {}) =>
  openLog(path, { now: () => (nowMs += 1_000), ...options });

/** What compaction at second 5 leaves of the five changes. */
function compactByHand(): void {
  writeFileSync(`${path}.backup.${second(5)}`, readFileSync(path));
  const compactedAt = new Date(second(5)).toISOString();
  const checkpoint = { op: 'CHECKPOINT', state: { a: 2, c: 'x' }, compactedAt };
  writeFileSync(path, `${JSON.stringify(checkpoint)}\n`);
}

async function collect<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** Seconds 1 to 5: a=1, b={…}, a=2, b gone, c. */
async function fiveChanges() {
  const log = await open();
  await log.set('a', 1);
  await log.set('b', { deep: [1] });
  await log.set('a', 2);
  await log.delete('b');
  await log.set('c', 'x');
  return log;
}

describe('the past of an open log', () => {
  it('has every version of a key, newest first, also those of a backup', async () => {
    const log = await fiveChanges();
    const seen = (await log.history('b')).map(({ op, value, line }) => [op, value, line]);
    expect(seen).toEqual([
      ['DELETE', undefined, 4],
      ['SET', { deep: [1] }, 2],
    ]);
    await log.close();
    compactByHand();
    const again = await open();
    expect((await again.history('b')).map(({ op }) => op)).toEqual(['DELETE', 'SET']);
    expect(await again.history('never')).toEqual([]);
    await again.close();
  });

  it('has the state at a time: the last entry not after it counts', async () => {
    const log = await fiveChanges();
    expect(await log.at(second(2))).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b', { deep: [1] }],
      ]),
    );
    expect(await log.at(new Date(second(4) - 1))).toEqual(await log.at(second(3)));
    expect([...(await log.at('2026-11-20T09:00:05Z')).keys()]).toEqual(['a', 'c']);
    await expect(log.at(startMs)).rejects.toMatchObject({ code: 'out-of-range' });
    await log.close();
  });

  it('is streamed without an open log: states, entries, one value', async () => {
    const log = await fiveChanges();
    await log.close();
    expect(await collect(streamState(path, { at: second(3) }))).toEqual([
      { key: 'a', value: 2 },
      { key: 'b', value: { deep: [1] } },
    ]);
    const entries = await collect(readEntries(path, { since: second(2), until: second(4) }));
    expect(entries.map(({ op, key, value }) => [op, key, value])).toEqual([
      ['SET', 'b', { deep: [1] }],
      ['SET', 'a', 2],
      ['DELETE', 'b', undefined],
    ]);
    const ofKey = await collect(readEntries(path, { key: 'b', op: 'set' }));
    expect(ofKey.map(({ line }) => line)).toEqual([2]);
    expect([await readValue(path, 'a'), await readValue(path, 'b')]).toEqual([2, undefined]);
  });

  it('can be left early: a reader of entries that stops keeps no file open', async () => {
    const log = await fiveChanges();
    await log.close();
    for await (const { key } of readEntries(path)) {
      expect(key).toBe('a');
      break;
    }
    expect(openFilesUnder(directory)).toEqual([]);
  });
});

/** Paths of this process's open files in a directory. */
function openFilesUnder(folder: string): string[] {
  const links = process.platform === 'linux' ? readdirSync('/proc/self/fd') : [];
  return links.flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return []; // Closed while we looked.
    }
  });
}

describe('undo', () => {
  it('appends the inverse of the last change; undone again, the change is back', async () => {
    const log = await fiveChanges();
    expect(await log.undo()).toEqual({
      op: 'SET',
      time: new Date(second(5)).toISOString(),
      keys: ['c'],
    });
    expect([...log.keys()]).toEqual(['a']);
    expect(await log.undo()).toMatchObject({ op: 'DELETE', keys: ['c'] });
    expect([...log.entries()]).toEqual([
      ['a', 2],
      ['c', 'x'],
    ]);
    await log.close();
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(7);
  });

  it('takes back a batch and a replacement whole, also of an earlier opening', async () => {
    let log = await fiveChanges();
    await log.batch((batch) => {
      batch.set('a', 3);
      batch.delete('c');
      batch.set('d', 4);
    });
    await log.close();
    log = await open();
    expect(await log.undo()).toMatchObject({ op: 'batch', keys: ['a', 'c', 'd'] });
    expect([...log.entries()]).toEqual([
      ['a', 2],
      ['c', 'x'],
    ]);
    await log.replace({ z: 26, a: 0 });
    await log.undo();
    expect(new Map(log.entries())).toEqual(
      new Map<string, unknown>([
        ['a', 2],
        ['c', 'x'],
      ]),
    );
    await log.undo();
    expect([...log.entries()]).toEqual([
      ['z', 26],
      ['a', 0],
    ]);
    await log.close();
  });

  it('finds the last change in the backup when the log was compacted since', async () => {
    const log = await fiveChanges();
    await log.close();
    compactByHand();
    const again = await open();
    expect(await again.undo()).toMatchObject({ op: 'SET', keys: ['c'] });
    expect([...again.entries()]).toEqual([['a', 2]]);
    await again.close();
  });

  it('says null where there is nothing to take back', async () => {
    const log = await open();
    expect(await log.undo()).toBeNull();
    await log.close();
  });
});
