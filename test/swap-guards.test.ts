// What stands between a swap and lost entries: intents of others, names that changed at the last
// moment, files mounted by themselves, and each guard against another process or a bad disk.
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { archiveBackups } from '../src/engine/compaction/backup-archive.js';
import { gzipBackups } from '../src/engine/compaction/gzip-backups.js';
import type { Intent } from '../src/engine/compaction/intent.js';
import { LockFile } from '../src/engine/compaction/lock-file.js';
import { supersede } from '../src/engine/compaction/quiet-backup.js';
import { endsHash } from '../src/engine/compaction/swap-carry.js';
import { finishCompaction } from '../src/engine/compaction/swap-recovery.js';
import { swapIn } from '../src/engine/compaction/swap.js';
import { siblingsOf } from '../src/engine/siblings.js';
import { LogctlError } from '../src/engine/errors.js';
import { recover, undoRecovery } from '../src/engine/recover.js';
import {
  compactOn,
  entries,
  entry,
  logPath,
  numbersIn,
  numbersRead,
  worldOf,
} from './helpers/compaction-world.js';
import { FakeLocks } from './helpers/fake-locks.js';
import { checkCrashes } from './helpers/crash-states.js';
import { memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';
import { ScriptedWriter } from './helpers/scripted-writer.js';

const { intent: intentPath } = siblingsOf(logPath);
const text = `${entries(1, 5, 200).join('\n')}\n`;
const line = (n: number) => `${entry(n)}\n`;
const kept = `${logPath}.backup.1795178800000`;
const head = '{"op":"CHECKPOINT","state":{"e1":""}}\n';

/** A swap that was killed after its rename: entry 2 is in the old file alone. */
function interrupted(more = ''): RecordingDisk {
  const disk = memoryDisk({ [kept]: line(1) + line(2), [logPath]: head + line(3) + more });
  announce(disk);
  return disk;
}

function announce(disk: RecordingDisk): Intent {
  const log = disk.open(logPath);
  const inode = (path: string) => disk.stat(path)!.id.split(':')[1];
  const intent: Intent = {
    format: 1,
    oldInode: inode(kept),
    newInode: inode(logPath),
    prefixLength: line(1).length,
    headLength: head.length,
    headEnds: endsHash(log, head.length),
    keptAs: kept.split('/').at(-1)!,
  };
  log.close();
  const file = disk.create(intentPath);
  file.append(Buffer.from(JSON.stringify(intent)));
  file.close();
  return intent;
}

describe('an interrupted swap whose old file holds a late line', () => {
  it('is finished by compact before it swaps', async () => {
    const disk = interrupted();
    await compactOn(disk, new FakeLocks(disk));
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual([1, 2, 3]);
    expect(disk.text(intentPath)).toBeUndefined();
  });

  it('is finished by recover before it swaps', async () => {
    const disk = interrupted('{"timestamp":"20');
    const world = worldOf(disk, new FakeLocks(disk));
    await recover(world, [logPath], {}, () => true);
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual([1, 2, 3]);
    expect(disk.text(intentPath)).toBeUndefined();
  });

  it('is finished by undo, and the line is in the log whatever becomes of that', async () => {
    const { disk, receipt } = await recovered();
    const late = disk.list('/data')!.find((name) => name.includes('.original.'))!;
    await interruptAgain(disk, `/data/${late}`);
    const undo = undoRecovery(worldOf(disk, new FakeLocks(disk)), receipt, [], {});
    expect(await undo).toMatchObject({ exitCode: 0 });
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual([1, 2, 3, 4, 5, 9]);
    expect(disk.text(intentPath)).toBeUndefined();
  });

  it('stays as it is, intent and all, where undo cannot finish it', async () => {
    const { disk, receipt } = await recovered();
    const late = disk.list('/data')!.find((name) => name.includes('.original.'))!;
    await interruptAgain(disk, `/data/${late}`);
    const before = JSON.parse(disk.text(intentPath)!) as Intent;
    const writer = new ScriptedWriter(disk, { path: logPath, lines: [], keepsOpen: true });
    disk.asWriter(() => disk.openAppend(logPath));
    const locks = new FakeLocks(disk, [writer]);
    const undo = undoRecovery(worldOf(disk, locks), receipt, [], {});
    await expect(undo).rejects.toMatchObject({ code: 'busy', exitCode: 11 });
    expect(JSON.parse(disk.text(intentPath)!)).toEqual(before);
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual([1, 2, 3, 4, 5, 9]);
  });

  it('makes any other swap refuse, and is not taken away by it', async () => {
    const disk = interrupted();
    const before = disk.text(intentPath);
    const old = disk.open(logPath);
    const world = worldOf(disk, new FakeLocks(disk));
    const job = {
      path: logPath,
      old,
      prefixLength: old.stat().size,
      keptAs: 'players.log.backup.1795178900000',
      writeHead: async () => undefined,
      proveHead: async () => undefined,
      isWhole: async () => true,
      offline: false,
    };
    await expect(swapIn(world, job)).rejects.toMatchObject({ code: 'refused', exitCode: 21 });
    const another = { ...(JSON.parse(before!) as Intent), newInode: '4711' };
    await expect(swapIn(world, { ...job, previous: another })).rejects.toMatchObject({
      code: 'refused',
    });
    expect(disk.text(intentPath)).toBe(before);
    expect(disk.list('/data')!.some((name) => name.includes('.tmp-'))).toBe(false);
  });
});

/** A log whose torn end was recovered, and the receipt of that. */
async function recovered() {
  const disk = memoryDisk({ [logPath]: `${text}{"timestamp":"20` });
  const world = worldOf(disk, new FakeLocks(disk));
  const { logs } = await recover(world, [logPath], {}, () => true);
  return { disk, receipt: logs[0].receipt! };
}

/** As if the recovery had been killed between its rename and its drain, and a writer came late. */
async function interruptAgain(disk: RecordingDisk, original: string): Promise<void> {
  const { size } = disk.stat(logPath)!;
  const log = disk.open(logPath);
  const inode = (path: string) => disk.stat(path)!.id.split(':')[1];
  const intent: Intent = {
    format: 1,
    oldInode: inode(original),
    newInode: inode(logPath),
    prefixLength: disk.stat(original)!.size,
    headLength: size,
    headEnds: endsHash(log, size),
    keptAs: original.split('/').at(-1)!,
  };
  log.close();
  const file = disk.create(intentPath);
  file.append(Buffer.from(JSON.stringify(intent)));
  file.close();
  const writer = disk.openAppend(original);
  writer.append(Buffer.from(`\n${line(9)}`));
  writer.close();
}

describe('an undo that was killed', () => {
  it('leaves nothing beside the log when it is run again, whenever it died', async () => {
    const whole = await recovered();
    const first = whole.disk.effects.length;
    const original = `${text}{"timestamp":"20`;
    const run = ({ disk, receipt }: Awaited<ReturnType<typeof recovered>>) =>
      undoRecovery(worldOf(disk, new FakeLocks(disk)), receipt, [], {});
    await run(whole);
    const last = whole.disk.effects.length;
    for (let killAt = first; killAt < last; killAt++) {
      const one = await recovered();
      one.disk.killAt = killAt;
      await expect(run(one)).rejects.toThrow('killed');
      one.disk.restart();
      await run(one);
      expect([killAt, one.disk.text(logPath)]).toEqual([killAt, original]);
      const left = one.disk.list('/data')!.filter((name) => /\.tmp-|compact\.json$/.test(name));
      expect([killAt, left]).toEqual([killAt, []]);
    }
  });
});

describe('a log that is renamed away at the last moment', () => {
  /** logrotate between our last look and our rename: mv, create, append. */
  const rotate = (disk: RecordingDisk) => {
    disk.rename(logPath, `${logPath}.1`);
    disk.create(logPath).append(Buffer.from(line(8)));
  };

  it('is given its place back, with the entry that the new one holds: 22', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    onSwap(disk, () => disk.asWriter(() => rotate(disk)));
    expect(await compactOn(disk, locks)).toMatchObject({ code: 'changed', exitCode: 22 });
    expect(disk.text(logPath)).toBe(line(8));
    expect(disk.text(`${logPath}.1`)).toBe(text);
    expect(disk.list('/data')!.some((name) => /\.tmp-|compact\.json$/.test(name))).toBe(false);
  });

  it('keeps what a writer wrote that opened our file in that moment', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    const { exchange } = disk;
    let exchanges = 0;
    let entered: ReturnType<RecordingDisk['openAppend']> | undefined;
    disk.exchange = (left, right) => {
      if (++exchanges === 1) disk.asWriter(() => rotate(disk));
      // It found our file by the log's name, and waits for the end of our lease.
      if (exchanges === 2) entered = disk.asWriter(() => disk.openAppend(logPath));
      exchange.call(disk, left, right);
    };
    const { release } = locks;
    locks.release = (file) => {
      if (entered !== undefined && exchanges === 2) {
        const writer = entered;
        disk.asWriter(() => writer.append(Buffer.from(line(7))));
        disk.asWriter(() => writer.close());
        entered = undefined;
      }
      release.call(locks, file);
    };
    const result = (await compactOn(disk, locks)) as LogctlError;
    expect(result).toMatchObject({ code: 'changed', exitCode: 22 });
    const all = disk.list('/data')!.map((name) => disk.text(`/data/${name}`) ?? '');
    expect(numbersIn(disk.text(logPath)!)).toEqual([8]);
    expect(all.some((content) => content.includes(line(7)))).toBe(true);
    expect(result.hint).toContain('.backup.');
  });

  it('is compacted all the same where the kernel cannot exchange names', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    locks.exchanges = false;
    expect(await compactOn(disk, locks)).toMatchObject({ result: 'compacted' });
    expect(numbersIn(disk.text(logPath)!)).toEqual([1, 2, 3, 4, 5]);
  });
});

