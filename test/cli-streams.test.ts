// What goes to stdout, to stderr and to files; what a terminal is spared.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeDisk, type Disk } from '../src/engine/index.js';
import type { TargetFile } from '../src/engine/disk.js';
import { log, set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { schemaErrors } from './helpers/schema.js';

const data = 'fixtures/quickstart/data';
const players = `${data}/logs/players.log`;
const folder = mkdtempSync(join(tmpdir(), 'logctl-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('streams', () => {
  it('replay puts the state on stdout and what it says on stderr', async () => {
    const { out, err, exitCode } = await cli(['replay', players]);
    expect(Object.keys(JSON.parse(out))).toHaveLength(38);
    expect(err).toContain('38 keys');
    expect(err).toContain('torn-tail');
    expect(exitCode).toBe(3);
  });

  it('replay --json gives the report alone, with the hash', async () => {
    const { out, err } = await cli(['replay', '--json', players]);
    const report = JSON.parse(out);
    expect(schemaErrors(report)).toEqual([]);
    expect(report.logs[0].stateHash).toMatch(/^[0-9a-f]{64}$/);
    expect(err).toBe('');
  });

  it('replay -o writes a whole file, and keeps it unless forced', async () => {
    const file = join(folder, 'state.json');
    const { out } = await cli(['replay', '-o', file, players]);
    expect(out).toContain('38 keys');
    const state = readFileSync(file, 'utf8');
    expect(state).toBe((await cli(['replay', players])).out);
    expect(await cli(['replay', '-o', file, players])).toMatchObject({ exitCode: 21, out: '' });
    expect(await cli(['replay', '-o', file, '--force', players])).toMatchObject({ exitCode: 3 });
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('replay -o leaves no file where there is no state', async () => {
    const file = join(folder, 'none.json');
    const { exitCode } = await cli(['replay', '-o', file, '-'], {
      stdin: readFileSync(`${data}/logs/game_state.log`, 'utf8').replace('\n', 'x\n'),
    });
    expect(exitCode).toBe(4);
    expect(existsSync(file)).toBe(false);
  });

  it('replay -o that is interrupted while it writes leaves no file', async () => {
    // Larger than what is read and written in one go, so that there is something left to do.
    const value = 'x'.repeat(1 << 20);
    const lines = Array.from({ length: 20 }, (_, i) => set(`k${i}`, value));
    writeFileSync(join(folder, 'large.log'), log(...lines));
    const interruption = new AbortController();
    const create = (path: string): TargetFile => {
      const target = nodeDisk.create(path);
      const append = (bytes: Uint8Array) => {
        interruption.abort('terminated');
        target.append(bytes);
      };
      return Object.assign(Object.create(target) as TargetFile, { append });
    };
    const disk = Object.assign(Object.create(nodeDisk) as Disk, { create });
    const before = readdirSync(folder);
    const args = ['replay', '-o', join(folder, 'large.json'), join(folder, 'large.log')];
    expect(await cli(args, { disk, interruption })).toMatchObject({ exitCode: 143, out: '' });
    expect(readdirSync(folder)).toEqual(before);
  });

  it('entries as records stand alone on stdout', async () => {
    const args = ['inspect', '--entries', '--format', 'jsonl', players];
    const { out, err } = await cli(args);
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(240);
    expect(rows[0]).toMatchObject({ path: players, line: 1, offset: 0 });
    expect(rows[1]).not.toHaveProperty('value');
    expect(err).toContain('torn-tail');
    const [row] = (await cli([...args, '--values', '--start', '2'])).out.split('\n');
    expect(JSON.parse(row).value).toHaveProperty('userId');
  });

  it('one of --json and --format jsonl', async () => {
    const args = ['inspect', '--entries', '--format', 'jsonl', '--json', players];
    const { out, exitCode } = await cli(args);
    expect(exitCode).toBe(2);
    expect(JSON.parse(out).error.message).toContain('choose one');
  });
});

it('standard input: who writes it and what is kept of it cannot be told', async () => {
  const stdin = '{"op":"SET","key":"a","value":1,"timestamp":"2026-11-19T09:00:00.000Z"}\n';
  const { out } = await cli(['inspect', '-'], { stdin });
  expect(out).toMatch(/^  writer     cannot be told of standard input; last append /m);
  expect(out).toMatch(/^  restore    cannot be told of standard input$/m);
  const { out: json } = await cli(['inspect', '--json', '-'], { stdin });
  expect(JSON.parse(json).logs[0].writers).toBe(null);
});

describe('a terminal', () => {
  const logOf = (value: string) =>
    `{"op":"SET","key":"k\u202e","value":${value},"timestamp":"2026-11-19T09:00:00.000Z"}\n`;
  const stdin = logOf('{"a":"\u009b2J\u202e\u2028"}');

  it('sees a state whose dangerous characters are escaped, and which means the same', async () => {
    const raw = await cli(['replay', '-'], { stdin });
    expect(raw.out).toContain('\u202e');
    const shown = await cli(['replay', '-'], { stdin, tty: { out: true } });
    expect(shown.out).not.toMatch(/[\u0080-\u009f\u202e\u2028]/);
    expect(JSON.parse(shown.out)).toEqual(JSON.parse(raw.out));
  });

  it('sees keys and values of entries as code points', async () => {
    const { out } = await cli(['inspect', '--entries', '--values', '--raw', '-'], { stdin });
    expect(out).toContain('k\\u{202e}');
    expect(out).not.toMatch(/[\u0080-\u009f\u202e\u2028]/);
  });
});
