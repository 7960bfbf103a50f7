/**
 * strace makes one fsync, rename, link or unlink of a command fail, or kills the command there;
 * then a command of another kind comes first. Whatever it is, all readers see one state, nothing
 * that was whole is lost, and after one recovery nothing is left of the fault.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  FaultFolder,
  faultScenes,
  nextCommands,
  type FaultScene,
} from '../helpers/fault-scenes.js';
import { hasStrace } from '../helpers/system-calls.js';

const calls = ['fsync', 'rename', 'renameat2', 'link', 'linkat', 'unlink', 'unlinkat'];
const faults = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
const program = resolve('bin/logctl.js');

if (!hasStrace) console.log('strace is not installed or may not trace: no faults are injected');

const buildMs = 600_000;
beforeAll(() => void execFileSync('npm', ['run', 'build', '--silent']), buildMs);

describe.runIf(hasStrace).each(faultScenes)('$name', (scene) => {
  it('leaves one state for all readers, whatever fails and whatever comes next', async () => {
    const wrong: string[] = [];
    let injected = 0;
    for (const call of calls) {
      const times = await callsOf(scene, call);
      for (const fault of faults) {
        for (let when = 1; when <= times; when++) {
          const next = nextCommands[injected % nextCommands.length];
          const words = await strike(scene, { fault, call, when, next });
          injected++;
          const where = `${fault} at ${call} ${when}, then ${next}`;
          for (const one of words) console.log(`${scene.name}, ${where}: ${one}`);
          wrong.push(...words.map((one) => `${where}: ${one}`));
        }
      }
    }
    console.log(`${scene.name}: ${injected} faults, ${wrong.length} wrong`);
    expect(wrong).toEqual([]);
  });
});

interface Strike {
  fault: string;
  call: string;
  when: number;
  next: (typeof nextCommands)[number];
}

/** What is wrong after a fault, a command of another kind, and a last recovery. */
async function strike(scene: FaultScene, { fault, call, when, next }: Strike): Promise<string[]> {
  const at = await FaultFolder.make(scene);
  try {
    const { status, stderr } = under(at, scene, call, [`inject=${call}:${fault}:when=${when}`]);
    const wrong = status === 1 ? [`a bug: ${stderr}`] : [];
    return [...wrong, ...(await at.next(next)), ...(await at.end())];
  } finally {
    at.remove();
  }
}

/**
 * How often the command makes this call. The library that calls the kernel syncs what it printed
 * when the process ends, and hangs where that fails: these calls are not counted.
 */
async function callsOf(scene: FaultScene, call: string): Promise<number> {
  const at = await FaultFolder.make(scene);
  try {
    const { trace } = under(at, scene, call, []);
    const threads = new Map<string, number>();
    const over = new Set<string>();
    for (const [, thread, fd] of trace.matchAll(/^(\d+) +\w+\((\d+)?/gm)) {
      if (fd === '1' || fd === '2') over.add(thread);
      if (!over.has(thread)) threads.set(thread, (threads.get(thread) ?? 0) + 1);
    }
    const least = Math.min(...[...over].map((thread) => threads.get(thread) ?? 0));
    return Math.min(least, Math.max(0, ...threads.values()));
  } finally {
    at.remove();
  }
}

/** Runs the scene's command under strace, which looks at one call. */
function under(at: FaultFolder, scene: FaultScene, call: string, more: readonly string[]) {
  const trace = join(at.folder, 'trace');
  const asked = [`trace=${call}`, ...more].flatMap((one) => ['-e', one]);
  const command = [process.execPath, program, ...scene.command(at.receipt())];
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };
  const how = { cwd: at.folder, env, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(
    'strace',
    ['-f', '-qq', '-o', trace, ...asked, ...command],
    how,
  );
  const text = existsSync(trace) ? readFileSync(trace, 'utf8') : '';
  rmSync(trace, { force: true });
  return { status, stderr, trace: text };
}
