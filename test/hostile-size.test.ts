// Damage without end, and results aimed at logs: time and memory stay bounded, no original goes.
// The first three took minutes, gigabytes or exit code 1 before: the test's own time limit sees it.
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogPlan } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { cli as runCli } from './helpers/cli.js';

const at = Date.parse('2026-11-20T09:27:43.512Z');
const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);

let folder: string;
let players: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-hostile-'));
  mkdirSync(join(folder, 'data/logs'), { recursive: true });
  players = join(folder, 'data/logs/players.log');
});

afterEach(() => rmSync(folder, { recursive: true }));

const cli = async (...args: string[]) => {
  const { exitCode, out } = await runCli([...args, '--json'], { cwd: folder, now: () => at });
  return { exitCode, report: JSON.parse(out) };
};

describe('many damaged lines', () => {
  it('plans a salvage of 12,000 of them without comparing each with each', async () => {
    writeFileSync(players, log(a) + '{"timestamp":"2026-11-20\n'.repeat(12_000) + log(b));
    const { exitCode, report } = await cli(
      ...['recover', '-n', '--policy', 'salvage', '--max-lost', '99999', players],
    );
    expect(exitCode).toBe(0);
    expect(report.logs[0].plan.regions).toHaveLength(12_000);
  });

  it('fills 3,000 holes from a backup, whose lines are all of one length', async () => {
    const lines = Array.from({ length: 6_000 }, (_, i) => set(`key${10_000 + i}`, 1, i % 60));
    writeFileSync(`${players}.backup.1700000000000`, log(...lines));
    writeFileSync(players, log(...lines.map((line, i) => (i % 2 === 0 ? line : 'x'.repeat(40)))));
    const { exitCode, report } = await cli('recover', '-n', '--policy', 'salvage', players);
    expect(exitCode).toBe(0);
    const { regions, state } = report.logs[0].plan as LogPlan;
    expect(regions.filter(({ action }) => action === 'fill')).toHaveLength(3_000);
    expect(state.keysAfter).toBe(6_000);
  });

  it('refuses to salvage more than it can hold, and changes nothing', async () => {
    const text = log(a) + '[]x\n'.repeat(100_002) + log(b);
    writeFileSync(players, text);
    const { exitCode, report } = await cli(
      ...['recover', '-y', '--policy', 'salvage', '--max-lost', '9999999', players],
    );
    expect(exitCode).toBe(21);
    expect(JSON.stringify(report)).toContain('100002 damaged lines');
    expect(readFileSync(players, 'utf8')).toBe(text);
  });
});

describe('replay -o FILE --force', () => {
  it('never overwrites the log it reads, another one, a backup or evidence', async () => {
    const text = log(a, b);
    const names = [
      ...['data/logs/players.log', 'other.log', 'hard', 'data/logs/players.log.backup.17'],
      ...['data/logs/players.log.original.18', 'data/logs/.players.log.lock'],
    ];
    writeFileSync(players, text);
    linkSync(players, join(folder, 'hard'));
    for (const name of [names[1], ...names.slice(3)]) writeFileSync(join(folder, name), text);
    for (const name of names) {
      const { exitCode } = await cli('replay', players, '-o', name, '--force');
      expect([name, exitCode]).toEqual([name, 21]);
      expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
    }
  });

  it('still overwrites the state that an earlier run wrote', async () => {
    writeFileSync(players, log(a, b));
    expect((await cli('replay', players, '-o', 'state.json')).exitCode).toBe(0);
    writeFileSync(players, log(a, b, set('c', 3, 3)));
    expect((await cli('replay', players, '-o', 'state.json', '--force')).exitCode).toBe(0);
    const state = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as object;
    expect(Object.keys(state)).toEqual(['a', 'b', 'c']);
  });
});
