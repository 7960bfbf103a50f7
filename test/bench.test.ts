// The benchmark's data is the same on every run, and its peers read all of it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const kinds = ['players', 'small', 'checkpoint'];
const size = 2 ** 20;
let folder: string;

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

  it('shows a program that cannot run as failed, and measures the others', () => {
    const args = ['--kind', 'small', '--size', '64KiB', '--rounds', '1', '--data-dir', folder];
    const only = ['--only', 'chunks,readline,jq empty,wc -l'];
    // Without a PATH there is no jq and no wc; Node is called by its own path.
    const table = run('bench/run.mjs', [...args, ...only], { PATH: '' });
    expect(table).toMatch(/^  chunks +\d+ /m);
    expect(table).toMatch(/^  readline +\d+ /m);
    expect(table).toMatch(/^  jq empty +failed /m);
    expect(table).toMatch(/^  wc -l +failed /m);
    expect(table).toMatch(/^jq empty: FAILED, .*ENOENT/m);
  });
});

function generateInto(dataDir: string): void {
  const args = ['--kind', kinds.join(','), '--size', String(size), '--data-dir', dataDir];
  run('bench/generate.mjs', args);
}

function pathOf(kind: string): string {
  return join(folder, 'first', `${kind}-1MiB.log`);
}

function hashesOf(dataDir: string): string[] {
  const hashOf = (path: string): string => {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  };
  return readdirSync(dataDir)
    .sort()
    .map((name) => `${name} ${hashOf(join(dataDir, name))}`);
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): string {
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
  return execFileSync(process.execPath, [program, ...args], { encoding: 'utf8', stdio, env });
}
