// Following a log: real files; every entry once, whatever happens to the file.
import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNow } from '../src/engine/bytes/sync-read.js';
import { follow, LogctlError, nodeDisk, tail } from '../src/engine/index.js';
import type { TailEntry, TailEvent } from '../src/engine/index.js';
import { makeKernel, openLog } from '../src/engine/log.js';
import { FollowedFile } from '../src/engine/tail/tail-file.js';
import { checkpoint, log, remove, set, setAll } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { FollowedFolder } from './helpers/followed-folder.js';

let followed: FollowedFolder;
let path: string;
const start: FollowedFolder['start'] = (text, options) => followed.start(text, options);
const take = (count: number) => followed.take(count);
const names = (count: number) => followed.names(count);
const swap: FollowedFolder['swap'] = (head, carried, more) => followed.swap(head, carried, more);

beforeEach(() => {
  followed = new FollowedFolder();
  path = followed.path;
});

afterEach(() => followed.remove());

describe('following', () => {
  it('gives new entries with their place, their key and the range of their value', async () => {
    await start(log(set('a', 1)));
    const line = set('b', { n: [1, 2] }, 3);
    appendFileSync(path, log(line, remove('a', 4)));
    const [put, gone] = (await take(2)) as TailEntry[];
    expect(put).toMatchObject({
      ...{ event: 'entry', path, line: 2, length: line.length, op: 'SET', key: 'b' },
      time: '2026-11-19T09:00:03.000Z',
    });
    const bytes = Buffer.from(log(set('a', 1), line));
    expect(bytes.toString('utf8', put.offset, put.offset + put.length)).toBe(line);
    const value = bytes.toString('utf8', put.valueOffset, put.valueOffset + put.bytes);
    expect(value).toBe('{"n":[1,2]}');
    expect(gone).toMatchObject({ line: 3, op: 'DELETE', key: 'a', bytes: 0 });
  });

  it('gives lines that end with CRLF whole, wherever the file is cut into chunks', async () => {
    const lines = ['{"k":"a","v":1}', '{"k":"b"}', '{"k":"c","v":[3]}'].map((line) => `${line}\r`);
    const crlf = join(followed.folder, 'db.jsonl');
    writeFileSync(crlf, lines.map((line) => `${line}\n`).join(''));
    const one = await openLog(contextOf(), crlf, {});
    for (let chunkBytes = 2; chunkBytes < 50; chunkBytes++) {
      const file = new FollowedFile(nodeDisk.open(crlf));
      const kernel = makeKernel(contextOf(nodeDisk, { chunkBytes }), one.dialect, 'segment', {});
      const given: string[] = [];
      for await (const { offset, length } of file.lines(kernel, one)) {
        given.push(readNow(file.source, offset, offset + length).toString());
      }
      file.source.close();
      expect([chunkBytes, given]).toEqual([chunkBytes, lines]);
    }
  });

  it('begins at the end, or with the last entries that match', async () => {
    const text = log(set('a', 1), set('b', 1), set('a', 2), set('b', 2), set('a', 3));
    await start(text, { from: 'end', last: 2, key: 'a', values: true });
    expect((await take(2)).map((event) => (event as TailEntry).value)).toEqual(['2', '3']);
    appendFileSync(path, log(set('b', 3), set('a', 4)));
    expect(await take(1)).toMatchObject([{ key: 'a', value: '4', line: 7 }]);
  });

  it('holds an unfinished line back until its newline is there', async () => {
    await start(log(set('a', 1)));
    const whole = log(set('torn', 'x'.repeat(99)));
    const next = names(2);
    for (const char of [whole.slice(0, 30), whole.slice(30, -1)]) {
      appendFileSync(path, char);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    appendFileSync(path, '\n' + log(set('b', 1)));
    expect(await next).toEqual(['torn', 'b']);
  });

  it('tells of a line that is no entry and goes on behind it', async () => {
    await start(log(set('a', 1)));
    appendFileSync(path, `{"timestamp":"2026${log(set('b', 1), set('c', 1))}`);
    expect(await take(2)).toMatchObject([
      { event: 'damaged', line: 2 },
      { key: 'c', line: 3 },
    ]);
  });

  it('ends while it waits, by return and by a signal', async () => {
    await start(log(set('a', 1)));
    const waiting = followed.events.next();
    await followed.events.return!();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const stop = new AbortController();
    await start(log(set('a', 1)), { signal: stop.signal });
    const again = followed.events.next();
    stop.abort();
    expect(await again).toEqual({ done: true, value: undefined });
  });

  it('says that there is no log', async () => {
    const none = tail(join(followed.folder, 'none.log'));
    await expect(none.next()).rejects.toMatchObject({ code: 'not-a-log' });
  });

  it('hears of changes from the system, whatever the clock does', async () => {
    const got: TailEvent[] = [];
    const context = contextOf(nodeDisk, {
      sleep: (ms) => new Promise((resolve) => ms < 50 && setTimeout(resolve, ms)),
      checkpoint() {
        if (got.length === 2) throw new LogctlError('interrupted', 'interrupted', '');
      },
    });
    writeFileSync(path, log(set('a', 1)));
    const following = follow(context, [path], { from: 'start' }, (event) => {
      if (got.push(event) === 1) setTimeout(() => appendFileSync(path, log(set('b', 1))), 20);
    });
    await expect(following).rejects.toMatchObject({ code: 'interrupted' });
    expect(got).toMatchObject([{ key: 'a' }, { key: 'b' }]);
  });

  it('looks by itself where the system tells of nothing', async () => {
    await start(log(set('a', 1)), { disk: { ...nodeDisk, watch: undefined } });
    appendFileSync(path, log(set('b', 1)));
    expect(await names(1)).toEqual(['b']);
  });
});

describe('a compaction', () => {
  const old = [set('a', 1), set('b', 1), set('a', 2)];
  const head = (folded: string[], more = {}) =>
    log(checkpoint({ a: 1, b: 1 }, 9, { folded: log(...folded).length, ...more }));

  it('repeats no carried line and loses none', async () => {
    await start(log(...old));
    appendFileSync(path, log(set('c', 1)));
    swap(head(old.slice(0, 2)), log(old[2], set('c', 1)), { then: log(set('d', 1)) });
    expect(await names(3)).toEqual(['c', '(compacted)', 'd']);
  });

  it('gives late lines of the old file once, whichever file shows them first', async () => {
    await start(log(...old));
    const kept = swap(head(old), '', { late: log(set('late', 1)), then: log(set('d', 1)) });
    expect(await names(3)).toEqual(['late', '(compacted)', 'd']);
    // The new file first.
    appendFileSync(path, log(set('late2', 1), set('e', 1)));
    expect(await names(2)).toEqual(['late2', 'e']);
    appendFileSync(kept, log(set('late2', 1)));
    // The old file first.
    appendFileSync(kept, log(set('late3', 1)));
    expect(await names(1)).toEqual(['late3']);
    appendFileSync(path, log(set('late3', 1), set('f', 1)));
    expect(await names(1)).toEqual(['f']);
  });

  it('that left late lines behind is followed through the one that merges them', async () => {
    await start(log(...old));
    writeFileSync(join(followed.folder, '.players.log.compact.json'), '{}');
    const kept = swap(head(old), log(), { then: log(set('d', 1)) });
    expect(await names(2)).toEqual(['(compacted)', 'd']);
    appendFileSync(kept, log(set('late', 1)));
    expect(await names(1)).toEqual(['late']);
    appendFileSync(path, log(set('e', 1)));
    expect(await names(1)).toEqual(['e']);
    swap(head(old), log(set('late', 1), set('d', 1), set('e', 1)), { then: log(set('f', 1)) });
    rmSync(join(followed.folder, '.players.log.compact.json'));
    expect(await names(2)).toEqual(['(replaced)', 'f']);
  });

  it('ends an unended line, and the follower gives it then', async () => {
    await start(log(...old) + set('unended', 1));
    swap(head(old), log(set('unended', 1)));
    expect(await names(2)).toEqual(['(compacted)', 'unended']);
  });

  it('carries unknown operations behind its head, and they are not new', async () => {
    const note = '{"timestamp":"2026-11-19T09:00:00.000Z","op":"NOTE","text":"x"}';
    await start(log(note, ...old));
    swap(head([note, ...old.slice(0, 2)]), log(note, old[2]), { then: log(set('d', 1)) });
    expect(await names(2)).toEqual(['(compacted)', 'd']);
  });

  it('has a head of two lines where its reader knows more keys', async () => {
    await start(log(...old));
    const first = log(checkpoint({ z: 1 }, 9, { upstreamOnly: true }));
    swap(first + head(old.slice(0, 2), { seq: 4 }), log(old[2]), { then: log(set('d', 1)) });
    expect(await names(2)).toEqual(['(compacted)', 'd']);
  });

  it('makes a line new that is byte for byte one it has folded', async () => {
    await start(log(...old));
    swap(head(old), '', { then: log(old[0], set('d', 1)) });
    expect(await names(3)).toEqual(['(compacted)', 'a', 'd']);
  });

  it('of a program that does not say what its head stands for repeats nothing either', async () => {
    await start(log(...old));
    swap(log(checkpoint({ a: 1 }, 9)), log(old[2]), { then: log(set('d', 1)) });
    expect(await names(2)).toEqual(['(compacted)', 'd']);
  });

  it('of the bot, in place, gives no state again', async () => {
    await start(log(...old));
    writeFileSync(path, log(checkpoint({ a: 2, b: 1 }, 9)));
    expect(await names(1)).toEqual(['(truncated)']);
    appendFileSync(path, log(set('d', 1)));
    expect(await names(1)).toEqual(['d']);
  });
});

describe('the file', () => {
  it('is rotated: late lines of the old one first, then the new one from its start', async () => {
    await start(log(set('a', 1)));
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, log(set('late', 1)));
    expect(await names(2)).toEqual(['late', '(missing)']);
    writeFileSync(path, log(set('a', 1, 5), set('b', 1, 5)));
    expect(await names(3)).toEqual(['(replaced)', 'a', 'b']);
  });

  it('is emptied, as copytruncate does: what comes then is new', async () => {
    await start(log(set('a', 1), set('b', 1)));
    truncateSync(path, 0);
    expect(await take(1)).toMatchObject([{ event: 'truncated', message: expect.any(String) }]);
    appendFileSync(path, log(setAll({ a: 1 }), set('c', 1)));
    expect(await take(2)).toMatchObject([
      { key: null, op: 'SET', line: 1 },
      { key: 'c', line: 2 },
    ]);
  });

  it('is cut at its end: what is left is not given again', async () => {
    const kept = log(set('a', 1), set('b', 1));
    await start(kept + log(set('c', 1)));
    truncateSync(path, kept.length);
    expect(await names(1)).toEqual(['(truncated)']);
    appendFileSync(path, log(set('d', 1)));
    expect(await take(1)).toMatchObject([{ key: 'd', line: 3 }]);
  });

  it('is repaired: lines that were there before are not given again', async () => {
    const bad = log(set('a', 1)) + '{"torn\n' + log(set('b', 1));
    await start(bad);
    swap(log(set('a', 1), set('b', 1)), '', { then: log(set('c', 1)) });
    expect(await names(2)).toEqual(['(replaced)', 'c']);
  });
});

describe('a value', () => {
  it('can be read at its range as long as its file is there', async () => {
    await start(log(set('a', '9007199254740993')));
    appendFileSync(path, log(set('b', [1.5])));
    const [{ valueOffset, bytes }] = (await take(1)) as TailEntry[];
    const file = nodeDisk.open(path);
    expect(readNow(file, valueOffset, valueOffset + bytes).toString()).toBe('[1.5]');
    file.close();
  });
});
