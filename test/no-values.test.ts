// Reports, plans, receipts and metrics hold no value that nobody asked for. Method: the values of a
// log, its backup and its main JSON file hold a secret; every command runs over every state of them
// that recover knows, and the secret is in nothing that was printed or written besides the data.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpoint, log, numbered, set } from './helpers/bot-log.js';
import { cli as runCli } from './helpers/cli.js';

const secret = 'sentinel-7f3a';
const value = (n: number) => ({ n, token: `${secret}-${n}` });
const lines = [1, 2, 3, 4].map((n) => set(`k${n}`, value(n), n));
const mirrorOf = (...ns: number[]) =>
  JSON.stringify(Object.fromEntries(ns.map((n) => [`k${n}`, value(n)])), null, 2);
/** The key can be read, the value cannot: its braces are one too many. */
const bad = (line: string) => line.replace('"value":{', '"value":{{');
const seqs = lines.map((line, i) => numbered(line, i + 1));

const players = 'data/logs/p.log';
const backup = 'data/logs/p.log.backup.1795000000000';
const mirror = 'data/p.json';

interface Scene {
  log: string | Buffer;
  mirror?: string;
  backup?: string;
}

const scenes: [name: string, scene: Scene][] = [
  ['sound', { log: log(...lines), mirror: mirrorOf(1, 2, 3, 4) }],
  ['torn', { log: log(...lines) + lines[0].slice(0, 120), mirror: mirrorOf(1, 2, 3, 4) }],
  [
    'a hole that the main file fills',
    { log: log(bad(lines[0]), lines[1]), mirror: mirrorOf(1, 2) },
  ],
  ['a hole with numbers', { log: log(seqs[0], bad(seqs[1]), seqs[2]), mirror: mirrorOf(1, 3) }],
  [
    'a hole that a backup fills',
    { log: log(lines[0], bad(lines[1]), lines[2]), backup: log(...lines) },
  ],
  ['glued', { log: log(lines[0].slice(0, 100) + lines[1], lines[2]), mirror: mirrorOf(1, 2, 3) }],
  ['values only the main file has', { log: log(lines[0]), mirror: mirrorOf(1, 2, 3) }],
  ['a torn main file', { log: log(lines[0]), mirror: mirrorOf(1, 2).slice(0, 60) }],
  ['cut', { log: checkpoint({ k1: value(1) }, 9).slice(0, 60), backup: log(...lines) }],
  ['empty', { log: '', backup: log(...lines), mirror: mirrorOf(1) }],
  [
    'bytes that are no UTF-8',
    { log: Buffer.from(log(lines[0].replace('"n":1', '"n":"\xff"'), lines[1]), 'latin1') },
  ],
];

const commands = [
  ['inspect'],
  ['inspect', '--entries'],
  ['inspect', '--history', 'k1'],
  ['verify'],
  ['verify', '--quick'],
  ['verify', '-vv'],
  ['replay', '--hash', '-o', 'state', '--on-error', 'skip'],
  ['replay', '--diff', mirror],
  ['compact', '--dry-run', '--force', '-vv'],
  ['bench-fsync', '--rounds', '1'],
  ...['tail', 'prefix', 'salvage', 'strict'].flatMap((policy) => [
    ['recover', '--dry-run', '--policy', policy, '--max-lost', '99'],
    ['recover', '--dry-run', '--policy', policy, '--max-lost', '99', '--mirror', mirror],
    ['recover', '--dry-run', '--policy', policy, '--max-lost', '99', '--adopt-mirror'],
    ['recover', '--dry-run', '--policy', policy, '--max-lost', '99', '--replace-mirror'],
  ]),
];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-no-values-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function make(scene: Scene): void {
  rmSync(join(folder, 'data'), { recursive: true, force: true });
  mkdirSync(join(folder, 'data/logs'), { recursive: true });
  writeFileSync(join(folder, players), scene.log);
  if (scene.mirror !== undefined) {
    writeFileSync(join(folder, mirror), scene.mirror);
    // Older than the log by far: nobody waits for a second reading of what is being written.
    utimesSync(join(folder, mirror), 1e9, 1e9);
  }
  if (scene.backup !== undefined) writeFileSync(join(folder, backup), scene.backup);
}

const read = (name: string) => readFileSync(join(folder, name), 'utf8');

async function quietly(...args: string[]): Promise<number> {
  const { out, err, exitCode } = await runCli(args, { cwd: folder });
  expect({ args, exitCode, found: out + err }).not.toMatchObject({
    found: expect.stringContaining(secret) as string,
  });
  return exitCode;
}

describe.each(scenes)('of a store that is %s', (_name, scene) => {
  it('no command prints or plans a value, as text or as JSON', async () => {
    make(scene);
    for (const command of commands) {
      // The text shows of a plan what the JSON has, and less.
      const isPlan = command[0] === 'recover' && !command.includes('salvage');
      for (const more of isPlan ? [['--json']] : [[], ['--json']]) {
        await quietly(...command, ...more, '--dialect', 'progressive', players);
        rmSync(join(folder, 'state'), { force: true });
      }
    }
  }, 60_000);

  it.each([['--mirror'], ['--adopt-mirror'], ['--replace-mirror']])(
    'a saved plan, its receipt and the metrics hold none, and it is applied as it was planned: %s',
    async (option) => {
      make(scene);
      const policy = ['--policy', 'salvage', '--max-lost', '99', '--dialect', 'progressive'];
      await quietly('recover', '--save-plan', 'plan', ...policy, option, players);
      expect(read('plan')).not.toContain(secret);
      const metrics = ['--metrics-textfile', 'm.prom'];
      const done = await quietly('recover', '--yes', '--json', '--plan', 'plan', ...metrics);
      const files = readdirSync(join(folder, 'data/logs'));
      const receipts = files.filter((name) => name.includes('.receipt.'));
      for (const name of receipts) expect(read(`data/logs/${name}`)).not.toContain(secret);
      expect(read('m.prom')).not.toContain(secret);
      const planned = read(players);
      make(scene);
      const direct = await quietly('recover', '--yes', ...policy, option, players);
      expect([done, timeless(planned)]).toEqual([direct, timeless(read(players))]);
    },
    60_000,
  );
});

/** Two runs give new entries two times, and their receipts two names. */
const timeless = (text: string) =>
  text
    .replace(/"timestamp":"[^"]*"/g, '')
    .replace(/receipt\.\d+/g, '')
    .replace(/"crc":"[^"]*"/g, '');

it('a value of the main file that changed since the plan is not put in', async () => {
  make(scenes[2][1]);
  await quietly(
    'recover',
    '--save-plan',
    'plan',
    '--policy',
    'salvage',
    '--max-lost',
    '9',
    players,
  );
  expect(read('plan')).toContain('"part":"entry"');
  const before = read(players);
  writeFileSync(join(folder, mirror), read(mirror).replace(`${secret}-1`, `${secret}-9`));
  expect(await quietly('recover', '--yes', '--plan', 'plan')).toBe(22);
  expect(read(players)).toBe(before);
});
