// The line that compaction leaves: every value byte for byte, framed so that every reader takes it.
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  upstreamOnlyKeys,
  writeCheckpoint,
  writingOf,
} from '../src/engine/compaction/checkpoint-writer.js';
import { openLog } from '../src/engine/log.js';
import { scanLog } from '../src/engine/checks/scan-log.js';
import { stateHash } from '../src/engine/keydir/state-hash.js';
import { log, remove, set, setAll } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk } from './helpers/recording-disk.js';

const path = '/data/logs/players.log';
const now = Date.parse('2026-11-20T09:00:00.000Z');
const at = '"compactedAt":"2026-11-20T09:00:00.000Z"';
const put = (key: string, value: string) =>
  `{"timestamp":"2026-11-19T09:00:00.000Z","op":"SET","key":${key},"value":${value}}`;

/** What is written of a log's state, with its state hashes before and after. */
async function written(text: string, stamp: { folded?: number; seq?: number } = {}) {
  const context = contextOf(memoryDisk({ [path]: text }));
  const scan = await scanLog(context, await openLog(context, path));
  const parts: Buffer[] = [];
  const sink = (bytes: Uint8Array) => void parts.push(Buffer.from(bytes));
  await writeCheckpoint(scan, writingOf(scan.log.dialect, path), { now, ...stamp }, sink);
  const head = Buffer.concat(parts);
  const copy = contextOf(memoryDisk({ [path]: head }));
  const again = await scanLog(copy, await openLog(copy, path));
  const hash = (of: typeof scan, semantics: 'documented' | 'upstream') =>
    stateHash(of.keydir, of.sources, semantics);
  for (const semantics of ['documented', 'upstream'] as const) {
    expect(await hash(again, semantics)).toBe(await hash(scan, semantics));
  }
  expect(again.findings.all.filter(({ severity }) => severity === 'error')).toEqual([]);
  return { head: head.toString('utf8'), checksummed: again.checksummed, scan };
}

describe('a checkpoint', () => {
  it('is one line with its state, time, number, what it folded, and a checksum', async () => {
    const text = log(set('b', 1), set('a', { x: [1] }), set('b', 2));
    const { head, checksummed } = await written(text, { folded: text.length, seq: 7 });
    const marks = `"folded":${text.length},"seq":7`;
    const open = `{"op":"CHECKPOINT","state":{"b":2,"a":{"x":[1]}},${at},${marks}`;
    const sum = crc32(open).toString(16).padStart(8, '0');
    expect(head).toBe(`${open},"crc":"${sum}"}\n`);
    expect(checksummed).toBe(1);
  });

  it('has no number where no entry had one', async () => {
    expect((await written(log(set('a', 1)))).head).not.toContain('"seq"');
  });

  const values = [
    ['a number beyond 2^53', '9007199254740993'],
    ['a number written with a dot', '1.0'],
    ['minus zero', '-0'],
    ['a number no double holds', '1E400'],
    ['members twice', '{"a":1,"a":2}'],
    ['spaces and a tab', '{ "a" :\t[ 1 , 2 ] }'],
    ['escapes', '"\\u0041\\/\\ud800"'],
    ['line separators as they are', '"\u2028\u2029\u0085"'],
    ['depth', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
  ];
  it.each(values)('carries %s byte for byte', async (_what, value) => {
    expect((await written(`${put('"k"', value)}\n`)).head).toContain(`{"k":${value}}`);
  });

  it('spells keys so that every line reader frames the line right', async () => {
    const keys = ['\u2028', '\u2029', '\u0085', '"', '\\', '\ud800', '__proto__', '10', '2'];
    const { head } = await written(log(...keys.map((key) => set(key, key.length))));
    expect(head).not.toMatch(/[\u0085\u2028\u2029]/);
    const { state } = JSON.parse(head) as { state: object };
    expect(Object.keys(state).sort()).toEqual([...keys].sort());
    expect(head.indexOf('"10":')).toBeLessThan(head.indexOf('"2":'));
  });

  it('orders keys by when each was last created, and forgets deleted ones', async () => {
    const text = log(set('a', 1), set('b', 1), set('c', 1), remove('a'), set('a', 2), remove('b'));
    expect((await written(text)).head).toContain('"state":{"c":1,"a":2}');
  });

  it('of nothing is a checkpoint of nothing', async () => {
    expect((await written(log(set('a', 1), remove('a')))).head).toContain('"state":{}');
  });

  it('is two lines where a reader that merges has more keys', async () => {
    const text = log(setAll({ a: 1, b: 2, c: 3 }), setAll({ b: 4 }));
    const { head, scan } = await written(text, { folded: text.length });
    const [first, second] = head.split('\n');
    expect(first).toMatch(
      /^\{"op":"CHECKPOINT","state":\{"a":1,"c":3\},.*"upstreamOnly":true,"crc"/,
    );
    expect(second).toMatch(/^\{"op":"CHECKPOINT","state":\{"b":4\},"compactedAt"/);
    expect(upstreamOnlyKeys(scan.keydir)).toHaveLength(2);
  });

  it('of a value longer than any buffer is written in parts', async () => {
    const long = JSON.stringify('x'.repeat(20 << 20));
    const { head } = await written(log(set('a', 1)) + `${put('"long"', long)}\n${set('z', 2)}\n`);
    expect(head.length).toBeGreaterThan(20 << 20);
    expect(head.startsWith('{"op":"CHECKPOINT","state":{"a":1,"long":"xxx')).toBe(true);
    expect(head).toContain('xxx","z":2},');
  });
});
