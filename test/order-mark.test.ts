// A byte order mark in front of a log belongs to the file: it is in no checksum, in no comparison
// with a copy, and never in the middle of a file that is joined from two.
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog, verify } from '../src/engine/index.js';
import { log, numbered, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { RecoverFolder } from './helpers/recover-folder.js';
import { backupPath, diskWith, logPath, planFor, planned, salvaged } from './helpers/recovery.js';

const mark = '\ufeff';
const entries = [1, 2, 3, 4].map((n) => set(`k${n}`, { n }, n));
const summed = entries.map((line, i) => numbered(line, i + 1));
const [a, b, c, d] = entries;

describe.each(['reference', 'simd'] as const)(
  'a line with a checksum behind a mark: %s',
  (kernel) => {
    it.each([undefined, 64, 1 << 10])('matches, in chunks of %s bytes', async (chunkBytes) => {
      const context = contextOf(diskWith(mark + log(...summed)), { kernel, chunkBytes });
      expect(await verify(context, [logPath], {})).toMatchObject({ exitCode: 0, findings: [] });
    });

    it('does not match where a byte of it is another', async () => {
      const other = mark + log(...summed).replace('"n":1', '"n":7');
      const context = contextOf(diskWith(other), { kernel });
      const { findings } = await verify(context, [logPath], {});
      expect(findings).toMatchObject([{ code: 'crc-mismatch', line: 1 }]);
    });

    it('does not match where the mark is in the middle of the file', async () => {
      const context = contextOf(diskWith(log(summed[0]) + mark + log(summed[1])), { kernel });
      expect(await verify(context, [logPath], {})).toMatchObject({ exitCode: 4 });
    });
  },
);

describe('a log with a mark and checksums on a real disk', () => {
  let world: RecoverFolder;

  beforeEach(async () => {
    world = await RecoverFolder.make();
  });

  afterEach(() => world.remove());

  it('is opened, appended to, and sound then', async () => {
    writeFileSync(world.path, mark + log(...summed));
    const handle = await openLog(world.path);
    await handle.set('k9', 9);
    await handle.close();
    expect(world.read().startsWith(mark + log(...summed))).toBe(true);
    expect(await verify(world.context, [world.path], {})).toMatchObject({ exitCode: 0 });
  });

  it('keeps its first entry under salvage and prefix', async () => {
    for (const policy of ['salvage', 'prefix'] as const) {
      writeFileSync(world.path, `${mark + log(...summed)}{"torn\n`);
      expect((await world.apply({ policy, maxLost: 1 })).logs[0].plan!.entriesLost).toBe(1);
      expect(world.read()).toBe(mark + log(...summed));
    }
  });
});

describe('a log beside a backup, one of them with a mark', () => {
  const codes = async (text: string, backup: string) => {
    const context = contextOf(diskWith(text, { [backupPath]: backup }));
    return (await verify(context, [logPath], {})).findings.map(({ code }) => code);
  };

  it('continues it as without the mark', async () => {
    for (const [left, right] of [
      [mark, ''],
      ['', mark],
      [mark, mark],
    ]) {
      expect(await codes(left + log(a, b, c), right + log(a, b))).toEqual([]);
      const plan = await planFor(
        diskWith(left + log(a, b, c), { [backupPath]: right + log(a, b) }),
        { policy: 'salvage' },
      );
      expect(plan.action).toBe('none');
    }
  });

  it('loses the mark where the backup comes in front of it', async () => {
    const disk = diskWith(mark + log(c, d), { [backupPath]: log(a, b) });
    const plan = await planFor(disk, { policy: 'salvage' });
    expect((await planned(disk, plan.parts)).toString()).toBe(log(a, b, c, d));
    expect(plan.quarantine).toMatchObject([{ offset: 0, length: 3 }]);
  });

  it('overlaps it as without the mark', async () => {
    const disk = diskWith(mark + log(b, c), { [backupPath]: mark + log(a, b, c, d) });
    expect(await salvaged(disk)).toBe(mark + log(a, b, c, d));
  });

  it('is filled as without the mark', async () => {
    const bad = 'x'.repeat(a.length);
    const inside = diskWith(mark + log(a, bad, c, d), { [backupPath]: log(a, b, c) });
    expect(await salvaged(inside)).toBe(mark + log(a, b, c, d));
    const first = diskWith(log(bad, b, c, d), { [backupPath]: mark + log(a, b, c) });
    expect(await salvaged(first)).toBe(log(a, b, c, d));
  });

  it('keeps the mark of a backup that it begins with', async () => {
    const disk = diskWith('', { [backupPath]: mark + log(a, b) });
    expect(await salvaged(disk)).toBe(mark + log(a, b));
  });
});
