// The example bot before and after its import was changed, as processes on the same data.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compactOwn, verify } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { exampleBot, type ExampleBot } from './helpers/example-bot.js';

const logs = ['players', 'tokens', 'game_state'] as const;
const own = './own-append-log.js';
const ours = 'logctl/append-log';
let bot: ExampleBot;

beforeAll(() => {
  bot = exampleBot();
});
afterAll(() => bot.remove());
afterEach(() => rmSync(join(bot.directory, 'data'), { recursive: true, force: true }));

const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

/** Plays so many rounds; gives what the bot said. */
function play(version: 'before' | 'after', rounds: number): string {
  const args = [`${version}.js`, String(rounds)];
  return execFileSync(process.execPath, args, { cwd: bot.directory, env, encoding: 'utf8' });
}

/** The states that one module of log functions makes of the bot's logs, as JSON text. */
function statesBy(module: string): string {
  const code = `import { rebuildStateFromLog } from '${module}';
    const states = {};
    for (const name of ${JSON.stringify(logs)}) states[name] = await rebuildStateFromLog(name);
    console.log(JSON.stringify(states));`;
  const args = ['--input-type=module', '-e', code];
  return execFileSync(process.execPath, args, { cwd: bot.directory, env, encoding: 'utf8' });
}

/** Both readers must see the same, and the main files too; verify must find nothing wrong. */
async function expectAgreement(): Promise<Record<string, Record<string, unknown>>> {
  const text = statesBy(ours);
  expect(statesBy(own)).toBe(text);
  const states = JSON.parse(text) as Record<string, Record<string, unknown>>;
  for (const name of logs) {
    const main = join(bot.directory, 'data', `${name}.json`);
    expect(states[name]).toEqual(JSON.parse(readFileSync(main, 'utf8')));
  }
  const { findings } = await verify(contextOf(), [join(bot.directory, 'data')], {});
  expect(findings.filter(({ severity }) => severity !== 'notice')).toEqual([]);
  return states;
}

const logPath = (name: string) => join(bot.directory, 'data/logs', `${name}.log`);
const gamesOf = ({ players }: Record<string, Record<string, unknown>>) =>
  Object.values(players).map((player) => (player as { totalGames: number }).totalGames);

describe('the example bot', () => {
  it('is the same before and after, but for its import', () => {
    const [before, after] = ['before', 'after'].map((name) => {
      return readFileSync(`examples/bot/${name}.js`, 'utf8').split('\n');
    });
    const changed = after.flatMap((line, at) => (line === before[at] ? [] : [line]));
    expect(changed.filter((line) => !line.startsWith('//'))).toEqual([
      `import * as log from '${ours}';`,
    ]);
  });

  it('goes there and back: each version goes on with the data of the other', async () => {
    expect(play('before', 12)).toMatch(/round 2\n.*stopped\n$/s);
    expect(gamesOf(await expectAgreement())).toEqual([2, 2, 2, 2]);
    expect(play('after', 10)).toMatch(/^round 3\n/);
    expect(gamesOf(await expectAgreement())).toEqual([4, 4, 4, 4]);
    for (const name of logs) await compactOwn(logPath(name), { force: true });
    await expectAgreement();
    expect(play('before', 5)).toMatch(/^round 3\n/);
    expect(gamesOf(await expectAgreement())).toEqual([5, 5, 5, 5]);
    play('after', 1);
    await expectAgreement();
  });

  it('that lost its main files goes on with what the logs have', async () => {
    play('after', 7);
    const states = await expectAgreement();
    for (const name of ['players', 'game_state']) {
      rmSync(join(bot.directory, 'data', `${name}.json`));
    }
    expect(play('after', 5)).toMatch(/^round 3\n/);
    const { players } = await expectAgreement();
    expect(Object.keys(players)).toEqual(Object.keys(states.players));
  });

  it.each(['before', 'after'])(
    '%s.js ends its round and stops well on SIGTERM',
    async (version) => {
      const child = spawn(process.execPath, [`${version}.js`], { cwd: bot.directory, env });
      let said = '';
      child.stdout.on('data', (part: Buffer) => (said += part.toString()));
      while (!said.includes('round 5')) await once(child.stdout, 'data');
      child.kill('SIGTERM');
      const [exitCode] = (await once(child, 'close')) as [number];
      expect([exitCode, said]).toEqual([0, expect.stringMatching(/\nstopped\n$/)]);
      await expectAgreement();
    },
  );
});