/** Calls `act` right before the exchange of the log's name. */
function onSwap(disk: RecordingDisk, act: () => void): void {
  const { exchange } = disk;
  disk.exchange = (left, right) => {
    disk.exchange = exchange;
    act();
    exchange.call(disk, left, right);
  };
}

describe('a log that is mounted as a single file', () => {
  it('is refused, with the place, and stays as it is', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    locks.mountPoints = ['/app/players.log of pid 77'];
    const result = (await compactOn(disk, locks)) as LogctlError;
    expect(result).toMatchObject({ code: 'refused', exitCode: 21 });
    expect(result.message).toContain('/app/players.log of pid 77');
    expect(disk.text(logPath)).toBe(text);
  });

  it.each(['attributes', 'mounts'] as const)('is refused where %s cannot be told', async (what) => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    Object.assign(locks, { [what]: () => undefined });
    expect(await compactOn(disk, locks)).toMatchObject({ code: 'refused', exitCode: 21 });
    expect(disk.text(logPath)).toBe(text);
  });
});

describe('guards of the swap', () => {
  it.each(['../x', 'a/b', '..', '.', ''])(
    'an intent that keeps as %j opens nothing',
    async (keptAs) => {
      const disk = interrupted();
      const intent = { ...(JSON.parse(disk.text(intentPath)!) as Intent), keptAs };
      disk.overwrite(intentPath, JSON.stringify(intent));
      const opened: string[] = [];
      const { open } = disk;
      disk.open = (path) => {
        opened.push(path);
        return open.call(disk, path);
      };
      const finish = finishCompaction(worldOf(disk, new FakeLocks(disk)), logPath);
      await expect(finish).rejects.toMatchObject({ code: 'bad-intent', exitCode: 8 });
      expect(opened).toEqual([intentPath]);
    },
  );

  it('another file that got the name before the link is not kept as the log', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const { link } = disk;
    disk.link = (from, to) => {
      if (to.includes('.backup.')) {
        disk.asWriter(() => {
          disk.create('/data/other').append(Buffer.from(line(8)));
          disk.rename('/data/other', logPath);
        });
      }
      link.call(disk, from, to);
    };
    const result = (await compactOn(disk, new FakeLocks(disk))) as LogctlError;
    expect(result).toMatchObject({ code: 'changed', exitCode: 22 });
    expect(result.message).toContain('was replaced');
    expect(disk.text(logPath)).toBe(line(8));
  });

  it('an opener of the old file in the grace after the swap defers', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    const { leaseOf } = locks;
    let looks = 0;
    locks.leaseOf = (file) => {
      const isAfter = disk.text(logPath)!.startsWith('{"op"');
      // The look that ends the drain is the first.
      if (isAfter && ++looks === 6) locks.mayOpen((file as never as { inode: never }).inode, true);
      return leaseOf.call(locks, file);
    };
    expect(await compactOn(disk, locks)).toMatchObject({ result: 'deferred', exitCode: 3 });
    expect(disk.text(intentPath)).toBeDefined();
  });

  it('an old file that shrinks after the rename ends with 22, the intent stays', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    const { exchange } = disk;
    disk.exchange = (left, right) => {
      exchange.call(disk, left, right);
      const backup = disk.list('/data')!.find((name) => name.includes('.backup.'))!;
      disk.asWriter(() => disk.overwrite(`/data/${backup}`, line(1)));
    };
    expect(await compactOn(disk, locks)).toMatchObject({ code: 'changed', exitCode: 22 });
    expect(disk.text(intentPath)).toBeDefined();
    expect(numbersIn(disk.text(logPath)!)).toEqual([1, 2, 3, 4, 5]);
  });

  it('a lock on a file that was removed by hand keeps nobody out, and is taken anew', async () => {
    const disk = memoryDisk({ [logPath]: text });
    const locks = new FakeLocks(disk);
    const options = {
      path: logPath,
      lockPath: '/data/.players.log.lock',
      waitMs: 0,
      busy: () => new LogctlError('busy', 'busy', ''),
    };
    const world = worldOf(disk, locks);
    const first = new LockFile(world, options);
    await first.hold(async () => undefined);
    disk.unlink(options.lockPath);
    const second = new LockFile(world, options);
    await second.hold(async () => {
      // The first one still has the removed file open: its lock on that would be worth nothing.
      await expect(first.hold(async () => undefined)).rejects.toMatchObject({ code: 'busy' });
    });
    first.close();
    second.close();
  });
});

