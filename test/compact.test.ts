// compact over many logs: each for itself, thresholds, refusals, backups tended afterwards.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withCompactionLock } from '../src/engine/compaction/compaction-lock.js';
import { compact, loadKernelLocks, nodeDisk, replay } from '../src/engine/index.js';
import type { CompactLogPart, CompactOptions, WriteContext } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { keepOpen } from './helpers/open-writer.js';

const locks = await loadKernelLocks(nodeDisk);
const given = it.runIf(locks.leases === 'kernel');
const now = contextOf().now();
let folder: string;
let context: WriteContext;
let random = 0;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'logctl-compact-'));
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const name = () => (random += 1).toString(16).padStart(16, '0');
  context = { ...contextOf(nodeDisk, { sleep }), disk: nodeDisk, locks, random: name };
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

describe('several logs in one call', () => {
  given('have each their own result: one damaged, one small, one compacted, one gone', async () => {
    write('broken', busy().replace('}\n', '\n'));
    write('players', busy());
    write('small', log(set('a', 1)));
    fs.writeFileSync(join(folder, `lost.log.backup.${now - 1_000}`), busy());
    const before = await hashOf('players');
    const { logs, exitCode, findings, next } = await run(folder);
    expect(logs.map(({ path, result, exitCode }) => [basename(path), result, exitCode])).toEqual([
      ['broken.log', 'not compacted', 4],
      ['lost.log', 'not compacted', 4],
      ['players.log', 'compacted', 0],
      ['small.log', 'skipped', 0],
    ]);
    expect(exitCode).toBe(4);
    expect(findings.map(({ code }) => code)).toEqual(['bad-json', 'log-missing']);
    expect(next.map(({ argv }) => argv.slice(0, 3))).toEqual(
      Array(2).fill(['logctl', 'recover', '--dry-run']),
    );
    expect(next.every(({ writes }) => !writes)).toBe(true);
    const [players] = logs.filter(({ result }) => result === 'compacted');
    expect(players.stateHash).toEqual({ before, after: before });
    expect(players.bytesAfter).toBeLessThan(players.bytesBefore / 5);
    expect(fs.statSync(players.path).size).toBe(players.bytesAfter);
    expect(fs.statSync(players.backup!).size).toBe(players.bytesBefore);
    expect(await hashOf('players')).toBe(before);
  });

  given('are found by files and globs; a name that leads nowhere stops none', async () => {
    for (const name of ['a', 'b']) write(name, busy());
    const gone = join(folder, 'none.log');
    const { logs, exitCode } = await run([join(folder, 'a.*'), gone, folder], { dryRun: true });
    expect(logs.map(({ path, result }) => [basename(path), result])).toEqual([
      ['a.log', 'would compact'],
      ['b.log', 'would compact'],
      ['none.log', 'not compacted'],
    ]);
    expect(exitCode).toBe(10);
  });

  given('are not compacted from standard input', async () => {
    await expect(run('-')).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
  });
});

describe('a dry run', () => {
  given('says what would be, the disk it needs, and writes nothing', async () => {
    write('players', busy());
    fs.writeFileSync(join(folder, `players.log.backup.${now - 9e8}`), busy());
    const before = snapshot();
    const { logs, dryRun } = await run(folder, { dryRun: true, gzipBackups: 0, backups: 1 });
    expect(dryRun).toBe(true);
    expect(logs[0]).toMatchObject({ result: 'would compact', exitCode: 0, backup: null });
    expect(logs[0].bytesAfter).toBeLessThan(logs[0].bytesBefore / 5);
    expect(logs[0].neededBytes).toBeGreaterThan(logs[0].bytesAfter);
    expect(logs[0].freeBytes).toBeGreaterThan(0);
    expect(snapshot()).toEqual(before);
    const { logs: done } = await run(folder, { backups: 1 });
    expect(logs[0].bytesAfter).toBe(done[0].bytesAfter);
    expect(logs[0].backupsKept).toBe(done[0].backupsKept);
  });
});

