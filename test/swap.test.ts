// One swap at a time on a disk in memory: what refuses, what fails, and what is then left.
import { describe, expect, it } from 'vitest';
import { LogctlError } from '../src/engine/errors.js';
import { readIntent } from '../src/engine/compaction/intent.js';
import { siblingsOf } from '../src/engine/siblings.js';
import {
  compactOn,
  entries,
  entry,
  expectAll,
  logPath,
  numbersIn,
  numbersRead,
} from './helpers/compaction-world.js';
import { FakeLocks } from './helpers/fake-locks.js';
import { memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';
import { ScriptedWriter } from './helpers/scripted-writer.js';

const text = `${entries(1, 5, 200).join('\n')}\n`;
const start = (log = text) => memoryDisk({ [logPath]: log });
const { intent } = siblingsOf(logPath);
/** Names beside the log that only an unfinished swap has. */
const leftovers = (disk: RecordingDisk) =>
  disk.list('/data')!.filter((name) => /\.tmp-|compact\.json$|backup/.test(name));
const codeOf = (result: unknown) => (result as Partial<LogctlError>).code;

describe('a swap that fails before its rename', () => {
  const errors = [
    ['no-space', 'the disk is full'],
    ['io', 'the device fails'],
    ['interrupted', 'the user interrupts'],
  ] as const;

  it.each(errors)('leaves the log and nothing beside it: %s, %s', async (code) => {
    const whole = start();
    await compactOn(whole, new FakeLocks(whole));
    const renamed = whole.effects.findIndex(({ do: what, path }) => {
      return what === 'rename' && path === logPath;
    });
    for (let failing = 0; failing <= renamed; failing += 1) {
      // What cannot be removed stays; the next run removes it.
      if (whole.effects[failing].do === 'unlink') continue;
      const disk = start();
      let failed = false;
      disk.before = (effect, index) => {
        if (index !== failing || failed) return;
        failed = true;
        throw new LogctlError(code, `${effect.do} ${effect.path} failed`, 'a test');
      };
      const result = await compactOn(disk, new FakeLocks(disk));
      expect([failing, codeOf(result)]).toEqual([failing, code]);
      expect([failing, disk.text(logPath), leftovers(disk)]).toEqual([failing, text, []]);
    }
  });
});

describe('a swap that fails behind its rename', () => {
  it('says so, and the next run finishes it', async () => {
    const whole = start();
    await compactOn(whole, new FakeLocks(whole));
    const renamed = whole.effects.findIndex(({ do: what, path }) => {
      return what === 'rename' && path === logPath;
    });
    for (let failing = renamed + 1; failing < whole.effects.length; failing += 1) {
      const disk = start();
      disk.before = (_, index) => {
        if (index >= failing) throw new LogctlError('io', 'the device fails', 'a test');
      };
      expect(codeOf(await compactOn(disk, new FakeLocks(disk)))).toBe('io');
      disk.before = undefined;
      expectAll(await numbersRead(disk, new FakeLocks(disk)), [1, 2, 3, 4, 5], 'in between');
      await compactOn(disk, new FakeLocks(disk));
      expectAll(numbersIn(disk.text(logPath)!), [1, 2, 3, 4, 5], 'after the next run');
      expect(disk.text(intent)).toBeUndefined();
    }
  });

  it('stopped for longer than leases last, defers; the next run keeps the order', async () => {
    const disk = start();
    const lines = entries(6, 9, 200);
    const writer = new ScriptedWriter(disk, { path: logPath, lines });
    let pace = 0;
    const locks = new FakeLocks(disk, [writer], () => pace);
    disk.before = ({ do: what, path }) => {
      // It finds the old file, and waits there when we are stopped between rename and drain.
      if (what === 'rename' && path === logPath) disk.asWriter(() => writer.step());
      if (what === 'sync-directory' && disk.text(logPath)!.startsWith('{"op"')) {
        disk.before = undefined;
        pace = 1;
        locks.pause(60_000);
      }
    };
    expect(await compactOn(disk, locks)).toMatchObject({ result: 'deferred', exitCode: 3 });
    locks.finish();
    expect(readIntent(disk, logPath)).toBeDefined();
    // The first late line is in the old file only, the others are in the new one already.
    expect(numbersIn(disk.text(logPath)!)).toEqual([1, 2, 3, 4, 5, 7, 8, 9]);
    const all = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual(all);
    expect(await compactOn(disk, new FakeLocks(disk))).toMatchObject({ result: 'compacted' });
    expect(numbersIn(disk.text(logPath)!)).toEqual(all);
  });
});

describe('a writer that found the old file and opens it late', () => {
  it('holds up nobody else, and the next run puts its line in its place', async () => {
    const disk = start();
    const late = new ScriptedWriter(disk, { path: logPath, lines: entries(6, 6, 200) });
    const other = new ScriptedWriter(disk, { path: logPath, lines: entries(7, 8, 200) });
    const locks = new FakeLocks(disk, [late, other]);
    disk.before = ({ do: what, path }) => {
      if (what === 'rename' && path === logPath) disk.asWriter(() => late.step());
    };
    // Nobody waits any more once the lease on the new file is given back.
    const { release } = locks;
    locks.release = (file) => {
      release.call(locks, file);
      if (!disk.text(logPath)!.startsWith('{"op"') || file.stat().id !== disk.stat(logPath)?.id) {
        return;
      }
      while (disk.asWriter(() => other.step()));
      disk.asWriter(() => late.step());
    };
    expect(await compactOn(disk, locks)).toMatchObject({ result: 'deferred', exitCode: 3 });
    locks.finish();
    expect(numbersIn(disk.text(logPath)!)).toEqual([1, 2, 3, 4, 5, 7, 8]);
    const all = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(await numbersRead(disk, new FakeLocks(disk))).toEqual(all);
    expect(await compactOn(disk, new FakeLocks(disk))).toMatchObject({ result: 'compacted' });
    expect(numbersIn(disk.text(logPath)!)).toEqual(all);
  });
});

describe('a log that ends without a newline', () => {
  it('keeps a whole entry, with a newline', async () => {
    const disk = start(text + entry(6, 200));
    const result = await compactOn(disk, new FakeLocks(disk));
    expect(result).toMatchObject({ result: 'compacted', exitCode: 0, quarantine: null, lines: 2 });
    expect(disk.text(logPath)!.endsWith(`${entry(6, 200)}\n`)).toBe(true);
  });

  it('gives half an entry to quarantine and ends with 3', async () => {
    const half = entry(6, 200).slice(0, 90);
    const disk = start(text + half);
    const result = await compactOn(disk, new FakeLocks(disk));
    expect(result).toMatchObject({ result: 'compacted', exitCode: 3, verdict: 'attention' });
    const { quarantine } = result as { quarantine: string };
    const record = JSON.parse(disk.text(quarantine)!) as Record<string, unknown>;
    const bytes = Buffer.from(half).toString('base64');
    expect(record).toMatchObject({ line: 6, offset: text.length, length: 90, base64: bytes });
    expect(numbersIn(disk.text(logPath)!)).toEqual([1, 2, 3, 4, 5]);
  });

  it('and holds nothing else is damaged, not compacted away', async () => {
    const disk = start(entry(1, 200).slice(0, 90));
    expect(codeOf(await compactOn(disk, new FakeLocks(disk)))).toBe('damaged');
    expect(leftovers(disk)).toEqual([]);
  });
});

describe('another program that rewrites the log meanwhile', () => {
  const rewritings: [string, string][] = [
    ['shorter', '{"op":"CHECKPOINT","state":{}}\n'],
    ['to the same size', `${'{"op":"CHECKPOINT","state":{}}'.padEnd(text.length - 1)}\n`],
    ['longer', '{"op":"CHECKPOINT","state":{}}\n'.repeat(60)],
  ];
  it.each(rewritings)('in place, %s, is noticed: exit 22, its file stays', async (_how, other) => {
    const disk = start();
    disk.before = ({ do: what, path }) => {
      if (what !== 'link' || !path.includes('.backup.')) return;
      disk.before = undefined;
      disk.asWriter(() => disk.overwrite(logPath, other));
    };
    const result = await compactOn(disk, new FakeLocks(disk));
    expect(result).toMatchObject({ code: 'changed', exitCode: 22 });
    expect([disk.text(logPath), leftovers(disk)]).toEqual([other, []]);
  });

  const moments: [string, string, string[]][] = [
    ['before it has its second name', 'append', []],
    ['after that', 'sync-directory', ['players.log.backup.1795178800005']],
  ];
  it.each(moments)('by a file of its own, %s, is noticed', async (_when, step, kept) => {
    const disk = start();
    disk.before = ({ do: what, path }) => {
      const isNow = step === 'append' ? path.includes('.tmp-') : disk.list('/data')!.some(isBackup);
      if (what !== step || !isNow) return;
      disk.before = undefined;
      disk.asWriter(() => {
        disk.create('/data/other').append(Buffer.from('{"op":"CHECKPOINT","state":{}}\n'));
        disk.rename('/data/other', logPath);
      });
    };
    const result = await compactOn(disk, new FakeLocks(disk));
    expect(result).toMatchObject({ code: 'changed', exitCode: 22 });
    expect(disk.text(logPath)).toBe('{"op":"CHECKPOINT","state":{}}\n');
    expect(leftovers(disk)).toEqual(kept);
    for (const name of kept) expect(disk.text(`/data/${name}`)).toBe(text);
  });
});

const isBackup = (name: string) => name.includes('.backup.');

describe('a writer in the way', () => {
  it('that keeps the file open is named, and the log stays as it is', async () => {
    const disk = start();
    const lines = entries(6, 6);
    const writer = new ScriptedWriter(disk, { path: logPath, lines, keepsOpen: true });
    while (disk.asWriter(() => writer.step()));
    const before = disk.text(logPath);
    const result = await compactOn(disk, new FakeLocks(disk));
    expect(result).toMatchObject({ code: 'busy', exitCode: 11 });
    expect((result as LogctlError).message).toContain('pid 2 (writer) keeps it open for appending');
    expect([disk.text(logPath), leftovers(disk)]).toEqual([before, []]);
  });

  it.each([
    ['unsupported', 'busy'],
    ['no-permission', 'refused'],
  ] as const)('that cannot be seen (%s) is a reason to refuse', async (refusal, code) => {
    const disk = start();
    const locks = new FakeLocks(disk);
    locks.refusal = refusal;
    expect(codeOf(await compactOn(disk, locks))).toBe(code);
    expect([disk.text(logPath), leftovers(disk)]).toEqual([text, []]);
  });
});
