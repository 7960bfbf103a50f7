/**
 * strace makes one system call of a writer fail, or kills the writer there: every call that touches
 * the log's files, one after the other. What was acknowledged is in the log when it is next opened,
 * at most what was under way besides, and the log takes further entries and verifies.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openLog, verify } from '../../src/engine/index.js';
import { siblingsOf } from '../../src/engine/siblings.js';
import { contextOf } from '../helpers/context.js';
import { buildScript } from '../helpers/engine-build.js';
import { hasStrace } from '../helpers/system-calls.js';
import type { WriterTask } from '../helpers/writer-child.js';

const calls = [
  ...['openat', 'write', 'pwrite64', 'fsync', 'read', 'pread64', 'fstat', 'statx', 'getdents64'],
  ...['link', 'unlink', 'fchown', 'fchmod', 'flock', 'fcntl', 'close'],
];
const faults = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
const count = 5;
const built = buildScript('test/helpers/writer-child.ts');
afterAll(() => rmSync(built.directory, { recursive: true }));

if (!hasStrace) console.log('strace is not installed or may not trace: no faults are injected');

describe.runIf(hasStrace).each(faults)('%s', (fault) => {
  it.each(calls)('at every %s of a writer, loses nothing acknowledged', async (call) => {
    let injected = 0;
    for (let isHit = true, when = 1; isHit; when++) {
      const folder = mkdtempSync(join(tmpdir(), 'logctl-faults-'));
      const path = join(folder, 'players.log');
      const { status, acknowledged, wasHit } = write(path, { call, fault, when });
      isHit = wasHit;
      if (isHit) injected++;
      // Without a fault, and in spite of one that does no harm, it comes to its end.
      if (status === 0) expect([when, acknowledged]).toEqual([when, count]);
      expect([when, status === 0 || wasHit]).toEqual([when, true]);
      const log = await openLog<number>(path);
      const found = [...log.entries()];
      expect([when, found.length]).toEqual([when, Math.max(found.length, acknowledged)]);
      expect(found.length).toBeLessThanOrEqual(acknowledged + 1);
      expect(found).toEqual(found.map((_, i) => [`k-${i}`, i]));
      await log.set('after', 1);
      await log.close();
      const { findings } = await verify(contextOf(), [path], {});
      const bad = findings.filter(({ severity }) => severity === 'error');
      expect([when, bad]).toEqual([when, []]);
      rmSync(folder, { recursive: true });
    }
    console.log(`${fault} at ${call}: ${injected} times`);
  });
});

/** Runs a writer of `count` entries whose n-th call of one kind on the log's files goes wrong. */
function write(path: string, at: { call: string; fault: string; when: number }) {
  const { directory, lock } = siblingsOf(path);
  const trace = join(directory, 'trace');
  const task: WriterTask = {
    ...{ path, name: 'k', from: 0, count, callers: 1, writeMode: 'immediate' },
  };
  const only = [path, directory, lock].flatMap((name) => ['-P', name]);
  const inject = `inject=${at.call}:${at.fault}:when=${at.when}`;
  const given = ['-f', '-qq', '-o', trace, ...only, '-e', `trace=${at.call}`, '-e', inject];
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };
  const program = [process.execPath, built.script, JSON.stringify(task)];
  const { status, stdout } = spawnSync('strace', [...given, ...program], { env, encoding: 'utf8' });
  const wasHit = existsSync(trace) && /INJECTED|SIGKILL/.test(readFileSync(trace, 'utf8'));
  const acknowledged = [...stdout.matchAll(/^ack \d+$/gm)].length;
  return { status, acknowledged, wasHit };
}
