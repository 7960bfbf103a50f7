// The exit code of every outcome that inspect, verify and replay can have, with --json and without.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeDisk, type Disk, type SourceFile } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { cli, type CliOptions } from './helpers/cli.js';
import { schemaErrors } from './helpers/schema.js';
import { expectToFit } from './helpers/screens.js';

const folder = mkdtempSync(join(tmpdir(), 'logctl-exit-'));
const at = (name: string) => join(folder, name);
const sound = log(set('a', 1, 1), set('b', 2, 2));
const files: Record<string, string> = {
  'sound.log': sound,
  'torn.log': sound + set('a', 3, 3).slice(0, 40),
  'damaged.log': `${set('a', 1)}\nnot JSON\n${set('b', 2)}\n`,
  'state.json': '{"a":1,"b":2}',
  'other.json': '{"a":1,"b":3}',
  'prose.txt': 'dear diary\n',
};

beforeAll(() => {
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
  mkdirSync(at('empty'));
  symlinkSync('round.log', at('round.log'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A disk that does something before and after each read of `name`. */
function onRead(name: string, before: () => void, after?: (target: Uint8Array) => void): Disk {
  const open = (path: string): SourceFile => {
    const file = nodeDisk.open(path);
    if (path !== at(name)) return file;
    const read = (target: Uint8Array, position: number) => {
      before();
      const length = file.read(target, position);
      after?.(target);
      return length;
    };
    return Object.assign(Object.create(file) as SourceFile, { read });
  };
  return Object.assign(Object.create(nodeDisk) as Disk, { open });
}

/** A disk on which another program acts on `name` while that is read, not yet when it is opened. */
function whileRead(name: string, act: () => void): Disk {
  const lines = Array.from({ length: 3_000 }, (_, i) => set(`k${i}`, i, i));
  writeFileSync(at(name), log(...lines));
  // More than a look at the ends of a file takes.
  const after = ({ length }: Uint8Array) => (length > 65_536 ? act() : undefined);
  return onRead(name, () => undefined, after);
}

const shrinking = () => whileRead('shrinks.log', () => truncateSync(at('shrinks.log'), 10));
/** The log's own program is half way through an append. */
const growing = () => whileRead('grows.log', () => appendFileSync(at('grows.log'), '{"timest'));

const noState = at('none.json');
type Case = [name: string, exitCode: number, args: string[], options?: () => CliOptions];

const cases: Case[] = [
  ['nothing wrong', 0, ['verify', at('sound.log')]],
  ['nothing wrong', 0, ['inspect', at('sound.log')]],
  ['nothing wrong', 0, ['inspect', '--entries', at('sound.log')]],
  ['nothing wrong', 0, ['replay', at('sound.log')]],
  ['the same state', 0, ['replay', '--diff', at('state.json'), at('sound.log')]],
  ['a log that grows', 0, ['verify', at('grows.log')], () => ({ disk: growing() })],
  ['only damage asked for', 0, ['verify', '--fail-on', 'damage', at('torn.log')]],
  ['our own mistake', 1, ['verify', at('sound.log')], () => ({ disk: onRead('sound.log', bug) })],
  ['a wrong option', 2, ['replay', '--at', 'soon', at('sound.log')]],
  ['several logs for one state', 2, ['replay', at('sound.log'), at('torn.log')]],
  ['no name for the state', 2, ['replay', '-o', '', at('sound.log')]],
  ['no directory for the state', 2, ['replay', '-o', at('none/x.json'), at('sound.log')]],
  ['no target, and none here', 2, ['verify'], () => ({ cwd: folder })],
  ['a torn tail', 3, ['verify', at('torn.log')]],
  ['a torn tail', 3, ['verify', '--quick', at('torn.log')]],
  ['a torn tail', 3, ['inspect', at('torn.log')]],
  ['a torn tail', 3, ['inspect', '--history', 'a', at('torn.log')]],
  ['a torn tail', 3, ['replay', at('torn.log')]],
  ['another state', 3, ['replay', '--diff', at('other.json'), at('sound.log')]],
  ['another hash', 3, ['replay', '--expect-hash', '0'.repeat(64), at('sound.log')]],
  ['damage passed over', 3, ['replay', '--on-error', 'skip', at('damaged.log')]],
  ['damage stopped at', 3, ['replay', '--on-error', 'stop', at('damaged.log')]],
  ['damage', 4, ['verify', at('damaged.log')]],
  ['damage', 4, ['inspect', at('damaged.log')]],
  ['damage', 4, ['inspect', '--entries', at('damaged.log')]],
  ['damage', 4, ['replay', at('damaged.log')]],
  ['damage', 4, ['replay', '-o', noState, at('damaged.log')]],
  ['damage on standard input', 4, ['verify', '-'], () => ({ stdin: files['damaged.log'] })],
  ['what the bot refuses to load', 4, ['replay', '--semantics', 'upstream', at('torn.log')]],
  ['a main file that is none', 3, ['verify', '--mirror', at('empty'), at('sound.log')]],
  ['a link to itself', 8, ['verify', at('round.log')]],
  ['a device that fails', 8, ['verify', '/proc/self/mem']],
  ['a device that fails', 8, ['inspect', '/proc/self/mem']],
  ['a device that fails', 8, ['replay', '/proc/self/mem']],
  ['no file of bytes', 8, ['verify', '/dev/null']],
  ['no such log', 10, ['verify', at('missing.log')]],
  ['no such log', 10, ['inspect', at('missing.log')]],
  ['no such log', 10, ['replay', at('missing.log')]],
  ['no log', 10, ['inspect', at('prose.txt')]],
  ['a directory without logs', 10, ['inspect', at('empty')]],
  ['a glob that nothing matches', 10, ['verify', at('*.nothing')]],
  ['one of two missing', 10, ['verify', at('sound.log'), at('missing.log')]],
  ['worse than one missing', 4, ['inspect', at('missing.log'), at('damaged.log')]],
  ['a time before the log', 21, ['replay', '--at', '2001-01-01', at('sound.log')]],
  ['a line behind the end', 21, ['replay', '--line', '9', at('sound.log')]],
  ['a result that exists', 21, ['replay', '-o', at('state.json'), at('sound.log')]],
  ['a log that shrinks', 22, ['verify', at('shrinks.log')], () => ({ disk: shrinking() })],
  ['a log that shrinks', 22, ['inspect', at('shrinks.log')], () => ({ disk: shrinking() })],
  ['a log that shrinks', 22, ['replay', at('shrinks.log')], () => ({ disk: shrinking() })],
  ['Ctrl-C', 130, ['inspect', at('sound.log')], () => ({ interrupted: 'interrupted' })],
  ['Ctrl-C', 130, ['replay', at('sound.log')], () => ({ interrupted: 'interrupted' })],
  ['SIGTERM', 143, ['verify', at('sound.log')], () => ({ interrupted: 'terminated' })],
];

describe('the exit code', () => {
  it.each(cases)('of %s is %d: %j', async (_name, exitCode, args, options) => {
    const result = await cli(args, options?.());
    expect(result).toMatchObject({ exitCode });
    const isState = args[0] === 'replay' && !args.includes('-o') && !args.includes('--diff');
    expectToFit(isState ? result.err : result.out + result.err);
    if (exitCode === 4 && args[0] === 'replay') expect(isState ? result.out : '').toBe('');
  });

  it.each(cases)(
    'of %s is %d in JSON too, one document that keeps its schema: %j',
    async (...one) => {
      const [, exitCode, args, options] = one;
      const result = await cli(['--json', ...args], options?.());
      expect(result).toMatchObject({ exitCode, err: '' });
      expect(result.out.endsWith('\n')).toBe(true);
      const report = JSON.parse(result.out);
      expect(schemaErrors(report)).toEqual([]);
      expect(report.exitCode).toBe(exitCode);
    },
  );

  it.each(cases.filter(([, exitCode]) => exitCode === 0))(
    '-q is silent where all is well, %s %d: %j',
    async (_name, _exitCode, args, options) => {
      const { out, err } = await cli(['-q', ...args], options?.());
      expect(err).toBe('');
      // What was asked for is no talk: a state is printed all the same.
      const isState = args[0] === 'replay' && !args.includes('--diff');
      expect(out).toBe(isState ? '{\n"a":1,\n"b":2\n}\n' : '');
    },
  );

  it.each(cases.filter(([, exitCode]) => exitCode > 2))(
    '-q tells all and ends with the code, %s %d: %j',
    async (_name, exitCode, args, options) => {
      const { out, err } = await cli(['-q', ...args], options?.());
      expect(out + err).toMatch(new RegExp(`\\nexit ${exitCode}\\n$`));
    },
  );

  it('leaves nothing behind that was not there', () => {
    const names = [...Object.keys(files), 'empty', 'grows.log', 'round.log', 'shrinks.log'];
    expect(readdirSync(folder).sort()).toEqual(names.sort());
  });
});

function bug(): never {
  throw new TypeError('a mistake');
}
