/**
 * strace makes one system call of a compaction fail, or kills the process there: every call that
 * touches the log's files, one after the other. The next run must find every acknowledged entry.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildHammer, Hammer } from '../helpers/hammer.js';
import { siblingsOf } from '../../src/engine/siblings.js';

const calls = [
  ...['openat', 'read', 'pread64', 'write', 'pwrite64', 'fsync', 'fstat', 'statx', 'getdents64'],
  ...['rename', 'renameat2', 'link', 'unlink', 'fchown', 'fchmod', 'flock', 'fcntl', 'close'],
];
const faults = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
/** Names of errors that a run may end with: exit 8, or what an unreadable lock or log becomes. */
const codes = /^(io|no-space|compacted|deferred|busy|refused|unsupported)$/;
const scripts = buildHammer();
const hasStrace = spawnSync('strace', ['-V']).status === 0;
afterAll(() => scripts.remove());

if (!hasStrace) console.log('strace is not installed: no faults are injected');

describe.runIf(hasStrace).each(faults)('%s', (fault) => {
  it.each(calls)('at every %s, loses nothing acknowledged', async (call) => {
    let injected = 0;
    for (let when = 1; ; when += 1) {
      const one = Hammer.make(scripts);
      await one.write({ burst: 4, pauseMs: 3 });
      const trace = join(dirname(one.path), 'trace');
      const done = await one.compact(1, { under: strace(one.path, trace, { call, fault, when }) });
      const wasHit = existsSync(trace) && /INJECTED|SIGKILL/.test(readFileSync(trace, 'utf8'));
      // An error ends in a report, never in a stack trace.
      expect([when, done !== undefined]).toEqual([when, fault !== 'signal=KILL' || !wasHit]);
      const results = Object.keys(done?.results ?? {});
      for (const result of results) expect(result).toMatch(codes);
      for (const message of done?.messages ?? []) expect(message).toContain(dirname(one.path));
      expect(Object.keys((await one.compact(1))!.results)).toEqual(['compacted']);
      await one.stop();
      expect([when, one.audit()]).toEqual([when, []]);
      one.remove();
      if (!wasHit) break;
      injected += 1;
    }
    console.log(`${fault} at ${call}: ${injected} times`);
  });
});

function strace(path: string, trace: string, at: { call: string; fault: string; when: number }) {
  const { directory, lock, compactLock, intent, temporaryPrefix } = siblingsOf(path);
  const temporaries = Array.from({ length: 9 }, (_, i) =>
    join(directory, `${temporaryPrefix}${i}`),
  );
  const backup = join(directory, `${basename(path)}.backup.1`);
  const paths = [path, directory, lock, compactLock, intent, backup, ...temporaries];
  const inject = `inject=${at.call}:${at.fault}:when=${at.when}`;
  const only = paths.flatMap((name) => ['-P', name]);
  return ['strace', '-f', '-qq', '-o', trace, ...only, '-e', `trace=${at.call}`, '-e', inject];
}
