// Planned files rest on compressed backups too: their bytes come later than those of plain files.
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gunzipped } from '../src/engine/bytes/gzip.js';
import { listEntries, nodeDisk, parseSavedPlan, replay } from '../src/engine/index.js';
import { savedPlan, undoRecovery } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { RecoverFolder } from './helpers/recover-folder.js';

const backup = 'logs/players.log.backup.1795146082417.gz';
const salvage = { policy: 'salvage' } as const;
const linesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => set(`k${i % 10}`, { n: i, s: `x${i * 7919}` }, i));

/** The lines with a bad one in the middle. */
function broken(lines: readonly string[]): string {
  const middle = lines.length >> 1;
  return log(...lines.with(middle, lines[middle].replace('"op"', '"o p')));
}

let world: RecoverFolder;

beforeEach(async () => {
  world = await RecoverFolder.make();
});

afterEach(() => world.remove());

describe.each([60, 3_000])('a log of %i lines beside a compressed backup', (count) => {
  const lines = linesOf(count);
  const whole = log(...lines);

  beforeEach(() => {
    world.write('logs/players.log', broken(lines));
    world.write(backup, gzipSync(whole));
  });

  it('is filled from it, planned and saved or not, and put back', async () => {
    const before = world.read();
    const dry = await world.apply({ ...salvage, dryRun: true });
    expect(dry.logs[0].plan).toMatchObject({ entriesLost: 0, regions: [{ action: 'fill' }] });
    const saved = savedPlan(dry, world.context.now());
    const plan = parseSavedPlan('plan.json', JSON.stringify(saved));
    const { exitCode, logs } = await world.apply({ ...salvage, plan });
    expect(exitCode).toBe(0);
    expect(world.read()).toBe(whole);
    await undoRecovery(world.context, logs[0].receipt!, [], {});
    expect(world.read()).toBe(before);
    expect(await world.apply(salvage)).toMatchObject({ exitCode: 0 });
    expect(world.read()).toBe(whole);
  });

  it('is filled from it in a file elsewhere', async () => {
    const output = join(world.folder, 'elsewhere');
    expect(await world.apply({ ...salvage, output })).toMatchObject({ exitCode: 0 });
    expect(readFileSync(output, 'utf8')).toBe(whole);
  });

  it.each(['tail', 'prefix', 'salvage'] as const)('emptied, begins with it: %s', async (policy) => {
    world.write('logs/players.log', '');
    expect(await world.apply({ policy })).toMatchObject({ exitCode: 0 });
    expect(world.read()).toBe(whole);
  });

  it('is read back through it: a state long ago, and the history of a key', async () => {
    world.write('logs/players.log', log(set('late', 1, count + 1)));
    const { context, path } = world;
    const history = await listEntries(
      context,
      [path],
      { history: 'k1', limit: 0 },
      () => undefined,
    );
    expect(history.exitCode).toBe(0);
    const at = await replay(context, [path], { at: Date.parse('2026-11-19T09:00:05Z') }, () => {});
    expect(at.logs[0]).toMatchObject({ keys: 6 });
  });
});

describe('reads of a compressed file', () => {
  it('that overlap give each its own bytes', async () => {
    const plain = Buffer.from(log(...linesOf(3_000)));
    world.write(backup, gzipSync(plain));
    const source = gunzipped(nodeDisk.open(join(world.folder, backup)));
    const places = [plain.length - 4_096, 0, 100_000, 7, 65_536];
    const parts = places.map(() => Buffer.alloc(4_096));
    await Promise.all(places.map((place, i) => source.read(parts[i], place)));
    source.close();
    for (const [i, place] of places.entries()) {
      expect(parts[i].equals(plain.subarray(place, place + 4_096))).toBe(true);
    }
  });
});