describe('a damaged log', () => {
  given('is never compacted: three runs leave it and every backup as they were', async () => {
    write('players', busy().replace('}\n', '\n'));
    for (const age of [1e8, 2e8, 3e8, 4e8]) {
      fs.writeFileSync(join(folder, `players.log.backup.${now - age}`), busy());
    }
    const before = snapshot();
    for (let time = 0; time < 3; time += 1) {
      const { logs, exitCode } = await run(folder, { force: true, backups: 1, gzipBackups: 0 });
      expect(exitCode).toBe(4);
      expect(logs[0]).toMatchObject({ result: 'not compacted', verdict: 'damaged' });
      expect(logs[0].reason).toBe('The log and its 4 backups are as they were.');
      expect(snapshot()).toEqual(before);
    }
  });

  given.each([
    ['emptied', ''],
    ['zeroed', '\0'.repeat(2_000_000)],
    ['begun with half a checkpoint', '{"op":"CHECKPOINT","state":{"a":'],
  ])('%s by a killed compaction keeps the backup that holds its data', async (_how, content) => {
    write('players', content);
    fs.writeFileSync(join(folder, `players.log.backup.${now - 1e8}`), busy());
    const before = snapshot();
    const { exitCode, findings, next } = await run(folder, { force: true, backups: 1 });
    expect(exitCode).toBe(4);
    expect(findings.map(({ code }) => code)).toEqual(['truncated-log']);
    expect(next[0].argv.slice(0, 3)).toEqual(['logctl', 'recover', '--dry-run']);
    expect(snapshot()).toEqual(before);
  });
});

describe('a log that is kept open by its writer', () => {
  given('is refused with the pid and the command of who has it, untouched', async () => {
    write('players', busy());
    const before = snapshot();
    const writer = await keepOpen(join(folder, 'players.log'));
    try {
      const { logs, exitCode, findings } = await run(folder);
      expect(exitCode).toBe(11);
      expect(logs[0]).toMatchObject({ result: 'not compacted', verdict: 'busy', backupsKept: 0 });
      expect(findings[0].code).toBe('live-writer');
      expect(findings[0].message).toMatch(
        new RegExp(`^pid ${writer.pid} \\(.*\\) keeps the file open for appending$`),
      );
      expect(snapshot()).toEqual(before);
    } finally {
      await writer.stop();
    }
    expect((await run(folder)).exitCode).toBe(0);
  });
});

describe('a log that another compaction is at work on', () => {
  given('is left to it, and is done once it has ended', async () => {
    write('players', busy());
    const path = join(folder, 'players.log');
    await withCompactionLock(context, { path: path }, { waitMs: 0 }, async () => {
      const { logs, exitCode, findings } = await run(folder);
      expect({ exitCode, findings }).toEqual({ exitCode: 11, findings: [] });
      expect(logs[0].error?.message).toContain('another compaction or recovery is at work');
      expect(logs[0].reason).toBe('Nothing was changed.');
    });
    expect((await run(folder)).exitCode).toBe(0);
  });
});

describe('what an interrupted run left', () => {
  given('is cleared up by the next one, though the log is not due', async () => {
    write('players', log(set('a', 1), set('a', 2)));
    const temporary = join(folder, '.players.log.tmp-dead');
    fs.writeFileSync(temporary, '{"op":"CHECK');
    await run(folder, { dryRun: true });
    expect(fs.existsSync(temporary)).toBe(true);
    const { logs } = await run(folder);
    expect([logs[0].result, fs.existsSync(temporary)]).toEqual(['skipped', false]);
  });

  given('stops the run where its intent cannot be read, and is never ignored', async () => {
    write('players', log(set('a', 1), set('a', 2)));
    fs.writeFileSync(join(folder, '.players.log.compact.json'), '{"oldIno');
    const before = snapshot();
    for (const dryRun of [true, false]) {
      const { logs, exitCode } = await run(folder, { dryRun, force: true });
      expect([exitCode, logs[0].error?.code]).toEqual([8, 'bad-intent']);
    }
    expect(snapshot().filter(([name]) => !name.endsWith('.lock'))).toEqual(before);
  });
});

describe('the end of a log', () => {
  given('that is half an entry goes to quarantine, said with exit code 3', async () => {
    write('players', `${busy()}{"timestamp":"2026-11-20T08:59:41.2`);
    const { logs, exitCode, findings, next } = await run(folder);
    expect(exitCode).toBe(3);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
      ['torn-tail', 'attention'],
    ]);
    const record = JSON.parse(fs.readFileSync(logs[0].quarantine!, 'utf8'));
    const fragment = '{"timestamp":"2026-11-20T08:59:41.2';
    expect(Buffer.from(record.base64, 'base64').toString()).toBe(fragment);
    expect(next[0].argv).toEqual(['cat', logs[0].quarantine]);
    expect((await run(folder)).exitCode).toBe(0);
  });

  given('that is a whole entry without its newline stays in the state', async () => {
    write('players', busy() + set('last', 'word'));
    const { exitCode } = await run(folder);
    expect(exitCode).toBe(0);
    const text = fs.readFileSync(join(folder, 'players.log'), 'utf8');
    expect([text.includes('"last"'), text.endsWith('\n')]).toEqual([true, true]);
  });
});

