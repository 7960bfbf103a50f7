// The writers' benchmark runs, with or without its peers; its figures are not judged here.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Row {
  name: string;
  store: string;
  answers: string;
  runs: { entries?: number; found?: boolean; failure?: string }[];
}

let folder: string;

beforeAll(() => {
  // A copy without its peers, as a fresh clone has it.
  folder = mkdtempSync(join(tmpdir(), 'logctl-bench-writers-'));
  mkdirSync(join(folder, 'data'));
  const isPart = (path: string) => !/bench\/(node_modules|data)/.test(path);
  cpSync('bench', join(folder, 'bench'), { recursive: true, filter: isPart });
  for (const name of ['dist', 'bin', 'package.json', 'node_modules']) {
    symlinkSync(resolve(name), join(folder, name));
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the benchmark of writers', () => {
  it('says how to install the peers that are missing, and measures the others', () => {
    const output = run('--tables', 'peers', '--seconds', '0.05');
    expect(output).toMatch(/^left out: @backloghq\/opslog and @alcalzone\/jsonl-db; .* npm ci /m);
    expect(output).toMatch(/^  logctl group, 64 +fsynced +\d+ /m);
    expect(output).toMatch(/^  bot own way, 1 +fsynced +\d+ /m);
    expect(output).toMatch(/^(holds|DOES NOT HOLD): logctl group, 64 writes [\d.]+ times /m);
  });

  it('finds on the disk what each of ours promises when it answers', () => {
    const { peers } = resultsOf('peers', '--seconds', '0.05') as { peers: { rows: Row[] } };
    const ours = peers.rows.filter(({ store }) => store === 'logctl');
    expect(ours).toHaveLength(7);
    for (const { name, answers, runs } of ours) {
      expect(runs, name).toMatchObject([{ found: answers !== 'nothing' }]);
      expect(runs[0].entries, name).toBeGreaterThan(0);
    }
  });

  it("compares every figure of the documents with the bot's way", () => {
    expect(run('--tables', 'documents').match(/^  [a-z ]+ +~\d+ ms .*$/gm)).toHaveLength(6);
  });

  it('compacts a log beside its writer, and leaves only the data it reads', () => {
    const output = run('--tables', 'compacting', '--size', '1MiB', '--seconds', '0.05');
    expect(output).toMatch(/^  while compacting +\d+ /m);
    expect(readdirSync(join(folder, 'data'))).toEqual(['checkpoint-1MiB.log']);
  });
});

function run(...args: string[]): string {
  const fixed = ['--rounds', '1', '--data-dir', join(folder, 'data')];
  const program = join(folder, 'bench/writers.mjs');
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
  return execFileSync(process.execPath, [program, ...fixed, ...args], { encoding: 'utf8', stdio });
}

function resultsOf(table: string, ...args: string[]): unknown {
  const json = join(folder, 'results.json');
  run('--tables', table, '--json', json, ...args);
  return (JSON.parse(readFileSync(json, 'utf8')) as { results: unknown }).results;
}
