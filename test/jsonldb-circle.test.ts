// Full circle with the real jsonl-db: it loads what recover and compact wrote, and goes on with it.
import { readFileSync, statSync } from 'node:fs';
import { JsonlDB } from '@alcalzone/jsonl-db';
import { describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import {
  freshCase,
  jsonldbCases,
  libraryLoads,
  recovered,
  replayed,
  storeOf,
  verified,
} from './helpers/jsonldb-store.js';

/** A store may be empty: nothing tells then whose it is. */
const ours = ['--dialect', 'jsonldb'];
const salvage = ['--policy', 'salvage', '--max-lost', '100'];
/** The library never writes such a line and never reads it; logctl keeps it. */
const notItsOwn = ['number-key', 'extra-member-before-v'];
const lockedForGood = ['lock-is-a-file', 'lock-stale-nonempty-dir'];
/** The library's -0 is 0 in JSON. */
const asJson = (entries: [string, unknown][]) =>
  JSON.parse(JSON.stringify(entries)) as [string, unknown][];

describe('a store that was recovered', () => {
  it.each(jsonldbCases)('%s: is loaded, written and read again', async (name) => {
    const { path } = freshCase(name);
    const { exitCode } = await recovered(path, ...salvage, ...ours);
    expect(exitCode).toBeOneOf([0, 20]);
    const compact = () => cli(['compact', '--force', path, '-q', ...ours]);
    // Nobody can open this store any more, and no command of ours goes past the lock.
    if (lockedForGood.includes(name)) return expect((await compact()).exitCode).toBe(11);
    const options = { ignoreReadErrors: notItsOwn.includes(name) };
    const { entries } = await replayed(path, ...ours);
    const loaded = new Map(asJson(await libraryLoads(path, options)));
    if (!options.ignoreReadErrors) expect(new Map(entries)).toEqual(loaded);
    await write(path, options);
    expect((await compact()).exitCode).toBeOneOf(options.ignoreReadErrors ? [21] : [0]);
    const upstream = await replayed(path, '--semantics', 'upstream', ...ours);
    expect(upstream.entries).toEqual(asJson(await libraryLoads(path, options)));
  });
});

describe('compact', () => {
  it.each(['basic', 'compressed', 'timestamps', 'tricky-keys', 'tricky-values', 'crlf'])(
    'J3, J17, J19: %s: leaves the bytes that the library itself would leave',
    async (name) => {
      const [one, other] = [freshCase(name).path, freshCase(name).path];
      const { out, exitCode } = await cli(['compact', '--force', '--json', one]);
      expect(exitCode).toBe(0);
      const [{ stateHash, upstreamHash, backup }] = JSON.parse(out).logs;
      expect(stateHash.before).toBe(stateHash.after);
      expect(upstreamHash.before).toBe(upstreamHash.after);
      expect(readFileSync(backup)).toEqual(readFileSync(freshCase(name).path));
      const db = new JsonlDB(other, { enableTimestamps: true });
      await db.open();
      await db.compress();
      await db.close();
      // The library ends a line with LF alone, and the line is kept as it stands.
      const text = readFileSync(one, 'utf8').replaceAll('\r', '');
      expect(text).toBe(readFileSync(other, 'utf8'));
    },
  );

  it('J18: keeps every byte of a value: whose they are, nobody here knows', async () => {
    const values = ['9007199254740993', '-0', '1E400', '{"a":1,"a":2}', '"\\u0041\\/"', '[ 1 ]'];
    const lines = values.map((value, at) => `{"k":"${at}","v":${value},"ts":5}\n`);
    const path = storeOf(`{"k":"0","v":1}\n{"k":"x","v":1}\n${lines.join('')}{"k":"x"}\n`);
    expect((await cli(['compact', '--force', path])).exitCode).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
  });

  it('J11: keeps a line with U+2028 as it stands, and verify still names it', async () => {
    const kept = '{"k":"a","v":"x\u2028y"}\n';
    const path = storeOf(`{"k":"a","v":1}\n${kept}`);
    expect((await cli(['compact', '--force', path])).exitCode).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(kept);
    const { exitCode, findings } = await verified(path);
    expect([exitCode, findings]).toMatchObject([3, [{ code: 'reader-differs', key: 'a' }]]);
  });

  it('J11: takes lines that end with CR alone for the lines they are', async () => {
    const lines = Array.from({ length: 9 }, (_, at) => `{"k":"k${at % 4}","v":${at}}`);
    const texts = [lines.join('\r'), `${lines.join('\r')}\r`, `${lines[0]}\n${lines.join('\r')}\r`];
    for (const text of texts) {
      const path = storeOf(text);
      const before = await libraryLoads(path);
      expect((await cli(['compact', '--force', path])).exitCode).toBe(0);
      expect(readFileSync(path, 'utf8')).not.toContain('\r');
      expect(await libraryLoads(path)).toEqual(before);
    }
  });

  it('never compacts a damaged store, and puts a torn end aside', async () => {
    const damaged = freshCase('garbage-middle').path;
    expect((await cli(['compact', '--force', damaged])).exitCode).toBe(4);
    const torn = freshCase('torn-tail-of-existing-key').path;
    expect((await cli(['compact', '--force', torn])).exitCode).toBe(3);
    expect((await verified(torn)).exitCode).toBe(0);
    expect(new Map(await libraryLoads(torn)).get('b')).toEqual({ x: [1, 2] });
  });
});

it('J23: reads a store in memory that grows with its keys, not with its bytes', async () => {
  const pad = 'p'.repeat(1_000);
  const lines = Array.from({ length: 400 }, (_, at) => `{"k":"k${at % 4}","v":"${pad}${at}"}\n`);
  const long = `{"k":"long","v":"${'l'.repeat(8 << 20)}"}\n`;
  const path = storeOf(lines.join('').repeat(60) + long + lines[0]);
  expect(statSync(path).size).toBeGreaterThan(30 << 20);
  const before = process.memoryUsage().arrayBuffers;
  expect((await verified(path)).exitCode).toBe(0);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
});

/** As a program does that uses the store: sets, deletes, closes. */
async function write(path: string, options: { ignoreReadErrors: boolean }): Promise<void> {
  const db = new JsonlDB<unknown>(path, options);
  await db.open();
  const [first] = db.keys();
  if (first !== undefined) db.delete(first);
  db.set('next', { n: 1 });
  await db.close();
}
