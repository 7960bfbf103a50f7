// Archives of opslog: read as a source, checked, and never made live by mistake.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import {
  fixture,
  manifestOf,
  recovered,
  removeStores,
  seenByLogctl,
  verified,
} from './helpers/opslog-store.js';

afterAll(removeStores);

const keysOf = (entries: [unknown, unknown][]) => entries.map(([key]) => key);

describe('O21: an archive', () => {
  it('is read by its period', async () => {
    const store = fixture('archive');
    const q1 = await seenByLogctl(store, '--archive', '2026-Q1');
    expect(keysOf(q1)).toEqual(['k0', 'k1', 'k2']);
    const unknown = await cli(['replay', store, '--archive', '1999']);
    expect(unknown.exitCode).toBe(10);
    expect(unknown.err).toMatch(/archive-2026-Q1.json, archive-2026-Q2.json/);
  });

  it('is added to the state with --include-archived, behind what is live', async () => {
    const store = fixture('archive');
    const path = join(store, 'archive/archive-2026-Q2.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"k3"', '"k9"'));
    const live = await seenByLogctl(store);
    const all = await seenByLogctl(store, '--include-archived');
    expect(all.slice(0, live.length)).toEqual(live);
    expect(keysOf(all)).toEqual(['k4', 'k5', 'k9', 'k0', 'k1', 'k2']);
  });

  it('is never written, nor made live', async () => {
    const store = fixture('archive');
    for (const option of [['--include-archived'], ['--archive', '2026-Q1']]) {
      const refused = await cli(['compact', store, '--force', ...option]);
      expect(refused.exitCode).toBe(2);
    }
    expect((await cli(['compact', store, '--force'])).exitCode).toBe(0);
    expect(manifestOf(store).archiveSegments).toEqual([
      'archive/archive-2026-Q1.json',
      'archive/archive-2026-Q2.json',
    ]);
    expect(manifestOf(store).stats).toMatchObject({ archivedRecords: 4, activeRecords: 3 });
  });

  it('torn or gone is told of, and does not hinder recovery', async () => {
    const store = fixture('archive-corrupt');
    expect((await verified(store)).codes).toEqual(['archive-damaged archive/archive-2026-Q1.json']);
    rmSync(join(store, 'archive/archive-2026-Q1.json'));
    expect((await verified(store)).findings[0].message).toMatch(/lists this .* and it is gone/);
  });

  it('that a crash left unlisted stands twice, and recover leaves it so', async () => {
    const store = fixture('crash-archive-06');
    const before = await seenByLogctl(store);
    const { exitCode, codes } = await verified(store);
    expect(exitCode).toBe(3);
    expect(codes).toContain('archive-unlisted archive/archive-2026-Q1.json');
    expect((await recovered(store)).exitCode).toBe(0);
    expect(await seenByLogctl(store)).toEqual(before);
    expect(manifestOf(store).archiveSegments).toEqual([]);
  });
});
