// What the library loads, against the library itself: stores it left, rules, the order of agents.
import { validateOp } from '@backloghq/opslog/dist/validate.js';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { brokenRule } from '../src/engine/dialects/opslog/opslog-ops.js';
import { cli } from './helpers/cli.js';
import {
  agentStore,
  fixture,
  op,
  removeStores,
  seenByLibrary,
  seenByLogctl,
  singleStore,
  storeOf,
  verified,
  header,
  manifest,
  type Entries,
} from './helpers/opslog-store.js';
import { announcedSeed } from './helpers/seed.js';

afterAll(removeStores);

const upstream = ['--semantics', 'upstream'];

describe('the load is followed', () => {
  const cases = readdirSync('fixtures/opslog');

  it.each(cases)('on %s, in the order of its keys', async (name) => {
    const expected = JSON.parse(
      readFileSync(join('fixtures/opslog', name, 'expected.json'), 'utf8'),
    ) as { result: string; entries?: Entries };
    const store = fixture(name);
    if (expected.result === 'ok') {
      expect(await seenByLogctl(store, ...upstream)).toEqual(expected.entries);
    } else {
      expect((await cli(['replay', store, ...upstream])).exitCode).toBe(4);
    }
  });

  it('O3, O4, O7, O24: forms of snapshots, headers, ids twice, odd records', async () => {
    const record = (id: unknown, data: unknown) => `${JSON.stringify({ id, data })}\n`;
    const legacy = JSON.stringify({ version: 1, timestamp: 'x', records: { b: 1, 7: 2, a: 3 } });
    const contents = [
      header() + record('a', 1) + record('b', 2) + record('a', 3),
      header() + record('', 1) + record('n', null) + record(5, 'five'),
      record('dropped', 1) + record('a', 2),
      '[]\n' + record('a', 2),
      legacy,
      `${legacy}\n${record('behind', 1)}`,
      JSON.stringify(JSON.parse(legacy), null, 2),
      `{"version":0,"timestamp":"x","records":{}}`,
      header() + '\n  \r\n' + record('a', 1) + 'null\n',
      header() + record('a', 1).slice(0, -4),
      '5\n' + record('a', 1),
    ];
    for (const content of contents) {
      const store = storeOf({
        'manifest.json': manifest({ snapshot: 'snapshots/snap-1.jsonl', ops: 'ops/ops-1.jsonl' }),
        'snapshots/snap-1.jsonl': content,
        'ops/ops-1.jsonl': '',
      });
      const theirs = await seenByLibrary(store);
      if ('entries' in theirs) {
        expect(await seenByLogctl(store, ...upstream), content).toEqual(theirs.entries);
      } else {
        expect((await cli(['replay', store, ...upstream])).exitCode, content).toBe(4);
      }
    }
  });
});

describe('O8: the rules for operations', () => {
  const mostly = <T>(good: T[], ...odd: unknown[]) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<unknown>(...good) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(...odd) },
    );
  const line = fc.record({
    ts: mostly(['2026-11-20T10:00:00.000Z', 't'], '', 5, null, undefined),
    op: mostly(['set', 'set', 'delete'], 'SET', '', null, 1),
    id: mostly(['k', 'l', 'm'], '', 5, null, undefined),
    prev: mostly([null, {}, { a: 1 }], undefined, '', 'x', 0, true, []),
    data: mostly([{ a: 1 }, 'x', 0, false, [], undefined], null),
    encoding: mostly([undefined, 'full', 'delta'], 'other', null, 1),
    agent: mostly([undefined, 'a'], '', 3, null),
    clock: mostly([undefined, 0, 3], -1, 1.5, '3', null),
  });

  it('are the library’s, word for word, and the codec keeps them', async () => {
    const seed = announcedSeed('rules for operations');
    const lines = fc.sample(line, { numRuns: 1_500, seed });
    const kept: string[] = [];
    for (const one of lines) {
      const text = JSON.stringify(one);
      const parsed: unknown = JSON.parse(text);
      let theirs: string | undefined;
      try {
        validateOp(parsed);
        kept.push(text);
      } catch (error) {
        theirs = (error as Error).message;
      }
      const ours = brokenRule(parsed);
      expect(theirs === undefined ? undefined : theirs.includes(ours ?? 'none'), text).not.toBe(
        false,
      );
      expect(ours === undefined, text).toBe(theirs === undefined);
    }
    expect(kept.length).toBeGreaterThan(20);
    const store = singleStore(lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const theirs = (await seenByLibrary(store)) as { entries: Entries };
    expect(await seenByLogctl(store, ...upstream, '--on-error', 'skip')).toEqual(theirs.entries);
  });

  it('do not take from the state what was acknowledged, and name what loading skips', async () => {
    const store = singleStore(
      op('set', 'n', { data: 1 }) +
        op('set', 'n', { data: 2, prev: 1 }) +
        op('set', '', { data: { v: 3 } }) +
        op('set', 'gone', { data: [1] }) +
        op('delete', 'gone', { prev: [1] }),
    );
    expect(await seenByLogctl(store)).toEqual([
      ['n', 2],
      ['', { v: 3 }],
    ]);
    const { exitCode, findings } = await verified(store);
    expect(exitCode).toBe(0);
    expect(findings.map(({ code }) => code)).toEqual(Array(3).fill('reader-differs'));
    expect(findings[0].message).toMatch(/prev must be an object or null/);
    expect(findings[1].message).toMatch(/id must be a non-empty string/);
  });

  it('O10: a whole previous value may have fields called $set and $unset', async () => {
    const odd = { $set: { a: 1 }, $unset: ['b'] };
    const store = singleStore(op('set', 'k', { data: odd }) + op('set', 'k', { prev: odd }));
    expect(await seenByLogctl(store)).toEqual([['k', { v: 1 }]]);
    expect((await verified(store)).codes).toEqual([]);
  });
});

