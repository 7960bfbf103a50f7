// The main JSON file beside an open log: it follows the log, and nothing in it is lost unseen.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog, verify, type LogOptions } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';

let directory: string;
let path: string;
let mirror: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-mirror-'));
  mkdirSync(join(directory, 'data/logs'), { recursive: true });
  path = join(directory, 'data/logs/players.log');
  mirror = join(directory, 'data/players.json');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (options: LogOptions = {}) => openLog(path, { mirror, ...options });
const main = (): unknown => JSON.parse(readFileSync(mirror, 'utf8'));

describe('a mirror', () => {
  it('is laid out as JSON.stringify does it, after every change, and verify agrees', async () => {
    const log = await open();
    const state = { a: { list: [1, [], {}], text: 'x"y' }, b: null, c: [{ d: 1 }] };
    for (const [key, value] of Object.entries(state)) await log.set(key, value);
    await log.flush();
    expect(readFileSync(mirror, 'utf8')).toBe(JSON.stringify(state, null, 2));
    await log.replace({});
    await log.close();
    expect(readFileSync(mirror, 'utf8')).toBe('{}');
    expect((await verify(contextOf(), [path], {})).findings).toEqual([]);
    expect(readdirSync(join(directory, 'data'))).toEqual(['logs', 'players.json']);
  });

  it('is written at most each mirrorMs, and in any case by flush and close', async () => {
    const log = await open({ mirrorMs: 3_600_000 });
    await log.set('a', 1);
    await log.flush();
    await log.set('a', 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(main()).toEqual({ a: 1 });
    await log.close();
    expect(main()).toEqual({ a: 2 });
  });

  it('that cannot be written does not stop the log, and flush says so', async () => {
    const log = await open();
    await log.set('a', 1);
    await log.flush();
    rmSync(mirror);
    mkdirSync(mirror);
    await log.set('a', 2);
    await expect(log.flush()).rejects.toMatchObject({ code: 'refused' });
    rmSync(mirror, { recursive: true });
    await log.set('b', 3);
    await log.close();
    expect(main()).toEqual({ a: 2, b: 3 });
  });
});

describe('a mirror that differs when the log is opened', () => {
  beforeEach(async () => {
    const log = await open();
    await log.set('a', 1);
    await log.set('a', 2);
    await log.set('b', 1);
    await log.delete('b');
    await log.close();
  });

  const originals = () =>
    readdirSync(join(directory, 'data')).filter((name) => /original/.test(name));

  it('is written anew where it is missing, and told', async () => {
    rmSync(mirror);
    const log = await open();
    expect(log.recovered).toMatchObject({ mirror: { was: 'missing', kept: null } });
    expect(main()).toEqual({ a: 2 });
    await log.close();
  });

  it('follows the log where all it holds was in the log once: a crash came between', async () => {
    writeFileSync(mirror, '{"a": 1, "b": 1}');
    const log = await open();
    expect(log.recovered?.mirror).toMatchObject({ was: 'behind', kept: null });
    await log.close();
    expect([main(), originals()]).toEqual([{ a: 2 }, []]);
  });

  it('stays under another name where it is torn', async () => {
    writeFileSync(mirror, '{"a": 7, "z"');
    const log = await open();
    expect(log.recovered?.text).toMatch(/was torn .* players\.json\.original\.\d+/);
    await log.close();
    expect(readFileSync(join(directory, 'data', originals()[0]), 'utf8')).toBe('{"a": 7, "z"');
    expect(main()).toEqual({ a: 2 });
  });

  it('is refused by name, and left, while it holds what the log never had', async () => {
    const before = '{"a": 9, "z": 1}';
    writeFileSync(mirror, before);
    await expect(open()).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(
        /holds 2 keys or values that the log never had: a, z/,
      ) as string,
    });
    expect(readFileSync(mirror, 'utf8')).toBe(before);
  });

  it('is adopted, or put aside, where that was asked for', async () => {
    writeFileSync(mirror, '{"a": 2, "z": {"id": 9007199254740993}}');
    const log = await open({ mirrorConflict: 'adopt' });
    expect([...log.keys()]).toEqual(['a', 'z']);
    await log.close();
    expect(readFileSync(path, 'utf8')).toContain('"key":"z","value":{"id":9007199254740993}');
    writeFileSync(mirror, '{"a": 3}');
    const again = await open({ mirrorConflict: 'replace' });
    expect(again.get('a')).toBe(2);
    await again.close();
    expect(readFileSync(join(directory, 'data', originals()[0]), 'utf8')).toBe('{"a": 3}');
  });
});