describe('backups', () => {
  given('are tended also beside a log that is not due', async () => {
    write('players', log(set('a', 1), set('a', 2)));
    const ages = [1, 2, 3, 4].map((days) => now - days * 86_400_000 - 1_000);
    for (const ms of ages) fs.writeFileSync(join(folder, `players.log.backup.${ms}`), busy());
    const { logs } = await run(folder, { gzipBackups: 86_400_000 });
    expect(logs[0]).toMatchObject({ result: 'skipped', exitCode: 0, backupsKept: 4 });
    expect(logs[0].backupsCompressed?.map((path) => basename(path))).toEqual(
      ages.slice(2).map((ms) => `players.log.backup.${ms}.gz`),
    );
    expect(gunzipSync(fs.readFileSync(logs[0].backupsCompressed![0])).toString()).toBe(busy());
  });

  given('move to --backup-dir once the swap is over, and are counted there', async () => {
    const backupDir = fs.mkdtempSync(join(folder, 'kept-'));
    for (let time = 0; time < 4; time += 1) {
      write('players', busy(), 'a');
      context.now = () => now + time * 1_000;
      const { logs, exitCode } = await run(join(folder, 'players.log'), { backupDir, backups: 3 });
      expect(exitCode).toBe(0);
      expect(logs[0].backup).toMatch(new RegExp(`^${backupDir}/players.log.backup.\\d+$`));
      expect(logs[0].backupsKept).toBe(Math.min(time + 1, 3));
    }
    expect(fs.readdirSync(backupDir)).toHaveLength(3);
    expect(fs.readdirSync(folder).filter((name) => name.includes('.backup.'))).toEqual([]);
  });

  given('that cannot be moved make the run fail, and stay beside the compacted log', async () => {
    const backupDir = fs.mkdtempSync(join(folder, 'kept-'));
    write('players', busy());
    const full = Object.assign(Object.create(nodeDisk) as typeof nodeDisk, {
      create: (at: string) => nodeDisk.create(at.startsWith(backupDir) ? '/proc/none/x' : at),
    });
    context = { ...context, disk: full };
    const { logs } = await run(join(folder, 'players.log'), { backupDir });
    expect(logs[0]).toMatchObject({ result: 'compacted' });
    expect(logs[0].exitCode).not.toBe(0);
    expect(logs[0].error).toBeDefined();
    expect(fs.existsSync(logs[0].backup!)).toBe(true);
  });

  given('need a directory that is there, before anything is done', async () => {
    write('players', busy());
    const before = snapshot();
    const backupDir = join(folder, 'none');
    await expect(run(folder, { backupDir })).rejects.toMatchObject({ exitCode: 2 });
    expect(snapshot()).toEqual(before);
  });
});

describe('an interruption', () => {
  given.each([1, 3, 6])('at its checkpoint %i leaves the log as it was', async (nth) => {
    write('players', busy());
    const before = snapshot();
    let passed = 0;
    context.checkpoint = () => {
      passed += 1;
      if (passed === nth) throw new Error('interrupted');
    };
    await expect(run(folder)).rejects.toThrow('interrupted');
    expect(snapshot()).toEqual(before);
  });
});

/** 1.2 MB of which a tenth is in force. */
function busy(): string {
  const lines = Array.from({ length: 2_400 }, (_, at) => {
    return set(`key${at % 240}`, { text: 'x'.repeat(400), at }, at);
  });
  return log(...lines);
}

function write(name: string, content: string, flag: 'w' | 'a' = 'w'): void {
  fs.writeFileSync(join(folder, `${name}.log`), content, { flag });
}

function run(targets: string | string[], options: CompactOptions = {}) {
  return compact(context, [targets].flat(), options);
}

async function hashOf(name: string): Promise<CompactLogPart['path'] | null> {
  const options = { hash: true, quiet: true } as const;
  const path = join(folder, `${name}.log`);
  const { logs } = await replay(context, [path], options, () => {});
  return logs[0].stateHash;
}

/** Every file but the lock files, with its inode and content. */
function snapshot(): [string, number, string][] {
  const files = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map(({ name }) => name).filter((name) => !name.endsWith('.lock'));
  return names.sort().map((name) => {
    const path = join(folder, name);
    return [name, fs.statSync(path).ino, fs.readFileSync(path, 'latin1')];
  });
}
