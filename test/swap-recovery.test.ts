// What an interrupted swap left: the next run finishes it, or says why it will not.
import { describe, expect, it } from 'vitest';
import type { Intent } from '../src/engine/compaction/intent.js';
import { readIntent } from '../src/engine/compaction/intent.js';
import { LogctlError } from '../src/engine/errors.js';
import { siblingsOf } from '../src/engine/siblings.js';
import { finishCompaction } from '../src/engine/compaction/swap-recovery.js';
import { findLateLines } from '../src/engine/compaction/swap-late.js';
import { endsHash } from '../src/engine/compaction/swap-carry.js';
import { entries, entry, logPath, numbersRead, worldOf } from './helpers/compaction-world.js';
import { FakeLocks } from './helpers/fake-locks.js';
import { memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';

const { intent: intentPath } = siblingsOf(logPath);
const kept = `${logPath}.backup.1795178800000`;
const head = '{"op":"CHECKPOINT","state":{"e1":""}}\n';
const prefix = `${entry(1)}\n`;
const resync = ['{"timestamp":"'];
const line = (n: number) => `${entry(n)}\n`;

/** A disk after a swap: old tail, and what follows the head in the new file. */
function swapped(oldTail: string, newTail: string, more: Partial<Intent> = {}): RecordingDisk {
  const disk = memoryDisk({ [kept]: prefix + oldTail, [logPath]: head + newTail });
  const log = disk.open(logPath);
  const inode = (path: string) => disk.stat(path)!.id.split(':')[1];
  const intent: Intent = {
    format: 1,
    oldInode: inode(kept),
    newInode: inode(logPath),
    prefixLength: prefix.length,
    headLength: head.length,
    headEnds: endsHash(log, head.length),
    keptAs: kept.split('/').at(-1)!,
    ...more,
  };
  log.close();
  const file = disk.create(intentPath);
  file.append(Buffer.from(JSON.stringify(intent)));
  file.close();
  return disk;
}

const finish = (disk: RecordingDisk) =>
  finishCompaction(worldOf(disk, new FakeLocks(disk)), logPath);

describe('lines left behind in the old file', () => {
  const zeros = (text: string, from: number, to: number) =>
    text.slice(0, from) + '\0'.repeat(to - from) + text.slice(to);
  const cases: [name: string, oldTail: string, newTail: string, wanted: string][] = [
    ['none', line(2), line(2) + line(3), line(2) + line(3)],
    ['all of them', line(2) + line(3), '', line(2) + line(3)],
    ['the last one', line(2) + line(3), line(2) + line(4), line(2) + line(3) + line(4)],
    ['one, torn at the end', line(2), line(2).slice(0, 30), line(2)],
    ['one, all but its newline', line(2), entry(2), line(2)],
    ['one, torn and glued to', line(2), line(2).slice(0, 30) + line(3), line(2) + line(3)],
    ['one whole, glued to', line(2), entry(2) + line(3), line(2) + line(3)],
    ['one of zero bytes', line(2), '\0'.repeat(line(2).length), line(2)],
    [
      'one of zero bytes, glued to',
      line(2),
      '\0'.repeat(line(2).length) + line(3),
      line(2) + line(3),
    ],
    ['two with a hole', line(2) + line(3), zeros(line(2) + line(3), 9, 99), line(2) + line(3)],
    ['one, and a fragment', line(2) + entry(3).slice(0, 30), line(4), line(2) + line(4)],
    ['one without newline', line(2) + entry(3), line(4), line(2) + line(3) + line(4)],
  ];
  it.each(cases)('%s: every entry once, in order', async (_name, oldTail, newTail, wanted) => {
    const disk = swapped(oldTail, newTail);
    const shown = await numbersRead(disk, new FakeLocks(disk));
    await finish(disk);
    expect(disk.text(logPath)).toBe(head + wanted);
    expect(disk.text(intentPath)).toBeUndefined();
    expect(shown).toEqual(await numbersRead(disk, new FakeLocks(disk)));
  });

  it('are still known to the next run where their merge fails', async () => {
    const start = () => swapped(line(2) + line(3), line(4));
    const whole = start();
    const from = whole.effects.length;
    await finish(whole);
    for (let failing = from; failing < whole.effects.length; failing += 1) {
      const disk = start();
      let failed = false;
      disk.before = (_, index) => {
        if (index !== failing || failed) return;
        failed = true;
        throw new LogctlError('no-space', 'the disk is full', 'a test');
      };
      await finish(disk).catch((error: unknown) => expect(error).toBeInstanceOf(LogctlError));
      const locks = new FakeLocks(disk);
      expect([failing, await numbersRead(disk, locks)]).toEqual([failing, [1, 2, 3, 4]]);
      await finish(disk);
      const wanted = head + line(2) + line(3) + line(4);
      expect([failing, disk.text(logPath)]).toEqual([failing, wanted]);
      expect([failing, disk.text(intentPath)]).toEqual([failing, undefined]);
    }
  });

  it('a rest that was left out stays out, one that was ended stays ended', () => {
    const fragment = entry(3).slice(0, 30);
    const offset = prefix.length + line(2).length;
    const skipped = { offset, length: fragment.length, carried: false };
    const ended = { offset, length: entry(3).length, carried: true };
    const late = (disk: RecordingDisk) => {
      const [old, fresh] = [disk.open(kept), disk.open(logPath)];
      return findLateLines({ old, fresh, intent: readIntent(disk, logPath)!, resync }).late;
    };
    const torn = line(2) + fragment;
    expect(late(swapped(torn + line(4), line(2) + line(4), { rest: skipped }))).toEqual([]);
    expect(late(swapped(torn + line(4), line(2), { rest: skipped }))).toHaveLength(1);
    const glued = line(2) + entry(3) + line(4);
    expect(late(swapped(glued, line(2) + line(3) + line(4), { rest: ended }))).toEqual([]);
    expect(late(swapped(glued, line(2) + line(3), { rest: ended }))).toHaveLength(1);
  });
});

describe('an interrupted swap', () => {
  it('that never came to its rename is taken away, with all it had made', async () => {
    const log = `${entries(1, 3).join('\n')}\n`;
    const disk = swapped('', '');
    disk.rename(kept, logPath);
    disk.link(logPath, kept);
    disk.create('/data/.players.log.tmp-9').append(Buffer.from(head));
    expect(await finish(disk)).toEqual({ did: 'undone', mergedBytes: 0 });
    expect(disk.list('/data')).toEqual(['players.log']);
    expect(log).toContain(disk.text(logPath)!.trim());
  });

  it('whose log a third party replaced is left as it is, and reported', async () => {
    const disk = swapped(line(2), '');
    disk.asWriter(() => {
      disk.create('/data/other').append(Buffer.from(line(7)));
      disk.rename('/data/other', logPath);
    });
    const before = disk.list('/data');
    await expect(finish(disk)).rejects.toMatchObject({ code: 'changed', exitCode: 22 });
    expect([disk.list('/data'), disk.text(logPath)]).toEqual([before, line(7)]);
  });

  it('whose inode number was used again by another file is not taken for ours', async () => {
    const disk = swapped(line(2), '');
    disk.overwrite(logPath, `${line(7)}${line(8)}`);
    await expect(finish(disk)).rejects.toMatchObject({ code: 'changed' });
  });

  it('whose old file is gone says what to do', async () => {
    const disk = swapped(line(2), '');
    disk.unlink(kept);
    const error = await finish(disk).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'changed' });
    expect((error as { hint: string }).hint).toContain(intentPath);
  });

  const broken = ['', '{', '{"format":2}', '{"format":1,"keptAs":"../x"}', 'null', '[]'];
  it.each(broken)('whose intent reads %j is exit 8 and never ignored', async (content) => {
    const disk = memoryDisk({ [logPath]: line(1), [intentPath]: content });
    await expect(finish(disk)).rejects.toMatchObject({ code: 'bad-intent', exitCode: 8 });
    expect(disk.effects).toEqual([]);
  });

  it('leaves no temporary and no backup that still is the log itself', async () => {
    const disk = memoryDisk({ [logPath]: line(1), '/data/.players.log.tmp-1': 'x' });
    disk.link(logPath, kept);
    const other = '/data/.players2.log.tmp-1';
    disk.create(other);
    expect(await finish(disk)).toEqual({ did: 'tidied', mergedBytes: 0 });
    expect(disk.list('/data')).toEqual([other.slice(6), 'players.log']);
  });
});

