// The options of logctl recover: quiet runs, saved plans, undo, what contradicts what.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { log, set } from './helpers/bot-log.js';
import { cli as runCli, type CliOptions } from './helpers/cli.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
const players = 'data/logs/players.log';
const at = Date.parse('2026-11-20T09:27:43.512Z');

/** A saved plan as somebody may edit it. */
type Saved = { logs: (Record<string, unknown> | null)[] };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-cli-recover-'));
  mkdirSync(join(folder, 'data/logs'), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const cli = (args: string[], options: CliOptions = {}) =>
  runCli(args, { cwd: folder, now: () => at, ...options });

describe('options', () => {
  it('-q says nothing on 0, and all on anything else', async () => {
    write(players, log(a) + torn);
    expect(await cli(['recover', '-q', '--yes', players])).toMatchObject({
      exitCode: 0,
      out: '',
      err: '',
    });
    write(players, log(a, '{'.padEnd(80, 'x'), b));
    const lost = await cli([
      'recover',
      '-q',
      '-y',
      '--policy',
      'salvage',
      '--max-lost',
      '9',
      players,
    ]);
    expect(lost.out).toMatch(/recovered with loss[^]*ledger[^]*exit 20\n$/);
  });

  it('--save-plan writes for a review, --plan applies what was reviewed', async () => {
    write(players, log(a) + torn);
    expect((await cli(['recover', '--save-plan', 'plan.json', players])).exitCode).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')).logs).toHaveLength(1);
    cpSync(join(folder, players), join(folder, 'copy'));
    write(players, log(a, b) + torn);
    expect((await cli(['recover', '--yes', '--plan', 'plan.json'])).exitCode).toBe(22);
    cpSync(join(folder, 'copy'), join(folder, players));
    expect((await cli(['recover', '--yes', '--plan', 'plan.json'])).exitCode).toBe(0);
    expect((await cli(['recover', '--yes', '--plan', 'copy'])).exitCode).toBe(21);
  });

  it('--undo puts the log back and names where the recovered one went', async () => {
    write(players, log(a) + torn);
    await cli(['recover', '--yes', players]);
    const receipt = `${players}.receipt.${at}.json`;
    const { out, exitCode } = await cli(['recover', '--undo', receipt]);
    expect([exitCode, out]).toEqual([
      0,
      `${players}   put back\n  recovered   stays as ${players}.original.${at + 1}\n`,
    ]);
    expect(readFileSync(join(folder, players), 'utf8')).toBe(log(a) + torn);
  });

  it('--plan takes no plan that was edited, whatever was edited', async () => {
    write(players, log(a) + torn);
    await cli(['recover', '--save-plan', 'plan.json', players]);
    const text = readFileSync(join(folder, 'plan.json'), 'utf8');
    for (const edit of [
      (plan: Saved) => (plan.logs[0]!.stamp = '../../elsewhere'),
      (plan: Saved) => (plan.logs[0]!.basis = []),
      (plan: Saved) => (plan.logs[0]!.regions = null),
      (plan: Saved) => (plan.logs = [null]),
    ]) {
      const plan = JSON.parse(text) as Saved;
      edit(plan);
      write('plan.json', JSON.stringify(plan));
      const { exitCode, err } = await cli(['recover', '--yes', '--plan', 'plan.json']);
      expect([exitCode, err]).toEqual([
        21,
        expect.stringContaining('was edited since it was saved'),
      ]);
    }
    expect(readdirSync(folder).sort()).toEqual(['data', 'plan.json']);
    expect(readFileSync(join(folder, players), 'utf8')).toBe(log(a) + torn);
  });

  it('--undo takes no receipt that was edited, and no other original', async () => {
    write(players, log(a) + torn);
    await cli(['recover', '--yes', players]);
    const name = `${players}.receipt.${at}.json`;
    const text = readFileSync(join(folder, name), 'utf8');
    const before = readdirSync(join(folder, 'data/logs'));
    for (const [part, said] of [
      [{ log: '..' }, 'is no receipt'],
      [{ original: undefined }, 'is no receipt'],
      [{ original: { name: '..', size: 1, sha256: '' } }, 'is no receipt'],
      [{ recovered: { name: 'players.log', size: -1, sha256: '' } }, 'is no receipt'],
      [{ plan: null }, 'is no receipt'],
      [
        { original: { ...JSON.parse(text).original, sha256: '00' } },
        'is not the original that the receipt names',
      ],
    ] as const) {
      write(name, JSON.stringify({ ...JSON.parse(text), ...part }));
      const { exitCode, err } = await cli(['recover', '--undo', name], { columns: 200 });
      expect([exitCode, err]).toEqual([21, expect.stringContaining(said)]);
    }
    expect(readdirSync(join(folder, 'data/logs'))).toEqual(before);
    expect(readFileSync(join(folder, players), 'utf8')).toBe(log(a));
  });

  it('--if-exists makes a missing log nothing to do', async () => {
    expect((await cli(['recover', '--yes', '-q', players])).exitCode).toBe(10);
    const there = await cli(['recover', '--yes', '-q', '--if-exists', players]);
    expect(there).toMatchObject({ exitCode: 0, out: '', err: '' });
    const said = await cli(['recover', '--yes', '--if-exists', players]);
    expect(said).toMatchObject({ exitCode: 0, out: 'nothing to do\n' });
  });

  it('are told from a log whose name begins with a dash, in suggested commands too', async () => {
    write('-x.log', log(a) + torn);
    const { out } = await cli(['verify', '--', '-x.log']);
    expect(out).toContain('Next: logctl recover --dry-run ./-x.log\n');
    expect((await cli(['recover', '--yes', './-x.log'])).exitCode).toBe(0);
  });

  it('that contradict each other are a wrong use', async () => {
    write(players, log(a));
    for (const args of [
      ['--adopt-mirror', '--replace-mirror'],
      ['-o', 'x', '--mirror'],
      ['--undo', 'x', '--policy', 'salvage'],
      ['--plan', 'x', '--policy', 'salvage'],
      ['--max-lost', '-1'],
    ]) {
      expect((await cli(['recover', ...args, players])).exitCode, args.join(' ')).toBe(2);
    }
  });
});
