// Older generations of opslog, which the library never deletes, as history.
import { afterAll, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import {
  header,
  manifest,
  op,
  removeStores,
  seenByLogctl,
  storeOf,
} from './helpers/opslog-store.js';

afterAll(removeStores);

it('replay --at and --history go back over generations that nothing reads any more', async () => {
  const store = storeOf({
    'manifest.json': manifest({
      snapshot: 'snapshots/snap-1795168900000.jsonl',
      ops: 'ops/ops-1795168900001.jsonl',
      records: 1,
    }),
    'snapshots/snap-1795168800000.jsonl': header(),
    'ops/ops-1795168800001.jsonl':
      op('set', 'a', { data: 1 }) +
      op('set', 'a', { data: 2, ts: '2026-11-20T10:00:30.000Z' }) +
      op('set', 'b', { data: 1, ts: '2026-11-20T10:00:40.000Z' }),
    'snapshots/snap-1795168900000.jsonl':
      header('2026-11-20T10:01:40.000Z') + '{"id":"a","data":2}\n{"id":"b","data":1}\n',
    'ops/ops-1795168900001.jsonl': op('delete', 'b', { ts: '2026-11-20T10:02:00.000Z' }),
  });
  const at = (time: string) => seenByLogctl(store, '--at', time);
  expect(await at('2026-11-20T10:00:10Z')).toEqual([['a', 1]]);
  expect(await at('2026-11-20T10:00:35Z')).toEqual([['a', 2]]);
  expect((await at('2026-11-20T10:01:50Z')).length).toBe(2);
  expect(await at('2026-11-20T10:03:00Z')).toEqual([['a', 2]]);
  expect((await cli(['replay', store, '--at', '2026-11-19T00:00:00Z'])).exitCode).toBe(21);
  const { out } = await cli(['inspect', store, '--history', 'b', '--format', 'jsonl']);
  const rows = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { op: string });
  expect(rows.map((row) => row.op)).toEqual(['delete', 'set']);
});
