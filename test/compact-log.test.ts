// compact of one log on the real disk: states, owners, refusals, backups.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compactLog } from '../src/engine/compaction/compact-log.js';
import type { CompactOptions, WriteContext } from '../src/engine/context.js';
import { nodeDisk, type Disk } from '../src/engine/disk.js';
import { LogctlError } from '../src/engine/errors.js';
import { loadKernelLocks } from '../src/engine/kernel-locks.js';
import { openLog } from '../src/engine/log.js';
import { replay } from '../src/engine/replay.js';
import { checkpoint, log, numbered, remove, set, setAll } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';

const locks = await loadKernelLocks(nodeDisk);
const given = it.runIf(locks.leases === 'kernel');
const asRoot = it.runIf(locks.leases === 'kernel' && process.getuid?.() === 0);
const bot = 12_345;
const now = contextOf().now();
const busy = log(...Array.from({ length: 40 }, (_, i) => set(`k${i % 4}`, { games: i }, i)));

let folder: string;
let path: string;
let random = 0;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'logctl-one-'));
  path = join(folder, 'players.log');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function world(disk: Disk = nodeDisk): WriteContext {
  const name = () => `${process.pid}${(random += 1)}`;
  return { ...contextOf(nodeDisk), disk, locks, random: name, now: () => now + random };
}

async function compact(options: CompactOptions = {}, disk?: Disk) {
  const context = world(disk);
  return compactLog(context, await openLog(context, path), options);
}

const refusal = async (options?: CompactOptions) =>
  (await compact(options).catch((error: unknown) => error)) as LogctlError;
const write = (text: string | Uint8Array) => fs.writeFileSync(path, text);
const text = () => fs.readFileSync(path, 'utf8');
const names = () => fs.readdirSync(folder).filter((name) => !/^\..*\.lock$/.test(name));
const backups = () => names().filter((name) => name.includes('.backup.'));

/** What the bot's own code makes of a log: it merges whole-state entries. */
function botState(lines: string): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const line of lines.trim().split('\n').filter(Boolean)) {
    const entry = JSON.parse(line) as Record<string, unknown>;
    if (entry.op === 'SET' && entry.key) state[entry.key as string] = entry.value;
    else if (entry.op === 'SET') Object.assign(state, entry.data);
    else if (entry.op === 'DELETE') delete state[entry.key as string];
    else if (entry.op === 'CHECKPOINT') Object.assign(state, entry.state);
  }
  return state;
}

async function hashes() {
  const of = async (semantics: 'documented' | 'upstream') => {
    const { logs } = await replay(
      world(),
      [path],
      { hash: true, quiet: true, semantics },
      () => {},
    );
    return logs[0].stateHash!;
  };
  return { documented: await of('documented'), upstream: await of('upstream') };
}

