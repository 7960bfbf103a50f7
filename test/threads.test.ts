/** Threads: whoever reads which part of a log, what is said of it is the same, to the last byte. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
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
  return { status, stdout: withoutTimes(stdout) };
}

/** Runs it so that each thread has begun to read a part, or has ended there, before anyone else. */
function withEagerThreads(atFirstRead: '' | 'process.exit(1);', ...args: string[]) {
  const threadPath = join(folder, 'thread.mjs');
  const thread = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { workerData } from 'node:worker_threads';
    const { readSync } = fs;
    fs.readSync = (...all) => {
      Atomics.store(workerData.begun, 0, 1);
      Atomics.notify(workerData.begun, 0);
      ${atFirstRead}
      return readSync(...all);
    };
    syncBuiltinESMExports();
    await import(workerData.program);`;
  writeFileSync(threadPath, thread);
  const code = `
    import threads from 'node:worker_threads';
    import { syncBuiltinESMExports } from 'node:module';
    threads.Worker = class extends threads.Worker {
      constructor({ href: program }, options) {
        const begun = new Int32Array(new SharedArrayBuffer(4));
        const workerData = { program, begun };
        super(${JSON.stringify(threadPath)}, { ...options, workerData, execArgv: [] });
        this.begun = begun;
      }
      postMessage(work) {
        super.postMessage(work);
        const { begun } = this;
        console.error(Atomics.wait(begun, 0, 0, 10_000) === 'timed-out' ? 'idle' : 'reads');
      }
    };
    syncBuiltinESMExports();
    process.argv = ['node', 'logctl', ...${JSON.stringify(args)}];
    await import(${JSON.stringify(bin)});`;
  const options = { cwd: folder, encoding: 'utf8', timeout: 300_000 } as const;
  const env = { ...process.env, ...sizes, LOGCTL_TEST_KERNEL: 'simd' };
  const nodeArgs = ['--input-type=module', '-e', code];
  const { stdout, stderr } = spawnSync(process.execPath, nodeArgs, { ...options, env });
  return { stdout: withoutTimes(stdout), threads: stderr.match(/^reads$/gm)?.length };
}

const withoutTimes = (text: string) => text.replace(/"(durationMs|lastEntryAgeMs)":\d+,/g, '');

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

  it('is judged the same where more lines stand in a part than there is room for', () => {
    const short = Array.from({ length: 400 }, (_, n) => `{"op":"DELETE","key":"${n % 7}"}`);
    const text = [plain(1), ...short, '', '', plain(2), ...short, plain(3)].join('\n');
    writeFileSync(join(folder, path), `${text}\n`);
    for (const kernel of ['simd', 'reference']) {
      const one = logctl(1, kernel, 'verify', '--json', path);
      expect(one.stdout).toContain('"DELETE":800');
      expect(logctl(2, kernel, 'verify', '--json', path)).toEqual(one);
    }
  });

  it('has each mismatch of a checksum found, whatever lines follow it', () => {
    const numbered = (n: number) => {
      // A line for the reference, in the same batch, behind one that is spoilt.
      const time = plain(n).replace('Z"', n % 20 === 11 ? '+00:00"' : 'Z"');
      const open = `${time.slice(0, -1)},"seq":${n + 1}`;
      const sum = crc32(open) ^ (n % 20 === 10 ? 1 : 0);
      return `${open},"crc":"${(sum >>> 0).toString(16).padStart(8, '0')}"}\n`;
    };
    const lines = Array.from({ length: 6_000 }, (_, n) => numbered(n));
    writeFileSync(join(folder, path), lines.join(''));
    const one = logctl(1, 'reference', 'verify', '--json', path);
    expect(one.stdout.match(/"crc-mismatch"/g)).toHaveLength(300);
    expect(logctl(2, 'simd', 'verify', '--json', path)).toEqual(one);
  });

  it('is read by another thread at all', () => {
    writeFileSync(join(folder, path), logFrom(seed));
    const { stdout } = logctl(1, 'simd', 'verify', '--json', path);
    const args = ['verify', '--json', '--threads', '2', path];
    expect(withEagerThreads('', ...args)).toEqual({ stdout, threads: 1 });
  });

  it('is read to its end when threads end in the middle of parts', () => {
    writeFileSync(join(folder, path), logFrom(seed));
    const { stdout } = logctl(1, 'simd', 'verify', '--json', path);
    const args = ['verify', '--json', '--threads', '3', path];
    expect(withEagerThreads('process.exit(1);', ...args)).toEqual({ stdout, threads: 2 });
  });
});