describe('the order of agents', () => {
  const names = ['B', 'a', 'ä', 'Z', '10', '9', 'agent-1', 'agent_1', 'Agent', 'é', 'e\u0301'];
  const operation = fc.record({
    agent: fc.constantFrom(...names),
    id: fc.constantFrom('k1', 'k2', 'k3'),
    isDelete: fc.boolean(),
    clock: fc.option(fc.nat(4), { nil: undefined }),
    isNamed: fc.boolean(),
  });

  it('O12, O13, O14: is the library’s: clock, then name, then file, then line', async () => {
    const seed = announcedSeed('order of agents');
    const rounds = fc.sample(fc.array(operation, { minLength: 1, maxLength: 24 }), {
      numRuns: 40,
      seed,
    });
    for (const round of rounds) {
      const logs: Record<string, string> = {};
      round.forEach(({ agent, id, isDelete, clock, isNamed }, number) => {
        const more = { clock, agent: isNamed ? agent : undefined };
        const line = isDelete
          ? op('delete', id, more)
          : op('set', id, { ...more, data: { number } });
        logs[agent] = (logs[agent] ?? '') + line;
      });
      const store = agentStore(logs, '{"id":"k1","data":{"old":1}}\n{"id":"k9","data":{}}\n');
      const theirs = new Map(((await seenByLibrary(store)) as { entries: Entries }).entries);
      const ours = new Map(await seenByLogctl(store, ...upstream));
      expect(ours, JSON.stringify(logs)).toEqual(theirs);
    }
  });

  it('O12: without registered agents the file’s order counts, not the clocks', async () => {
    const late = op('set', 'k', { data: { v: 9 }, agent: 'a', clock: 9 });
    const store = singleStore(late + op('set', 'k', { data: { v: 2 }, agent: 'a', clock: 2 }));
    expect(await seenByLogctl(store)).toEqual([['k', { v: 2 }]]);
    expect(await seenByLogctl(store, ...upstream)).toEqual([['k', { v: 2 }]]);
  });
});

it('a bare operation log is read, searched for in a tree, and told from other lines', async () => {
  const store = singleStore(op('set', 'a') + op('set', 'b') + op('delete', 'a'));
  const path = join(store, 'ops/ops-1795168800001.jsonl');
  expect(await seenByLogctl(path)).toEqual([['b', { v: 1 }]]);
  const { out } = await cli(['inspect', join(store, '..'), '--json']);
  const { logs } = JSON.parse(out) as { logs: { path: string; dialect: string }[] };
  expect(logs).toMatchObject([{ path: store, dialect: 'opslog' }]);
});

it('inspect names agents, clocks and generations', async () => {
  const { out } = await cli(['inspect', fixture('mw-three-agents')]);
  expect(out).toMatch(/agents +alpha \(clock 3\), beta \(clock 4\), gamma \(clock 3\)/);
  expect(out).toMatch(/history +1 generation since 2026-11-20T10:11:31Z/);
});
