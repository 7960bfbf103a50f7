// The stores of jsonl-db, point by point of its document: what is read, said and mended.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import {
  freshCase,
  libraryLoads,
  recovered,
  replayed,
  sizesIn,
  storeOf,
  verified,
} from './helpers/jsonldb-store.js';

const line = (key: string, value: string, rest = '') => `{"k":"${key}","v":${value}${rest}}\n`;
const gone = (key: string) => `{"k":"${key}"}\n`;
const upstream = ['--semantics', 'upstream'];
const salvage = ['--policy', 'salvage', '--max-lost', '100'];

describe('what a store says', () => {
  it('J1: a reformatted line counts, and the library that cannot see it is named', async () => {
    const path = storeOf(`${line('a', '1')}{ "k":"b","v":2}\n{"k":"c","ts":1,"v":3}\n`);
    expect((await replayed(path)).entries).toEqual(Object.entries({ a: 1, b: 2, c: 3 }));
    expect((await replayed(path, ...upstream)).entries).toEqual([['a', 1]]);
    const { findings } = await verified(path);
    const differs = findings.find(({ code }) => code === 'reader-differs');
    expect(differs?.message).toContain('lacks 2 keys: "b", "c"');
  });

  it('J2, J3: the last line of a key counts; the library keeps its first place', async () => {
    const path = storeOf(line('a', '1') + line('b', '1') + gone('a') + line('a', '2'));
    expect((await replayed(path, ...upstream)).entries).toEqual(Object.entries({ a: 2, b: 1 }));
    expect(new Map((await replayed(path)).entries)).toEqual(
      new Map(Object.entries({ a: 2, b: 1 })),
    );
  });

  it('J4: two spellings are one key; where the library takes the older, it is said', async () => {
    const path = storeOf(line('ä', '1') + line('\\u00e4', '2') + line('ä', '3'));
    expect((await replayed(path)).entries).toEqual([['ä', 3]]);
    expect((await replayed(path, ...upstream)).entries).toEqual([['ä', 2]]);
    expect((await verified(path)).codes).toEqual(['reader-differs']);
    // Either order of the two lines would change one of the two states.
    const { exitCode } = await cli(['compact', '--force', path]);
    expect(exitCode).toBe(21);
  });

  it('J5: a bad line whose key is set again is reported, and harmless', async () => {
    const { findings, exitCode } = await verified(freshCase('superseded-bad-value').path);
    expect(exitCode).toBe(4);
    expect(findings).toMatchObject([{ code: 'bad-json', line: 1, key: 'a', impact: 'harmless' }]);
  });

  it('J6, J7, J24: no v is a deletion, v:null is a value', async () => {
    const path = storeOf(
      line('a', 'null') + line('b', '1') + gone('b') + line('c', '1') + '{"k":"c","x":"y"}\n',
    );
    expect((await replayed(path)).entries).toEqual([['a', null]]);
    expect((await replayed(path, ...upstream)).entries).toEqual([['a', null]]);
  });

  it('J8: gives both verdicts: strict refuses at a line, ignoreReadErrors loses keys', async () => {
    const { findings } = await verified(freshCase('glued-after-torn').path);
    const refuses = findings.find(({ code }) => code === 'reader-refuses');
    expect(refuses).toMatchObject({ line: 4 });
    expect(findings.find(({ code }) => code === 'reader-differs')?.key).toBe('b');
  });

  it('J11: line ends CRLF and a bare CR are fine, at their own line numbers', async () => {
    for (const name of ['crlf', 'bare-cr', 'empty-lines']) {
      expect(await verified(freshCase(name).path)).toMatchObject({ exitCode: 0, codes: [] });
    }
    const path = storeOf('{"k":"a","v":1}\r{"k":"b","v":2}\r\n\r\n###\r{"k":"c","v":3}\r');
    expect((await verified(path)).findings[0]).toMatchObject({ code: 'bad-json', line: 4 });
  });

  it('J11: a CRLF that two pieces of the file share is one line end, of two bytes', async () => {
    const lines = Array.from({ length: 60 }, (_, n) => `{"k":"k${n}","v":"${'x'.repeat(n)}"}`);
    const path = storeOf(`${lines.join('\r\n')}\r\n`);
    const entries = async (kernel: string, bytes: string) => {
      const env = { LOGCTL_TEST_KERNEL: kernel, LOGCTL_TEST_CHUNK_BYTES: bytes };
      const args = ['inspect', '--entries', '-n', '0', '--raw', '--format', 'jsonl', path];
      return (await cli(args, { env })).out;
    };
    const wanted = await entries('reference', '65536');
    expect(wanted.split('\\r"}').length).toBe(61);
    for (const kernel of ['reference', 'simd']) {
      for (const bytes of ['7', '64', '100']) expect(await entries(kernel, bytes)).toBe(wanted);
    }
  });

  it('J12: lines of blanks and a byte order mark are bad lines', async () => {
    expect((await verified(freshCase('whitespace-line').path)).exitCode).toBe(4);
    const path = storeOf('\ufeff{"k":"a","v":1}\n{"k":"b","v":2}\n');
    expect((await replayed(path, ...upstream)).entries).toEqual([['b', 2]]);
    expect((await verified(path)).codes).toContain('reader-differs');
  });

  it('J21: of members that stand twice the last counts, as in JSON.parse', async () => {
    const path = storeOf('{"k":"a","v":1,"k":"b","v":2}\n');
    expect((await replayed(path)).entries).toEqual([['b', 2]]);
    expect(await libraryLoads(path)).toEqual([['b', 2]]);
  });

  it('J22: a key that is no string is kept, and the library that drops it is named', async () => {
    const { path } = freshCase('number-key');
    expect((await replayed(path)).entries).toEqual([
      ['a', 1],
      [5, 'five'],
    ]);
    expect((await verified(path)).codes).toEqual(['reader-refuses', 'reader-differs']);
  });

  it('J25: a key with U+FFFD in it is reported: a damaged byte made it', async () => {
    const path = storeOf(line('a', '1') + line('x\ufffdy', '1'));
    const { findings, exitCode } = await verified(path);
    expect(findings).toMatchObject([{ key: 'x\ufffdy', line: 2, severity: 'notice' }]);
    expect(exitCode).toBe(0);
  });
});

