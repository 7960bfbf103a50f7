// logctl compact as cron and the operator run it: screens, mails, JSON, metrics, signals.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadKernelLocks, nodeDisk } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { cli, type CliOptions } from './helpers/cli.js';
import { keepOpen } from './helpers/open-writer.js';
import { schemaErrors } from './helpers/schema.js';

const locks = await loadKernelLocks(nodeDisk);
const given = it.runIf(locks.leases === 'kernel');
const program = join(process.cwd(), 'bin/logctl.js');

let bot: string;
let logs: string;
beforeEach(() => {
  bot = fs.mkdtempSync(join(tmpdir(), 'logctl-bot-'));
  logs = join(bot, 'data', 'logs');
  fs.mkdirSync(logs, { recursive: true });
  write('players', due());
  write('game_state', log(set('a', 1), set('a', 2)));
});
afterEach(() => fs.rmSync(bot, { recursive: true }));

describe('the operator', () => {
  given('looks first, compacts, and looks again, from the directory of the bot', async () => {
    const before = fs.statSync(file('players')).size.toLocaleString('en-US');
    const dry = await run(['-n'], { cwd: bot });
    expect(dry.err).toBe('no target named: taking data/logs\n');
    expectInOrder(dry.out, [
      /^game_state\.log  skipped     \d+ bytes, below 1 MiB$/m,
      new RegExp(`^players\\.log     would do    ${before} -> [\\d,]+ bytes, then 1 backup$`, 'm'),
      /^dry run, nothing was changed; [\d,]+ bytes of disk needed, .* are free$/m,
    ]);
    const done = await run([], { cwd: bot });
    expectInOrder(done.out, [
      /^LOG {13}RESULT {5}BYTES .* STATE HASH .* BACKUPS$/m,
      /^game_state\.log  skipped +\d+ \(below 1 MiB\) +- +0$/m,
      new RegExp(`^players\\.log +compacted  ${before} -> [\\d,]+ +(\\w{8}) = \\1 +1$`, 'm'),
    ]);
    expect([dry.exitCode, done.exitCode]).toEqual([0, 0]);
    const again = await run(['-v', file('players')]);
    expect(again.out).toMatch(/^players\.log     skipped     [\d,]+ bytes, below 1 MiB\n$/);
    expectInOrder(again.err, [
      /players\.log: dialect progressive, from its content$/m,
      /players\.log: threshold --min-size 1048576$/m,
    ]);
  });

  given('is told of options that make no sense, before anything is opened', async () => {
    const wrong: [string[], RegExp][] = [
      [['--min-size', 'big'], /1MiB/],
      [['--min-garbage', '150%'], /0\.5 or 50%/],
      [['--every', 'never'], /90s, 15m/],
      [['--backups', '0'], /the least is 1/],
      [['--gzip-backups=old'], /90s, 15m/],
      [['--lock-wait', '5'], /90s, 15m/],
      [['--backup-dir', join(bot, 'none')], /is no directory/],
      [['-'], /standard input/],
    ];
    for (const [args, message] of wrong) {
      const { out, err, exitCode } = await run([...args, logs]);
      expect({ args, out, exitCode }).toEqual({ args, out: '', exitCode: 2 });
      expect(err.replaceAll(/\n */g, ' ')).toMatch(message);
    }
    expect(fs.readdirSync(logs)).toEqual(['game_state.log', 'players.log']);
  });

  given('is shown the next command once, with the options of this run', async () => {
    const store = join(bot, 'data.db');
    const cut = '{"_id":"b","text":"b\u2028c"}\n';
    fs.writeFileSync(store, '{"_id":"a","text":"b"}\n'.repeat(30) + cut);
    const { out, exitCode } = await run(['--force', '--dialect', 'nedb', store]);
    expect(exitCode).toBe(21);
    const flat = out.replaceAll(/\\?\n */g, ' ');
    expect(flat.match(/logctl .*/g)).toEqual([
      expect.stringMatching(/^logctl verify --dialect nedb /),
    ]);
  });

  given('may name a target behind --gzip-backups', async () => {
    const { out, exitCode } = await run(['-n', '--gzip-backups', logs]);
    expect(exitCode).toBe(0);
    expect(out).toContain('players.log');
  });

  given('sets thresholds', async () => {
    const skipped = await run(['-n', '--min-garbage', '99.9%', file('players')]);
    expect(skipped.out.replaceAll(/\s+/g, ' ')).toContain('% reclaimable, below 99 %');
    const aged = await run(['-n', '--every', 'daily', file('game_state')]);
    expect(aged.out).toContain('would do');
    const forced = await run(['-n', '--force', file('game_state')]);
    expect(forced.out).toContain('would do');
  });
});

