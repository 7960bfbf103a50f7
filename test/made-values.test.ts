// A whole state may be an object, a string, an array, a number or nothing: JavaScript spreads what
// it is given. Values that lie in no file (the characters of a string) are read as all others are.
import { describe, expect, it } from 'vitest';
import { compact, inspect, replay, verify, type Context } from '../src/engine/index.js';
import { log, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { FakeLocks } from './helpers/fake-locks.js';
import { diskWith, logPath, recoverOn } from './helpers/recovery.js';

const states = ['"str"', '""', '"é\\ud83d"', '[1,[2],"x"]', '[]', '{"1":"t","a":{}}', '{}'];
const others = ['5', 'null', 'true'];
const forms: [name: string, line: (value: string) => string][] = [
  ['SET data', (value) => `{"timestamp":"2026-11-19T09:01:00.000Z","op":"SET","data":${value}}`],
  ['CHECKPOINT', (value) => `{"op":"CHECKPOINT","state":${value}}`],
];
const before = [set('0', 'first', 1), set('1', [1], 2), remove('7', 3)];
const behind = [set('0', 's', 4), set('b', 2, 5)];

let names = 0;

/** Where the whole state stands among other entries. */
const places: [name: string, text: (line: string) => string][] = [
  ['first', (line) => log(line, ...behind)],
  ['in the middle', (line) => log(...before, line, ...behind)],
  ['last', (line) => log(...before, line)],
  ['twice', (line) => log(before[0], line, line)],
];

/** What JavaScript makes of the entries, replacing or merging. */
function oracle(text: string, merges: boolean): Record<string, unknown> {
  let state = new Map<string, unknown>();
  for (const line of text.split('\n').filter(Boolean)) {
    const { op, key, value, data, state: whole } = JSON.parse(line) as Record<string, never>;
    const members = op === 'CHECKPOINT' ? whole : data;
    if (op === 'DELETE') state.delete(key);
    else if (key !== undefined) state.set(key, value);
    else if (members || members === '') {
      const spread = Object.entries(Object.assign({}, members));
      if (!merges && members !== '') state = new Map();
      for (const [name, one] of spread) state.set(name, one);
    }
  }
  return Object.fromEntries(state);
}

async function stateOf(context: Context, semantics: 'documented' | 'upstream') {
  let text = '';
  const sink = (bytes: Uint8Array) => void (text += Buffer.from(bytes).toString());
  await replay(context, [logPath], { semantics, dialect: 'progressive' }, sink);
  return JSON.parse(text) as Record<string, unknown>;
}

describe.each(['reference', 'simd'] as const)(
  'a whole state of any JSON value, %s kernel',
  (kernel) => {
    it.each(forms)('%s: every verb reads it, and compaction changes nothing', async (_, form) => {
      for (const value of [...states, ...others]) {
        for (const [where, make] of places) {
          const text = make(form(value));
          const disk = diskWith(text);
          const context = { ...contextOf(disk, { kernel }), disk };
          const words = `${text} (${where})`;
          const options = { dialect: 'progressive' };
          expect([0, 3], words).toContain((await verify(context, [logPath], options)).exitCode);
          await inspect(context, [logPath], options);
          const documented = await stateOf(context, 'documented');
          const upstream = await stateOf(context, 'upstream');
          if (isSpread(value)) {
            expect(documented, words).toEqual(oracle(text, false));
            expect(upstream, words).toEqual(oracle(text, true));
          }
          const locks = new FakeLocks(disk);
          const writing = {
            ...context,
            locks,
            random: () => String((names += 1)),
            sleep: locks.sleep,
          };
          const { exitCode } = await compact(writing, [logPath], { ...options, force: true });
          expect([0, 3], words).toContain(exitCode);
          expect(await stateOf(context, 'documented'), words).toEqual(documented);
          expect(await stateOf(context, 'upstream'), words).toEqual(upstream);
        }
      }
    });

    it.each(forms)('%s: recover keeps it', async (_, form) => {
      for (const value of [...states, ...others]) {
        for (const [, make] of places) {
          const disk = diskWith(`${make(form(value))}{"timest`);
          const { exitCode } = await recoverOn(disk, { dialect: 'progressive' });
          expect(exitCode, value).toBe(0);
        }
      }
    });
  },
);

/** What nobody writes as a state (a number, null, an empty text) is for the format to say. */
const isSpread = (value: string) => states.includes(value) && value !== '""';
