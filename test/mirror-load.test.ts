// The documents' read flow: the main file first, the log where that is of no use, and why.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadMirror } from '../src/engine/index.js';

let directory: string;
let main: string;
const line = (key: string, value: number) =>
  `{"timestamp":"2026-01-01T00:00:00.000Z","op":"SET","key":"${key}","value":${value}}\n`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-load-'));
  mkdirSync(join(directory, 'logs'));
  main = join(directory, 'players.json');
  writeFileSync(join(directory, 'logs/players.log'), line('a', 1) + line('__proto__', 2));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('takes the main file where it is a whole object', async () => {
  writeFileSync(main, '{"m": 1}');
  expect(await loadMirror(main)).toEqual({
    data: { m: 1 },
    source: 'mirror',
    path: main,
    reason: '',
  });
});

it.each([
  ['missing', undefined, /is missing/],
  ['empty', '', /is empty/],
  ['torn', '{"m": 1, "n', /is no whole JSON object \(byte 11\)/],
  ['no object', '[1]', /is no whole JSON object/],
])('takes the log where the main file is %s, and says why', async (_name, text, reason) => {
  if (text !== undefined) writeFileSync(main, text);
  const loaded = await loadMirror(main);
  expect(Object.entries(loaded.data)).toEqual([
    ['a', 1],
    ['__proto__', 2],
  ]);
  expect(loaded).toMatchObject({ source: 'log', path: join(directory, 'logs/players.log') });
  expect(loaded.reason).toMatch(reason);
});

it('never throws for damage: what a damaged log holds is loaded', async () => {
  writeFileSync(join(directory, 'logs/players.log'), `${line('a', 1)}{"torn\n${line('b', 2)}`);
  const loaded = await loadMirror(main);
  expect([loaded.source, Object.keys(loaded.data)]).toEqual(['log', ['a', 'b']]);
  expect(loaded.reason).toMatch(/damaged: bad-json/);
});

it('says where neither file has anything', async () => {
  rmSync(join(directory, 'logs'), { recursive: true });
  const loaded = await loadMirror(main);
  expect(loaded).toMatchObject({ source: 'none', path: null });
  expect(Object.keys(loaded.data)).toEqual([]);
});
