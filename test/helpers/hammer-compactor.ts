/**
 * Compacts one log over and over in a process of its own.
 *
 * Arguments: path, how many times, pause between two in ms, the number of the call (of disk and
 * locks) before which this process kills itself (0: never), and how it names things: `plain`, where
 * temporaries count up and the clock stands still, or `random`. Prints what came of it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { compactLog } from '../../src/engine/compaction/compact-log.js';
import type { WriteContext } from '../../src/engine/context.js';
import { nodeDisk } from '../../src/engine/disk.js';
import { LogctlError } from '../../src/engine/errors.js';
import { loadKernelLocks } from '../../src/engine/kernel-locks.js';
import { openLog } from '../../src/engine/log.js';

/** Calls of disk, files and locks that change something, or let somebody else go on. */
const STEPS = new Set(
  (
    'create openAppend rename exchange link unlink syncDirectory append sync syncAsync ' +
    'setOwner setMode lock tryLock unlock lease release'
  ).split(' '),
);
const [path, times, pauseMs, dieAt, names] = process.argv.slice(2);
const isPlain = names === 'plain';
let calls = 0;
let made = 0;
const context: WriteContext = {
  disk: mortal(nodeDisk),
  locks: mortal(await loadKernelLocks(nodeDisk)),
  now: () => (isPlain ? 1 : Date.now()),
  version: '0.0.0',
  sleep: async (ms) => void (await wait(ms)),
  random: () => String(isPlain ? ++made : Math.floor(Math.random() * 2 ** 48).toString(16)),
};
const results: Record<string, number> = {};
const messages: string[] = [];
process.stdout.write('ready\n');
for (let run = 0; run < Number(times); run += 1) {
  const result = await compactOnce();
  results[result] = (results[result] ?? 0) + 1;
  await wait(Number(pauseMs));
}
process.stdout.write(`${JSON.stringify({ results, messages, calls })}\n`);

async function compactOnce(): Promise<string> {
  try {
    const log = await openLog(context, path);
    return (await compactLog(context, log, { backups: 1e6, lockWait: 10_000 })).result;
  } catch (error) {
    if (!(error instanceof LogctlError)) throw error;
    messages.push(error.message);
    return error.code;
  }
}

/** The same object; each call that does something counts, and one of them is never reached. */
function mortal<T extends object>(target: T): T {
  return new Proxy(target, {
    get(from, name) {
      const value = Reflect.get(from, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        const isStep = STEPS.has(String(name));
        if (isStep && ++calls === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
        const answer = Reflect.apply(value, from, given) as unknown;
        const isFile = typeof answer === 'object' && answer !== null && 'append' in answer;
        return isFile ? mortal(answer) : answer;
      };
    },
  });
}
