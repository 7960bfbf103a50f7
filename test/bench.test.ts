// The benchmark's data is the same on every run, its peers read all of it, and its bars are judged
// as they are meant.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const kinds = ['players', 'small', 'checkpoint', 'one-key'];
const size = 2 ** 20;
let folder: string;

/** What the programs of the benchmark, which have no types, are asked for here. */
interface Bar {
  name: string;
  first: number;
  goal: number;
  better: string;
  measured: Record<string, string>;
}
interface Figures {
  judge(bars: Bar[], measured: object): { rows: string[][]; missed: number };
  judgementText(rows: string[][]): string[];
}
interface Tables {
  tableOf(result: object): string;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-bench-'));
  generateInto(join(folder, 'first'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the benchmark', () => {
  it('makes the same bytes again', () => {
    generateInto(join(folder, 'second'));
    expect(hashesOf(join(folder, 'second'))).toEqual(hashesOf(join(folder, 'first')));
  });

  it.each([
    ['run.mjs', '--nosuch', "Unknown option '--nosuch'"],
    ['run.mjs', '--rounds=x', '--rounds x: expected 1 or more'],
    ['writers.mjs', '--size=3q', '--size 3q: expected a size like 256MiB'],
    ['writers.mjs', '--tables=x', '--tables x: expected peers, documents, compacting'],
  ])('%s says in words what is wrong with %s', (program, option, words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`bench/${program}`, option], {
      encoding: 'utf8',
    });
    expect([status, stdout, stderr.split('\n')[0]]).toEqual([2, '', words]);
  });

  it.each(kinds)('makes %s of the size asked for, every line an entry', (kind) => {
    const text = readFileSync(pathOf(kind), 'utf8');
    expect(Buffer.byteLength(text)).toBeGreaterThanOrEqual(size);
    expect(Buffer.byteLength(text)).toBeLessThan(size + 2_000);
    const lines = text.trimEnd().split('\n');
    const operations = lines.map((line) => (JSON.parse(line) as { op: string }).op);
    expect(operations.indexOf('CHECKPOINT')).toBe(kind === 'checkpoint' ? 0 : -1);
    expect(operations.includes('DELETE')).toBe(kind === 'players');
  });

  it.each(kinds)('has peers that read all of %s and find the same keys', (kind) => {
    const lines = readFileSync(pathOf(kind), 'utf8').split('\n').length - 1;
    const [chunks, readline] = ['chunks', 'readline'].map((peer) => {
      return run(`bench/peers/${peer}.mjs`, [pathOf(kind)]);
    });
    expect(chunks).toMatch(new RegExp(`^${lines} lines, [1-9]\\d* keys\n$`));
    expect(readline).toBe(chunks);
  });

  it('makes a store of the entries of players, which its own library opens', () => {
    const store = join(folder, 'first', 'opslog-1MiB');
    const opened = run('bench/peers/opslog.mjs', [store]);
    const state = run('bin/logctl.js', ['replay', store]);
    expect(opened).toBe(`${Object.keys(JSON.parse(state) as object).length} keys\n`);
  });

  it('leaves out what is not installed, says so, and measures the others', () => {
    const args = ['--kind', 'small', '--size', '64KiB', '--rounds', '1', '--data-dir', folder];
    const only = ['--only', 'chunks,readline,jq empty,wc -l'];
    // Without a PATH there is no jq and no wc; Node is called by its own path.
    const table = run('bench/run.mjs', [...args, ...only], { PATH: '' });
    expect(table).toMatch(/^  chunks +\d+ /m);
    expect(table).toMatch(/^  readline +\d+ /m);
    expect(table).not.toMatch(/^  (jq|wc)/m);
    expect(table).toMatch(/^jq empty: left out, jq is not installed$/m);
    expect(table).toMatch(/^wc -l: left out, wc is not installed$/m);
  });

  it('shows a program that fails as failed, without figures', async () => {
    const { tableOf } = await load<Tables>('table');
    const runs = [{ ms: 10, failure: 'ended with 1: Error: no' }];
    const contestants = [contestant('chunks', [10]), { ...contestant('wc -l', [1]), runs }];
    const table = tableOf({ bytes: 1e6, contestants, leftOut: ['jq: left out, it is not there'] });
    expect(table).toMatch(/^  PROGRAM .* VS WC +CPU s +PEAK MB$/m);
    expect(table).toMatch(/^  chunks +100 +100 +100 +- +1.00 +- +0.25 +64$/m);
    expect(table).toMatch(/^  wc -l +failed +- /m);
    expect(table).toMatch(/^wc -l: FAILED, ended with 1: Error: no\njq: left out/m);
  });

