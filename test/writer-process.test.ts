// Writers as processes of their own: killed at any moment, out of disk space, several on one log.
// What a child was told is on the disk it says in the pipe at once, so a kill takes back no word.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compact, openLog, verify, type WriteContext } from '../src/engine/index.js';
import { loadKernelLocks, nodeDisk } from '../src/engine/index.js';
import { buildScript } from './helpers/engine-build.js';
import { contextOf } from './helpers/context.js';
import type { WriterTask } from './helpers/writer-child.js';

let built: { directory: string; script: string };
let directory: string;
let path: string;

beforeAll(() => {
  built = buildScript('test/helpers/writer-child.ts');
});
afterAll(() => rmSync(built.directory, { recursive: true, force: true }));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-process-'));
  path = join(directory, 'players.log');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A running child and all it has said. */
class Child {
  private readonly process: ChildProcess;
  private text = '';
  readonly ended: Promise<unknown>;

  constructor(task: WriterTask) {
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    this.process = spawn(process.execPath, [built.script, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    this.process.stdout!.on('data', (part: Buffer) => (this.text += part.toString()));
    this.ended = once(this.process, 'close');
  }

  get acknowledged(): number[] {
    const whole = this.text.slice(0, this.text.lastIndexOf('\n') + 1);
    return [...whole.matchAll(/^ack (\d+)$/gm)].map(([, number]) => Number(number));
  }

  get isOver(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async says(words: string): Promise<void> {
    while (!this.text.includes(words)) {
      if (this.isOver) throw new Error(`the child ended without "${words}": ${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

/** The keys of a log that verifies, and the key of each entry in order. */
async function readBack(at = path) {
  const { findings } = await verify(contextOf(), [at], {});
  const bad = findings.filter(({ severity }) => severity !== 'notice').map(({ code }) => code);
  expect(bad).toEqual([]);
  const log = await openLog<number>(at, { readOnly: true });
  return new Map(log.entries());
}

describe('kill -9', () => {
  const deaths = 200;
  const lanes = 2;

  it(`loses nothing acknowledged in ${deaths} deaths`, async () => {
    const lane = async (number: number) => {
      const at = join(directory, `lane-${number}.log`);
      const acknowledged: number[] = [];
      let from = 0;
      for (let death = 0; death < deaths / lanes; death++) {
        const writeMode = death % 2 === 0 ? 'immediate' : 'group';
        const task = { path: at, name: 'k', from, callers: 1 + (death % 8), writeMode } as const;
        const child = new Child(task);
        await child.says('ack');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 25));
        await child.kill();
        acknowledged.push(...child.acknowledged);
        from += 10_000;
      }
      const found = await readBack(at);
      const lost = acknowledged.filter((one) => found.get(`k-${one}`) !== one);
      expect({ lane: number, lost }).toEqual({ lane: number, lost: [] });
      return acknowledged.length;
    };
    const counts = await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
    expect(Math.min(...counts)).toBeGreaterThan(deaths / lanes);
  });
});

describe('several processes on one log, while compaction loops', () => {
  it('lose nothing, keep the order of each writer, and give each number once', async () => {
    const count = 250;
    const names = ['w0', 'w1', 'w2', 'w3'];
    const task = { path, from: 0, count, callers: 3, writeMode: 'immediate' } as const;
    const children = names.map((name) => new Child({ ...task, name }));
    const context: WriteContext = {
      ...contextOf(nodeDisk, { now: Date.now }),
      disk: nodeDisk,
      locks: await loadKernelLocks(nodeDisk),
      random: () => Math.random().toString(16).slice(2),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    };
    await children[0].says('ack 3');
    let compactions = 0;
    while (children.some((child) => !child.isOver)) {
      const options = { force: true, backups: 1_000, lockWait: 60_000 };
      const report = await compact(context, [path], options);
      if (report.logs[0].result === 'compacted') compactions++;
      await context.sleep(10);
    }
    for (const child of children) expect(child.acknowledged).toHaveLength(count);
    const found = await readBack();
    for (const name of names) {
      const own = [...found.keys()].filter((key) => key.startsWith(`${name}-`));
      expect(own).toEqual(Array.from({ length: count }, (_, number) => `${name}-${number}`));
    }
    expect(repeatedNumbers()).toEqual([]);
    expect(compactions).toBeGreaterThan(0);
  });

  /** Numbers that two different lines of the log and its backups carry. */
  function repeatedNumbers(): string[] {
    const lineOf = new Map<string, string>();
    const repeated: string[] = [];
    for (const name of readdirSync(directory).filter((one) => /\.log(\.backup\.\d+)?$/.test(one))) {
      for (const line of readFileSync(join(directory, name), 'utf8').split('\n')) {
        const seq = /,"seq":(\d+),"crc":"[0-9a-f]{8}"\}$/.exec(line)?.[1];
        if (seq === undefined || line.includes('"op":"CHECKPOINT"')) continue;
        if ((lineOf.get(seq) ?? line) !== line) repeated.push(seq);
        lineOf.set(seq, line);
      }
    }
    return repeated;
  }
});

describe.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
  'a full disk (a tmpfs of 64 KiB; needs root)',
  () => {
    let small: string;
    beforeEach(() => {
      small = join(directory, 'small');
      mkdirSync(small);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
    });
    afterEach(() => execFileSync('umount', [small]));

    it.each(['immediate', 'group'] as const)(
      '%s: nothing acknowledged is lost',
      async (writeMode) => {
        const at = join(small, 'players.log');
        const log = await openLog(at, { writeMode });
        const outcomes: PromiseSettledResult<string>[] = [];
        for (let round = 0; outcomes.every(({ status }) => status === 'fulfilled'); round++) {
          const calls = Array.from({ length: 8 }, async (_, call) => {
            const key = `k${round}-${call}`;
            await log.set(key, 'x'.repeat(900));
            return key;
          });
          outcomes.push(...(await Promise.allSettled(calls)));
        }
        const errors = outcomes.flatMap((one) =>
          one.status === 'rejected' ? [one.reason as Error] : [],
        );
        for (const error of errors) expect(error).toMatchObject({ code: 'no-space' });
        await expect(log.set('more', 1)).rejects.toThrow(
          /takes no more changes since a write failed/,
        );
        const kept = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        expect([...log.keys()]).toEqual(kept);
        await expect(log.close()).rejects.toMatchObject({ code: 'no-space' });
        // With room again the torn end is put aside, and writing goes on.
        execFileSync('mount', ['-o', 'remount,size=1m', small]);
        const again = await openLog(at);
        const keys = [...again.keys()];
        expect(keys.slice(0, kept.length)).toEqual(kept);
        await again.set('more', 1);
        await again.close();
        expect([...(await readBack(at)).keys()]).toEqual([...keys, 'more']);
      },
    );
  },
);
