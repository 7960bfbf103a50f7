// The command line as a process of its own: pipes, signals, environment, exit code, what it loads.
//
// The program is the built one, as users start it. Nothing waits for a time: a signal is sent when
// the program is known to read, because it has taken more than a pipe holds.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { log, set } from './helpers/bot-log.js';

const bin = join(process.cwd(), 'bin/logctl.js');
const data = 'fixtures/quickstart/data';
const players = `${data}/logs/players.log`;
const folder = mkdtempSync(join(tmpdir(), 'logctl-process-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The environment without what decides about colours, and with `more`. */
function environment(more: Record<string, string> = {}) {
  const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env;
  return { ...rest, TERM: 'xterm', ...more };
}

function run(args: string[], { env = {}, input = '' as string | Buffer } = {}) {
  const options = { env: environment(env), encoding: 'utf8' as const, input };
  return spawnSync(process.execPath, [bin, ...args], options);
}

describe('the exit code', () => {
  const damaged = `${set('a', 1)}\nnot JSON\n${set('b', 2)}\n`;

  it.each([
    [0, ['--help'], ''],
    [0, ['verify', `${data}/logs/game_state.log`], ''],
    [2, ['verify', '--no-such-option'], ''],
    [3, ['inspect', data], ''],
    [4, ['verify', '-'], damaged],
    [4, ['replay', '-'], damaged],
    [8, ['verify', '/proc/self/mem'], ''],
    [10, ['inspect', 'nowhere.log'], ''],
    [21, ['replay', '--at', '2001-01-01', players], ''],
  ] as const)('%d of %j reaches the shell', (expected, args, input) => {
    expect(run([...args], { input }).status).toBe(expected);
  });

  it('is 8 when the result could not be written', () => {
    const full = openSync('/dev/full', 'w');
    const args = [bin, 'verify', players];
    const stdio = ['ignore', full, 'pipe'] as const;
    const { status, stderr } = spawnSync(process.execPath, args, {
      ...{ stdio: [...stdio], encoding: 'utf8' },
    });
    expect(status).toBe(8);
    expect(stderr).toMatch(/^logctl: the output could not be written: ENOSPC/);
  });
});

describe('pipes', () => {
  it.each([
    // More than a pipe holds, or the write would succeed without a reader.
    ['inspect', `inspect --entries --raw --values -n 0 ${players}`, `${players}: 240 entries`],
    ['replay', `replay --format jsonl big.log`, /^\{"key":"k0",/],
    ['a stream of records', `inspect --entries --format jsonl --raw big.log`, /"line":1,/],
  ])('that nobody reads on end %s quietly with 0', (_name, args, first) => {
    const big = Array.from({ length: 3_000 }, (_, i) => set(`k${i}`, 'x'.repeat(100)));
    writeFileSync(join(folder, 'big.log'), log(...big));
    const words = args.replace('big.log', join(folder, 'big.log'));
    const command = `"${process.execPath}" "${bin}" ${words} | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    const lines = stdout.trimEnd().split('\n');
    if (typeof first === 'string') expect(lines[0]).toBe(first);
    else expect(lines[0]).toMatch(first);
    expect({ last: lines.at(-1), stderr }).toEqual({ last: '0', stderr: '' });
  });

  it('get text without colour, spinner or prompt', () => {
    const { stdout, stderr } = run(['verify', players]);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('');
  });

  it.each([
    ['FORCE_COLOR', true, { FORCE_COLOR: '1' }],
    ['FORCE_COLOR on a dumb terminal', true, { FORCE_COLOR: '1', TERM: 'dumb' }],
    ['NO_COLOR against FORCE_COLOR', false, { NO_COLOR: '1', FORCE_COLOR: '1' }],
  ])('obey %s: %s', (_name, colored, env) => {
    expect(run(['verify', players], { env }).stdout.includes('\u001b[')).toBe(colored);
  });

  it('obey --color before the environment, and JSON never has colours', () => {
    const env = { NO_COLOR: '1' };
    expect(run(['verify', '--color', players], { env }).stdout).toContain('\u001b[');
    const forced = { FORCE_COLOR: '1' };
    const { stdout } = run(['verify', '--color', '--json', players], { env: forced });
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 3 });
    expect(stdout).not.toContain('\u001b');
  });

  it('carry the bytes of a state as they are in the log', () => {
    const value = '{"n":9007199254740993,"z":-0,"f":1.0,"a":1,"a":2,"s":"\\u00e9\u0301"}';
    const input = `{"op":"SET","key":"k","value":${value}}\n`;
    expect(run(['replay', '--format', 'jsonl', '-'], { input }).stdout).toBe(
      `{"key":"k","value":${value}}\n`,
    );
  });
});

describe('a signal', () => {
  const entries = log(
    ...Array.from({ length: 4_000 }, (_, i) => set(`k${i % 9}`, 'x'.repeat(200))),
  );

  it.each([
    ['SIGINT', 130, ['verify', '-']],
    ['SIGTERM', 143, ['verify', '-']],
    ['SIGINT', 130, ['inspect', '--json', '-']],
    ['SIGTERM', 143, ['replay', '-o', join(folder, 'state.json'), '-']],
  ] as const)('%s ends with %d while %j waits for its input', async (signal, expected, args) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: 'pipe' });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    // Called back when the last byte is in the pipe: all before it was taken.
    await new Promise((resolve) => child.stdin.write(entries, resolve));
    child.stdin.on('error', () => {});
    child.kill(signal);
    const [exitCode] = await once(child, 'close');
    expect(exitCode).toBe(expected);
    if (args.includes('--json' as never)) {
      expect(JSON.parse(out)).toMatchObject({ exitCode: expected });
    } else {
      expect(out).toBe('');
      expect(err).toMatch(/^logctl: (interrupted|terminated), the logs are as they were\n$/);
    }
    expect(readdirSync(folder).filter((name) => /state|tmp/.test(name))).toEqual([]);
  });
});

describe('start-up', () => {
  it('of help loads no parser, no engine and no view', () => {
    const { stdout, modules } = loadedBy(['--help']);
    expect(stdout).toContain('Usage: logctl');
    const ours = modules.filter((path) => path.includes('/dist/'));
    expect(ours.length).toBeGreaterThan(0);
    for (const path of ours) expect(readFileSync(path, 'utf8')).not.toContain('class LogctlError');
    expect(packagesOf(modules)).toEqual([]);
  });

  it('of a check loads no colours, tables or foreign functions that it does not need', () => {
    const path = join(folder, 'quick.log');
    writeFileSync(path, log(set('a', 1)));
    const { stdout, modules } = loadedBy(['verify', path]);
    expect(stdout).toContain('no problems found');
    expect(packagesOf(modules)).toEqual([]);
  });

  it('of a command takes what the build has compiled ahead', () => {
    expect(keptIn('.').isTaken).toBe(true);
  });

  it('takes no compiled form that was damaged, or is of another build, and runs without', () => {
    const damages: Record<string, (copy: string, kept: string) => void> = {
      'a flipped bit': (_, kept) => {
        const bytes = readFileSync(kept);
        bytes[bytes.length >> 1] ^= 1;
        writeFileSync(kept, bytes);
      },
      'nothing in it': (_, kept) => truncateSync(kept),
      'its second half lost': (_, kept) => truncateSync(kept, statSync(kept).size >> 1),
      'another script': (copy) => appendFileSync(join(copy, 'dist', 'commands.cjs'), ' '),
    };
    for (const [name, damage] of Object.entries(damages)) {
      const copy = mkdtempSync(join(folder, 'package-'));
      for (const part of ['bin', 'dist']) cpSync(part, join(copy, part), { recursive: true });
      const { kept } = keptIn(copy);
      damage(copy, kept);
      expect({ name, isTaken: keptIn(copy).isTaken }).toEqual({ name, isTaken: false });
      const program = join(copy, 'bin', 'logctl.js');
      const { status } = spawnSync(process.execPath, [program, 'verify', players]);
      expect({ name, status }).toEqual({ name, status: run(['verify', players]).status });
    }
  });

  it('finds packages where one is needed: foreign functions, colours, tables', () => {
    expect(run(['--version']).stdout).toContain('kernel locks: koffi');
    const { modules } = loadedBy(['inspect', '--color', data]);
    expect(packagesOf(modules).sort()).toEqual(['chalk', 'cli-table3']);
  });
});

/** Where the package in `copy` keeps what is compiled of its commands; whether that is taken. */
function keptIn(copy: string): { kept: string; isTaken: boolean } {
  const loader = JSON.stringify(resolve(copy, 'bin', 'load.js'));
  const asked = `
    const { commandsScript, kept } = require(${loader});
    JSON.stringify({ kept, isTaken: commandsScript().cachedDataRejected === false });
  `;
  const { stdout } = spawnSync(process.execPath, ['--print', asked], { encoding: 'utf8' });
  return JSON.parse(stdout) as { kept: string; isTaken: boolean };
}

/** Node names every module it stores: those are the ones that a run loaded. */
function loadedBy(args: string[]): { stdout: string; modules: string[] } {
  const { stdout, stderr } = run(args, { env: { NODE_DEBUG: 'esm,module' } });
  const stored = [...stderr.matchAll(/Storing file:\/\/(\S+)|load "([^"]+)" for module/g)];
  return { stdout, modules: [...new Set(stored.map(([, url, path]) => url ?? path))] };
}

function packagesOf(modules: string[]): string[] {
  const names = modules.map((path) => /\/(chalk|ora|cli-table3|koffi|commander)\//.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
