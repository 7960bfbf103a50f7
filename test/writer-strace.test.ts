// The order in which a writer's system calls really happen, seen by strace: its answer to a caller
// is a write to standard output, and stands behind an fsync that began behind the entry's write.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildScript } from './helpers/engine-build.js';
import { callEvents, hasStrace, tracing, type CallEvent } from './helpers/system-calls.js';
import type { WriterTask } from './helpers/writer-child.js';

const folder = mkdtempSync(join(tmpdir(), 'logctl-strace-'));
const built = buildScript('test/helpers/writer-child.ts');
const path = join(folder, 'players.log');
const count = 40;
afterAll(() => {
  for (const one of [folder, built.directory]) rmSync(one, { recursive: true });
});
if (!hasStrace) console.log('strace is not installed or may not trace: skipped');

/** Runs a writer to its end; gives its calls. */
function traced(task: Pick<WriterTask, 'writeMode' | 'callers'>): CallEvent[] {
  const whole: WriterTask = { path, name: 'k', from: 0, count, ...task };
  const trace = join(folder, 'trace');
  rmSync(path, { force: true });
  const [program, ...rest] = tracing(trace, 'write,pwrite64,writev,fsync,fdatasync');
  const given = [...rest, process.execPath, built.script, JSON.stringify(whole)];
  const { status, stderr } = spawnSync(program, given, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return callEvents(trace);
}

/** Numbers in the order of their answers, and those that were answered before they were durable. */
function judge(events: readonly CallEvent[]) {
  const written = new Set<number>();
  const durable = new Set<number>();
  const answered: number[] = [];
  const early: number[] = [];
  let inSync: number[] = [];
  for (const { what, name, path: file, text, result } of events) {
    const isSync = name === 'fsync' || name === 'fdatasync';
    if (file === path && isSync && what === 'begins') inSync = [...written];
    if (file === path && isSync && result === 0) for (const number of inSync) durable.add(number);
    if (file === path && !isSync && what === 'ends') {
      for (const [, number] of text.matchAll(/key\\":\\"k-(\d+)\\"/g)) written.add(Number(number));
    }
    const answer = file === path || what === 'ends' ? null : /"ack (\d+)\\n"/.exec(text);
    if (answer === null) continue;
    answered.push(Number(answer[1]));
    if (!durable.has(Number(answer[1]))) early.push(Number(answer[1]));
  }
  return { answered: answered.sort((a, b) => a - b), early };
}

const all = Array.from({ length: count }, (_, i) => i);

describe.runIf(hasStrace)('the answer to a caller', () => {
  it.each([
    ['immediate', 1],
    ['immediate', 8],
    ['group', 8],
  ] as const)('comes behind its fsync: %s, %i callers', (writeMode, callers) => {
    expect(judge(traced({ writeMode, callers }))).toEqual({ answered: all, early: [] });
  });

  it.each(['async', 'none'] as const)('is seen to come before it: %s', (writeMode) => {
    const { answered, early } = judge(traced({ writeMode, callers: 1 }));
    expect(answered).toEqual(all);
    expect(early.length).toBeGreaterThan(count / 2);
  });
});
