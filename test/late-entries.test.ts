// A writer that goes on in the old file after a compaction: its entries are found and come back.
import { appendFileSync, existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compact,
  inspect,
  openLog,
  replay,
  verify,
  type Finding,
  type WriteContext,
} from '../src/engine/index.js';
import { clock, log, remove, set } from './helpers/bot-log.js';
import { RecoverFolder } from './helpers/recover-folder.js';
import { randomFrom } from './helpers/crash-states.js';
import { announcedSeed } from './helpers/seed.js';

let world: RecoverFolder;
let path: string;
let context: WriteContext;
/** Seconds on the clock of `clock`. */
let second = 0;

beforeEach(async () => {
  world = await RecoverFolder.make();
  second = 100;
  const now = () => Date.parse(clock(second));
  ({ path } = world);
  context = { ...world.context, now };
  Object.assign(world.context, { now });
});

afterEach(() => world.remove());

/** Compacts at this second; gives the backup. */
async function compactAt(at: number, backups = 9): Promise<string> {
  second = at;
  const { logs } = await compact(context, [path], { force: true, backups });
  expect(logs[0].result).toBe('compacted');
  return logs[0].backup!;
}

const lateIn = (findings: readonly Finding[]) =>
  findings.filter(({ code }) => code === 'late-entries');

const verifiedLate = async () => lateIn((await verify(context, [path])).findings);

async function stateNow(): Promise<Record<string, unknown>> {
  let text = '';
  await replay(context, [path], {}, async (bytes) => void (text += Buffer.from(bytes).toString()));
  return JSON.parse(text) as Record<string, unknown>;
}

describe('entries that came after the compaction', () => {
  it('are named by verify, inspect and every compact, with what helps', async () => {
    world.write('logs/players.log', log(set('a', 1, 1)));
    const backup = await compactAt(100);
    appendFileSync(path, log(set('b', 2, 101)));
    expect(await verifiedLate()).toEqual([]);
    appendFileSync(backup, log(set('late', 1, 102), set('a', 9, 103)));
    const { exitCode, findings, next } = await verify(context, [path]);
    expect(exitCode).toBe(3);
    const wanted = { code: 'late-entries', path: backup, key: 'late', impact: 'lost' };
    expect(lateIn(findings)).toMatchObject([wanted]);
    expect(findings[0].message).toContain('2 entries of 2 keys');
    expect(findings[0].consequence).toMatch(/goes on writing to the backup/);
    expect(next[0].argv.slice(0, 5)).toEqual([
      'logctl',
      'recover',
      '--dry-run',
      '--policy',
      'salvage',
    ]);
    const seen = await inspect(context, [path]);
    expect([seen.exitCode, lateIn(seen.findings)]).toMatchObject([3, [wanted]]);
    const skipped = await compact(context, [path], {});
    expect([skipped.exitCode, skipped.logs[0].result]).toEqual([3, 'skipped']);
    expect(lateIn(skipped.findings)).toMatchObject([wanted]);
    second = 110;
    const done = await compact(context, [path], { force: true, backups: 1 });
    expect([done.exitCode, done.logs[0].result]).toEqual([3, 'compacted']);
    expect(lateIn(done.findings)).toMatchObject([wanted]);
    expect(existsSync(backup)).toBe(true);
    // It stays, and is named, until its entries are in the log.
    for (const at of [120, 130, 140]) {
      appendFileSync(path, log(set('b', at, at)));
      second = at;
      const again = await compact(context, [path], { force: true, backups: 1 });
      expect(lateIn(again.findings)).toMatchObject([{ path: backup }]);
    }
    expect((await world.apply({ policy: 'salvage' })).exitCode).toBe(0);
    appendFileSync(path, log(set('b', 150, 150)));
    await compactAt(150, 1);
    expect(existsSync(backup)).toBe(false);
    expect(await stateNow()).toMatchObject({ late: 1, a: 9, b: 150 });
  });

  it('come back before what is younger, and a second recovery has nothing to do', async () => {
    world.write('logs/players.log', log(set('a', 1, 1)));
    const backup = await compactAt(100);
    appendFileSync(path, log(set('x', 'log', 110), set('y', 'log', 130)));
    appendFileSync(backup, log(set('x', 'late', 105), set('y', 'late', 140), remove('a', 141)));
    second = 200;
    const tail = await world.apply({ dryRun: true });
    expect(tail.logs[0].plan?.notes.join()).toContain('--policy salvage brings them back');
    const { exitCode, logs } = await world.apply({ policy: 'salvage' });
    expect([exitCode, logs[0].verified?.verdict]).toEqual([0, 'ok']);
    expect(logs[0].plan?.regions).toMatchObject([
      { code: 'late-entries', action: 'bring back', entriesBack: 3, source: backup },
    ]);
    const [, ...lines] = world.read().split('\n');
    expect(lines.filter(Boolean).map((line) => JSON.parse(line).timestamp)).toEqual(
      [105, 110, 130, 140, 141].map(clock),
    );
    expect(await stateNow()).toEqual({ x: 'log', y: 'late' });
    expect((await verify(context, [path])).findings).toEqual([]);
    const again = await world.apply({ policy: 'salvage' });
    expect(again.logs[0].result).toBe('nothing to do');
    await compactAt(210);
    expect(await verifiedLate()).toEqual([]);
  });

  it.each<[how: string, bytes: string, keys: string[]]>([
    ['ended', log(set('l', 1, 110)), ['l']],
    ['without a newline', set('l', 1, 110), ['l']],
    ['glued to a fragment', `{"torn${set('l', 1, 110)}\n`, ['l']],
    ['two on one line', `${set('l', 1, 110)}${set('m', 1, 111)}\n`, ['l', 'm']],
    ['a fragment alone', '{"timest', []],
  ])('are found %s', async (_how, bytes, keys) => {
    world.write('logs/players.log', log(set('a', 1, 1)));
    const backup = await compactAt(100);
    appendFileSync(path, log(set('b', 1, 105)));
    appendFileSync(backup, bytes);
    expect(await verifiedLate()).toHaveLength(keys.length > 0 ? 1 : 0);
    second = 200;
    await world.apply({ policy: 'salvage' });
    expect(Object.keys(await stateNow())).toEqual(['a', 'b', ...keys]);
    expect(await verifiedLate()).toEqual([]);
    expect((await world.apply({ policy: 'salvage' })).logs[0].result).toBe('nothing to do');
  });

  it('are those alone which no later compaction has a newer value for', async () => {
    world.write('logs/players.log', log(set('a', 1, 1)));
    const backup = await compactAt(100);
    appendFileSync(path, log(set('newer', 'log', 120)));
    await compactAt(150);
    appendFileSync(path, log(set('b', 1, 160)));
    appendFileSync(backup, log(set('newer', 'late', 110), set('only', 'late', 111)));
    expect(await verifiedLate()).toMatchObject([{ path: backup, key: 'only' }]);
    second = 200;
    await world.apply({ policy: 'salvage' });
    expect(await stateNow()).toEqual({ a: 1, newer: 'log', b: 1, only: 'late' });
    expect(await verifiedLate()).toEqual([]);
  });

  it('do not keep a program from opening its log', async () => {
    world.write('logs/players.log', log(set('a', 1, 1)));
    const backup = await compactAt(100);
    appendFileSync(backup, log(set('late', 1, 102)));
    const opened = await openLog(path);
    expect(opened.get('a')).toBe(1);
    await opened.close();
    expect(await verifiedLate()).toHaveLength(1);
  });
});

