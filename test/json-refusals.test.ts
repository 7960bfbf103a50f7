// What a log refuses to keep, and that it says which member: a value comes back as it went in.
import { describe, expect, it } from 'vitest';
import { memoryDisk, openLog } from '../src/engine/index.js';

const path = '/data/logs/players.log';

async function withLog(act: (log: Awaited<ReturnType<typeof openLog>>) => unknown) {
  const disk = memoryDisk();
  const log = await openLog(path, { disk });
  await act(log);
  await log.close();
  return (disk.text(path) ?? '').trimEnd().split('\n');
}

describe('values that JSON cannot carry', () => {
  const cycle: Record<string, unknown> = { stats: {} };
  cycle.stats = { owner: cycle };
  const refused: [string, unknown, string][] = [
    ['undefined', { stats: { wins: [1, 2, 3, undefined] } }, '$.stats.wins[3]: undefined'],
    ['a function', { 'on hit': () => 1 }, '$["on hit"]: a function'],
    ['a symbol', [Symbol('x')], '$[0]: a symbol'],
    ['a BigInt', { id: 10n }, '$.id: a bigint'],
    ['NaN', { ratio: 0 / 0 }, '$.ratio: NaN'],
    ['Infinity', [[-Infinity]], '$[0][0]: -Infinity'],
    ['a Map', { items: new Map() }, '$.items: a Map'],
    ['a Set', new Set([1]), '$: a Set'],
    ['an invalid Date', { at: new Date(NaN) }, '$.at: an invalid Date'],
    ['a cycle', cycle, '$.stats.owner: a reference to itself'],
    ['a hole in an array', { list: [1, , 3] }, '$.list[1]: undefined'], // eslint-disable-line
    ['a member of an array', { list: Object.assign([1], { x: 1 }) }, '$.list.x: a member'],
    ['bytes', { png: new Uint8Array(2) }, '$.png: a Uint8Array'],
    ['what its toJSON gives', { a: { toJSON: () => ({ b: undefined }) } }, '$.a.b: undefined'],
  ];

  it.each(refused)('are refused, not dropped: %s', async (_name, value, message) => {
    const entries = await withLog(async (log) => {
      await log.set('kept', 1);
      const refusal = { code: 'refused', message: expect.stringContaining(message) as string };
      await expect(log.set('a', value)).rejects.toMatchObject(refusal);
      await expect(log.replace({ a: value })).rejects.toMatchObject({ code: 'refused' });
      expect([...log.keys()]).toEqual(['kept']);
      await log.set('works', 'still');
    });
    expect(entries).toHaveLength(2);
  });

  it('are all there is to refuse: a Date is its text, an instance its members', async () => {
    class Player {
      hp = 3;
    }
    const shared = { x: 1 };
    const at = new Date(0);
    await withLog(async (log) => {
      await log.set('a', { at, player: new Player(), twice: [shared, shared], nothing: null });
      const value = { at: at.toJSON(), player: { hp: 3 }, twice: [shared, shared], nothing: null };
      expect(log.get('a')).toEqual(value);
    });
  });

  it('include nesting that would end the stack, and the key no entry can set', async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    await withLog(async (log) => {
      await expect(log.set('a', deep)).rejects.toThrow(/nesting deeper than 1000 levels/);
      await expect(log.set('', 1)).rejects.toThrow(/can set the key ""/);
    });
  });
});
