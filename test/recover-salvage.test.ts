// What salvage keeps, fills and gives up: copies that have what the log lost, batches that count
// whole or not at all, and entries that are spelled anew.
import { basename } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verify, type RecoverOptions } from '../src/engine/index.js';
import { log, numbered, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { backupPath, diskWith, logPath, planFor, planned } from './helpers/recovery.js';
import { RecoverFolder } from './helpers/recover-folder.js';
import type { RecordingDisk } from './helpers/recording-disk.js';

const bad = '{not an entry at all';
const lines = Array.from({ length: 20 }, (_, i) => set(`k${i}`, { n: i }, i));
const whole = log(...lines);
const salvage = { policy: 'salvage', maxLost: 99 } as const;

async function result(disk: RecordingDisk, options: object = salvage) {
  const plan = await planFor(disk, options);
  const text = (await planned(disk, plan.parts)).toString();
  return { plan, text };
}

let world: RecoverFolder;

beforeEach(async () => {
  world = await RecoverFolder.make();
});

afterEach(() => world.remove());

/** What recover leaves, and what verify says of it then. `more`: files beside the log. */
async function after(
  text: string | Buffer,
  options: RecoverOptions,
  more: Record<string, Uint8Array> = {},
) {
  world.write('logs/players.log', text);
  for (const [path, bytes] of Object.entries(more)) world.write(`logs/${basename(path)}`, bytes);
  const { exitCode } = await world.apply(options);
  const { dialect } = options;
  const checked = await verify(world.context, [world.path], { dialect });
  return { exitCode, text: world.read(), codes: checked.findings.map(({ code }) => code) };
}

describe('a backup that has what the log lost', () => {
  const copies: [name: string, more: Record<string, Uint8Array>][] = [
    ['plain', { [backupPath]: Buffer.from(whole) }],
    ['compressed', { [`${backupPath}.gz`]: gzipSync(whole) }],
  ];
  const scenes: [name: string, text: string][] = [
    [
      'a blank line between two bad ones',
      log(...lines.slice(0, 9), bad, '', bad, ...lines.slice(11)),
    ],
    ['blank lines around one', log(...lines.slice(0, 9), '', bad, '  ', ...lines.slice(10))],
    [
      'a line of another file beside one',
      log(...lines.slice(0, 9), set('x', 1, 99), bad, ...lines.slice(10)),
    ],
    ['a line that moved beside one', log(...lines.slice(0, 9), lines[15], bad, ...lines.slice(10))],
    ['lines newer than the backup behind one', log(...lines.slice(0, 19), bad, set('new', 1, 30))],
  ];

  describe.each(copies)('%s', (_, more) => {
    it.each(scenes)('fills it: %s', async (_name, text) => {
      const { plan, text: made } = await result(diskWith(text, more));
      expect(plan.entriesLost).toBe(0);
      for (const line of lines) expect(made.split('\n')).toContain(line);
      const again = await after(text, salvage, more);
      expect(again).toMatchObject({
        exitCode: 0,
        codes: expect.not.arrayContaining(['orphan-start']),
      });
      expect((await planFor(diskWith(again.text, more), salvage)).action).toBe('none');
    });
  });

  it('fills it where whole lines repeat', async () => {
    const [a, b, c] = lines;
    const beats = [a, a, a, b, a, a, c, a];
    const disk = diskWith(log(...beats.with(3, bad)), { [backupPath]: log(...beats) });
    expect((await result(disk)).text).toBe(log(...beats));
  });

  it('shows where nothing stood: such lines cost no entry', async () => {
    const disk = diskWith(log(...lines.slice(0, 9), '{"op":5}', ...lines.slice(9)), {
      [backupPath]: whole,
    });
    const { plan, text } = await result(disk);
    expect(plan).toMatchObject({
      entriesLost: 0,
      regions: [{ why: 'a backup has nothing there' }],
    });
    expect(text).toBe(whole);
  });

  it('gives back a value of which bytes are lost', async () => {
    const text = Buffer.from(whole.replace('"n":7', '"n":"?"'));
    text[text.indexOf('?')] = 0xff;
    const disk = diskWith(text, { [backupPath]: whole });
    expect((await result(disk)).text).toBe(whole);
  });

  it('counts what went beyond the end of it', async () => {
    const text = log(...lines.slice(0, 10), bad, bad, bad, set('new', 1, 30));
    const { plan } = await result(diskWith(text, { [backupPath]: log(...lines.slice(0, 11)) }));
    expect(plan.regions).toMatchObject([{ action: 'fill', entriesBack: 1 }]);
    expect(plan.entriesLost).toBeGreaterThan(0);
  });
});

describe('lines that nothing brings back', () => {
  it('do not make a log another than that of its backup', async () => {
    const text = log(lines[0], bad, bad, ...lines.slice(5));
    const more = { [backupPath]: Buffer.from(log(lines[0], ...lines.slice(3, 12))) };
    const { codes, text: made } = await after(text, salvage, more);
    expect(codes).not.toContain('orphan-start');
    expect((await planFor(diskWith(made, more), salvage)).action).toBe('none');
    // Each line is there once.
    expect(new Set(made.split('\n')).size).toBe(made.split('\n').length);
  });

  it('in front of lines that only the log has bring the backup in front at once', async () => {
    const more = { [backupPath]: Buffer.from(log(...lines.slice(0, 5))) };
    const { text } = await after(log(bad, ...lines.slice(10)), salvage, more);
    expect(text).toBe(log(...lines.slice(0, 5), ...lines.slice(10)));
    expect((await planFor(diskWith(text, more), salvage)).action).toBe('none');
  });
});

const single = numbered(set('a', 1, 1), 1);
const batch = ['x', 'y', 'z'].map((key, i) => {
  return numbered(`${set(key, i, 2).slice(0, -1)},"batch":2,"of":3}`, 2 + i);
});
const later = numbered(set('b', 2, 3), 5);

describe('a batch that lost an entry', () => {
  it.each([0, 1, 2])('goes whole, in one region that counts all of it: entry %i', async (lost) => {
    const disk = diskWith(log(single, ...batch.with(lost, bad), later));
    const { plan, text } = await result(disk);
    const kept = text.split('\n').filter((line) => !line.includes('RECOVERED'));
    expect(kept).toEqual([single, later, '']);
    expect(text).toContain('"lost":[[2,4]]');
    expect(plan.regions).toMatchObject([
      { line: 2, lines: 3, entriesLost: 3, action: 'quarantine' },
    ]);
    expect(plan.regions[0].why).toMatch(/a batch counts whole or not at all, and 1 of its 3/);
    const keys = ['x', 'y', 'z'].toSpliced(lost, 1).map((key) => ({ key, impact: 'lost' }));
    expect(plan.regions[0].keys).toEqual(keys);
    expect((await planFor(disk, { policy: 'salvage', maxLost: 2 })).action).toBe('refused');
  });

  it('goes whole where two of its lines are damaged', async () => {
    const { plan, text } = await result(diskWith(log(single, bad, batch[1], bad, later)));
    expect(plan.regions).toHaveLength(1);
    expect(text).not.toContain('"y"');
  });

  it('stays where a backup has what it lost', async () => {
    const sound = log(single, ...batch, later);
    const disk = diskWith(log(single, ...batch.with(1, bad), later), { [backupPath]: sound });
    expect((await result(disk)).text).toBe(sound);
  });

  it('stays where all of it is there beside damage, or on a line with it', async () => {
    const beside = diskWith(log(single, batch[0], bad, ...batch.slice(1), later));
    expect((await result(beside)).text).toContain(log(...batch.slice(1)));
    const glued = diskWith(log(single, batch[0], `{"timest${batch[1]}`, batch[2], later));
    expect((await result(glued)).text).toBe(log(single, ...batch, later));
  });

  it('takes no whole entry of another write along', async () => {
    const text = log(single, batch[0], `{"timest${numbered(set('own', 1, 2), 9)}`, batch[2], later);
    const { plan, text: made } = await result(diskWith(text));
    expect(made).toContain('"own"');
    expect(made).not.toContain('"x"');
    expect(plan.regions[0].entriesBack).toBe(1);
  });

  it('is cut at its start under policy prefix', async () => {
    const text = log(single, ...batch.with(2, bad), later);
    const recovered = await after(text, { policy: 'prefix', maxLost: 9 });
    expect(recovered).toMatchObject({ exitCode: 20, text: log(single), codes: [] });
  });
});

describe('entries that are spelled anew', () => {
  const cases: [name: string, dialect: string, text: string, expected: string][] = [
    [
      'invalid UTF-8 in a glued entry',
      'progressive',
      log(lines[0], `{"timest${set('a', '?', 2)}`),
      log(lines[0], set('a', '\ufffd', 2)),
    ],
    [
      'invalid UTF-8 in a glued document',
      'nedb',
      log('{"_id":"a","v":1}', '{"_id":"b","v{"_id":"c","v":"?"}'),
      log('{"_id":"a","v":1}', '{"_id":"c","v":"\ufffd"}'),
    ],
    [
      'a raw line break in a glued entry',
      'jsonldb',
      log('{"k":"a","v":1}', '{"k":"b","v{"k":"c","v":"x\u2028y"}'),
      log('{"k":"a","v":1}', '{"k":"c","v":"x\\u2028y"}'),
    ],
    [
      'a raw line break in a glued document',
      'nedb',
      log('{"_id":"a","v":1}', '{"_id":"b","v{"_id":"c","v":"x\u2028y"}'),
      log('{"_id":"a","v":1}', '{"_id":"c","v":"x\\u2028y"}'),
    ],
  ];

  it.each(cases)('are sound after salvage: %s', async (_, dialect, text, expected) => {
    const bytes = Buffer.from(text);
    const at = bytes.indexOf('"?"');
    if (at >= 0) bytes[at + 1] = 0xff;
    const recovered = await after(bytes, { ...salvage, dialect });
    expect(recovered).toMatchObject({ text: expected, codes: [] });
  });

  it('get a checksum of their own', async () => {
    const open = Buffer.from(`${set('a', '?', 1).slice(0, -1)},"seq":1`);
    open[open.indexOf('"?"') + 1] = 0xff;
    const end = `,"crc":"${crc32(open).toString(16).padStart(8, '0')}"}\n`;
    const second = log(numbered(set('b', 2, 2), 2));
    const recovered = await after(Buffer.concat([open, Buffer.from(end + second)]), salvage);
    const expected = log(numbered(set('a', '\ufffd', 1), 1)) + second;
    expect(recovered).toMatchObject({ exitCode: 0, text: expected, codes: [] });
  });

  it.each(['jsonldb', 'nedb'])(
    'are mended before the cut of policy prefix: %s',
    async (dialect) => {
      const key = dialect === 'nedb' ? '_id' : 'k';
      const text = `{"${key}":"a","v":"x\u2028y"}\n{"${key}":"b","v"\n{"${key}":"c","v":1}\n`;
      const recovered = await after(text, { policy: 'prefix', maxLost: 99, dialect });
      expect(recovered).toMatchObject({ exitCode: 20, text: `{"${key}":"a","v":"x\\u2028y"}\n` });
    },
  );
});

describe('a log of one line that is JSON and no entry', () => {
  it.each(['{"op":5}', '[{"op":"SET"}]', '5', '"x"', 'null', '{"op":5}\n'])('%s', async (text) => {
    const disk = diskWith(text);
    const { exitCode } = await verify(contextOf(disk), [logPath], { dialect: 'progressive' });
    expect([0, 3, 4]).toContain(exitCode);
  });
});
