// inspect --follow as a process of its own, beside a writer and compactions that are processes too.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli } from './helpers/cli.js';
import { log, set } from './helpers/bot-log.js';

const bin = join(process.cwd(), 'bin/logctl.js');
let folder: string;
let players: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-follow-'));
  mkdirSync(join(folder, 'logs'));
  players = join(folder, 'logs/players.log');
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts `inspect --follow`; `line` waits for the next one on stdout. */
function start(...args: string[]) {
  const started = spawn(process.execPath, [bin, 'inspect', '-f', ...args], { stdio: 'pipe' });
  child = started;
  let err = '';
  started.stderr.on('data', (chunk) => (err += chunk));
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`it ended: ${err}`);
    return value;
  };
  const end = async (signal: NodeJS.Signals) => {
    started.kill(signal);
    const [exitCode] = await once(started, 'close');
    return { exitCode, err };
  };
  return { line, end };
}

/** A program like the bot: opens the log by its path for each entry. Ends after `count`. */
function startWriter(path: string, count: number): ChildProcess {
  const script = `
    const { openSync, writeSync, closeSync } = require('node:fs');
    const [path, count] = process.argv.slice(1);
    let n = 0;
    const timer = setInterval(() => {
      const entry = { timestamp: new Date().toISOString(), op: 'SET', key: 'n' + n, value: n };
      const file = openSync(path, 'a');
      writeSync(file, JSON.stringify(entry) + '\\n');
      closeSync(file);
      if (++n === Number(count)) clearInterval(timer);
    }, 2);`;
  return spawn(process.execPath, ['-e', script, path, String(count)], { stdio: 'inherit' });
}

describe('inspect --follow', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('prints what is there, then what comes; %s ends it quietly', async (signal, code) => {
    writeFileSync(players, log(set('a', 1), set('b', 1), set('c', 1)));
    const { line, end } = start('-n', '2', players);
    expect(await line()).toBe('2026-11-19T09:00:00.000Z  SET     b  1 byte  line 2');
    expect(await line()).toMatch(/ c {2}1 byte {2}line 3$/);
    appendFileSync(players, log(set('d\u001b', 'x', 4)));
    expect(await line()).toBe('2026-11-19T09:00:04.000Z  SET     d\\u{1b}  3 bytes  line 4');
    expect(await end(signal)).toEqual({ exitCode: code, err: '' });
  });

  it('streams records that are those of --entries', async () => {
    writeFileSync(players, log(set('a', { n: 1 })));
    const { line, end } = start('--format', 'jsonl', '--values', '--key', 'a', players);
    const args = ['inspect', '--entries', '--format', 'jsonl', '--values', players];
    expect(`${await line()}\n`).toBe((await cli(args)).out);
    appendFileSync(players, log(set('b', 1), set('a', [2])));
    expect(JSON.parse(await line())).toMatchObject({ key: 'a', line: 3, value: [2] });
    await end('SIGINT');
  });

  it('shows each entry of a writer once, whatever compactions there are', async () => {
    const entries = 600;
    writeFileSync(players, log(set('first', 1)));
    const { line, end } = start('--format', 'jsonl', players);
    await line();
    const writer = startWriter(players, entries);
    const isOver = once(writer, 'exit');
    let compactions = 0;
    while (writer.exitCode === null) {
      const args = [bin, 'compact', '--force', '--backups', '2', '--json', players];
      const compaction = spawn(process.execPath, args, { stdio: 'ignore' });
      await once(compaction, 'exit');
      if (compaction.exitCode === 0) compactions++;
    }
    await isOver;
    const keys: string[] = [];
    while (keys.length < entries) keys.push(JSON.parse(await line()).key);
    expect(keys).toEqual(Array.from({ length: entries }, (_, n) => `n${n}`));
    expect(compactions).toBeGreaterThan(0);
    const { err } = await end('SIGINT');
    expect(err).toContain(`${players}: compacted: goes on at line `);
  });

  it('follows all logs of a directory, and names them', async () => {
    const tokens = join(folder, 'logs/tokens.log');
    writeFileSync(players, log(set('a', 1)));
    writeFileSync(tokens, log(set('b', 1)));
    const { line, end } = start(folder);
    const shown = [await line(), await line()].map((text) => text.split('  ').at(-1)).sort();
    expect(shown).toEqual(['players.log line 1', 'tokens.log line 1']);
    appendFileSync(tokens, log(set('c', 1)));
    expect(await line()).toMatch(/ c {2}1 byte {2}tokens\.log line 2$/);
    await end('SIGINT');
  });

  it.each([
    [['--json'], '--follow has no end'],
    [['--history', 'a'], 'cannot be used with'],
    [['--end', '3'], 'cannot be used with'],
  ])('refuses %j', async (args, words) => {
    writeFileSync(players, log(set('a', 1)));
    const { out, err, exitCode } = await cli(['inspect', '-f', ...args, players]);
    expect({ exitCode, text: out + err }).toMatchObject({ exitCode: 2 });
    expect(out + err).toContain(words);
  });

  it('cannot follow standard input, nor what is not there', () => {
    for (const [target, code] of [
      ['-', 2],
      [join(folder, 'none.log'), 10],
    ] as const) {
      const { status } = spawnSync(process.execPath, [bin, 'inspect', '-f', target], { input: '' });
      expect(status).toBe(code);
    }
  });
});
