// When a log is worth compacting: size, garbage, age, and what --force means.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whetherDue } from '../src/engine/compaction/compact-due.js';
import type { CompactOptions } from '../src/engine/context.js';
import { openLog } from '../src/engine/log.js';
import { checkpoint, log, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';

const small = log(set('a', 1), set('a', 2), set('b', 3));
const hourMs = 3_600_000;
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-due-'));
  path = join(folder, 'players.log');
  writeFileSync(path, small);
});
afterEach(() => rmSync(folder, { recursive: true }));

const due = async (options: CompactOptions = {}, said: string[] = []) => {
  const context = contextOf(undefined, { say: (_level, text) => void said.push(text) });
  return whetherDue(context, await openLog(context, path), options);
};
const backup = (hours: number) =>
  writeFileSync(`${path}.backup.${contextOf().now() - hours * hourMs}`, small);

describe('--min-size', () => {
  it('is 1 MiB, and a log of one byte less is skipped', async () => {
    const line = set('a', 'x'.repeat(400)).length + 1;
    writeFileSync(path, log(set('b', 1)) + log(set('a', 'x'.repeat(400))).repeat(1_048_576 / line));
    const { bytes } = await due();
    expect(await due({ minSize: bytes + 1 })).toMatchObject({ isDue: false, bytes });
    expect(await due({ minSize: bytes })).toMatchObject({ isDue: true });
    expect(bytes).toBeLessThan(1_048_576);
    expect(await due()).toMatchObject({ isDue: false, why: 'below 1 MiB' });
    writeFileSync(path, log(set('a', 'x'.repeat(400))).repeat(Math.ceil(1_048_576 / line)));
    expect(await due()).toMatchObject({ isDue: true, why: 'by its size' });
  });

  it('is said in the unit it was given in', async () => {
    expect((await due({ minSize: 3 * 1024 ** 3 })).why).toBe('below 3 GiB');
    expect((await due({ minSize: 1_500 })).why).toBe('below 1,500 bytes');
  });

  it('is told by -v', async () => {
    const said: string[] = [];
    await due({ minGarbage: 0.5 }, said);
    expect(said).toEqual([`${path}: threshold --min-size 1048576 --min-garbage 0.5`]);
  });
});

describe('--min-garbage', () => {
  it('skips a log that has less to give back', async () => {
    const lines = [...Array(9).fill(set('a', 1)), set('b', 1)];
    writeFileSync(path, log(...lines));
    const options = { minSize: 0, minGarbage: 0.99 };
    expect((await due(options)).why).toMatch(/^9\d % reclaimable, below 99 %$/);
    expect(await due({ ...options, minGarbage: 0.5 })).toMatchObject({ isDue: true });
  });

  it('knows what was live, for the figures', async () => {
    writeFileSync(path, log(set('a', 1), set('b', 2), remove('a')));
    const { counted } = await due({ minSize: 0, minGarbage: 1 });
    expect(counted).toMatchObject({ keys: 1, lines: 3 });
    expect(await due({ countLive: true })).toMatchObject({ isDue: false, counted });
    expect((await due()).counted).toBeUndefined();
  });
});

describe('--every', () => {
  it('lifts the size once the newest backup is old enough, or none is there', async () => {
    const every = 24 * hourMs;
    expect(await due({ every })).toMatchObject({ isDue: true, why: 'by its age' });
    backup(23);
    expect(await due({ every })).toMatchObject({ isDue: false, why: 'below 1 MiB' });
    backup(1);
    expect(await due({ every: hourMs })).toMatchObject({ isDue: true });
  });

  it('does not drift by the minutes a timer comes early', async () => {
    backup(24 - 9 / 60);
    expect(await due({ every: 24 * hourMs })).toMatchObject({ isDue: true });
    expect(await due({ every: 25 * hourMs })).toMatchObject({ isDue: false });
  });

  it('leaves the share of garbage in force', async () => {
    expect(await due({ every: hourMs, minGarbage: 1 })).toMatchObject({ isDue: false });
  });

  it('finds backups in --backup-dir too', async () => {
    const backupDir = mkdtempSync(join(folder, 'kept-'));
    writeFileSync(join(backupDir, `players.log.backup.${contextOf().now() - hourMs}`), small);
    expect(await due({ every: 24 * hourMs, backupDir })).toMatchObject({ isDue: false });
  });
});

describe('a log of one line', () => {
  it('is not compacted again, or the backups would soon all be the same', async () => {
    writeFileSync(path, log(checkpoint({ a: 'x'.repeat(700_000) })));
    const options = { minSize: 0, every: hourMs };
    expect(await due(options)).toMatchObject({ isDue: false, why: 'one line only' });
    writeFileSync(path, log(checkpoint({ a: 'x'.repeat(700_000) }), set('b', 1)));
    expect(await due(options)).toMatchObject({ isDue: true });
  });

  it('is looked into where its newline is missing: it may be torn', async () => {
    writeFileSync(path, checkpoint({ a: 1 }).slice(0, -9));
    expect(await due({ minSize: 0 })).toMatchObject({ isDue: true });
    // An empty log beside a backup was cut: for the safety rules to say.
    backup(1);
    writeFileSync(path, '');
    expect(await due({ minSize: 0 })).toMatchObject({ isDue: true });
  });
});

describe('a log that compaction left', () => {
  const extra = checkpoint({ old: 1 }, 0, { upstreamOnly: true });
  const unknown = '{"op":"NOTE","text":"kept"}';

  it('is not compacted again with its two heads and its unknown operations', async () => {
    writeFileSync(path, log(extra, checkpoint({ a: 1 }), unknown));
    const why = 'nothing new since it was compacted';
    expect(await due({ minSize: 0 })).toMatchObject({ isDue: false, why });
  });

  it.each([
    ['an entry came', log(extra, checkpoint({ a: 1 }), unknown, set('a', 2))],
    ['a state came', log(checkpoint({ a: 1 }), checkpoint({ a: 2 }))],
    ['a damaged line came', log(checkpoint({ a: 1 }), '{"op":')],
    ['the last newline is missing', log(checkpoint({ a: 1 })) + unknown],
  ])('is looked into once %s', async (_what, text) => {
    writeFileSync(path, text);
    expect(await due({ minSize: 0 })).toMatchObject({ isDue: true });
  });
});

describe('--force', () => {
  it('ignores every threshold', async () => {
    writeFileSync(path, log(checkpoint({ a: 1 })));
    expect(await due({ force: true, minSize: 1e9, minGarbage: 1 })).toMatchObject({ isDue: true });
  });
});