describe('no late entries', () => {
  it('are seen in a log that was put back from a backup', async () => {
    world.write('logs/players.log', log(set('a', 1, 1)));
    await compactAt(100);
    appendFileSync(path, log(set('b', 2, 101)));
    await compactAt(110);
    appendFileSync(path, log(set('c', 3, 111)));
    world.write('logs/players.log', '');
    second = 200;
    await world.apply();
    expect(await stateNow()).toEqual({ a: 1, b: 2 });
    expect(await verifiedLate()).toEqual([]);
  });

  it('can be told of formats whose compaction leaves lines, and verify says so', async () => {
    const file = path.replace('players.log', 'd.jsonl');
    world.write('logs/d.jsonl', log('{"id":"a","v":1}', '{"id":"a","v":2}'));
    const options = { keyAt: '/id' };
    const { logs } = await compact(context, [file], { force: true, ...options });
    appendFileSync(logs[0].backup!, log('{"id":"late","v":1}'));
    const { notChecked, findings } = await verify(context, [file], options);
    expect(lateIn(findings)).toEqual([]);
    expect(notChecked.join()).toContain('came late into a backup');
  });
});

it('gives the state of all writers in the order of their times, whoever wrote where', async () => {
  const seed = announcedSeed('late writers');
  const random = randomFrom(seed);
  for (let round = 0; round < 20; round++) {
    await world.remove();
    world = await RecoverFolder.make();
    ({ path } = world);
    Object.assign(world.context, { now: () => Date.parse(clock(second)) });
    context = world.context;
    world.write('logs/players.log', log(set('a', 0, 1)));
    const wanted = new Map<string, number>([['a', 0]]);
    const files = [path];
    for (second = 100; second < 160; second++) {
      if (random() < 0.05) files.push(await compactAt(second));
      const file = files[Math.floor(random() * files.length)];
      const key = 'abcdef'[Math.floor(random() * 6)];
      wanted.set(key, second);
      appendFileSync(file, log(set(key, second, second)));
    }
    second = 1_000;
    await world.apply({ policy: 'salvage' });
    const state = new Map(Object.entries(await stateNow()));
    expect([...state].sort(), `seed ${seed}, round ${round}`).toEqual([...wanted].sort());
    expect(await verifiedLate()).toEqual([]);
    expect((await world.apply({ policy: 'salvage' })).logs[0].result).toBe('nothing to do');
  }
});
