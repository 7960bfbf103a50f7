// A mistake of ours that one log brings to light keeps no other log from being looked at: each verb
// reports that log with its error, the others as ever, and ends with 1. The mistake is made by a
// disk: from some opening of that log on, reading it throws what no code of ours throws on purpose.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk, type Disk } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';

let folder: string;
const lines = Array.from({ length: 5 }, (_, at) => set(`k${at % 2}`, at, at));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-contain-'));
  mkdirSync(join(folder, 'logs'));
  for (const name of ['a', 'bug', 'z'])
    writeFileSync(join(folder, `logs/${name}.log`), log(...lines));
  writeFileSync(join(folder, 'logs/torn.log'), `${log(...lines)}{"torn`);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reading `bug.log` throws from its so manieth opening on. */
function brokenDisk(from: number): Disk {
  let opened = 0;
  return {
    ...nodeDisk,
    open(path) {
      const file = nodeDisk.open(path);
      if (!path.endsWith('/bug.log') || ++opened < from) return file;
      const read = () => {
        throw new TypeError('injected: x is not a function');
      };
      return { ...file, read };
    },
  };
}

type Part = {
  path: string;
  exitCode: number;
  error?: { code: string; message: string; hint: string };
};
const run = (from: number, ...args: string[]) =>
  cli(args, { cwd: folder, disk: brokenDisk(from), columns: 200 });

const verbs: [string, string[], number][] = [
  ['verify', ['verify'], 3],
  ['verify --quick', ['verify', '--quick'], 3],
  ['inspect', ['inspect'], 3],
  ['inspect --entries', ['inspect', '--entries'], 3],
  ['inspect --history', ['inspect', '--history', 'k1'], 3],
  ['compact', ['compact', '--force'], 3],
  ['compact --dry-run', ['compact', '--force', '--dry-run'], 0],
  ['recover', ['recover', '--yes'], 0],
  ['recover --dry-run', ['recover', '--dry-run', '--policy', 'salvage'], 0],
];

describe.each(verbs)('%s', (_, command, torn) => {
  // The first is when the format is looked for, the others when the log is read.
  it.each([1, 2])('goes on to the other logs: a mistake at opening %d', async (from) => {
    const { exitCode, out, err } = await run(from, ...command, '--json', 'logs');
    const report = JSON.parse(out) as { exitCode: number; logs: Part[] };
    expect([exitCode, report.exitCode, err]).toEqual([1, 1, '']);
    const parts = new Map(report.logs.map((part) => [part.path, part]));
    expect([...parts.keys()].sort()).toEqual(
      ['a', 'bug', 'torn', 'z'].map((name) => `logs/${name}.log`),
    );
    const { code, message, hint } = parts.get('logs/bug.log')!.error!;
    expect([code, message]).toEqual(['bug', expect.stringContaining('injected: x is not')]);
    expect(hint).toContain('Please report it');
    const others = ['a', 'z', 'torn'].map((name) => parts.get(`logs/${name}.log`)!);
    expect(others.map((part) => [part.exitCode, part.error])).toEqual([
      [0, undefined],
      [0, undefined],
      [torn, undefined],
    ]);
  });

  it('says so to people, and with -vv where it was', async () => {
    const { exitCode, out, err } = await run(2, ...command, 'logs');
    const said = (out + err).replace(/\s+/g, ' ');
    expect(exitCode).toBe(1);
    expect(said).toContain('a mistake in logctl, not in your log: injected');
    expect(said).toContain('Please report it');
    expect(said).not.toContain('at Object.read');
    const loud = await run(2, ...command, '-vv', 'logs');
    expect(loud.err).toMatch(/TypeError: injected[^]*at .*containment\.test\.ts/);
  });

  it('of that log alone ends with 1, in one document', async () => {
    for (const from of [1, 2]) {
      const { exitCode, out } = await run(from, ...command, '--json', 'logs/bug.log');
      const { error } = JSON.parse(out) as { error: { code: string } };
      expect([exitCode, error.code]).toEqual([1, 'bug']);
    }
  });
});

it('the figures for the monitoring tell of all logs', async () => {
  const file = join(folder, 'l.prom');
  const { exitCode } = await run(2, 'verify', '--metrics-textfile', file, 'logs');
  const text = readFileSync(file, 'utf8');
  expect(exitCode).toBe(1);
  for (const [name, code] of [
    ['a', 0],
    ['bug', 1],
    ['torn', 3],
    ['z', 0],
  ]) {
    expect(text).toContain(`logctl_exit_code{command="verify",log="${name}"} ${code}\n`);
  }
});

it('what was found is shown where figures could not be written, whatever the reason', async () => {
  const rename = () => {
    throw new TypeError('injected: y is not a function');
  };
  const args = ['verify', '--json', '--metrics-textfile', join(folder, 'l.prom'), 'logs/a.log'];
  const { exitCode, out } = await cli(args, { cwd: folder, disk: { ...nodeDisk, rename } });
  const report = JSON.parse(out) as { logs: Part[]; error: { code: string } };
  expect([exitCode, report.logs.length, report.error.code]).toEqual([1, 1, 'bug']);
});

it('inspect --follow goes on with the others, and ends with 1 when it is stopped', async () => {
  for (const from of [1, 2]) {
    const interruption = new AbortController();
    const path = join(folder, 'logs/z.log');
    const disk = brokenDisk(from);
    const args = ['inspect', '-f', '-n', '1', '--format', 'jsonl', '--key', 'new', 'logs'];
    const done = cli(args, {
      cwd: folder,
      disk,
      interruption,
      sleep: stopWhen(path, interruption),
    });
    const { exitCode, out, err } = await done;
    expect(out).toContain('"key":"new"');
    expect(err).toContain('logs/bug.log: a mistake in logctl');
    expect(exitCode).toBe(1);
  }

  /** At the first pause an entry is appended, and some looks later the user stops all. */
  function stopWhen(path: string, interruption: AbortController) {
    let slept = 0;
    return async (ms: number) => {
      slept += 1;
      if (slept === 1) writeFileSync(path, log(set('new', 1)), { flag: 'a' });
      if (slept === 40) interruption.abort('interrupted');
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)));
    };
  }
});

it('more findings than a call takes arguments are reported', async () => {
  for (const name of ['a', 'z']) {
    const text = `${lines[0]}\n${'{"op":5}\n'.repeat(80_000)}`;
    writeFileSync(join(folder, `logs/${name}.log`), text);
  }
  const args = ['verify', '--max-findings', '1000000', 'logs'];
  const { out } = await cli([...args, '--json'], { cwd: folder });
  const { exitCode, findings } = JSON.parse(out) as { exitCode: number; findings: object[] };
  expect([exitCode, findings.length]).toEqual([4, 160_001]);
  expect((await cli(args, { cwd: folder })).exitCode).toBe(4);
});
