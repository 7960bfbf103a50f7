// bench-fsync on the real disk and as a process: the table, the JSON, and signals.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fingerprint } from '../src/engine/recovery/fingerprint.js';
import type { BenchFsyncReport } from '../src/engine/index.js';
import { lookOf } from '../src/cli/human/look.js';
import { toText } from '../src/cli/present.js';
import { log, set } from './helpers/bot-log.js';
import { benchFsync } from './helpers/bench-report.js';
import { cli } from './helpers/cli.js';
import { contextOf } from './helpers/context.js';
import { schemaErrors } from './helpers/schema.js';

const folder = mkdtempSync(join(tmpdir(), 'logctl-bench-fsync-'));
const logs = join(folder, 'logs');
const players = join(logs, 'players.log');
mkdirSync(logs);
writeFileSync(players, log(...Array.from({ length: 200 }, (_, n) => set(`k${n}`, n, n))));
afterAll(() => rmSync(folder, { recursive: true }));

describe('bench-fsync', () => {
  it('measures every method on a real disk and leaves everything as it was', async () => {
    const before = { ...(await fingerprint(contextOf(), players)), ...statSync(players) };
    const { out, err, exitCode } = await cli(['bench-fsync', '--json', '--rounds', '3', folder]);
    const report = JSON.parse(out) as BenchFsyncReport;
    expect(schemaErrors(report)).toEqual([]);
    expect({ err, exitCode }).toEqual({ err: '', exitCode: report.exitCode });
    const names = report.logs[0].methods.map(({ name, group }) => `${name} ${group ?? '-'}`);
    expect(names).toEqual([
      'open+append+fsync 1',
      'append+fsync 1',
      'append+fdatasync 1',
      'append, O_DSYNC 1',
      'overwrite+fdatasync 1',
      'append+fsync 8',
      'append+fsync 64',
      'append, no fsync 1',
      'swap -',
      'directory fsync -',
    ]);
    expect(report.logs[0].methods.every(({ p50, max }) => p50 > 0 && max >= p50)).toBe(true);
    const after = { ...(await fingerprint(contextOf(), players)), ...statSync(players) };
    const { atime: _, atimeMs: __, ...rest } = after;
    expect(before).toMatchObject(rest);
    expect(readdirSync(logs)).toEqual(['players.log']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s in the middle ends it with %d and without a scratch file',
    async (signal, code) => {
      const args = [join(process.cwd(), 'bin/logctl.js'), 'bench-fsync', '--rounds', '10000000'];
      const options = { stdio: ['ignore', 'ignore', 'pipe'] as const };
      const child = spawn(process.execPath, [...args, '--progress', 'json', players], {
        stdio: [...options.stdio],
      });
      child.stderr!.once('data', () => child.kill(signal));
      child.stderr!.resume();
      const [exitCode] = await once(child, 'close');
      expect(exitCode).toBe(code);
      expect(readdirSync(logs)).toEqual(['players.log']);
    },
  );

  it('refuses rounds that are none', async () => {
    expect((await cli(['bench-fsync', '--rounds', '0', players])).exitCode).toBe(2);
  });
});

describe('the table', () => {
  const report = benchFsync;
  const { methods } = report.logs[0];
  const text = toText(report, lookOf(80));

  it('says what was measured, on what, and what it means for the log', () => {
    expect(text).toBe(`\
data/logs on ext4 (/dev/mmcblk0p2, not rotational, write cache: write back)
entries of 412 bytes (median of this log, largest 6,802), as many of 2,000
rounds as fit into 10 s

  METHOD               GROUP  ROUNDS  ENTRIES/S     P50    P95     P99     MAX
  open+append+fsync        1   2,000        118  7.9 ms  12 ms   22 ms  218 ms
  append, no fsync         1   2,000    182,000  1.4 us  12 us  940 us  218 ms
  append+fsync            64   1,279      6,940  7.9 ms  12 ms   22 ms  218 ms
  swap (rename+fsync)      -   2,000          -  7.9 ms  12 ms   22 ms  218 ms

  not shown: p99.9 needs 10,000 rounds (--rounds 10000)

This log's busiest minute: 24 entries, 0.4 a second. The disk can do 118 a
second one by one: enough, 295 times over. No need for group commit.

Whether the disk really keeps what fsync promised, only a power cut can show;
nothing here looks like a cache that answers too fast.
`);
  });

  it('fits 80 columns, also with every percentile', () => {
    const long = { ...report.logs[0], methods: [{ ...methods[0], p999: 999.4 }] };
    for (const one of [text, toText({ ...report, logs: [long] }, lookOf(80))]) {
      for (const line of one.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });
});
