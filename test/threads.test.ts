/** Threads: whoever reads which part of a log, what is said of it is the same, to the last byte. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logLine } from './helpers/random-log.js';
import { announcedSeed } from './helpers/seed.js';

const bin = resolve('bin/logctl.js');
const path = 'players.log';
const sizes = { LOGCTL_TEST_SEGMENT_BYTES: '4096', LOGCTL_TEST_CHUNK_BYTES: '1024' };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-threads-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the built program with parts of 4 KiB, so that a small log has many. */
function logctl(threads: number, kernel: string, ...args: string[]) {
  const { stdout, status } = spawnSync(
    process.execPath,
    [bin, ...args, '--threads', `${threads}`],
    {
      cwd: folder,
      env: { ...process.env, ...sizes, LOGCTL_TEST_KERNEL: kernel },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  return { status, stdout: stdout.replace(/"(durationMs|lastEntryAgeMs)":\d+,/g, '') };
}

const plain = (n: number) =>
  `{"timestamp":"2026-11-19T09:00:00.${String(n % 1000).padStart(3, '0')}Z","op":"SET",` +
  `"key":"user:${n % 97}","value":{"n":${n},"text":"${'x'.repeat(n % 300)}"}}`;

/** Mostly plain lines: odd ones here and there, and one that is longer than several parts. */
function logFrom(seed: number): string {
  const odd = fc.sample(logLine, { seed, numRuns: 40 }).map(({ text }) => text);
  const lines = Array.from({ length: 1500 }, (_, n) => {
    return (n * 7919 + seed) % 38 === 0 ? odd[n % odd.length] : plain(n);
  });
  lines[700] = plain(700).replace('"text":"', `"text":"${'long '.repeat(5_000)}`);
  lines[900] = `${plain(900).slice(0, 60)}${plain(901)}`;
  return `${lines.join('\n')}\n${plain(1500).slice(0, seed % 90)}`;
}

describe('a log that several threads read', () => {
  const seed = announcedSeed('logs for threads');

  it.each([0, 1])('is judged as one thread judges it (%i)', (more) => {
    writeFileSync(join(folder, path), logFrom(seed + more));
    for (const verb of [
      ['verify', '--json'],
      ['inspect', '--json'],
      ['replay', '--on-error', 'skip'],
    ]) {
      const one = logctl(1, 'reference', ...verb, path);
      expect(one.stdout.length).toBeGreaterThan(100);
      expect(logctl(2 + more, 'simd', ...verb, path)).toEqual(one);
      if (more === 0) expect(logctl(3, 'reference', ...verb, path)).toEqual(one);
    }
  });

  it('is read by other threads at all', () => {
    writeFileSync(
      join(folder, path),
      Array.from({ length: 2000 }, (_, n) => `${plain(n)}\n`).join(''),
    );
    const code = `
      import { Worker } from 'node:worker_threads';
      import { syncBuiltinESMExports } from 'node:module';
      import threads from 'node:worker_threads';
      let started = 0;
      threads.Worker = class extends Worker { constructor(...all) { super(...all); started++; } };
      syncBuiltinESMExports();
      process.argv = ['node', 'logctl', 'verify', '--threads', '3', '${path}'];
      await import('${bin}');
      console.log('started', started);`;
    const env = { ...process.env, LOGCTL_TEST_SEGMENT_BYTES: '4096' };
    const args = ['--input-type=module', '-e', code];
    expect(execFileSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })).toContain(
      'started 2',
    );
  });
});