  it('runs on a growing log, says what a gigabyte takes, and removes the log', () => {
    const args = [
      'bench/large.mjs',
      '--size',
      '100KB',
      '--rounds',
      '1',
      '--data-dir',
      join(folder, 'large'),
    ];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stdout.match(/^  logctl (verify|replay) \(2 threads\) .* \d+\.\d\d$/gm)).toHaveLength(8);
    expect(stdout).toMatch(
      /^a gigabyte of a larger log takes at most -?\d+ % longer \(wanted: 15 %\)$/m,
    );
    expect(readdirSync(join(folder, 'large'))).toEqual([]);
  });
});

describe('the bars', () => {
  const programs = { kind: 'players', of: 'ours', against: 'theirs' };
  const made: Bar[] = [
    { ...bar('lower', 2, 1), measured: { ...programs, compare: 'time' } },
    { ...bar('higher', 0.5, 2), measured: { ...programs, compare: 'speed' } },
    { ...bar('higher', 2, 4), measured: { ...programs, compare: 'memory' } },
    { ...bar('lower', 64, 56), measured: { probe: 'keyBytes' } },
  ];
  // The ratios of the rounds are 2, 1.5 and 20: a noisy neighbour in one round moves nothing.
  const ours = contestant('ours', [200, 150, 2000]);
  const results = [{ kind: 'players', contestants: [ours, contestant('theirs', [100, 100, 100])] }];

  it('compare programs within each round, by time, speed and memory', async () => {
    const { judge, judgementText } = await load<Figures>('figures');
    const { rows, missed } = judge(made, { results, probes: { keyBytes: 56 } });
    expect(judgementText(rows).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['BAR', 'FIRST BAR', 'GOAL', 'MEASURED', 'VERDICT'],
      ['lower than 2', 'at most 2', '1', '2.00', 'ok'],
      ['higher than 0.5', 'at least 0.5', '2', '0.50', 'ok'],
      ['higher than 2', 'at least 2', '4', '1.00', 'missed'],
      ['lower than 64', 'at most 64', '56', '56.00', 'ok, goal reached'],
    ]);
    expect(missed).toBe(1);
  });

  it('are missed by what could not be measured', async () => {
    const { judge } = await load<Figures>('figures');
    const failed = [ours, contestant('theirs', [1, 1, 1], 'ended with 1')];
    const absent = [ours];
    for (const contestants of [failed, absent]) {
      const judged = judge(made, { results: [{ kind: 'players', contestants }], probes: {} });
      expect(judged.missed).toBe(4);
      for (const row of judged.rows) expect(row.slice(3)).toEqual(['nothing', 'missed']);
    }
  });

  it('end a check with 1 when one of them is missed', () => {
    // On so little data nothing is 6.5 times as fast as anything.
    const args = ['--check', '--size', '16KiB', '--rounds', '1', '--data-dir', folder];
    const { status, stdout } = spawnSync(process.execPath, ['bench/run.mjs', ...args], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^  verify players, times as fast as chunks, 1 thread .* missed$/m);
    expect(stdout).toMatch(/^compact: \d+ bytes written in \d+ ms, copied in \d+ ms$/m);
    expect(stdout).toMatch(/^first bars missed: \d+$/m);
    expect(status).toBe(1);
  });
});

function load<Shape>(name: string): Promise<Shape> {
  return import(pathToFileURL(resolve('bench', `${name}.mjs`)).href) as Promise<Shape>;
}

function bar(better: string, first: number, goal: number): Omit<Bar, 'measured'> {
  return { name: `${better} than ${first}`, first, goal, better };
}

/** A contestant whose runs took so many milliseconds. */
function contestant(name: string, times: number[], failure?: string) {
  const runs = times.map((ms) => ({ ms, peakBytes: 64e6, cpuSeconds: 0.25, failure, output: '' }));
  return { name, does: `does what ${name} does`, runs };
}

function generateInto(dataDir: string): void {
  const args = [
    '--kind',
    [...kinds, 'opslog'].join(','),
    '--size',
    String(size),
    '--data-dir',
    dataDir,
  ];
  run('bench/generate.mjs', args);
}

function pathOf(kind: string): string {
  return join(folder, 'first', `${kind}-1MiB.log`);
}

function hashesOf(dataDir: string): string[] {
  const hashOf = (path: string): string => {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  };
  return readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${name} ${hashOf(join(parentPath, name))}`)
    .sort();
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): string {
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
  return execFileSync(process.execPath, [program, ...args], { encoding: 'utf8', stdio, env });
}
