// The scheduler as a program runs it: real logs, a clock that the test moves.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CompactionScheduler, memoryDisk } from '../src/engine/index.js';
import type { SchedulerOptions } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { buildScript } from './helpers/engine-build.js';

let directory: string;
const pathOf = (name: string) => join(directory, `${name}.log`);
const large = log(set('a', 'x'.repeat(1_048_576)), set('a', 1), set('b', 2));
const damaged = log(set('a', 'x'.repeat(1_048_576)), 'rubbish', set('b', 2));
const linesOf = (name: string) => readFileSync(pathOf(name), 'utf8').trimEnd().split('\n').length;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-scheduler-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

/** A scheduler, and its events as `result name`. */
function heard(options: SchedulerOptions = {}) {
  const scheduler = new CompactionScheduler(options);
  const events: string[] = [];
  const note = ({ result, path }: { result: string; path: string }) =>
    void events.push(`${result} ${path.slice(directory.length + 1)}`);
  scheduler.on('compacted', note).on('skipped', note).on('failed', note);
  return { scheduler, events };
}

describe('a run', () => {
  it('tells of each log, and goes on behind one that fails', async () => {
    writeFileSync(pathOf('bad'), damaged);
    writeFileSync(pathOf('small'), log(set('a', 1), set('a', 2)));
    writeFileSync(pathOf('big'), large);
    const { scheduler, events } = heard();
    const paths = ['bad', 'none', 'small', 'big'].map(pathOf);
    const outcomes = await scheduler.runNow(paths);
    expect(events).toEqual([
      'failed bad.log',
      'skipped none.log',
      'skipped small.log',
      'compacted big.log',
    ]);
    expect(outcomes).toMatchObject([
      { error: { code: 'damaged' } },
      { reason: 'there is no log yet' },
      { reason: 'below 1 MiB' },
      { part: { bytesBefore: large.length, keys: 2, backupsKept: 1 } },
    ]);
    expect([linesOf('big'), readFileSync(pathOf('bad'), 'utf8') === damaged]).toEqual([1, true]);
  });

  it('keeps 3 backups, or as many as it is told', async () => {
    for (const [backups, kept] of [
      [undefined, 3],
      [1, 1],
    ]) {
      const { scheduler } = heard({ minSize: 0, backups });
      for (let round = 0; round < 5; round++) {
        writeFileSync(pathOf('p'), log(set('a', round), set('b', round)), { flag: 'a' });
        const [outcome] = await scheduler.runNow([pathOf('p')]);
        expect(outcome.result).toBe('compacted');
        if (round < 4) continue;
        expect(outcome).toMatchObject({ part: { backupsKept: kept } });
      }
    }
  });

  it('works on a disk in memory, too', async () => {
    const disk = memoryDisk({ '/p.log': log(set('a', 1), set('a', 2)) });
    const [outcome] = await heard({ disk, minSize: 0 }).scheduler.runNow(['/p.log']);
    expect(outcome.result).toBe('compacted');
    expect(disk.text('/p.log')).toMatch(/^\{"op":"CHECKPOINT","state":\{"a":2\}[^\n]*\n$/);
  });
});

describe('the timer', () => {
  it('runs at each interval, once at a time, until it is stopped', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    writeFileSync(pathOf('p'), large);
    const { scheduler, events } = heard({ intervalMs: 1_000 });
    expect(scheduler.start([pathOf('p')]).start([pathOf('other')])).toBe(scheduler);
    vi.advanceTimersByTime(999);
    expect(events).toEqual([]);
    // Three intervals pass while the first run is at work.
    vi.advanceTimersByTime(3_001);
    await scheduler.stop();
    expect(events).toEqual(['compacted p.log']);
    vi.advanceTimersByTime(10_000);
    await scheduler.stop();
    expect(events).toEqual(['compacted p.log']);
    scheduler.start([pathOf('p')]);
    vi.advanceTimersByTime(1_000);
    await scheduler.stop();
    expect(events).toEqual(['compacted p.log', 'skipped p.log']);
  });

  it('stops when the run in progress is over, and not before', async () => {
    writeFileSync(pathOf('p'), large);
    const { scheduler, events } = heard();
    const run = scheduler.start([pathOf('p')]).runNow();
    expect(events).toEqual([]);
    await scheduler.stop();
    expect(events).toEqual(['compacted p.log']);
    await run;
  });

  it.each([0, -1, NaN, 2 ** 31])('is refused an interval of %s ms', (intervalMs) => {
    expect(() => new CompactionScheduler({ intervalMs })).toThrow(/an interval of/);
  });

  it('keeps no process alive', () => {
    const { directory: built, script } = buildScript('src/engine/scheduler.ts');
    const code = `import { CompactionScheduler } from ${JSON.stringify(script)};
      console.log(new CompactionScheduler().start(['x.log']).isRunning);`;
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    try {
      const args = ['--input-type=module', '-e', code];
      const options = { env, encoding: 'utf8', timeout: 300_000 } as const;
      expect(execFileSync(process.execPath, args, options)).toBe('true\n');
    } finally {
      rmSync(built, { recursive: true, force: true });
    }
  });
});