describe('guards of the backups', () => {
  const backup = `${logPath}.backup.1000`;
  const old = { [logPath]: text, [backup]: line(1), [`${logPath}.backup.2000`]: line(2) };
  const more = { [`${logPath}.backup.3000`]: line(3) };

  it('one that was opened for writing while it was secured stays', async () => {
    const disk = memoryDisk(old);
    const locks = new FakeLocks(disk);
    const gone = await supersede(worldOf(disk, locks), backup, {}, async (file) => {
      locks.mayOpen((file as never as { inode: never }).inode, true);
    });
    expect(gone).toBe(false);
    expect(disk.text(backup)).toBe(line(1));
  });

  it('one whose copy reads back as other bytes stays, and the copy goes', async () => {
    const disk = memoryDisk(old, { directories: ['/kept'] });
    lie(disk, (path) => path.startsWith('/kept/'));
    const move = archiveBackups(worldOf(disk, new FakeLocks(disk)), logPath, {
      backupDir: '/kept',
    });
    await expect(move).rejects.toMatchObject({ code: 'io', exitCode: 8 });
    expect(disk.text(backup)).toBe(line(1));
    expect(disk.list('/kept')).toEqual([]);
  });

  const ways = [
    ['moved', (disk: RecordingDisk) => archive(disk)],
    ['compressed', (disk: RecordingDisk) => compress(disk)],
  ] as const;
  const archive = (disk: RecordingDisk) =>
    archiveBackups(worldOf(disk, new FakeLocks(disk)), logPath, { backupDir: '/kept' });
  const compress = (disk: RecordingDisk) =>
    gzipBackups(worldOf(disk, new FakeLocks(disk)), logPath, { olderThanMs: 0 });

  describe.each(['journal', 'posix'] as const)('in the model %s', (model) => {
    it.each(ways)('%s, each is whole in some file after a crash at any moment', async (_, run) => {
      const all: Record<string, string> = { ...old, ...more };
      const disk = memoryDisk(all, { directories: ['/kept'] });
      expect(await run(disk)).not.toEqual([]);
      const wanted = Object.values(all);
      const count = await checkCrashes(disk, { model }, (state) => {
        const held = ['/data', '/kept'].flatMap((folder) => textsIn(state.disk, folder));
        const lost = wanted.filter((content) => !held.includes(content));
        if (lost.length > 0) throw new Error(`gone: ${lost.join()}`);
      });
      expect(count.states).toBeGreaterThan(10);
    });
  });
});

/** The texts of a directory's files, those of compressed ones unpacked where they are whole. */
function textsIn(disk: RecordingDisk, folder: string): string[] {
  return (disk.list(folder) ?? []).flatMap((name) => {
    if (!name.endsWith('.gz')) return disk.text(`${folder}/${name}`) ?? [];
    const file = disk.open(`${folder}/${name}`);
    const bytes = new Uint8Array(file.stat().size);
    void file.read(bytes, 0);
    file.close();
    try {
      return gunzipSync(bytes).toString();
    } catch {
      return [];
    }
  });
}

/** The disk gives other bytes back than were written, of the paths that `isBad` names. */
function lie(disk: RecordingDisk, isBad: (path: string) => boolean): void {
  const { open } = disk;
  disk.open = (path) => {
    const file = open.call(disk, path);
    if (!isBad(path)) return file;
    const { read } = file;
    file.read = (target, position) => {
      const length = read.call(file, target, position) as number;
      if (length > 0) target[0] ^= 1;
      return length;
    };
    return file;
  };
}
