// What verify says of a log beside its backups: cut, gone, orphaned, stale, damaged.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { verify, type FindingCode, type VerifyOptions } from '../src/engine/index.js';
import { checkpoint, clock, log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type FileSeed } from './helpers/recording-disk.js';
import { logPath } from './helpers/recovery.js';

const history = log(set('a', 1, 1), set('b', 2, 2), set('c', 3, 3));
const compacted = log(checkpoint({ a: 1, b: 2, c: 3 }, 10), set('d', 4, 11));
const madeMs = Date.parse(clock(10));
const backup = `${logPath}.backup.${madeMs}`;

describe('a log that a killed compaction cut', () => {
  const torn = checkpoint({ a: 1, b: 2, c: 3 }, 10).slice(0, 30);
  it.each<[how: string, text: string, refuses: boolean]>([
    ['empty', '', false],
    ['zero bytes only', '\0'.repeat(4096), true],
    ['a torn checkpoint', torn, true],
    ['a torn checkpoint and an entry glued to it', `${torn}${set('d', 4, 11)}\n`, true],
    ['zero bytes, then entries', `${'\0'.repeat(64)}${set('d', 4, 11)}\n`, true],
  ])('is truncated-log where it is %s and a backup verifies', async (_how, text, refuses) => {
    const { exitCode, findings } = await verified({ [logPath]: text, [backup]: history });
    expect(exitCode).toBe(4);
    const cut = findings.filter(({ code }) => code === 'truncated-log');
    expect(cut).toMatchObject([{ path: logPath, offset: 0, impact: 'lost' }]);
    expect(cut[0].message).toMatch(/players\.log\.backup\.\d+ holds \d+ bytes.*3 keys/);
    expect(cut[0].consequence).toMatch(
      refuses ? /refuses this file/ : /empty log, without an error/,
    );
    expect(findings.filter(({ severity }) => severity !== 'notice')).toHaveLength(1);
  });

  it('is not truncated-log while no backup verifies', async () => {
    const found = await verified({ [logPath]: torn, [backup]: 'no log at all' });
    expect(codesOf(found)).not.toContain('truncated-log');
    expect(codesOf(found)).toEqual(expect.arrayContaining(['torn-tail', 'backup-damaged']));
    expect(codesOf(await verified({ [logPath]: '' }))).toEqual([]);
  });

  it('is harmless where the log has every key of the backup again', async () => {
    const text = `\0\0${set('a', 1, 9)}\n${set('b', 1, 9)}\n${set('c', 1, 9)}\n`;
    const { findings } = await verified({ [logPath]: text, [backup]: history });
    expect(findings).toMatchObject([{ code: 'truncated-log' }]);
  });
});

describe('a log that is gone', () => {
  it('is log-missing beside its backups, and says what is lost', async () => {
    const { exitCode, findings, logs } = await verified({ [backup]: history });
    expect(exitCode).toBe(4);
    expect(findings).toMatchObject([{ code: 'log-missing', path: logPath, impact: 'lost' }]);
    expect(findings[0].consequence).toMatch(/empty log, without an error/);
    expect(logs[0].tail).toBe('missing');
  });

  it('is log-missing beside a damaged backup too', async () => {
    const { findings } = await verified({ [backup]: '\0\0\0' });
    expect(findings.map(({ code }) => code).sort()).toEqual(['backup-damaged', 'log-missing']);
    expect(findings.find(({ code }) => code === 'log-missing')?.message).toMatch(/no backup of it/);
  });
});

describe('a log that begins with a plain entry', () => {
  const young = log(set('d', 4, 11));
  it('is orphan-start beside a backup it does not continue, naming a lost key', async () => {
    const { exitCode, findings } = await verified({ [logPath]: young, [backup]: history });
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([
      { code: 'orphan-start', line: 1, offset: 0, key: 'a', impact: 'lost' },
    ]);
    expect(findings[0].message).toMatch(/3 keys only the backup has/);
  });

  it.each([
    ['the backup is its beginning', history + young],
    ['the backup is the log itself', history],
  ])('is none where %s', async (_why, text) => {
    const found = await verified({ [logPath]: text, [backup]: history });
    expect(codesOf(found)).toEqual([]);
  });

  it('is none where the log begins with a checkpoint', async () => {
    expect(codesOf(await verified({ [logPath]: compacted, [backup]: history }))).toEqual([]);
  });

  it('counts no hard link of the log as its backup', async () => {
    const found = await verified({ [logPath]: young, [backup]: { same: logPath } });
    expect(codesOf(found)).toEqual([]);
    expect(found.logs[0].backups).toEqual([]);
  });
});

