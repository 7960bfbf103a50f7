// A policy that would leave no entry of a log: the sound copy comes first, and stays the answer.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { recover, verify, type RecoverOptions } from '../src/engine/index.js';
import { clock, log, set } from './helpers/bot-log.js';
import { RecoverFolder } from './helpers/recover-folder.js';

const history = log(set('a', 1, 1), set('b', 2, 2));
const broken = `${set('a', 1, 1).replace('"op"', '"o p')}\n`;
const jsonl = { dialect: 'jsonl', keyAt: '/id' };
const lines = log('{"id":"a","v":1}', '{"id":"b","v":2}');

let world: RecoverFolder;

beforeEach(async () => {
  world = await RecoverFolder.make();
});

afterEach(() => world.remove());

it.each<[what: string, text: string, copy: string, options: RecoverOptions]>([
  ['prefix, damage in line 1', broken + log(set('c', 3, 3)), history, { policy: 'prefix' }],
  ['prefix, damage after an empty line', `\n${broken}`, history, { policy: 'prefix' }],
  ['salvage, nothing but damage', broken, history, { policy: 'salvage' }],
  ['tail, one torn line of jsonl', '{"id":"z","v', lines, jsonl],
  [
    'prefix, damage in line 1 of jsonl',
    '{"id"::1}\n{"id":"c","v":3}\n',
    lines,
    {
      ...jsonl,
      policy: 'prefix',
    },
  ],
])('begins with the backup: %s', async (_what, text, copy, options) => {
  world.write('logs/players.log', text);
  world.write(`logs/players.log.backup.${Date.parse(clock(10))}`, copy);
  const { exitCode, logs } = await world.apply({ maxLost: 99, ...options });
  expect([0, 20]).toContain(exitCode);
  expect(logs[0].plan?.base).toBeDefined();
  expect(world.read().startsWith(copy)).toBe(true);
  const { exitCode: after, findings } = await verify(world.context, [world.path], options);
  expect([after, findings]).toEqual([0, []]);
  const again = await world.apply({ maxLost: 99, ...options });
  expect(again.logs[0].result).toBe('nothing to do');
});

it('leaves the choice to a person where the log may have been cleared on purpose', async () => {
  const name = `logs/d.jsonl`;
  world.write(name, '{"k":"z","v');
  world.write(`${name}.backup.${Date.parse(clock(10))}`, log('{"k":"a","v":1}'));
  const path = `${world.folder}/${name}`;
  const run = (options: RecoverOptions) => recover(world.context, [path], options, () => true);
  const refused = await run({ dialect: 'jsonldb' });
  expect(refused.exitCode).toBe(21);
  expect(world.read(name)).toBe('{"k":"z","v');
  expect((await run({ dialect: 'jsonldb', policy: 'salvage' })).exitCode).toBe(0);
  expect(world.read(name)).toBe(log('{"k":"a","v":1}'));
});
