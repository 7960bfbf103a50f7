// What jsonl-db itself would load: our reading against what the real library did with each store.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadUpstream, openingOf } from '../src/engine/dialects/jsonldb/jsonldb-upstream.js';
import { nodeDisk } from '../src/engine/index.js';
import { keyToString } from '../src/engine/keydir/key-bytes.js';
import { readValues } from '../src/engine/keydir/values.js';
import { contextOf } from './helpers/context.js';
import { freshCase, jsonldbCases, libraryLoads, storeFolder } from './helpers/jsonldb-store.js';
import { announcedSeed } from './helpers/seed.js';

const readers = ['ignoreReadErrors', 'ignore-3.1.1', 'ignore-1.3.0', 'strict'];

describe('a store that the library wrote, or left when it was killed', () => {
  it.each(jsonldbCases)('%s: is loaded as the library loads it, in its order', async (name) => {
    const { path, seen } = freshCase(name);
    const library = readers.map(seen).find((reader) => reader?.result === 'ok');
    const load = await loaded(path);
    expect(load.entries).toEqual(library?.state!.entries ?? load.entries);
    expect(load.lines).toBe(library?.uncompressedSize ?? load.lines);
  });

  it.each(jsonldbCases)('%s: is refused at the line the library names (J8)', async (name) => {
    const { path, seen } = freshCase(name);
    const strict = seen('strict');
    if (strict === undefined || strict.error?.message.includes('lock')) return;
    const { bad } = await loaded(path);
    const line = /in line (\d+)/.exec(strict.error?.message ?? '')?.[1];
    expect(bad[0]?.line).toBe(line === undefined ? undefined : Number(line));
  });

  it.each(jsonldbCases)('%s: loses at an opening what the library deletes', async (name) => {
    const { path, seen } = freshCase(name);
    const after = seen('ignoreReadErrors')?.filesAfterOpening;
    if (after === undefined) return;
    const { deletes, renames, takes } = openingOf(nodeDisk, path);
    const gone = [...deletes, ...(renames ? [takes!] : [])].map((file) => file.slice(path.length));
    const left = after.map((file) => file.path.slice('db.jsonl'.length)).filter(Boolean);
    expect(gone.filter((suffix) => left.includes(suffix))).toEqual([]);
    expect(after.find((file) => file.path === 'db.jsonl')!.size).toBe(nodeDisk.stat(takes!)!.size);
  });
});

describe('a file that the library reads in its own way', () => {
  const line = (text: string) => `${text}\n`;

  it.each([
    ['an empty key text before the value mark', '{"k":","v":1}'],
    ['a start that is its own end', '{"k":"}'],
    ['J21: members that stand twice: the key is the first, the content the last', twice],
    ['J24: a line without v is a deletion', line('{"k":"a","v":1}') + '{"k":"a","x":"y"}'],
    ['J4: two spellings of one key', spellings],
    ['J2: the last line of each spelling counts', line('{"k":"a","v":1}') + '{"k":"a","v":2}'],
    ['J12: blank lines', '\n\r\n  \n{"k":"a","v":1}\n'],
    ['J12: a byte order mark', '\ufeff{"k":"a","v":1}\n{"k":"b","v":2}\n'],
    [
      'J11: every line end that readline knows',
      '{"k":"a","v":1}\r{"k":"b","v":2}\r\n{"k":"c"}\r\r\n',
    ],
    ['J7: v:null is a value', '{"k":"a","v":null}\n{"k":"b","v":1}\n{"k":"b"}\n'],
    ['a bare return inside a line', '{"k":"a",\r"v":1}\n{"k":"b","v":2}\n'],
  ])('%s', async (_, text) => {
    const path = join(storeFolder(), 'db.jsonl');
    writeFileSync(path, text);
    const { entries } = await loaded(path);
    expect(entries).toEqual(await libraryLoads(path));
  });

  it('made of random pieces is loaded as the library loads it', async () => {
    const path = join(storeFolder(), 'db.jsonl');
    const lines = fc.array(fc.constantFrom(...pieces), { maxLength: 30 });
    const seed = announcedSeed('pieces of jsonl-db files');
    const loads = fc.asyncProperty(lines, async (parts) => {
      writeFileSync(path, parts.join(''), 'latin1');
      const { entries } = await loaded(path);
      expect(entries).toEqual(await libraryLoads(path));
    });
    await fc.assert(loads, { seed, numRuns: 200 });
  });

  it('is read alike wherever the chunks cut it', async () => {
    const path = join(storeFolder(), 'db.jsonl');
    writeFileSync(path, `\r\n{"k":"ä","v":[1]}\r\n{"k":"b","v":2}\r{"k":","v":1}\n{"k":"ä"}\n{"k`);
    const whole = await loaded(path);
    expect(whole.entries).toEqual([['b', 2]]);
    for (let chunkBytes = 1; chunkBytes < 40; chunkBytes++) {
      expect(await loaded(path, chunkBytes)).toEqual(whole);
    }
  });
});

/** Bytes as latin1 text: what files of the library are made of, and what damage makes of them. */
const pieces = [
  '\n',
  '\n',
  '\n',
  '\r\n',
  '\r',
  '{"k":"',
  'a',
  '\xc3\xa4',
  '\\u00e4',
  '\xff',
  '\xfe',
];
pieces.push('","v":', '"', '}', '{', '1', 'null', '[{"x":"y"}]', ',"ts":5', '"}', ' ', '\0', '\\');
for (const key of ['a', 'b', '\xc3\xa4', '\\u00e4', 'x\\",\\"v\\":', '\xff']) {
  pieces.push(`{"k":"${key}","v":1}\n`, `{"k":"${key}","v":{"v":2}}\n`, `{"k":"${key}"}\n`);
}

const twice = '{"k":"a","v":1,"k":"b","v":2}\n{"k":"a","v":3}\n{"k":"c","k":"d","v":4}\n';
const spellings = '{"k":"ä","v":1}\n{"k":"\\u00e4","v":2}\n{"k":"ä","v":3}\n{"k":"z","v":4}\n';

/** What the library would have, as plain values; the store is left as it is. */
async function loaded(path: string, chunkBytes?: number) {
  const context = contextOf(nodeDisk, { chunkBytes });
  const { keydir, sources, bad, lines } = await loadUpstream(context, path);
  const entries: [string, unknown][] = [];
  await readValues(keydir, sources, keydir.order('documented'), (index, part) => {
    const key = keyToString(keydir.key(index));
    entries.push([key, JSON.parse(Buffer.from(part).toString('utf8'))]);
  });
  sources.forEach((source) => source.close());
  return { entries, lines, bad };
}