describe('readers', () => {
  it('show a log whose intent cannot be read, and do not stop at it', async () => {
    const disk = memoryDisk({ [logPath]: line(1) + line(2), [intentPath]: '{' });
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual([1, 2]);
    expect(disk.effects).toEqual([]);
  });

  it('see the swap before this one where this one never came to its rename', async () => {
    const disk = swapped(line(2) + line(3), line(2) + line(4));
    const previous = readIntent(disk, logPath)!;
    const later = { ...previous, oldInode: previous.newInode, newInode: '9', previous };
    disk.overwrite(intentPath, JSON.stringify(later));
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual([1, 2, 3, 4]);
    expect(await finish(disk)).toMatchObject({ did: 'merged' });
    expect(disk.text(logPath)).toBe(head + line(2) + line(3) + line(4));
  });
});

describe('a merge that is stopped for too long', () => {
  it('leaves the log to the next run, which finishes it', async () => {
    const disk = swapped(line(2) + line(3), line(2) + line(4));
    const locks = new FakeLocks(disk);
    disk.before = ({ do: what }) => {
      if (what !== 'sync-directory' || !disk.text(logPath)!.includes('e3')) return;
      disk.before = undefined;
      locks.pause(60_000);
    };
    const stopped = finishCompaction(worldOf(disk, locks), logPath);
    await expect(stopped).rejects.toMatchObject({ code: 'busy' });
    expect(await finish(disk)).toMatchObject({ did: 'finished' });
    expect(disk.text(logPath)).toBe(head + line(2) + line(3) + line(4));
  });
});
