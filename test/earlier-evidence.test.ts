// What an earlier run put aside is named in the next plan, and never applied by it.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { log, set } from './helpers/bot-log.js';
import { RecoverFolder } from './helpers/recover-folder.js';

const a = set('a', { score: 1 }, 1);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
let world: RecoverFolder;
beforeEach(async () => {
  world = await RecoverFolder.make();
});
afterEach(() => world.remove());

const notes = async () => (await world.apply()).logs[0].plan?.notes;

it('names the quarantine of an earlier run with its pieces', async () => {
  world.write('logs/players.log', log(a) + torn);
  expect(await notes()).toEqual([]);
  world.write('logs/players.log', log(a) + torn);
  const [note, ...others] = (await notes())!;
  expect(note).toMatch(/^players\.log\.quarantine\.\d+\.jsonl holds 1 piece that an earlier run/);
  expect(others).toEqual([]);
});

it.each(['{"offset":', 'null\n', '{"offset":1}\n'])(
  'says which it cannot read: %j',
  async (text) => {
    world.write('logs/players.log.quarantine.7.jsonl', text);
    world.write('logs/players.log.other.quarantine.7.jsonl', text);
    world.write('logs/players.log', log(a) + torn);
    expect(await notes()).toEqual([
      'players.log.quarantine.7.jsonl of an earlier run cannot be read whole',
    ]);
  },
);
