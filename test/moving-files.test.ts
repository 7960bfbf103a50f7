// A log that changes while it is read: grown, renamed over, cut, rewritten in place.
// Method: real files; a disk between engine and files acts as the other program, once, at a read.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk, replay, verify, type DiskReader } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';

const lines = Array.from({ length: 200 }, (_, i) =>
  set(`key ${i}`, { i, text: 'x'.repeat(60) }, i),
);
const text = log(...lines);
const chunkBytes = 4_096;
let folder = '';
let path = '';

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'logctl-moving-'));
  path = join(folder, 'players.log');
  fs.writeFileSync(path, text);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

describe('a log that grows while it is read', () => {
  it('is answered for a prefix of whole lines, without a finding', async () => {
    const disk = acting(5, () => fs.appendFileSync(path, log(set('late', 1, 999))));
    const { exitCode, findings, logs } = await verified(disk);
    expect({ exitCode, findings }).toEqual({ exitCode: 0, findings: [] });
    expect(logs[0]).toMatchObject({ lines: 200, bytes: text.length, tail: 'whole' });
  });

  it('in the middle of an append is no torn tail once the rest has come', async () => {
    const late = set('late', 1, 999);
    fs.appendFileSync(path, late.slice(0, 40));
    const disk = acting(5, () => fs.appendFileSync(path, `${late.slice(40)}\n`));
    const { exitCode, logs } = await verified(disk);
    expect(exitCode).toBe(0);
    expect(logs[0]).toMatchObject({ lines: 201, tail: 'whole' });
  });

  it('in the middle of an append that never ends is a torn tail', async () => {
    fs.appendFileSync(path, set('late', 1, 999).slice(0, 40));
    const { exitCode, logs } = await verified(nodeDisk);
    expect(exitCode).toBe(3);
    expect(logs[0].tail).toBe('torn');
  });
});

describe('a log that is renamed over while it is read', () => {
  const replace = () => {
    fs.writeFileSync(`${path}.new`, log(set('other', 1, 1)));
    fs.renameSync(`${path}.new`, path);
  };

  it('is answered for the file we hold, with a notice', async () => {
    const { exitCode, findings, logs } = await verified(acting(5, replace));
    expect(exitCode).toBe(0);
    expect(findings).toMatchObject([{ code: 'replaced-while-read', severity: 'notice', path }]);
    expect(logs[0].lines).toBe(200);
  });

  it('is replayed from the file we hold, values included', async () => {
    const parts: Uint8Array[] = [];
    const sink = (part: Uint8Array) => void parts.push(part.slice());
    await replay(contextOf(acting(5, replace), { chunkBytes }), [path], {}, sink);
    const state = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
    expect(Object.keys(state)).toHaveLength(200);
    expect(state['key 199']).toMatchObject({ i: 199 });
  });

  it('has no such notice where nothing was renamed', async () => {
    expect((await verified(acting(5, () => undefined))).findings).toEqual([]);
  });
});

describe('a log that loses bytes we rely on', () => {
  it.each<[how: string, act: () => void]>([
    ['is cut short of what was read', () => fs.truncateSync(path, 5_000)],
    ['is emptied', () => fs.truncateSync(path, 0)],
    ['is rewritten shorter', () => fs.writeFileSync(path, log(set('new', 1, 1)))],
    ['is rewritten longer', () => fs.writeFileSync(path, log(set('new', 1, 1)) + text)],
    [
      'is rewritten at the same length',
      () => fs.writeFileSync(path, text.replace('key 0', 'kEy 0')),
    ],
  ])('and %s is no verdict: changed, exit 22', async (_how, act) => {
    const failure = await verified(acting(8, act)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'changed', exitCode: 22 });
    expect((failure as Error).message).toMatch(/shrank while it was read|rewritten in place/);
  });

  it('is that one log of several; the others have their verdict', async () => {
    const other = join(folder, 'tokens.log');
    fs.writeFileSync(other, log(set('t', 1)));
    const disk = acting(8, () => fs.truncateSync(path, 0));
    const report = await verify(contextOf(disk, { chunkBytes }), [path, other]);
    expect(report.exitCode).toBe(22);
    expect(report.logs).toMatchObject([
      { exitCode: 22, error: { code: 'changed' } },
      { exitCode: 0 },
    ]);
  });
});

const verified = (disk: DiskReader) => verify(contextOf(disk, { chunkBytes }), [path]);

/** The real disk; before read number `at` of the log, `act` happens once. */
function acting(at: number, act: () => void): DiskReader {
  let reads = 0;
  const open: DiskReader['open'] = (name) => {
    const file = nodeDisk.open(name);
    const read: typeof file.read = (target, position) => {
      if (name === path && (reads += 1) === at) act();
      return file.read(target, position);
    };
    return { ...file, read };
  };
  return { ...nodeDisk, open };
}