describe('cron', () => {
  given('hears nothing while all is well', async () => {
    expect(await run(['-q', logs])).toMatchObject({ out: '', err: '', exitCode: 0 });
    expect(await run(['-q', logs])).toMatchObject({ out: '', err: '', exitCode: 0 });
  });

  given('mails a damaged log: where, what stayed, what to look at, the exit code', async () => {
    write('players', due().replace('}\n', '\n'));
    const { out, err, exitCode } = await run(['-q', logs]);
    expect({ err, exitCode }).toEqual({ err: '', exitCode: 4 });
    expectMail(out, [
      /^\S*players\.log +damaged, not compacted$/m,
      /^ {2}bad-json {2}line 1, byte 0, \d+ bytes/m,
      /^ {2}The log is as it was\.$/m,
      /Other logs: 1 skipped, 0 failed\./,
      /^Next: logctl recover --dry-run/m,
      /^exit 4$/m,
    ]);
  });

  given('mails a busy log: who keeps it open, and what that would cost', async () => {
    const writer = await keepOpen(file('players'));
    const { out, exitCode } = await run(['-q', logs]).finally(() => writer.stop());
    expect(exitCode).toBe(11);
    expectMail(out, [
      /^\S*players\.log +busy, not compacted$/m,
      /^ {2}live-writer {2}pid \d+ \(/m,
      /keeps the file open for appending/,
      /Compacting now would lose what it writes next\. Nothing was changed\./,
      /^Next: /m,
      /^exit 11$/m,
    ]);
  });

  given('mails a full disk: what is needed, what is free, that nothing was left', async () => {
    const full = Object.assign(Object.create(nodeDisk) as typeof nodeDisk, {
      freeBytes: () => 81_920,
    });
    const { out, exitCode } = await run(['-q', logs], { disk: full });
    expect(exitCode).toBe(8);
    expectMail(out, [
      /^\S*players\.log +no verdict, not compacted$/m,
      /bytes/,
      /81,920/,
      /Nothing was changed, no temporary file was left\./,
      /^Next: df -h /m,
      /^exit 8$/m,
    ]);
    const names = fs.readdirSync(logs).filter((name) => !name.endsWith('.lock'));
    expect(names).toEqual(['game_state.log', 'players.log']);
  });
});

describe('a program', () => {
  given('reads one JSON document, whatever happens', async () => {
    const torn = join(logs, 'torn.log');
    fs.writeFileSync(torn, `${due()}{"timestamp":`);
    const broken = join(logs, 'broken.log');
    fs.writeFileSync(broken, due().replace('}\n', '\n'));
    const cases: [string[], number][] = [
      [['-n', file('players')], 0],
      [[file('players')], 0],
      [[file('game_state')], 0],
      [[torn], 3],
      [[broken], 4],
      [[broken, torn, join(logs, 'none.log')], 4],
      [[join(logs, 'none.log')], 10],
      [['--backups', 'many'], 2],
    ];
    for (const [args, exitCode] of cases) {
      const result = await run(['--json', ...args]);
      const report = JSON.parse(result.out);
      expect({ args, errors: schemaErrors(report) }).toEqual({ args, errors: [] });
      expect({ args, exitCode: result.exitCode }).toEqual({ args, exitCode });
      expect(report.exitCode).toBe(exitCode);
    }
  });

  given('reads the figures of every run, of failed ones too', async () => {
    const metrics = join(bot, 'logctl.prom');
    const values = () => fs.readFileSync(metrics, 'utf8').split('\n');
    const of = (name: string, log: string) => `${name}{command="compact",log="${log}"}`;
    await run(['-q', '--metrics-textfile', metrics, logs]);
    const success = values().find((line) => line.startsWith('logctl_last_success_seconds'));
    expect(values()).toContain(`${of('logctl_exit_code', 'players')} 0`);
    expect(values()).toContain(`${of('logctl_backups', 'players')} 1`);
    expect(values().join('\n')).toMatch(/logctl_live_bytes\{.*"game_state"\} [1-9]/);
    expect(values().join('\n')).toMatch(/logctl_compactions\{.*"players",window="24h"\} 1$/m);
    write('players', due().replace('}\n', '\n'));
    await run(['-q', '--metrics-textfile', metrics, logs], { now: () => Date.now() + 5_000 });
    expect(values()).toContain(`${of('logctl_exit_code', 'players')} 4`);
    expect(values().join('\n')).toMatch(/logctl_findings\{.*"players",severity="error"\} 1$/m);
    const kept = values().filter((line) => line.startsWith('logctl_last_success_seconds'));
    expect(kept.find((line) => line.includes('players'))).toBe(
      success?.replace('game_state', 'players'),
    );
  });
});

describe('a signal', () => {
  given.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a compaction with its own code, the log as it was', async (signal, code) => {
    const large = due().repeat(40);
    write('players', large);
    const args = [program, 'compact', '--progress', 'json', file('players')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    // The first progress line: it is reading.
    await once(child.stderr, 'data');
    child.kill(signal);
    const [exitCode] = (await once(child, 'close')) as [number];
    expect(exitCode).toBe(code);
    expect(fs.readFileSync(file('players'), 'utf8')).toBe(large);
    const names = fs.readdirSync(logs).filter((name) => !name.endsWith('.lock'));
    expect(names).toEqual(['game_state.log', 'players.log']);
  });
});

const file = (name: string) => join(logs, `${name}.log`);
const write = (name: string, content: string) => fs.writeFileSync(file(name), content);
const run = (args: string[], options?: CliOptions) => cli(['compact', ...args], options);

/** 1.2 MB of which a tenth is in force. */
function due(): string {
  const lines = Array.from({ length: 2_400 }, (_, at) => {
    return set(`key${at % 240}`, { text: 'x'.repeat(400), at }, at);
  });
  return log(...lines);
}

function expectInOrder(text: string, facts: RegExp[]): void {
  let rest = text;
  for (const fact of facts) {
    const found = fact.exec(rest);
    expect(found, `${fact} in:\n${text}`).not.toBeNull();
    rest = rest.slice(found!.index + found![0].length);
  }
}

/** What fits any mail program: plain ASCII, 80 columns but for paths that nobody can shorten. */
function expectMail(text: string, facts: RegExp[]): void {
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  expectInOrder(text, facts);
}