describe('backups', () => {
  it.each<[how: string, bytes: string | Uint8Array]>([
    ['torn', history.slice(0, -20)],
    ['empty', ''],
    ['zero bytes', '\0'.repeat(100)],
    ['not a log', 'hello\n'],
  ])('that are %s are backup-damaged, with the reason', async (_how, bytes) => {
    const { exitCode, findings, logs } = await verified({ [logPath]: compacted, [backup]: bytes });
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([{ code: 'backup-damaged', path: backup }]);
    expect(findings[0].message).toMatch(/does not verify: .+/);
    expect(findings[0].consequence).toMatch(/keep this file and delete an older/);
    expect(logs[0].backups).toMatchObject([{ path: backup, verdict: 'damaged' }]);
  });

  it('that are cut gzip files are backup-damaged', async () => {
    const bytes = gzipSync(history);
    const whole = { [logPath]: compacted, [`${backup}.gz`]: bytes };
    expect(codesOf(await verified(whole))).toEqual([]);
    const cut = { [logPath]: compacted, [`${backup}.gz`]: bytes.subarray(0, -9) };
    expect(codesOf(await verified(cut))).toEqual(['backup-damaged']);
  });

  it('are sound with the torn end that their compaction put aside', async () => {
    const torn = history + set('d', 9, 4).slice(0, 40);
    const standsFor = (folded: number) =>
      log(checkpoint({ a: 1, b: 2, c: 3 }, 10, { folded }), set('d', 4, 11));
    const files = { [logPath]: standsFor(history.length), [backup]: torn };
    const { findings, logs } = await verified(files);
    expect(findings).toEqual([]);
    expect(logs[0].backups).toMatchObject([{ verdict: 'ok', bytes: torn.length }]);
    // A head that claims more than the whole lines, or none of ours, proves nothing.
    for (const head of [standsFor(torn.length), compacted]) {
      expect(codesOf(await verified({ ...files, [logPath]: head }))).toEqual(['backup-damaged']);
    }
  });

  it('give their whole lines as a base, and never that torn end', async () => {
    const later = `${logPath}.backup.${madeMs + 1000}`;
    const torn = history + set('d', 9, 4).slice(0, 40);
    const folded = log(checkpoint({ a: 1, b: 2, c: 3 }, 10, { folded: history.length }));
    const files = { [logPath]: '', [later]: folded, [backup]: torn };
    expect(codesOf(await verified(files))).toEqual(['truncated-log']);
    const { logs } = await verified({ ...files, [logPath]: folded });
    expect(logs[0].backups.map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
  });

  it('are stale by the age in their names, and only where an age is asked for', async () => {
    const files = { [logPath]: compacted, [backup]: history };
    expect(codesOf(await verified(files))).toEqual([]);
    const dayMs = 86_400_000;
    expect(codesOf(await verified(files, { maxBackupAge: dayMs }))).toEqual([]);
    const stale = await verified(files, { maxBackupAge: 3_600_000 });
    expect(stale.exitCode).toBe(3);
    expect(stale.findings).toMatchObject([{ code: 'backup-stale', path: logPath }]);
    expect(stale.findings[0].message).toContain(new Date(madeMs).toISOString());
    const none = await verified({ [logPath]: compacted }, { maxBackupAge: dayMs });
    expect(none.findings[0].message).toMatch(/there is no backup/);
  });

  it('of another log whose name begins alike are left alone', async () => {
    const other = `${logPath}2.backup.${madeMs}`;
    const found = await verified({ [logPath]: compacted, [other]: 'damaged' });
    expect(found.logs[0].backups).toEqual([]);
  });

  it('in --backup-dir count like those beside the log', async () => {
    const away = `/backups/players.log.backup.${madeMs}`;
    const found = await verified({ [logPath]: compacted, [away]: 'x' }, { backupDir: '/backups' });
    expect(found.findings).toMatchObject([{ code: 'backup-damaged', path: away }]);
  });
});

async function verified(files: Record<string, FileSeed>, options: VerifyOptions = {}) {
  const report = await verify(contextOf(memoryDisk(files)), [logPath], options);
  return report;
}

const codesOf = ({ findings }: { findings: { code: FindingCode }[] }) =>
  findings.map(({ code }) => code);