describe('recover', () => {
  it('J9: gives a key whose last line is torn its last whole value', async () => {
    const { path } = freshCase('torn-tail-of-existing-key');
    expect(new Map(await libraryLoads(path)).has('b')).toBe(false);
    const again = freshCase('torn-tail-of-existing-key');
    expect((await recovered(again.path)).exitCode).toBe(0);
    expect(new Map(await libraryLoads(again.path)).get('b')).toEqual({ x: [1, 2] });
  });

  it('J10: takes glued lines apart, and the torn key keeps its older value', async () => {
    const { path } = freshCase('glued-after-torn');
    expect((await recovered(path, ...salvage)).exitCode).toBe(0);
    const state = new Map(await libraryLoads(path, { ignoreReadErrors: false }));
    expect(state.get('new1')).toBe(1);
    expect(state.get('b')).toEqual({ x: [1, 2] });
  });

  it('J11: writes U+2028 as an escape under every policy, and the value is the same', async () => {
    const { path } = freshCase('u2028-in-value-node-dependent');
    const before = await replayed(path);
    expect((await verified(path)).findings).toMatchObject([
      { code: 'reader-differs', severity: 'attention', line: 1, key: 'a' },
      { code: 'reader-differs', severity: 'attention', line: 3, key: 'c' },
    ]);
    expect((await recovered(path)).exitCode).toBe(0);
    expect(readFileSync(path, 'utf8')).not.toMatch(/[\u2028\u2029]/);
    expect((await replayed(path)).entries).toEqual(before.entries);
    expect((await verified(path)).exitCode).toBe(0);
  });

  it.each([
    ['left-nul-main-bak-whole', '.bak'],
    ['left-no-main-bak-and-dump', '.bak'],
    ['left-no-main-nul-bak-dump-whole', '.dump'],
    ['left-no-main-dump-only', '.dump'],
  ])('J13, J14: %s: takes what is whole in %s, and deletes no copy', async (name, suffix) => {
    const { path } = freshCase(name);
    const copies = sizesIn(dirname(path));
    const state = new Map(Object.entries({ a: 1, b: 2 }));
    const { out, exitCode } = await recovered(path);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out).logs[0].plan.base.path).toBe(path + suffix);
    expect(new Map((await replayed(path)).entries)).toEqual(state);
    const { 'db.jsonl': main, ...left } = copies;
    expect(sizesIn(dirname(path))).toMatchObject(left);
    expect(new Map(await libraryLoads(path))).toEqual(state);
    expect(main ?? 0).not.toBe(sizesIn(dirname(path))['db.jsonl']);
  });

  it('J13: puts the .bak in front of a main file that is torn or holds a line end', async () => {
    const whole = line('a', '0') + line('a', '1') + line('b', '2') + line('x', '1') + gone('x');
    for (const main of [`${line('a', '1')}{"k":"b","v`, '\n', '###\n']) {
      const path = storeOf(main);
      writeFileSync(`${path}.bak`, whole);
      const { findings, exitCode } = await verified(path);
      expect(findings[0]).toMatchObject({ code: 'opening-destroys', severity: 'attention' });
      expect(exitCode).not.toBe(0);
      expect([0, 20]).toContain((await recovered(path, ...salvage)).exitCode);
      expect(readFileSync(`${path}.bak`, 'utf8')).toBe(whole);
      const state = new Map(await libraryLoads(path, { ignoreReadErrors: false }));
      expect(state).toEqual(new Map(Object.entries({ a: 1, b: 2 })));
    }
  });

  it('J13: takes the whole lines of a torn .dump where that is all, when asked', async () => {
    const { path } = freshCase('left-no-main-partial-dump-only');
    expect((await recovered(path)).exitCode).toBe(21);
    expect(existsSync(path)).toBe(false);
    expect((await recovered(path, ...salvage)).exitCode).toBe(0);
    expect((await replayed(path)).entries).toEqual([['a', 1]]);
  });

  it('J15: leaves an emptied store with a dump to a person: 21, or --policy salvage', async () => {
    const { path } = freshCase('cleared-with-user-dump');
    expect(await verified(path)).toMatchObject({ exitCode: 3 });
    const { out, exitCode } = await recovered(path);
    expect(exitCode).toBe(21);
    expect(out).toContain('cleared, or lost in a power cut');
    expect(sizesIn(dirname(path))).toEqual({ 'db.jsonl': 0, 'db.jsonl.dump': 32 });
    expect((await recovered(path, '--policy', 'salvage')).exitCode).toBe(0);
    expect((await replayed(path)).entries).toEqual(Object.entries({ a: 1, b: 2 }));
  });

  it('brings a key back under the spelling it has, however odd', async () => {
    const text = line('__proto__', '1') + line('', '2') + line('\\ud800', '3');
    const path = storeOf(`${text}{"k":"torn`);
    expect((await recovered(path)).exitCode).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect((await libraryLoads(path)).map(([key]) => key)).toEqual(['__proto__', '', '\ud800']);
  });
});

it('finds the stores in a tree, and a lost one by its copies', async () => {
  const { path } = freshCase('left-no-main-bak-only');
  const other = join(dirname(path), 'values.jsonl');
  writeFileSync(other, line('a', '1'));
  const { out } = await cli(['inspect', dirname(path), '--json']);
  const { logs } = JSON.parse(out) as { logs: { path: string; dialect: string }[] };
  expect(logs.map((log) => [log.path, log.dialect])).toEqual([
    [path, 'jsonldb'],
    [other, 'jsonldb'],
  ]);
});
