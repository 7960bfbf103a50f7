// Which copy is the newer one: what it holds decides; a name from a wrong clock decides nothing.
import { copyFileSync, existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compact, verify, type WriteContext } from '../src/engine/index.js';
import { newestFirst, type CopyAge } from '../src/engine/checks/backup-order.js';
import { checkpoint, clock, log, numbered, set } from './helpers/bot-log.js';
import { nodeDisk } from '../src/engine/index.js';
import { freshBackupPath } from '../src/engine/siblings.js';
import { RecoverFolder } from './helpers/recover-folder.js';

const future = 1_900_000_000_000;
let world: RecoverFolder;
let path: string;
let context: WriteContext;
let second = 0;

beforeEach(async () => {
  world = await RecoverFolder.make();
  second = 1_000;
  ({ path, context } = world);
  Object.assign(context, { now: () => Date.parse(clock(second)) });
});

afterEach(() => world.remove());

const named = (at: number) => `${path}.backup.${at}`;
const at = (seconds: number) => Date.parse(clock(seconds));

/** Writes the copy that is called after this time. */
function copy(ms: number, ...lines: string[]): string {
  writeFileSync(named(ms), log(...lines));
  return named(ms);
}

const backups = () => readdirSync(`${world.folder}/logs`).filter((name) => /backup/.test(name));

async function misdated() {
  const { findings } = await verify(context, [path]);
  return findings.filter(({ code }) => code === 'backup-misdated').map((one) => one.path);
}

describe('a backup whose name is from the future', () => {
  const old = [set('a', 1, 1)];
  const recent = [...old, set('b', 2, 500)];

  it('is named, and is not the base where another one holds newer entries', async () => {
    const odd = copy(future, ...old);
    const good = copy(at(600), ...recent);
    writeFileSync(path, log(checkpoint({ a: 1, b: 2 }, 600), set('c', 1, 700)));
    expect(await misdated()).toEqual([odd]);
    writeFileSync(path, '');
    const { exitCode, logs } = await world.apply();
    expect([exitCode, logs[0].plan?.base?.path]).toEqual([0, good]);
    expect(world.read()).toBe(log(...recent));
  });

  it('is the base where it holds the newer entries', async () => {
    const odd = copy(future, ...recent);
    copy(at(600), ...old);
    writeFileSync(path, '');
    expect((await world.apply()).logs[0].plan?.base?.path).toBe(odd);
  });

  it('is compared by bytes where no time tells; what cannot be told is refused', async () => {
    const bare = (key: string) => `{"op":"SET","key":"${key}","value":1}`;
    const odd = copy(future, bare('a'));
    const longer = copy(at(600), bare('a'), bare('b'));
    writeFileSync(path, '');
    const first = await world.apply({ dryRun: true });
    expect(first.logs[0].plan?.base?.path).toBe(longer);
    const other = copy(at(600), bare('other'), bare('b'));
    const { exitCode, logs } = await world.apply();
    expect(exitCode).toBe(21);
    expect(logs[0].plan?.refusal?.message).toContain(odd);
    expect(logs[0].plan?.refusal?.message).toContain(other);
    expect(world.read()).toBe('');
  });

  it('makes no compaction recent, and none is named after it', async () => {
    copy(future, ...old);
    writeFileSync(path, log(...recent, set('a', 2, 900)));
    const { logs } = await compact(context, [path], { every: 60_000 });
    expect(logs[0]).toMatchObject({ result: 'compacted', backup: named(at(1_000)) });
    expect(freshBackupPath(nodeDisk, path, at(999))).toBe(named(at(1_000) + 1));
  });

  it('neither counts for a prune nor is removed by it', async () => {
    const odd = [0, 1, 2].map((more) => copy(future + more, ...old));
    const made: string[] = [];
    for (const end of [1_000, 1_100, 1_200, 1_300]) {
      second = end;
      writeFileSync(path, log(...recent, set('c', end, end - 1)));
      const { logs } = await compact(context, [path], { force: true, backups: 2 });
      made.push(logs[0].backup!);
    }
    expect(made.filter((one) => existsSync(one))).toEqual(made.slice(-2));
    expect(odd.every((one) => existsSync(one))).toBe(true);
  });
});

