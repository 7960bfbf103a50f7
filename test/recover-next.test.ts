// What recover suggests next can be run as it stands, and does the same work with the same options.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NextStep } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { cli as runCli } from './helpers/cli.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
/** A torn entry that the next one was glued to, between two whole lines. */
const glued = log(a, `${torn}${b}`, set('c', { score: 3 }, 3));
const players = 'data/logs/players.log';
const mirror = 'data/players.json';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-recover-next-'));
  mkdirSync(join(folder, 'data/logs'), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const cli = (...args: string[]) => runCli(args, { cwd: folder });

/** The exit code of a command, and the commands that it suggests, without `logctl`. */
async function stepsOf(args: string[]): Promise<{ exitCode: number; steps: string[][] }> {
  const { out, exitCode } = await cli(...args, '--json');
  const { next } = JSON.parse(out) as { next: NextStep[] };
  return { exitCode, steps: next.map(({ argv }) => argv.slice(1)) };
}

/** Goes on with what is suggested first, as somebody who copies it would, until nothing is. */
async function follow(args: string[]): Promise<{ exitCode: number; commands: string[] }> {
  const commands = [args.join(' ')];
  let { exitCode, steps } = await stepsOf(args);
  while (steps.length > 0 && commands.length < 9) {
    commands.push(steps[0].join(' '));
    ({ exitCode, steps } = await stepsOf(steps[0]));
  }
  return { exitCode, commands };
}

describe('what recover suggests next', () => {
  it('leads from a refusal by policy, and one by the main file, to a recovered log', async () => {
    write(players, glued);
    write(mirror, '{"a":{"score":1},"only here":7}');
    expect(await follow(['recover', '--dry-run', '--mirror', players])).toEqual({
      exitCode: 0,
      commands: [
        `recover --dry-run --mirror ${players}`,
        `recover --dry-run --mirror --policy salvage ${players}`,
        `recover --dry-run --policy salvage --adopt-mirror ${players}`,
        `recover --yes --policy salvage --adopt-mirror ${players}`,
      ],
    });
    const state = { a: { score: 1 }, b: { score: 2 }, c: { score: 3 }, 'only here': 7 };
    expect(JSON.parse(read(mirror))).toEqual(state);
    expect((await cli('verify', players)).exitCode).toBe(0);
  });

  it('keeps the budget with the policy, and the policy with the budget', async () => {
    write(players, log(a, '{'.padEnd(80, 'x'), b));
    const { exitCode, commands } = await follow(['recover', '--dry-run', players]);
    expect([exitCode, commands.at(-1)]).toEqual([
      20,
      `recover --yes --policy salvage --max-lost 1 ${players}`,
    ]);
  });

  it('writes where the dry run would have written, and leaves the log alone', async () => {
    write(players, log(a) + torn);
    const { exitCode, commands } = await follow(['recover', '--dry-run', '-o', 'out.log', players]);
    expect([exitCode, commands.at(-1)]).toEqual([0, `recover --yes -o out.log ${players}`]);
    expect([read('out.log'), read(players)]).toEqual([log(a), log(a) + torn]);
  });

  it('keeps evidence, backups and the main file in the places that were named', async () => {
    mkdirSync(join(folder, 'kept'));
    write('x.log', log(a, b) + torn);
    write('state.json', '{"a":{"score":1},"gone":1}');
    const where = ['--backup-dir', 'kept', '--evidence-dir', 'kept', '--mirror', 'state.json'];
    const { steps } = await stepsOf(['recover', '--dry-run', ...where, 'x.log']);
    expect(steps.map((step) => step.join(' '))).toEqual(
      ['adopt', 'replace'].map((answer) => {
        const kept = '--backup-dir kept --dry-run --evidence-dir kept --mirror state.json';
        return `recover ${kept} --${answer}-mirror x.log`;
      }),
    );
    const { exitCode } = await follow(steps[1]);
    expect([exitCode, JSON.parse(read('state.json'))]).toEqual([
      0,
      { a: { score: 1 }, b: { score: 2 } },
    ]);
    expect(readdirSync(join(folder, 'kept'))).toContainEqual(expect.stringMatching(/receipt/));
  });

  it('names a way out for each of several logs that is refused', async () => {
    write(players, glued);
    write('data/logs/tokens.log', log(a, '{'.padEnd(80, 'x'), b));
    const { exitCode, steps } = await stepsOf(['recover', '--dry-run', 'data']);
    expect([exitCode, steps.map((step) => step.join(' '))]).toEqual([
      21,
      [
        `recover --dry-run --policy salvage ${players}`,
        'recover --dry-run --policy salvage data/logs/tokens.log',
      ],
    ]);
  });

  it('tells what was done beside what was refused, in words that count', async () => {
    write(players, log(a) + torn);
    write('data/logs/tokens.log', log(a));
    write('data/tokens.json', '{"a":{"score":9}}');
    const { exitCode, out } = await cli('recover', '--yes', '--mirror', 'data');
    expect(exitCode).toBe(21);
    expect(out).toMatch(
      /^logs\/players\.log   recovered .*\nplayers\.json .*\nlogs\/tokens\.log\n  refused: /,
    );
    const plan = await cli('recover', '--dry-run', '--replace-mirror', 'data/logs/tokens.log');
    expect(plan.out).toContain('1 value of the old one goes: a\n');
  });

  it('does not offer to adopt what no entry can set', async () => {
    write(players, log(a) + torn);
    write(mirror, '{"a":{"score":1},"":7}');
    const { steps } = await stepsOf(['recover', '--dry-run', '--adopt-mirror', players]);
    expect(steps).toEqual([['recover', '--dry-run', '--replace-mirror', players]]);
  });

  it('is told by verify of the main file and the backups that verify was told of', async () => {
    mkdirSync(join(folder, 'kept'));
    write('x.log', log(a, b));
    write('state.json', '{"a":{"score":1}}');
    const where = ['--backup-dir', 'kept', '--mirror', 'state.json'];
    const { exitCode, steps } = await stepsOf(['verify', ...where, 'x.log']);
    const argv = 'recover --backup-dir kept --dry-run --mirror state.json x.log'.split(' ');
    expect([exitCode, steps]).toEqual([3, [argv]]);
  });
});