describe('a compacted log', () => {
  given('is one line of the same state, and its old file a backup', async () => {
    write(busy);
    const before = await hashes();
    const part = await compact();
    expect(part).toMatchObject({ result: 'compacted', exitCode: 0, keys: 4, lines: 1 });
    expect(part.stateHash).toEqual({ before: before.documented, after: before.documented });
    expect(await hashes()).toEqual(before);
    expect(text().trim().split('\n')).toHaveLength(1);
    expect(fs.readFileSync(part.backup!, 'utf8')).toBe(busy);
    expect(part.bytesAfter).toBe(fs.statSync(path).size);
    expect(botState(text())).toEqual(botState(busy));
  });

  given('loads the same for readers that merge and readers that replace', async () => {
    const tokens = log(
      setAll({ access: 'a1', refresh: 'r1', artist: { name: 'x' } }, 1),
      setAll({ access: 'a2', refresh: 'r2' }, 2),
      set('expires', 12, 3),
    );
    write(tokens);
    const before = await hashes();
    expect(before.documented).not.toBe(before.upstream);
    const part = await compact();
    expect(part).toMatchObject({ keysKeptForReader: 1, lines: 2 });
    expect(part.upstreamHash).toEqual({ before: before.upstream, after: before.upstream });
    expect(await hashes()).toEqual(before);
    expect(botState(text())).toEqual(botState(tokens));
    expect(text()).toMatch(/^\{"op":"CHECKPOINT","state":\{"artist":.*"upstreamOnly":true,"crc"/);
    await compact();
    expect(await hashes()).toEqual(before);
  });

  given('keeps lines it does not know, and no trace of what was deleted', async () => {
    const unknown = '{"timestamp":"2026-11-19T09:00:00.000Z","op":"AUDIT","who":"me"}';
    write(log(set('gone', 1), unknown, set('here', 2), remove('gone')));
    await compact();
    expect(text()).toContain(`\n${unknown}\n`);
    expect(text()).not.toContain('gone');
  });

  given('carries the highest number, and a writer goes on after it', async () => {
    write(log(numbered(set('a', 1), 1), numbered(set('b', 2), 2), set('c', 3)));
    await compact();
    expect(text()).toMatch(/"folded":\d+,"seq":2,"crc":"[0-9a-f]{8}"\}\n$/);
    fs.appendFileSync(path, log(numbered(set('d', 4), 3)));
    await compact();
    expect(text()).toMatch(/"seq":3,"crc"/);
  });

  given('is not written by a dry run, which tells its size to the byte', async () => {
    write(busy);
    const would = await compact({ dryRun: true });
    expect([would.result, text(), fs.readdirSync(folder)]).toEqual([
      'would compact',
      busy,
      ['players.log'],
    ]);
    const part = await compact();
    expect(would.bytesAfter).toBe(part.bytesAfter);
  });
});

describe('a damaged log', () => {
  const damages: [string, string][] = [
    ['glued lines', busy.replace('}\n{', '}{')],
    ['a cut checkpoint at its start', `${checkpoint({ a: 1 }).slice(0, 40)}\n${busy}`],
    ['nothing in it', ''],
  ];
  it.each(damages)('is never compacted: %s; three runs leave all as it was', async (_what, bad) => {
    write(bad);
    for (const ms of [1, 2, 3, 4, 5]) fs.writeFileSync(`${path}.backup.${ms}`, busy);
    for (let run = 0; run < 3; run += 1) {
      expect(await refusal({ backups: 1 })).toMatchObject({ code: 'damaged', exitCode: 4 });
    }
    expect(text()).toBe(bad);
    expect(names()).toEqual([
      'players.log',
      ...[1, 2, 3, 4, 5].map((ms) => `players.log.backup.${ms}`),
    ]);
  });
});

describe('owner, group and mode', () => {
  asRoot('of the log survive, and its side files can be used by its owner', async () => {
    write(busy);
    fs.chownSync(folder, bot, bot);
    fs.chownSync(path, bot, bot + 1);
    fs.chmodSync(path, 0o640);
    await compact();
    for (const name of fs.readdirSync(folder)) {
      const { uid, gid, mode } = fs.statSync(join(folder, name));
      expect([name, uid, gid, mode & 0o7777]).toEqual([name, bot, bot + 1, 0o640]);
    }
    await asBot(
      async () => expect(await compact()).toMatchObject({ result: 'compacted' }),
      bot + 1,
    );
  });

  asRoot("of an intent that root's run left are the bot's: it finishes the swap", async () => {
    write(busy);
    fs.chownSync(folder, bot, bot);
    fs.chownSync(path, bot, bot);
    fs.chmodSync(path, 0o600);
    const unlink = (at: string) => {
      if (at.endsWith('.compact.json')) throw new LogctlError('io', 'the device fails', 'a test');
      nodeDisk.unlink(at);
    };
    await expect(compact({}, { ...nodeDisk, unlink })).rejects.toMatchObject({ code: 'io' });
    expect(names()).toContain('.players.log.compact.json');
    await asBot(async () => expect(await compact()).toMatchObject({ result: 'compacted' }));
    expect(names()).not.toContain('.players.log.compact.json');
  });

  asRoot('of another user: refused, with nothing left behind', async () => {
    write(busy);
    fs.chmodSync(folder, 0o777);
    fs.chmodSync(path, 0o666);
    await asBot(async () => {
      expect(await refusal()).toMatchObject({ code: 'refused', exitCode: 21 });
    });
    expect(names()).toEqual(['players.log']);
  });

  asRoot("root does not work in a bot's directory that others can write", async () => {
    write(busy);
    fs.chownSync(path, bot, bot);
    fs.chownSync(folder, bot, bot);
    fs.chmodSync(folder, 0o777);
    expect(await refusal()).toMatchObject({ code: 'refused', exitCode: 21 });
    expect(names()).toEqual(['players.log']);
  });
});

describe('what is no plain log of its own', () => {
  given('is refused: a symbolic link, with where it leads', async () => {
    const real = join(folder, 'real.log');
    fs.writeFileSync(real, busy);
    fs.symlinkSync(real, path);
    const error = await refusal();
    expect(error).toMatchObject({ code: 'refused', exitCode: 21 });
    expect(error.hint).toContain(real);
    expect(names()).toEqual(['players.log', 'real.log']);
  });

  given('is refused: a file with a second name', async () => {
    write(busy);
    fs.linkSync(path, join(folder, 'other-name'));
    expect(await refusal()).toMatchObject({ code: 'refused', exitCode: 21 });
    expect(names()).toEqual(['other-name', 'players.log']);
  });

  given('is refused: a FIFO, without waiting for a writer', async () => {
    execFileSync('mkfifo', [path]);
    expect(await refusal()).toBeInstanceOf(LogctlError);
    expect(names()).toEqual(['players.log']);
  });
});

describe('backups', () => {
  given('beyond the count go by the number in their exact name', async () => {
    const others = ['players.log.backup.x', 'players2.log.backup.1', 'players.log.backup.1.old'];
    for (const name of others) fs.writeFileSync(join(folder, name), busy);
    for (const ms of [999, 1000, 20]) fs.writeFileSync(`${path}.backup.${ms}`, busy);
    write(busy);
    const part = await compact({ backups: 2 });
    const removed = ['999', '20'].map((ms) => `${path}.backup.${ms}`);
    expect(part.backupsRemoved).toEqual(removed);
    expect(names()).toEqual(expect.arrayContaining([...others, 'players.log.backup.1000']));
    expect(backups()).toHaveLength(others.length + 2);
  });

  given('that somebody still writes to stay', async () => {
    for (const ms of [1, 2]) fs.writeFileSync(`${path}.backup.${ms}`, busy);
    const held = fs.openSync(`${path}.backup.1`, 'a');
    write(busy);
    const part = await compact({ backups: 1 });
    fs.closeSync(held);
    expect(part.backupsRemoved).toEqual([`${path}.backup.2`]);
  });

  given('with an entry that came after the swap stay, and are named', async () => {
    write(busy);
    const first = await compact({ backups: 9 });
    fs.appendFileSync(path, log(set('new', 1)));
    const second = await compact({ backups: 9 });
    fs.appendFileSync(first.backup!, log(set('late', 1)));
    const said: string[] = [];
    const context = { ...world(), say: (_: number, words: string) => void said.push(words) };
    const part = await compactLog(context, await openLog(context, path), { backups: 1 });
    // The one that came after it shows what the log lacks: without it nobody could tell any more.
    expect(part.backupsRemoved).toEqual([]);
    expect(backups()).toHaveLength(3);
    expect(fs.existsSync(second.backup!)).toBe(true);
    expect(said.join()).toContain(`${first.backup}: kept`);
  });

  given('the newest sound one stays whatever the count', async () => {
    write(busy);
    const part = await compact({ backups: 0 });
    expect(backups().map((name) => join(folder, name))).toEqual([part.backup]);
  });
});

describe('room on the disk', () => {
  given('is looked at before anything is written', async () => {
    write(busy);
    const disk = { ...nodeDisk, freeBytes: () => 200 };
    const error = await compact({}, disk).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'no-space', exitCode: 8 });
    expect((error as LogctlError).message).toMatch(
      /^no space: \d+ bytes needed in .*, 200 are free$/,
    );
    expect(names()).toEqual(['players.log']);
  });
});

async function asBot(act: () => Promise<void>, group = bot): Promise<void> {
  process.setegid!(group);
  process.seteuid!(bot);
  try {
    await act();
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}