describe('a prune', () => {
  it('keeps the backup just made beside larger numbers', async () => {
    for (const later of [1, 2, 3]) copy(at(1_000) + later * 1_000, set('a', later, later));
    writeFileSync(path, log(set('a', 9, 900)));
    const { logs } = await compact(context, [path], { force: true, backups: 1 });
    expect(logs[0].backupsRemoved).toHaveLength(3);
    expect(backups()).toEqual([logs[0].backup!.split('/').at(-1)]);
  });

  it('goes by the order of compactions where a clock was set back in between', async () => {
    const ends = [1_000, 1_100, -9_000, 1_200];
    const made: string[] = [];
    for (const [turn, end] of ends.entries()) {
      second = end;
      writeFileSync(path, (turn === 0 ? '' : world.read()) + log(set('k', turn, end - 1)));
      const { logs } = await compact(context, [path], { force: true, backups: 2 });
      made.push(logs[0].backup!);
    }
    // The third one has the smallest number and is the newest but one.
    expect(made.map((one) => existsSync(one))).toEqual([false, false, true, true]);
  });
});

it('a backup whose name contradicts its entries is named, and is not the base', async () => {
  const older = copy(at(600), set('a', 1, 1));
  const newer = copy(at(500), set('a', 1, 1), set('b', 2, 400));
  writeFileSync(path, '');
  expect(await misdated()).toEqual([older]);
  expect((await world.apply()).logs[0].plan?.base?.path).toBe(newer);
});

it('numbers in the entries go before their times', async () => {
  const newer = copy(at(500), numbered(set('a', 2, 100), 7));
  copy(at(600), numbered(set('a', 1, 200), 3));
  writeFileSync(path, '');
  expect((await world.apply()).logs[0].plan?.base?.path).toBe(newer);
});

it('renamed and copied backups keep the order of their contents', async () => {
  const made: string[] = [];
  for (const end of [100, 200, 300]) {
    second = end;
    writeFileSync(path, (made.length === 0 ? '' : world.read()) + log(set('k', end, end - 1)));
    made.push((await compact(context, [path], { force: true })).logs[0].backup!);
  }
  second = 1_000;
  renameSync(made[2], named(at(50)));
  copyFileSync(made[0], named(at(999)));
  writeFileSync(path, '');
  expect((await world.apply()).logs[0].plan?.base?.path).toBe(named(at(50)));
});

describe('newestFirst', () => {
  const age = (name: string, more: Partial<CopyAge>): CopyAge => ({
    ...{ path: name, ms: NaN, firstTime: NaN, lastTime: NaN, startsWithState: false, lastSeq: 0 },
    ...more,
  });
  const order = (...copies: CopyAge[]) => newestFirst(copies, 1e12).map((one) => one.path);

  it('gives each copy once, whatever is known of it', () => {
    const day = 86_400_000;
    const copies = [
      age('late', { ms: 9e11, lastTime: 9.9e11 }),
      age('next', { ms: 9e11 + day, firstTime: 9e11, startsWithState: true, lastTime: 9e11 + 9 }),
      age('unread', { ms: 9e11 + day / 2 }),
      age('odd', { ms: 2e12 }),
    ];
    // A head goes before what it was made from, however late that was written to.
    expect(order(...copies)).toEqual(['next', 'unread', 'late', 'odd']);
  });

  it('does not go in circles where heads name each other', () => {
    const a = age('a', { ms: 100, firstTime: 200, startsWithState: true, lastTime: 300 });
    const b = age('b', { ms: 200, firstTime: 100, startsWithState: true, lastTime: 250 });
    expect(order(a, b)).toHaveLength(2);
  });
});
