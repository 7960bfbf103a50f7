// What recover decides, on logs in memory: base, policies, splits, fills, notes, refusals.
import { describe, expect, it } from 'vitest';
import { checkpoint, clock, log, numbered, remove, set } from './helpers/bot-log.js';
import { backupPath, diskWith, logPath, planFor, planned, salvaged } from './helpers/recovery.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const c = set('c', { score: 3 }, 3);
const torn = set('a', { score: 4 }, 4).slice(0, 60);

describe('policy tail', () => {
  it('drops a torn last line and keeps every byte before it', async () => {
    const plan = await planFor(diskWith(log(a, b) + torn));
    expect(plan).toMatchObject({ action: 'recover', entriesLost: 0, bytesQuarantined: 60 });
    expect(plan.parts).toEqual([
      { part: 'range', path: logPath, offset: 0, length: log(a, b).length },
    ]);
    expect(plan.quarantine).toMatchObject([{ line: 3, offset: log(a, b).length, length: 60 }]);
    expect(plan.regions[0].keys).toEqual([{ key: 'a', impact: 'changed' }]);
    expect(plan.state.hashBefore).toBe(plan.state.hashAfter);
  });

  it('ends a last line that is whole, and leaves a sound log alone', async () => {
    const disk = diskWith(log(a, b).slice(0, -1));
    const plan = await planFor(disk);
    expect((await planned(disk, plan.parts)).toString()).toBe(log(a, b));
    expect(plan).toMatchObject({ bytesQuarantined: 0, bytesInserted: 1 });
    expect(await planFor(diskWith(log(a, b)))).toMatchObject({ action: 'none', basis: [] });
  });

  it('refuses while a valid entry follows, and names the policy that would not', async () => {
    const { action, refusal } = await planFor(diskWith(log(a) + torn + log(b, c)));
    expect(action).toBe('refused');
    expect(refusal!.message).toBe(
      'policy tail only drops a torn end, and 1 valid line follows line 2',
    );
    expect(refusal!.next).toEqual([['--policy', 'salvage']]);
    const hidden = await planFor(diskWith(log(a) + torn + b));
    expect(hidden.refusal!.message).toMatch(/and 1 whole entry is on line 2$/);
  });

  it('drops zero bytes at the end', async () => {
    const disk = diskWith(log(a) + '\0'.repeat(512));
    expect(await planFor(disk)).toMatchObject({ action: 'recover', entriesLost: 0 });
  });
});

describe('policy strict', () => {
  it('refuses any damage and accepts a sound log', async () => {
    expect(await planFor(diskWith(log(a) + torn), { policy: 'strict' })).toMatchObject({
      action: 'refused',
    });
    expect(await planFor(diskWith(log(a)), { policy: 'strict' })).toMatchObject({ action: 'none' });
  });
});

describe('policy prefix', () => {
  it('ends the log at its first damage and says how keys come out of that', async () => {
    const damaged = log(a, remove('b', 2)) + '{"bad\n' + torn + log(b, set('a', 9, 5), c);
    const disk = diskWith(log(b) + damaged);
    const refused = await planFor(disk, { policy: 'prefix' });
    expect(refused.refusal!.message).toBe(
      '1 damaged region would lose about 4 entries, the budget is 0',
    );
    const plan = await planFor(disk, { policy: 'prefix', maxLost: 4 });
    expect((await planned(disk, plan.parts)).toString()).toBe(log(b, a, remove('b', 2)));
    expect(plan.linesKept).toBe(3);
    expect(plan.regions[0].keys).toEqual([
      { key: 'c', impact: 'lost' },
      { key: 'a', impact: 'changed' },
    ]);
  });
});

