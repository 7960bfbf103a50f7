// The crash harness must see: protocols with a known bug fail on it, and the right one passes.
import { describe, expect, it } from 'vitest';
import { readSmallText } from '../src/engine/disk.js';
import { LogctlError } from '../src/engine/errors.js';
import { checkCrashes, countText, crashStates, type CrashState } from './helpers/crash-states.js';
import type { CrashModel, Cuts } from './helpers/crash-model.js';
import { effectText } from './helpers/memory-inode.js';
import { Killed, memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';

const models = ['journal', 'posix'] as const;
const log = '/data/players.log';
const temporary = '/data/.players.log.tmp-1';
const before = '{"op":"SET","key":"a","value":1}\n'.repeat(20);
const after = '{"op":"CHECKPOINT","state":{"a":1}}\n';
const start = () => memoryDisk({ [log]: before });
const encode = (text: string) => Buffer.from(text);

/** Steps of a replacement; each may be left out, and then a crash must be able to show it. */
interface Replacement {
  syncTemporary: boolean;
  syncDirectory: boolean;
}

function replaceLog(disk: RecordingDisk, { syncTemporary, syncDirectory }: Replacement): void {
  const file = disk.create(temporary);
  file.setOwner({ uid: 1000, gid: 1000 });
  file.setMode(0o644);
  file.append(encode(after));
  if (syncTemporary) file.sync();
  file.close();
  disk.rename(temporary, log);
  if (syncDirectory) disk.syncDirectory('/data');
  disk.note('replaced');
}

/** The old log or the new one, and the new one once that was said. */
function oldOrNew({ disk, notes }: CrashState): void {
  const text = disk.text(log);
  if (text !== after && text !== before) throw new Error('the log is neither old nor new');
  if (notes.includes('replaced') && text !== after) throw new Error('the new log is gone');
  const { mode, uid } = disk.stat(log)!;
  if (mode !== 0o644 || uid !== 1000) throw new Error('owner or mode of the log are lost');
}

describe.each(models)('the %s model', (model) => {
  it.each(['sectors', 'bytes'] as Cuts[])('passes the right protocol, cut at %s', async (cuts) => {
    const disk = start();
    replaceLog(disk, { syncTemporary: true, syncDirectory: true });
    const count = await checkCrashes(disk, { model, cuts, seed: 1 }, oldOrNew);
    console.log(`${model}, ${cuts}: ${countText(count)}`);
    expect(count.sampled).toBe(false);
    expect(count.states).toBeGreaterThan(10);
  });

  const bugs: [bug: string, act: (disk: RecordingDisk) => void, seen: RegExp][] = [
    [
      'no fsync of the temporary',
      (disk) => replaceLog(disk, { syncTemporary: false, syncDirectory: true }),
      /neither old nor new/,
    ],
    [
      'no fsync of the directory',
      (disk) => replaceLog(disk, { syncTemporary: true, syncDirectory: false }),
      /the new log is gone/,
    ],
    ['a write in place', (disk) => disk.overwrite(log, after), /neither old nor new/],
  ];
  it.each(bugs)('catches %s', async (_bug, act, seen) => {
    const disk = start();
    act(disk);
    await expect(checkCrashes(disk, { model }, oldOrNew)).rejects.toThrow(seen);
  });

  it('catches an acknowledgement before fsync, and passes one after it', async () => {
    const append = (disk: RecordingDisk, synced: boolean) => {
      const file = disk.openAppend(log);
      file.append(encode(after));
      if (synced) file.sync();
      file.close();
      disk.note('written');
    };
    const keptAll = ({ disk, notes }: CrashState) => {
      const wanted = notes.includes('written') ? before + after : before;
      if (!disk.text(log)!.startsWith(wanted)) throw new Error('an entry is lost');
    };
    const [careless, careful] = [start(), start()];
    append(careless, false);
    append(careful, true);
    await expect(checkCrashes(careless, { model }, keptAll)).rejects.toThrow('an entry is lost');
    await checkCrashes(careful, { model }, keptAll);
  });
});

describe('what differs between the models', () => {
  /** Backup first, then the swap, without an fsync of the directory in between. */
  function swapWithBackup(disk: RecordingDisk): void {
    disk.link(log, `${log}.backup.1`);
    replaceLog(disk, { syncTemporary: true, syncDirectory: true });
  }
  const oldIsSomewhere = ({ disk }: CrashState) => {
    const texts = [log, `${log}.backup.1`].map((path) => disk.text(path));
    if (!texts.includes(before)) throw new Error('the old log is gone');
  };

  it('a journal keeps the link that came before the rename; plain POSIX may lose it', async () => {
    const [journal, posix] = [start(), start()];
    [journal, posix].forEach(swapWithBackup);
    await checkCrashes(journal, { model: 'journal' }, oldIsSomewhere);
    const walk = checkCrashes(posix, { model: 'posix' }, oldIsSomewhere);
    await expect(walk).rejects.toThrow('the old log is gone');
  });
});

describe('states', () => {
  const all = (disk: RecordingDisk, model: CrashModel, cuts: Cuts = 'sectors') => [
    ...crashStates(disk, { model, cuts, seed: 1 }),
  ];

  it('cut un-synced bytes at every byte, and fill whole sectors with zeros', () => {
    const disk = memoryDisk({ [log]: 'x'.repeat(500) });
    disk.openAppend(log).append(encode('y'.repeat(600)));
    const texts = all(disk, 'journal', 'bytes').map((state) => state.disk.text(log)!);
    expect(new Set(texts).size).toBe(texts.length);
    const sizes = texts.filter((text) => !text.includes('\0')).map(({ length }) => length);
    expect(sizes.sort((a, b) => a - b)).toEqual(Array.from({ length: 601 }, (_, i) => 500 + i));
    const zeros = texts
      .filter((text) => text.includes('\0'))
      .map((text) => {
        return `${text.length}: ${text.indexOf('\0')}-${text.lastIndexOf('\0')}`;
      });
    // From the first un-synced byte, or a sector border, to the end; or one sector alone.
    const wanted = ['500-1099', '500-511', '512-1099', '512-1023', '1024-1099'];
    expect(zeros.sort()).toEqual(wanted.map((range) => `1100: ${range}`).sort());
  });

  it('keep and drop each un-synced name by itself under POSIX, in order under a journal', () => {
    const disk = memoryDisk({ '/d/a': 'a' });
    for (const name of ['x', 'y', 'z']) disk.link('/d/a', `/d/${name}`);
    const names = (model: CrashModel) => {
      return all(disk, model)
        .map((state) => state.disk.list('/d')!.slice(1).join(''))
        .sort();
    };
    expect(names('posix')).toEqual(['', 'x', 'xy', 'xyz', 'xz', 'y', 'yz', 'z']);
    expect(names('journal')).toEqual(['', 'x', 'xy', 'xyz']);
  });

  it('keep inode numbers and count links', () => {
    const disk = start();
    const { id } = disk.stat(log)!;
    disk.link(log, '/data/backup');
    disk.syncDirectory('/data');
    replaceLog(disk, { syncTemporary: true, syncDirectory: true });
    const replacement = disk.stat(log)!;
    expect(disk.stat('/data/backup')).toMatchObject({ id, links: 1 });
    for (const state of all(disk, 'posix')) {
      const [now, backup] = [state.disk.stat(log)!, state.disk.stat('/data/backup')];
      expect([id, replacement.id]).toContain(now.id);
      expect(now.links).toBe(now.id === id && backup ? 2 : 1);
      if (backup) expect(backup.id).toBe(id);
    }
  });

  it('leave the recorded disk and each other alone when they are written to', () => {
    const disk = start();
    disk.openAppend(log).append(encode('tail'));
    const states = all(disk, 'posix');
    for (const state of states) state.disk.openAppend(log).append(encode('|mine'));
    expect(disk.text(log)).toBe(`${before}tail`);
    for (const state of states) expect(state.disk.text(log)!.split('|')).toHaveLength(2);
    // A state records anew: a crash in its recovery can be enumerated in turn.
    expect(states.at(-1)!.disk.effects.map(effectText)).toHaveLength(1);
  });

  it('are drawn with a seed when they are too many, luckiest and unluckiest among them', () => {
    const disk = start();
    for (let i = 0; i < 30; i += 1) disk.link(log, `/data/link-${i}`);
    const options = { model: 'posix' as const, statesMax: 50, from: 30 };
    const walk = (seed: number) => [...crashStates(disk, { ...options, seed })];
    const lists = (seed: number) => walk(seed).map((state) => state.disk.list('/data')!.join());
    expect(lists(7)).toEqual(lists(7));
    expect(lists(7)).not.toEqual(lists(8));
    const links = walk(7).map((state) => state.disk.stat(log)!.links);
    expect([links[0], links[1]]).toEqual([31, 1]);
  });

  it('are thousands where a cut may fall at any byte', async () => {
    const disk = memoryDisk({ [log]: before });
    const file = disk.openAppend(log);
    for (let i = 0; i < 40; i += 1) file.append(encode(before));
    const count = await checkCrashes(disk, { model: 'posix', cuts: 'bytes', seed: 1 }, () => {});
    console.log(`${before.length * 40} bytes, cut at bytes: ${countText(count)}`);
    expect(count.states).toBeGreaterThan(before.length * 40);
  });
});

describe('the disk in memory', () => {
  it('refuses in the words of the real one', () => {
    const disk = memoryDisk({ [log]: 'x', '/data/link': { link: 'players.log' } });
    const code = (act: () => unknown) => {
      try {
        return act();
      } catch (error) {
        return error instanceof LogctlError ? error.code : error;
      }
    };
    expect(code(() => disk.open('/data/none'))).toBe('not-found');
    expect(code(() => disk.open('/data'))).toBe('io');
    expect(code(() => disk.create(log))).toBe('io');
    expect(code(() => disk.openAppend('/data/link'))).toBe('refused');
    expect(code(() => disk.link(log, '/else/where'))).toBe('not-found');
    expect(readSmallText(disk, '/data/link')).toBe('x');
    expect(disk.lstat('/data/link')!.kind).toBe('symlink');
    expect(disk.readLink('/data/link')).toBe('players.log');
    expect(disk.list('/data')).toEqual(['link', 'players.log']);
    expect(disk.effects).toEqual([]);
  });

  it('leaves two names of one file alone when one is renamed onto the other, as POSIX says', () => {
    const disk = memoryDisk({ [log]: 'x', '/data/same': { same: log } });
    disk.rename(log, '/data/same');
    expect([disk.list('/data'), disk.effects]).toEqual([['players.log', 'same'], []]);
  });

  it('hands a freed inode number to the next file, when told to be like ext4', () => {
    const disk = memoryDisk({ [log]: 'x', '/data/old': 'y' }, { inodes: 'reused' });
    const { id } = disk.stat('/data/old')!;
    disk.unlink('/data/old');
    disk.create('/data/new').close();
    expect(disk.stat('/data/new')!.id).toBe(id);
  });

  it('dies before a given effect, lets nothing through after it, and goes on after restart', () => {
    const disk = start();
    disk.killAt = 4;
    const protocol = { syncTemporary: true, syncDirectory: true };
    expect(() => replaceLog(disk, protocol)).toThrow(Killed);
    expect(() => disk.unlink(temporary)).toThrow(Killed);
    disk.restart();
    expect([disk.text(log), disk.text(temporary), disk.files.size]).toEqual([before, after, 0]);
    disk.unlink(temporary);
    replaceLog(disk, protocol);
    expect(disk.text(log)).toBe(after);
  });

  it('lets a test refuse any effect', () => {
    const disk = start();
    disk.before = (effect) => {
      if (effect.do === 'sync') throw new LogctlError('io', 'EIO', 'a test');
    };
    const protocol = { syncTemporary: true, syncDirectory: true };
    expect(() => replaceLog(disk, protocol)).toThrow('EIO');
    expect(disk.text(log)).toBe(before);
  });
});
