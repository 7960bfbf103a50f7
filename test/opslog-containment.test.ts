// What a manifest of opslog names stays inside the store: no path and no agent's name leads out.
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  agentStore,
  header,
  manifest,
  manifestOf,
  op,
  recovered,
  removeStores,
  seenByLogctl,
  storeOf,
  verified,
} from './helpers/opslog-store.js';

afterAll(removeStores);

describe('the manifest', () => {
  it('O22: leads nowhere outside the store, by .. or by symbolic links', async () => {
    const outside = op('set', 'secret');
    const escape = (ops: string) => {
      const snapshot = 'snapshots/snap-1.jsonl';
      const store = storeOf({
        'manifest.json': manifest({ snapshot, ops }),
        [snapshot]: header(),
        '../outside.jsonl': outside,
      });
      symlinkSync('../../outside.jsonl', join(store, 'ops/link.jsonl'));
      symlinkSync(join(store, '../outside.jsonl'), join(store, 'ops/absolute.jsonl'));
      return store;
    };
    for (const ops of ['../outside.jsonl', 'ops/../../outside.jsonl', 'ops/link.jsonl']) {
      const store = escape(ops);
      expect(await seenByLogctl(store, '--on-error', 'skip')).toEqual([]);
      const { exitCode, findings } = await verified(store);
      expect(exitCode).toBe(4);
      expect(findings[0].message).toMatch(/outside the store/);
    }
    expect(await seenByLogctl(escape('ops/absolute.jsonl'), '--on-error', 'skip')).toEqual([]);
  });

  it('O22: leads nowhere outside by two links of which neither does', async () => {
    const snapshot = 'snapshots/snap-1.jsonl';
    const store = storeOf({
      'manifest.json': manifest({ snapshot, ops: 'ops/inner/link.jsonl' }),
      [snapshot]: header(),
      'other/plain.jsonl': '',
      'ops/plain.jsonl': '',
      '../outside.jsonl': op('set', 'secret'),
    });
    symlinkSync('../other', join(store, 'ops/inner'));
    symlinkSync('../../outside.jsonl', join(store, 'other/link.jsonl'));
    expect(await seenByLogctl(store, '--on-error', 'skip')).toEqual([]);
    expect((await verified(store)).findings[0].message).toMatch(/outside the store/);
  });

  it('O22: names an archive segment outside, and does not look for it', async () => {
    const snapshot = 'snapshots/snap-1.jsonl';
    const text = manifest({ snapshot, ops: 'ops/ops-1.jsonl' });
    const outside = { ...JSON.parse(text), archiveSegments: ['../outside.json'] };
    const store = storeOf({
      'manifest.json': JSON.stringify(outside),
      [snapshot]: header(),
      'ops/ops-1.jsonl': '',
    });
    const { exitCode, findings } = await verified(store);
    expect(exitCode).toBe(3);
    expect(findings[0].message).toMatch(/\.\.\/outside\.json, which is outside the store/);
  });

  it('gives agents logs inside the store, whatever their names', async () => {
    const store = agentStore({ a: op('set', 'k', { agent: '../../evil', clock: 1 }) });
    const odd = {
      ...manifestOf(store),
      activeAgentOps: { '../../evil': 'ops/agent-a-1795168800001.jsonl' },
    };
    writeFileSync(join(store, 'manifest.json'), JSON.stringify(odd));
    writeFileSync(join(store, '.compact-lock'), '3999999');
    expect((await recovered(store)).exitCode).toBe(0);
    const { activeAgentOps } = manifestOf(store) as unknown as { activeAgentOps: object };
    expect(Object.keys(activeAgentOps)).toEqual(['../../evil']);
    expect(Object.values(activeAgentOps)[0]).toMatch(/^ops\/agent-[0-9a-f]{64}-\d+\.jsonl$/);
    expect(await seenByLogctl(store)).toEqual([['k', { v: 1 }]]);
  });
});