describe('policy salvage', () => {
  it('splits a torn entry from the whole ones glued to it', async () => {
    const disk = diskWith(log(a) + torn + b + log(c));
    const plan = await planFor(disk, { policy: 'salvage' });
    expect((await planned(disk, plan.parts)).toString()).toBe(log(a, b, c));
    expect(plan).toMatchObject({ entriesLost: 0, bytesQuarantined: 60, bytesInserted: 1 });
    expect(plan.regions).toMatchObject([{ code: 'glued-lines', action: 'split', entriesBack: 2 }]);
  });

  it('keeps to the loss budget', async () => {
    const disk = diskWith(log(a, '{garbage that was an entry, to all appearances', b));
    const refused = await planFor(disk, { policy: 'salvage' });
    expect(refused.refusal).toEqual({
      message: '1 damaged region would lose about 1 entry, the budget is 0',
      next: [['--policy', 'salvage', '--max-lost', '1']],
    });
    expect(await salvaged(disk)).toBe(log(a, b));
  });

  it('puts U+FFFD in place of invalid UTF-8 and keeps the line in quarantine', async () => {
    const line = Buffer.from(set('a', 'xy?z', 2));
    line[line.indexOf('?')] = 0xff;
    const disk = diskWith(Buffer.concat([Buffer.from(log(a)), line, Buffer.from('\n' + log(b))]));
    const plan = await planFor(disk, { policy: 'salvage' });
    const text = (await planned(disk, plan.parts)).toString();
    expect(text).toBe(log(a, set('a', 'xy\ufffdz', 2), b));
    expect(plan.quarantine).toMatchObject([{ line: 2, length: line.length }]);
    expect(plan.bytesAfter).toBe(Buffer.byteLength(text));
  });

  it('fills lines that lie together from a backup that has the lines around them', async () => {
    const old = log(a, b, c, set('d', 4, 4), set('e', 5, 5));
    const bad = log(a, 'x'.repeat(30), '\0\0\0', set('d', 4, 4), set('e', 5, 5), set('f', 6, 6));
    const disk = diskWith(bad, { [backupPath]: old });
    const plan = await planFor(disk, { policy: 'salvage' });
    expect((await planned(disk, plan.parts)).toString()).toBe(old + log(set('f', 6, 6)));
    expect(plan.regions).toMatchObject([
      { action: 'fill', lines: 2, entriesBack: 2, entriesLost: 0 },
    ]);
  });

  it('does not fill where a line around the damage stands twice in the backup', async () => {
    const disk = diskWith(log(a, 'x'.repeat(30), c), {
      [backupPath]: log(a, b, c, a, set('d', 1), c),
    });
    const plan = await planFor(disk, { policy: 'salvage', maxLost: 9 });
    expect((await planned(disk, plan.parts)).toString()).toContain(log(a, c));
    expect(plan.regions.find(({ code }) => code === 'bad-json')).toMatchObject({
      action: 'quarantine',
    });
  });

  it('fills a damaged first checkpoint from the backup it was made from', async () => {
    const head = checkpoint({ a: 1, b: 2 }, 9).replace('"state"', '"st\u0001te"');
    const old = log(set('a', 1, 1), set('b', 2, 2));
    const disk = diskWith(log(head, c), { [backupPath]: old });
    const plan = await planFor(disk, { policy: 'salvage' });
    expect((await planned(disk, plan.parts)).toString()).toBe(old + log(c));
    const carried = diskWith(log(head, c), { [backupPath]: old + log(c) });
    expect(await salvaged(carried)).toBe(old + log(c));
  });

  it('fills a value from the mirror where no later entry contradicts it', async () => {
    const bad = set('b', { score: 5 }, 4).replace('}}', '}x}');
    const mirror = { '/data/players.json': '{"a":{"score":1},"b":{"score":5}}' };
    const plan = await planFor(diskWith(log(a, b, bad), mirror), { policy: 'salvage' });
    expect(plan).toMatchObject({ action: 'recover', entriesLost: 0 });
    const text = await salvaged(diskWith(log(a, b, bad), mirror));
    expect(text).toBe(log(a, b, set('b', { score: 5 }, 2)));
    const settled = diskWith(log(a, bad, b), mirror);
    expect(await salvaged(settled)).toBe(log(a, b));
    const gone = await planFor(settled, { policy: 'salvage', maxLost: 1 });
    expect(gone.regions[0]).toMatchObject({ why: 'its key is set again later', entriesLost: 1 });
  });

  it('says that a key could come back where its deletion was lost', async () => {
    const bad = remove('a', 2).replace('"}', '"x}');
    const plan = await planFor(diskWith(log(a, bad, b)), { policy: 'salvage', maxLost: 1 });
    expect(plan.regions[0].keys).toEqual([{ key: 'a', impact: 'could come back' }]);
  });

  it('puts one note in place of numbered entries, also where lines lie together', async () => {
    const lines = [1, 2, 3, 4, 5, 6].map((seq) => numbered(set(`k${seq}`, seq, seq), seq));
    const bad = log(lines[0], lines[1], 'x'.repeat(40), 'y'.repeat(40), lines[4], lines[5]);
    const text = await salvaged(diskWith(bad));
    const notes = text.split('\n').filter((line) => line.includes('"RECOVERED"'));
    expect(notes).toHaveLength(1);
    expect(JSON.parse(notes[0])).toMatchObject({ seq: 4, lost: [[3, 4]] });
    expect(notes[0]).toMatch(/"receipt":"players.log.receipt.\d+.json"/);
    expect(text.split('\n').indexOf(notes[0])).toBe(2);
  });

  it('says only of the numbers that are gone that they are', async () => {
    const lines = [1, 2, 3, 4, 5].map((seq) => numbered(set(`k${seq}`, seq, seq), seq));
    const glued = lines[2].slice(0, 50) + lines[3];
    const text = await salvaged(diskWith(log(lines[0], lines[1], glued, lines[4])));
    const kinds = text.split('\n').map((line) => line.includes('"RECOVERED"'));
    expect(kinds).toEqual([false, false, true, false, false, false]);
    expect(JSON.parse(text.split('\n')[2]).lost).toEqual([[3, 3]]);
  });

  it('names a block that stands twice, and keeps it', async () => {
    const lines = [a, b, c];
    const disk = diskWith(log(...lines, ...lines, set('d', 1, 9)));
    const plan = await planFor(disk, { policy: 'salvage' });
    expect(plan).toMatchObject({ action: 'none' });
    expect(plan.regions).toMatchObject([
      { code: 'duplicated-block', line: 4, lines: 3, length: log(...lines).length, action: 'keep' },
    ]);
  });
});

