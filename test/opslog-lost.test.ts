// What opslog's own bugs lose without a crash: verify names it, recover brings it back.
import { Store } from '@backloghq/opslog';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  agentStore,
  fixture,
  freshFolder,
  header,
  manifest,
  manifestOf,
  op,
  recovered,
  removeStores,
  seenByLibrary,
  seenByLogctl,
  storeOf,
  verified,
} from './helpers/opslog-store.js';

afterAll(removeStores);

type Value = { v: unknown };

async function agent(folder: string, agentId?: string): Promise<Store<Value>> {
  const store = new Store<Value>();
  const options = { checkpointOnClose: false, checkpointThreshold: 10_000 };
  await store.open(folder, agentId === undefined ? options : { ...options, agentId });
  return store;
}

/** Recovers without loss, and checks that the library sees what logctl sees. */
async function broughtBack(folder: string): Promise<Map<unknown, unknown>> {
  expect((await recovered(folder)).exitCode).toBe(0);
  const { exitCode, codes } = await verified(folder);
  expect([exitCode, codes.filter((code) => !code.startsWith('reader-differs'))]).toEqual([0, []]);
  const state = await seenByLogctl(folder);
  const theirs = await seenByLibrary(folder);
  expect(new Map((theirs as { entries: typeof state }).entries)).toEqual(new Map(state));
  return new Map(state);
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('acknowledged and lost', () => {
  it('O16: what an agent’s compaction had not seen, and what others write after it', async () => {
    const folder = freshFolder();
    const alpha = await agent(folder, 'alpha');
    const beta = await agent(folder, 'beta');
    await alpha.set('a', { v: 1 });
    await beta.set('b', { v: 1 });
    await pause();
    await alpha.compact();
    await pause();
    await beta.set('late', { v: 2 });
    await alpha.set('after', { v: 3 });
    const theirs = await seenByLibrary(folder);
    expect(theirs).toEqual({
      entries: [
        ['a', { v: 1 }],
        ['after', { v: 3 }],
      ],
    });
    const { exitCode, findings } = await verified(folder);
    expect(exitCode).toBe(4);
    expect(findings[0]).toMatchObject({ code: 'unread-entries', impact: 'lost' });
    expect(findings[0].message).toMatch(/2 entries no reader sees: compacted by an agent/);
    const state = await broughtBack(folder);
    expect(state).toEqual(
      new Map([
        ['a', { v: 1 }],
        ['b', { v: 1 }],
        ['late', { v: 2 }],
        ['after', { v: 3 }],
      ]),
    );
    expect(Object.keys(manifestOf(folder).activeAgentOps as object)).toEqual(['alpha', 'beta']);
  });

  it('O17: deletes stay deletes, and a later word of the new generation stands', async () => {
    const old = '2026-11-20T10:00:10.000Z';
    const late = '2026-11-20T10:02:00.000Z';
    const later = '2026-11-20T10:03:00.000Z';
    const snapshot = 'snapshots/snap-1795168900000.jsonl';
    const alpha = 'ops/agent-alpha-1795168900001.jsonl';
    const store = storeOf({
      'manifest.json': manifest({ snapshot, ops: alpha, agents: { alpha }, records: 3 }),
      'snapshots/snap-1795168800000.jsonl': header(),
      'ops/agent-beta-1795168800001.jsonl':
        op('set', 'x', { agent: 'beta', clock: 1, ts: old }) +
        op('set', 'y', { agent: 'beta', clock: 2, ts: old }) +
        op('set', 'z', { agent: 'beta', clock: 3, ts: old }) +
        op('delete', 'x', { agent: 'beta', clock: 90, ts: late }) +
        op('set', 'y', { agent: 'beta', clock: 91, ts: late, data: { v: 'beta' } }) +
        op('delete', 'z', { agent: 'beta', clock: 92, ts: late }),
      [snapshot]:
        header('2026-11-20T10:01:40.000Z') +
        ['x', 'y', 'z'].map((id) => `{"id":"${id}","data":{"v":1}}\n`).join(''),
      // Clocks began anew: a smaller number, and the later word.
      [alpha]: op('set', 'z', { agent: 'alpha', clock: 1, ts: later, data: { v: 'alpha' } }),
    });
    expect((await verified(store)).findings[0].message).toMatch(/^2 entries no reader sees/);
    expect(await broughtBack(store)).toEqual(
      new Map([
        ['y', { v: 'beta' }],
        ['z', { v: 'alpha' }],
      ]),
    );
  });

  it('O2, O16: logs whose registration was lost while agents joined', async () => {
    const logs = { alpha: op('set', 'a', { agent: 'alpha', clock: 1 }) };
    const store = agentStore({ ...logs, beta: op('set', 'b', { agent: 'beta', clock: 2 }) });
    const { activeAgentOps, ...rest } = manifestOf(store) as unknown as {
      activeAgentOps: Record<string, string>;
    };
    const { alpha } = activeAgentOps;
    writeFileSync(
      join(store, 'manifest.json'),
      JSON.stringify({ ...rest, activeAgentOps: { alpha } }),
    );
    const { exitCode, findings } = await verified(store);
    expect(exitCode).toBe(4);
    expect(findings[0].message).toMatch(/agent beta joined while another wrote the manifest/);
    expect([...(await broughtBack(store)).keys()]).toEqual(['a', 'b']);
    expect(Object.keys(manifestOf(store).activeAgentOps as object)).toEqual(['alpha', 'beta']);
  });

  it('O15: the log of a single writer that is ignored since an agent joined', async () => {
    const folder = freshFolder();
    const single = await agent(folder);
    await single.set('mine', { v: 1 });
    await single.close();
    const first = await agent(folder, 'alpha');
    await first.set('theirs', { v: 2 });
    expect(first.get('mine')).toEqual({ v: 1 });
    await first.close();
    expect(await seenByLibrary(folder)).toEqual({ entries: [['theirs', { v: 2 }]] });
    const { exitCode, findings } = await verified(folder);
    expect(exitCode).toBe(4);
    expect(findings[0].message).toMatch(/the log of a single writer, which nobody reads/);
    expect(new Set((await broughtBack(folder)).keys())).toEqual(new Set(['mine', 'theirs']));
  });

  it('a store over which an empty one was made, its manifest having been lost', async () => {
    const folder = freshFolder();
    const first = await agent(folder);
    await first.set('a', { v: 1 });
    await first.compact();
    await first.set('b', { v: 2 });
    await first.close();
    rmSync(join(folder, 'manifest.json'));
    await pause();
    const second = await agent(folder);
    await second.set('c', { v: 3 });
    await second.set('a', { v: 'newer' });
    await second.close();
    const { exitCode, findings } = await verified(folder);
    expect(exitCode).toBe(4);
    expect(findings[0].message).toMatch(/an empty store was made over this one/);
    expect(await broughtBack(folder)).toEqual(
      new Map([
        ['b', { v: 2 }],
        ['c', { v: 3 }],
        ['a', { v: 'newer' }],
      ]),
    );
  });

  it('agents that a compaction forgot, and an older manifest that came back', async () => {
    const forgot = fixture('mw-opened-single-writer-compact');
    expect((await verified(forgot)).findings[0].message).toMatch(/forgot all its agents/);
    expect((await broughtBack(forgot)).size).toBeGreaterThan(2);
    const stale = fixture('manifest-stale');
    expect((await verified(stale)).findings[0].message).toMatch(/an older manifest came back/);
    expect([...(await broughtBack(stale)).keys()]).toContain('newest');
  });
});

describe('nothing is called lost', () => {
  it('after agents that compact having seen everything, again and again', async () => {
    const folder = freshFolder();
    const alpha = await agent(folder, 'alpha');
    const beta = await agent(folder, 'beta');
    for (let round = 0; round < 4; round++) {
      await alpha.set(`a${round}`, { v: round });
      await beta.refresh();
      await beta.set('shared', { v: round });
      await beta.delete(`a${round}`);
      await alpha.refresh();
      await pause();
      await alpha.compact();
      await beta.refresh();
      expect((await verified(folder)).codes, `round ${round}`).toEqual([]);
    }
  });

  it('of records that went to an archive, or of a single writer’s old generations', async () => {
    const folder = freshFolder();
    const store = await agent(folder);
    for (let round = 0; round < 3; round++) {
      await store.set(`k${round}`, { v: round });
      if (round > 0) await store.delete(`k${round - 1}`);
      await pause();
      await store.compact();
    }
    await store.archive(() => true, '2026-Q1');
    await store.set('new', { v: 1 });
    await store.close();
    expect((await verified(folder)).codes).toEqual([]);
    expect(readdirSync(join(folder, 'ops')).length).toBeGreaterThan(3);
    expect(readFileSync(join(folder, 'archive/archive-2026-Q1.json'), 'utf8')).toMatch(/k2/);
  });
});
