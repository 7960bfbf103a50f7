// What verify says of damaged stores of opslog, and what recover makes of them.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import {
  fixture,
  header,
  manifest,
  manifestOf,
  op,
  recovered,
  removeStores,
  seenByLibrary,
  seenByLogctl,
  singleStore,
  storeOf,
  verified,
} from './helpers/opslog-store.js';

afterAll(removeStores);

/** Every file of a directory and its content, as one text. */
function fingerprint(folder: string): string {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const rows = files.sort().map((path) => {
    return `${path} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
  });
  return rows.join('\n');
}

/** Recovers, and sees that what was recovered is sound and is what the library loads. */
async function inFullCircle(store: string, exitCode: number): Promise<Map<unknown, unknown>> {
  const result = await recovered(store, '--max-lost', '100');
  expect(result.exitCode).toBe(exitCode);
  expect((await verified(store)).exitCode).toBeLessThanOrEqual(3);
  const state = await seenByLogctl(store);
  const theirs = await seenByLibrary(store);
  expect(theirs).toEqual({ entries: state });
  return new Map(state);
}

/** Bytes of all snapshots and logs. */
function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => {
    return one.isFile() && one.name.endsWith('.jsonl');
  });
  return files.reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).size, 0);
}

const records = (...ids: string[]): string =>
  ids.map((id) => `${JSON.stringify({ id, data: { of: id } })}\n`).join('');

it('recover says how much it wrote, and brings back by that name in plan and result', async () => {
  const store = fixture('mw-opened-single-writer-compact');
  const before = bytesIn(store);
  const plan = await cli(['recover', '--dry-run', '--policy', 'salvage', store]);
  const done = await cli(['recover', '--yes', '--policy', 'salvage', store]);
  for (const { out } of [plan, done]) expect(out).toMatch(/^  bring back  1 entry of agent-beta/m);
  const said = /^  ([\d,]+) bytes put in$/m.exec(done.out)?.[1].replaceAll(',', '');
  expect(Number(said)).toBe(bytesIn(store) - before);
});

describe('the manifest', () => {
  it('O1: lost, it is rebuilt from the newest snapshot and the logs behind it', async () => {
    const store = singleStore(op('set', 'a') + op('set', 'b') + op('delete', 'a'));
    rmSync(join(store, 'manifest.json'));
    const { exitCode, codes, findings } = await verified(store);
    expect(exitCode).toBe(4);
    expect(codes).toEqual(
      expect.arrayContaining(['opening-destroys manifest.json', 'log-missing manifest.json']),
    );
    expect(findings[0].code).toBe('opening-destroys');
    expect(await inFullCircle(store, 0)).toEqual(new Map([['b', { v: 1 }]]));
  });

  it('O1, O19: garbled or lost, a whole manifest.json.tmp is taken for it', async () => {
    for (const name of ['mw-race-manifest-garbled', 'manifest-tmp-complete-main-missing']) {
      const store = fixture(name);
      const before = await seenByLogctl(store, '--on-error', 'skip');
      const state = await inFullCircle(store, 0);
      expect([...state.keys()]).toEqual(before.map(([key]) => key));
    }
  });

  it('stays beside the new one, and comes back with --undo', async () => {
    const store = fixture('manifest-version-0');
    const old = readFileSync(join(store, 'manifest.json'));
    const { log } = await recovered(store);
    expect(readFileSync(log.original!)).toEqual(old);
    const undone = await cli(['recover', '--undo', log.receipt]);
    expect(undone.exitCode).toBe(0);
    expect(readFileSync(join(store, 'manifest.json'))).toEqual(old);
  });

  it('is not undone where the store went on since', async () => {
    const store = fixture('manifest-torn');
    const { log } = await recovered(store);
    const { activeOps } = manifestOf(store) as unknown as { activeOps: string };
    writeFileSync(join(store, activeOps), op('set', 'new'));
    const undone = await cli(['recover', '--undo', log.receipt]);
    expect(undone.exitCode).toBe(21);
    expect(undone.err).toMatch(/went on since/);
  });

  it('keeps members that nobody knows, and the archives', async () => {
    const store = fixture('manifest-unknown-field');
    const before = manifestOf(store);
    writeFileSync(join(store, '.compact-lock'), '3999999');
    expect((await recovered(store)).exitCode).toBe(0);
    const unknown = Object.keys(before).filter((name) => !(name in manifestOf(store)));
    expect(unknown).toEqual([]);
  });
});

describe('the snapshot', () => {
  it('O5: cut at a line’s end it shows by its count, and is filled from before', async () => {
    const snapshot = 'snapshots/snap-1795168900000.jsonl';
    const store = storeOf({
      'manifest.json': manifest({ snapshot, ops: 'ops/ops-1795168900001.jsonl', records: 3 }),
      'snapshots/snap-1795168800000.jsonl': header(),
      'ops/ops-1795168800001.jsonl': ['a', 'b', 'c']
        .map((id) => op('set', id, { data: { of: id } }))
        .join(''),
      [snapshot]: header('2026-11-20T10:01:40.000Z') + records('a'),
      'ops/ops-1795168900001.jsonl': op('delete', 'b', { ts: '2026-11-20T10:02:00.000Z' }),
    });
    const { exitCode, codes } = await verified(store);
    expect(exitCode).toBe(4);
    expect(codes).toContain(`truncated-log ${snapshot}`);
    const state = await inFullCircle(store, 0);
    expect(state).toEqual(
      new Map([
        ['a', { of: 'a' }],
        ['c', { of: 'c' }],
      ]),
    );
  });

  it('O6: a bad line refuses the store; what is whole is saved, the loss is counted', async () => {
    const store = singleStore('', records('a', 'b', 'c'));
    const path = join(store, 'snapshots/snap-1795168800000.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('{"id":"b"', '{"id":b"'));
    expect(await seenByLibrary(store)).toHaveProperty('refusal');
    expect((await verified(store)).codes).toEqual(
      expect.arrayContaining([`reader-refuses snapshots/snap-1795168800000.jsonl`]),
    );
    const refused = await cli(['recover', store, '--yes', '--policy', 'salvage']);
    expect(refused.exitCode).toBe(21);
    expect(refused.err).toMatch(/about 1 entry would be lost, the budget is 0/);
    expect([...(await inFullCircle(store, 20)).keys()]).toEqual(['a', 'c']);
  });

  it('gone, torn in the older form, or empty, it is made again from what led to it', async () => {
    const ops = op('set', 'a') + op('set', 'b');
    for (const content of [undefined, '', '{\n "version": 1,\n "timestamp": "x",\n "rec']) {
      const snapshot = 'snapshots/snap-1795168900000.json';
      const store = storeOf({
        'manifest.json': manifest({ snapshot, ops: 'ops/ops-1795168900001.jsonl', records: 2 }),
        'snapshots/snap-1795168800000.jsonl': header(),
        'ops/ops-1795168800001.jsonl': ops,
        ...(content === undefined ? {} : { [snapshot]: content }),
        'ops/ops-1795168900001.jsonl': op('set', 'c'),
      });
      expect((await verified(store)).exitCode).toBe(4);
      expect([...(await inFullCircle(store, 0)).keys()]).toEqual(['a', 'b', 'c']);
    }
  });

  it('in the older form keeps its values when they are written on one line', async () => {
    const store = fixture('legacy-0.6-json-snapshot');
    const before = await seenByLogctl(store);
    const compacted = await cli(['compact', store, '--force', '--json']);
    expect(compacted.exitCode).toBe(0);
    expect(await seenByLogctl(store)).toEqual(before);
    expect(await seenByLibrary(store)).toEqual({ entries: before });
  });
});

describe('a log', () => {
  it('with glued, torn and zeroed lines gives every whole entry back', async () => {
    const a = op('set', 'a');
    const b = op('set', 'b');
    const torn = op('set', 't', { data: { text: 'x'.repeat(40) } }).slice(0, 70);
    const store = singleStore(
      a + torn + b + '\0'.repeat(20) + op('set', 'c') + op('set', 'd').slice(0, 30),
    );
    const { exitCode, codes } = await verified(store);
    expect(exitCode).toBe(4);
    expect(codes.map((code) => code.split(' ')[0])).toEqual(
      expect.arrayContaining(['glued-lines', 'nul-run', 'torn-tail']),
    );
    expect([...(await inFullCircle(store, 20)).keys()].sort()).toEqual(['a', 'b', 'c']);
  });

  it('with a torn end alone is mended under the mildest policy, and loses nothing', async () => {
    const store = fixture('wal-torn-tail');
    const before = await seenByLogctl(store);
    expect((await cli(['recover', store, '--yes'])).exitCode).toBe(0);
    expect(await seenByLogctl(store)).toEqual(before);
    expect((await verified(store)).exitCode).toBe(0);
  });

  it('O18: gone, it is told, though the library says nothing', async () => {
    const store = fixture('mw-agent-file-missing');
    const { exitCode, findings } = await verified(store);
    expect(exitCode).toBe(4);
    expect(findings[0]).toMatchObject({ code: 'log-missing', impact: 'lost' });
    expect(findings[0].consequence).toMatch(/without a word/);
    await inFullCircle(store, 20);
  });

  it('O9: whose previous values do not fit is told of, and loads', async () => {
    const store = fixture('wal-duplicated-tail');
    const { exitCode, codes } = await verified(store);
    expect(exitCode).toBe(0);
    expect(codes[0]).toMatch(/^prev-differs ops\//);
  });

  it('O23: a batch that was cut at a line’s end cannot be told from single writes', async () => {
    const store = singleStore(op('set', 'b1') + op('set', 'b2'));
    expect((await verified(store)).codes).toEqual([]);
  });
});

it('O19: temporary files are told of and stay', async () => {
  const store = singleStore(op('set', 'a'));
  const path = join(store, 'snapshots/snap-9.jsonl.tmp');
  writeFileSync(path, '{"version"');
  expect((await verified(store)).codes).toEqual(['leftover-temp snapshots/snap-9.jsonl.tmp']);
});

it('a directory in which a store was never finished is no store', async () => {
  const store = storeOf({ '.lock': '3999999' });
  mkdirSync(join(store, 'blobs'));
  for (const verb of ['verify', 'inspect', 'recover']) {
    expect((await cli([verb, store])).exitCode, verb).toBe(10);
  }
});

it('O25: no reading verb changes a byte', async () => {
  const verbs = [['inspect'], ['verify'], ['replay', '--semantics', 'upstream'], ['replay']];
  for (const name of ['mw-three-agents', 'manifest-torn', 'archive', 'wal-nul-hole']) {
    const store = fixture(name);
    const before = fingerprint(store);
    for (const [verb, ...args] of verbs) await cli([verb, store, ...args]);
    await cli(['inspect', store, '--history', 'k1']);
    await cli(['recover', store, '--dry-run', '--policy', 'salvage']);
    expect(fingerprint(store), name).toBe(before);
  }
});
