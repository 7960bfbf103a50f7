// What follows a log's last newline is judged as every other line is: a damaged log is never
// compacted, whichever of its lines is damaged, and whenever it came.
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compact, verify } from '../src/engine/index.js';
import type { CompactOptions, WriteContext } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { randomFrom } from './helpers/crash-states.js';
import { RecoverFolder } from './helpers/recover-folder.js';
import { announcedSeed } from './helpers/seed.js';

let world: RecoverFolder;
let context: WriteContext;

beforeEach(async () => {
  world = await RecoverFolder.make();
  ({ context } = world);
});

afterEach(() => world.remove());

interface Format {
  name: string;
  entry(key: string, value: unknown, at: number): string;
  options?: CompactOptions;
}

const formats: Format[] = [
  { name: 'players.log', entry: set, options: { dialect: 'progressive' } },
  {
    name: 'd.db',
    entry: (key, v) => JSON.stringify({ v, _id: key }),
    options: { dialect: 'nedb' },
  },
  {
    name: 'd.jsonl',
    entry: (k, v) => JSON.stringify({ k, v }),
    options: { dialect: 'jsonldb' },
  },
  {
    name: 'e.jsonl',
    entry: (id, v, at) => JSON.stringify({ id, v, at: new Date(1.7e12 + at).toISOString() }),
    options: { dialect: 'jsonl', keyAt: '/id', timeAt: '/at' },
  },
];

/** The log, and what verify and `compact --force` end with; the second may not change a byte. */
async function judged({ name, options = {} }: Format, text: string | Uint8Array) {
  const path = join(world.folder, 'logs', name);
  for (const other of readdirSync(join(world.folder, 'logs'))) world.unlink(`logs/${other}`);
  writeFileSync(path, text);
  const { exitCode: verified } = await verify(context, [path], options);
  const { exitCode: compacted } = await compact(context, [path], { ...options, force: true });
  const left = readdirSync(join(world.folder, 'logs')).filter((one) => !one.endsWith('lock'));
  const isSame = Buffer.from(text).equals(readFileSync(path)) && left.join() === name;
  return { verified, compacted, isSame };
}

describe.each(formats)('the unended end of $name', (format) => {
  const whole = format.entry('coins', 500, 9);
  const lines = log(format.entry('a', 1, 1), format.entry('b', 'two', 2), format.entry('a', 3, 3));

  it.each<[what: string, rest: string]>([
    ['a whole entry and a torn one', whole + whole.slice(0, 12)],
    ['a torn entry and a whole one', whole.slice(0, 12) + whole],
    ['a whole entry and zero bytes', `${whole}\0\0\0\0`],
    ['two whole entries', whole + whole],
  ])('is damage where it is %s', async (_what, rest) => {
    const { verified, compacted, isSame } = await judged(format, lines + rest);
    expect([verified, compacted, isSame]).toEqual([4, 4, true]);
  });

  it('is judged alike by verify and compact, whatever it is', async () => {
    const seed = announcedSeed(`ends of ${format.name}`);
    const random = randomFrom(seed);
    const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)];
    const pieces = () =>
      pick([
        whole,
        format.entry('x', { y: [1, { op: 'SET' }] }, 10),
        whole.slice(0, Math.floor(random() * whole.length)),
        whole.slice(Math.floor(random() * whole.length)),
        pick(['\0', '\0\0\0', ' ', '{', '}', '{}', '5', '"s"', '[1]', '{"op":5}', '\r', '\ufeff']),
        Buffer.from([pick([0xff, 0xc3, 0x80])]).toString('latin1'),
      ]);
    for (let round = 0; round < 60; round++) {
      const rest = Array.from({ length: 1 + Math.floor(random() * 3) }, pieces).join('');
      const text = Buffer.concat([
        Buffer.from(random() < 0.9 ? lines : ''),
        Buffer.from(rest, random() < 0.5 ? 'latin1' : 'utf8'),
      ]);
      const found = await judged(format, text);
      const words = `seed ${seed}, round ${round}: ${JSON.stringify(rest)}`;
      if (found.verified === 4) expect([found.compacted, found.isSame], words).toEqual([4, true]);
      else if (found.verified === 0) expect([0, 21], words).toContain(found.compacted);
    }
  });
});

describe('an end that a writer leaves while its log is compacted', () => {
  const lines = log(set('a', 1, 1), set('b', 2, 2));

  it.each<[what: string, rest: string]>([
    ['a whole entry and a fragment', set('c', 3, 3) + set('d', 4, 4).slice(0, 20)],
    ['a whole entry after a fragment', `{"torn${set('c', 3, 3)}`],
    ['a line that is no entry', '{"key":1,"op":5}'],
  ])('stops the run where it is %s, and nothing is lost', async (_what, rest) => {
    world.write('logs/players.log', lines);
    let isWritten = false;
    const checkpoint = async () => {
      if (!isWritten) appendFileSync(world.path, rest);
      isWritten = true;
    };
    const { exitCode } = await compact({ ...context, checkpoint }, [world.path], { force: true });
    expect(isWritten).toBe(true);
    expect([4, 22]).toContain(exitCode);
    expect(readFileSync(world.path, 'utf8')).toBe(lines + rest);
    const left = readdirSync(join(world.folder, 'logs')).filter((name) => !/lock$/.test(name));
    expect(left).toEqual(['players.log']);
  });
});

it('a log that its own library refuses is refused, and is no damage', async () => {
  const [, nedb] = formats;
  const twice = log('{"$$indexCreated":{"fieldName":"n","unique":true}}');
  const text = twice + log('{"n":1,"_id":"a"}', '{"n":1,"_id":"b"}', '{"n":2,"_id":"c"}');
  const found = await judged(nedb, text);
  expect([found.verified, found.compacted, found.isSame]).toEqual([3, 21, true]);
});