describe('a log that a killed compaction cut', () => {
  const old = log(a, b);
  const later = set('c', 7, 20);

  for (const policy of ['tail', 'prefix', 'salvage'] as const) {
    it(`gets the newest sound backup as its base under policy ${policy}`, async () => {
      for (const cut of ['\0'.repeat(40), checkpoint({ a: 1 }, 9).slice(0, 30)]) {
        const newer = { [`${backupPath}9`]: '{"torn' };
        const disk = diskWith(cut + log(later), { [backupPath]: old, ...newer });
        const plan = await planFor(disk, { policy });
        expect((await planned(disk, plan.parts)).toString(), cut).toBe(old + log(later));
        expect(plan.entriesLost).toBe(0);
        expect(plan.base).toMatchObject({ path: backupPath, lines: 2, keys: 2 });
      }
    });
  }

  it('is refused by policy strict, and left alone without a backup that verifies', async () => {
    const torn = checkpoint({ a: 1 }, 9).slice(0, 30);
    const strict = await planFor(diskWith(torn, { [backupPath]: old }), { policy: 'strict' });
    expect(strict.action).toBe('refused');
    for (const policy of ['tail', 'prefix', 'salvage'] as const) {
      const alone = await planFor(diskWith(torn), { policy, maxLost: 1e9 });
      expect(alone.refusal!.message).toMatch(/a torn checkpoint at its start, and no backup is/);
    }
    const orphan = await planFor(diskWith('{"'), {});
    expect(orphan.action).toBe('recover');
  });

  it('is rebuilt from its backup when it is gone', async () => {
    const disk = diskWith(old, { [backupPath]: old });
    disk.names.delete(logPath);
    const plan = await planFor(disk);
    expect(plan).toMatchObject({ missing: true, bytesBefore: 0, bytesAfter: old.length });
    expect((await planned(disk, plan.parts)).toString()).toBe(old);
  });
});

describe('a log that does not continue its backup', () => {
  const old = log(a, b, c);

  it('gets the backup in front under salvage, and is left alone by all others', async () => {
    const disk = diskWith(log(set('d', 4, 9)), { [backupPath]: old });
    for (const policy of ['tail', 'prefix', 'strict'] as const) {
      const plan = await planFor(disk, { policy });
      expect(plan.action).toBe('none');
      expect(plan.notes[0]).toMatch(/3 keys only the backup has/);
    }
    expect(await salvaged(disk)).toBe(old + log(set('d', 4, 9)));
  });

  it('is never replayed over the end of a backup that has it already', async () => {
    const newer = log(a, b, set('a', 5, 5));
    for (const part of [log(a, b), log(b), log(b, set('a', 5, 5)), log(b, set('a', 5, 5), c)]) {
      const text = await salvaged(diskWith(part, { [backupPath]: newer }));
      expect(text, part).toBe(part.endsWith(log(c)) ? newer + log(c) : newer);
    }
    const diverging = log(a, c);
    expect(await salvaged(diskWith(diverging, { [backupPath]: newer }))).toBe(newer + diverging);
  });
});

describe('a plan', () => {
  it('is bound to every file it rests on, and plain JSON', async () => {
    const disk = diskWith('', { [backupPath]: log(a), '/data/players.json': '{}' });
    const plan = await planFor(disk, { rebuildMirror: true });
    expect(plan.basis.map(({ path, size }) => [path, size])).toEqual([
      [logPath, 0],
      [backupPath, log(a).length],
      ['/data/players.json', 2],
    ]);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(clock(0)).toBe('2026-11-19T09:00:00.000Z');
  });

  it('refuses to rebuild a mirror that holds more, unless told how', async () => {
    const mirror = { '/data/players.json': '{"a":{"score":1},"old":{"n":1.0}}' };
    const disk = diskWith(log(a), mirror);
    const refused = await planFor(disk, { rebuildMirror: true });
    expect(refused.refusal!.message).toBe(
      '/data/players.json holds 1 key or value that the recovered state lacks: old',
    );
    const adopted = await planFor(disk, { adoptMirror: true });
    expect(adopted).toMatchObject({ action: 'recover', mirror: { action: 'adopt', keys: 2 } });
    const text = (await planned(disk, adopted.parts)).toString();
    expect(text).toMatch(/"op":"SET","key":"old","value":\{"n":1\.0\}\}\n$/);
    const replaced = await planFor(disk, { replaceMirror: true });
    expect(replaced).toMatchObject({ action: 'none', mirror: { action: 'replace' } });
  });

  it('adopts nothing from a mirror that is a list: its places are no keys', async () => {
    const disk = diskWith(log(a), { '/data/players.json': '[1,2]' });
    const plan = await planFor(disk, { adoptMirror: true });
    expect(plan).toMatchObject({ action: 'none', mirror: { action: 'write', ahead: [] } });
  });
});
