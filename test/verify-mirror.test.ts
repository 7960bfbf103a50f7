// The main JSON file beside a log: gone, torn, ahead, different, or just being written.
import { describe, expect, it } from 'vitest';
import { verify, type VerifyOptions } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type FileSeed, type RecordingDisk } from './helpers/recording-disk.js';
import { logPath } from './helpers/recovery.js';

const mirror = '/data/players.json';
const entries = log(set('a', { n: 1 }, 1), set('b', [2], 2), set('c', 3, 3));
const state = { a: { n: 1 }, b: [2], c: 3 };

describe('a mirror', () => {
  it('that holds the values of the log agrees, however they are ordered and spelled', async () => {
    const text = '{ "c": 3,\n "b": [ 2 ],\n "\\u0061": {"n": 1} }';
    const { findings, logs, exitCode } = await verified({ [mirror]: text });
    expect({ findings, exitCode }).toEqual({ findings: [], exitCode: 0 });
    expect(logs[0].mirror).toMatchObject({ path: mirror, state: 'agrees', keys: 3 });
    expect(logs[0].checked).toContain('the mirror');
  });

  it.each([
    ['another value', { ...state, b: [3] }, ['b']],
    ['a key less', { a: state.a, c: 3 }, ['b']],
    ['both', { a: 0, c: 3 }, ['a', 'b']],
  ])('with %s is mirror-differs and names the keys', async (_what, other, differing) => {
    const { findings, logs, exitCode } = await verified({ [mirror]: JSON.stringify(other) });
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([
      { code: 'mirror-differs', severity: 'attention', path: mirror, key: differing[0] },
    ]);
    expect(findings[0].message).toContain(differing.join(', '));
    expect(findings[0].consequence).toMatch(/does not look at the log/);
    expect(logs[0].mirror).toMatchObject({ state: 'differs', differing });
  });

  it('with keys of its own is ahead: a notice', async () => {
    const { findings, logs, exitCode } = await verified({
      [mirror]: JSON.stringify({ ...state, old: 1, older: 2 }),
    });
    expect(exitCode).toBe(0);
    expect(findings).toMatchObject([{ code: 'mirror-ahead', severity: 'notice', key: 'old' }]);
    expect(logs[0].mirror).toMatchObject({ state: 'agrees', ahead: ['old', 'older'] });
  });

  it.each([
    ['empty', '', 0],
    ['cut', '{"a":{"n":1},"b":[', 18],
    ['a list', '[1,2]', 0],
    ['zero bytes', '\0\0\0\0', 0],
  ])('that is %s is mirror-torn', async (_how, text, offset) => {
    const { findings, logs, exitCode } = await verified({ [mirror]: text });
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([{ code: 'mirror-torn', path: mirror, offset }]);
    expect(findings[0].consequence).toMatch(/The bot fails to start with players\.json/);
    expect(logs[0].mirror).toMatchObject({ state: 'torn' });
  });

  it('is missing only where it is named or where sibling logs have theirs', async () => {
    expect((await verified({})).findings).toEqual([]);
    const named = await verified({}, { mirror: '/elsewhere.json' });
    expect(named.findings).toMatchObject([{ code: 'mirror-missing', path: '/elsewhere.json' }]);
    const sibling = { '/data/logs/tokens.log': entries, '/data/tokens.json': '{}' };
    const missing = await verified(sibling);
    expect(missing.exitCode).toBe(3);
    expect(missing.findings).toMatchObject([{ code: 'mirror-missing', path: mirror }]);
    expect(missing.findings[0].consequence).toMatch(/rebuild players\.json from the log/);
  });

  it('of a log that is not in a directory `logs` is none, unless it is named', async () => {
    const disk = memoryDisk({ '/data/players.log': entries, '/players.json': '{}' });
    const { logs, notChecked } = await verify(contextOf(disk), ['/data/players.log']);
    expect(logs[0].mirror).toBeNull();
    expect(notChecked.join()).toMatch(/none belongs to this log/);
  });
});

describe('a mirror that lags behind a log', () => {
  const stale = JSON.stringify({ a: state.a, b: [2] });

  it('is being written while the log grows between two readings: a notice', async () => {
    const disk = diskOf({ [mirror]: stale });
    const sleeps: number[] = [];
    const sleep = async (ms: number) => void (sleeps.push(ms), append(disk, set('d', 1, 4)));
    const { findings, exitCode, logs } = await verify(contextOf(disk, { sleep }), [logPath]);
    expect(exitCode).toBe(0);
    expect(findings).toMatchObject([{ code: 'mirror-differs', severity: 'notice' }]);
    expect(logs[0].mirror).toMatchObject({ state: 'being written' });
    expect(sleeps).toEqual([1000]);
  });

  it('is well where the second reading finds it caught up', async () => {
    const disk = diskOf({ [mirror]: stale });
    const sleep = async () => disk.asWriter(() => disk.overwrite(mirror, JSON.stringify(state)));
    const { findings, exitCode } = await verify(contextOf(disk, { sleep }), [logPath]);
    expect({ findings, exitCode }).toEqual({ findings: [], exitCode: 0 });
  });

  it('differs at once where it is 5 s older than the last entry', async () => {
    const disk = memoryDisk({ [logPath]: entries, [mirror]: stale });
    disk.names.get(mirror)!.mtimeMs = Date.parse('2026-11-19T08:59:58.000Z');
    const sleep = () => Promise.reject(new Error('no second reading is needed'));
    const { findings } = await verify(contextOf(disk, { sleep }), [logPath]);
    expect(findings).toMatchObject([{ code: 'mirror-differs', severity: 'attention' }]);
  });
});

function append(disk: RecordingDisk, line: string): void {
  disk.asWriter(() => {
    const file = disk.openAppend(logPath);
    file.append(Buffer.from(`${line}\n`));
    file.close();
  });
}

/** A disk as it is soon after the last entry: nothing on it is old. */
function diskOf(more: Record<string, FileSeed>): RecordingDisk {
  const disk = memoryDisk({ [logPath]: entries, ...more });
  for (const inode of disk.names.values()) inode.mtimeMs = Date.parse('2026-11-19T09:01:00.000Z');
  return disk;
}

function verified(more: Record<string, FileSeed>, options: VerifyOptions = {}) {
  return verify(contextOf(diskOf(more)), [logPath], options);
}
