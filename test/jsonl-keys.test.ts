// Lines of JSON with keys that the operator names: pointers, state, history, compaction, plans.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryDisk, replay } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { LinesFolder } from './helpers/lines-folder.js';
import { announcedSeed } from './helpers/seed.js';

let folder = new LinesFolder();
afterEach(() => {
  folder.remove();
  folder = new LinesFolder();
});

const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
const byId = ['--key-at', '/id'];

/** What RFC 6901 makes of a parsed value: the definition, for comparison. */
function partOf(value: unknown, tokens: readonly string[]): unknown {
  let part = value;
  for (const token of tokens) {
    if (Array.isArray(part)) part = /^(0|[1-9]\d*)$/.test(token) ? part[Number(token)] : undefined;
    else if (typeof part === 'object' && part !== null && Object.hasOwn(part, token)) {
      part = (part as Record<string, unknown>)[token];
    } else return undefined;
  }
  return part;
}

const pointerText = (tokens: readonly string[]) =>
  tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Names that need escapes, look like elements, or are dangerous; few, so that lines share them. */
const names = ['a', 'b', '0', '1', '', '~', 'x/y', '\u00e9', '__proto__', '"', '\\'];
const anyName = fc.constantFrom(...names);
const white = fc.constantFrom('', '', '', ' ', '\t', '\r ');
const scalar = fc.constantFrom(
  '1',
  '-0.5e3',
  '"s"',
  '"\\u0061\\n"',
  'true',
  'null',
  '"\u2028"',
  '""',
);

/** JSON texts with spaces, spelled escapes and names that stand twice. */
const jsonOf = (levels: number): fc.Arbitrary<string> => {
  if (levels === 0) return scalar;
  const inner = fc.oneof({ arbitrary: scalar, weight: 2 }, jsonOf(levels - 1));
  const array = fc.array(inner, { maxLength: 4 }).chain((items) => {
    return white.map((space) => `[${space}${items.join(`${space},`)}${space}]`);
  });
  const member = fc.tuple(anyName, inner, white);
  const object = fc.array(member, { minLength: 1, maxLength: 6 }).map((members) => {
    const texts = members.map(
      ([name, value, space]) => `${spelled(name)}${space}:${space}${value}`,
    );
    return `{${texts.join(' ,')}}`;
  });
  return fc.oneof({ arbitrary: object, weight: 4 }, array);
};

/** The way to some part of `value`: at each level one of the names that are there. */
function wayInto(value: unknown, picks: readonly number[]): string[] {
  const tokens: string[] = [];
  let part = value;
  for (const pick of picks) {
    const inside = typeof part === 'object' && part !== null ? Object.keys(part) : [];
    if (inside.length === 0) break;
    tokens.push(inside[pick % inside.length]);
    part = partOf(part, tokens.slice(-1));
  }
  return tokens;
}

/** One name in three with a spelled escape. */
const spelled = (name: string) =>
  name.length === 1 && name < 'b'
    ? `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}"`
    : JSON.stringify(name);

describe('pointers', () => {
  it('lead where JSON.parse would, at every chunk size, and values keep their bytes', async () => {
    const picks = fc.array(fc.nat(5), { maxLength: 3 });
    const given = fc.record({
      all: fc.array(jsonOf(3), { minLength: 1, maxLength: 12 }),
      ...{ keyPicks: picks, valuePicks: fc.option(picks, { nil: undefined }) },
      chunkBytes: fc.constantFrom(1, 3, 17, 4096),
    });
    let keys = 0;
    const check = fc.asyncProperty(given, async ({ all, keyPicks, valuePicks, chunkBytes }) => {
      const first: unknown = JSON.parse(all[0]);
      const key = wayInto(first, keyPicks);
      const value = valuePicks && wayInto(first, valuePicks);
      // Containers are keys by their text: two spellings of one are two keys here, and one there.
      const lines = all.filter((line) => typeof partOf(JSON.parse(line), key) !== 'object');
      const rows = await stateOf(lines, { key, value, chunkBytes });
      keys += rows.length;
      expect(rows).toEqual(modelOf(lines, key, value));
    });
    await fc.assert(check, { numRuns: 400, seed: announcedSeed('pointers') });
    expect(keys).toBeGreaterThan(100);
  });

  it.each<[string, string[], string]>([
    ['no slash before it', [...byId.slice(0, 1), 'id'], 'no JSON Pointer'],
    ['a tilde that escapes nothing', ['--key-at', '/a~2'], 'no JSON Pointer'],
    ['a tilde at the end', ['--key-at', '/id', '--time-at', '/t~'], 'no JSON Pointer'],
    ['a value without a key', ['--value-at', '/v'], 'without --key-at'],
    ['a deletion without a key', ['--delete-at', '/gone=true'], 'without --key-at'],
  ])('with %s are a wrong option: exit 2, nothing is read', async (_what, options, words) => {
    folder.write('e.jsonl', text(['{"id":1}', '{"id":2}']));
    const said = await folder.json('verify', ...options, 'e.jsonl');
    expect(said.exitCode).toBe(2);
    expect(said.error!.message).toContain(words);
  });

  it('for a log of another format need --dialect: its own rules would be passed over', async () => {
    const log = '{"timestamp":"2026-11-20T10:00:00.000Z","op":"SET","key":"a","value":1}\n';
    folder.write('bot.log', log.repeat(2));
    const said = await folder.json('replay', '--key-at', '/key', 'bot.log');
    expect(said.exitCode).toBe(2);
    expect(said.error!.hint).toContain('--dialect jsonl');
    const options = ['--dialect', 'jsonl', '--key-at', '/key', '--value-at', '/value'];
    expect(await folder.state(...options, 'bot.log')).toEqual(['{"key":"a","value":1}']);
  });
});

interface Places {
  key: string[];
  value: string[] | undefined;
  chunkBytes: number;
}

/** Key and value of each live key as texts, through the engine. */
async function stateOf(lines: readonly string[], { key, value, chunkBytes }: Places) {
  const disk = memoryDisk({ '/e.jsonl': text(lines) });
  const parts: Uint8Array[] = [];
  const options = {
    ...{ dialect: 'jsonl', format: 'jsonl' as const, keyAt: pointerText(key) },
    valueAt: value === undefined ? undefined : pointerText(value),
  };
  const context = contextOf(disk, { chunkBytes });
  await replay(context, ['/e.jsonl'], options, (bytes) => void parts.push(Uint8Array.from(bytes)));
  const rows = Buffer.concat(parts).toString('utf8').split('\n').slice(0, -1);
  return rows.map((row) => JSON.parse(row) as { key: unknown; value: unknown });
}

/** The state by JSON.parse: keys that are no strings by their text, in the order of creation. */
function modelOf(lines: readonly string[], key: string[], value: string[] | undefined) {
  const state = new Map<string, { key: unknown; value: unknown }>();
  for (const line of lines) {
    const whole: unknown = JSON.parse(line);
    const [name, held] = [partOf(whole, key), value === undefined ? whole : partOf(whole, value)];
    if (name === undefined || name === null || held === undefined) continue;
    state.set(JSON.stringify(name), { key: name, value: held });
  }
  return [...state.values()];
}

describe('keys', () => {
  const lines = [
    '{"id":"a","v":{"n":9007199254740993}}',
    '{"id":1,"v":1.0}',
    '{"id":"1","v":-0}',
    '{"id":{"b": 2},"v":1E400}',
    '{"note":"no key"}',
    '{"id":"a","v":"again"}',
    '{"id":"gone","v":0}',
    '{"id":"gone","v":null}',
    '{"id":"__proto__","v":[]}',
  ];
  const options = [...byId, '--value-at', '/v', '--delete-at', '/v=null'];

  it('of any type make a state of the last values, byte for byte', async () => {
    folder.write('e.jsonl', text(lines));
    expect(await folder.state(...options, 'e.jsonl')).toEqual([
      '{"key":"a","value":"again"}',
      '{"key":1,"value":1.0}',
      '{"key":"1","value":-0}',
      '{"key":{"b":2},"value":1E400}',
      '{"key":"__proto__","value":[]}',
    ]);
  });

  it.each([
    ['a', '[a]', ['{"key":"a","value":"again"}']],
    ['1', '[1]', ['{"key":1,"value":1.0}', '{"key":"1","value":-0}']],
    ['{"b":2}', '{"b":[2]}', ['{"key":{"b":2},"value":1E400}']],
    ['__proto__', '__proto_[_]', ['{"key":"__proto__","value":[]}']],
    ['gone', '[g]one', []],
  ])('are found by the name %s as by the glob %s', async (name, glob, found) => {
    folder.write('e.jsonl', text(lines));
    for (const key of [name, glob]) {
      expect(await folder.state('--key', key, ...options, 'e.jsonl')).toEqual(found);
    }
  });

  it('are compacted to their last lines as they stand, and the state stays', async () => {
    folder.write('e.jsonl', text(lines));
    const before = await folder.json('replay', ...options, 'e.jsonl');
    const done = await folder.json('compact', '--force', ...options, 'e.jsonl');
    expect(done).toMatchObject({ exitCode: 0, logs: [{ result: 'compacted' }] });
    expect(folder.read('e.jsonl')).toBe(
      text([lines[5], lines[1], lines[2], lines[3], lines[8], lines[4]]),
    );
    const after = await folder.json('replay', ...options, 'e.jsonl');
    expect(after.logs[0]['stateHash']).toBe(before.logs[0]['stateHash']);
    const [backup] = folder.names().filter((name) => name.includes('.backup.'));
    expect(folder.read(backup)).toBe(text(lines));
  });

  it('are not compacted again where nothing came since', async () => {
    folder.write('e.jsonl', text(lines));
    await folder.json('compact', '--force', ...options, 'e.jsonl');
    const again = await folder.json('compact', '--min-size', '1', ...options, 'e.jsonl');
    expect(again.logs).toMatchObject([{ result: 'skipped', backupsKept: 1 }]);
    folder.write('e.jsonl', `${folder.read('e.jsonl')}${lines[0]}\n`);
    const later = await folder.json('compact', '--min-size', '1', ...options, 'e.jsonl');
    expect(later.logs).toMatchObject([{ result: 'compacted', backupsKept: 2 }]);
  });

  it('have a history that goes on behind a compaction', async () => {
    const timed = ['{"id":"a","t":1763625600,"v":1}', '{"id":"a","t":1763625601500,"v":2}'];
    folder.write('e.jsonl', text(timed));
    const at = [...byId, '--value-at', '/v', '--time-at', '/t'];
    await folder.json('compact', '--force', ...at, 'e.jsonl');
    const args = ['inspect', '--history', 'a', '--values', '--format', 'jsonl', ...at, 'e.jsonl'];
    const { out } = await folder.run(...args);
    const rows = out.split('\n').slice(0, -1);
    expect(rows.map((row) => JSON.parse(row) as object)).toMatchObject([
      { time: '2025-11-20T08:00:01.500Z', value: 2 },
      { time: '2025-11-20T08:00:00.000Z', value: 1 },
    ]);
    const past = ['--at', '2025-11-20T08:00:01Z', ...at, 'e.jsonl'];
    expect(await folder.state(...past)).toEqual(['{"key":"a","value":1}']);
  });

  it('go by --delete-at with and without a value', async () => {
    const marked = ['{"id":1}', '{"id":2,"del":false}', '{"id":2,"del":"x"}', '{"id":1,"op":"rm"}'];
    folder.write('e.jsonl', text(marked));
    const keys = async (mark: string) => {
      const rows = await folder.state(...byId, '--delete-at', mark, 'e.jsonl');
      return rows.map((row) => (JSON.parse(row) as { key: number }).key);
    };
    expect(await keys('/del')).toEqual([1]);
    expect(await keys('/op=rm')).toEqual([2]);
    expect(await keys('/op="rm"')).toEqual([2]);
    expect(await keys('/del=true')).toEqual([1, 2]);
  });
});

describe('a plan for lines with keys', () => {
  const damaged = '{"id":"a","v":1}\n{"id":"b","v":2}{"id":"a","v":3}\n{"id":"c"';
  const salvage = ['--policy', 'salvage'];

  it('carries the pointers over a review, and so do the commands that are suggested', async () => {
    folder.write('e.jsonl', damaged);
    const verified = await folder.json('verify', ...byId, 'e.jsonl');
    expect(verified.findings[0]).toMatchObject({ code: 'glued-lines', impact: 'lost', key: 'b' });
    expect(verified.next[0].argv.join(' ')).toContain('recover --key-at /id --dry-run');
    await folder.json('recover', '--save-plan', 'p.json', ...salvage, ...byId, 'e.jsonl');
    const saved = JSON.parse(folder.read('p.json')) as { logs: object[] };
    expect(saved.logs[0]).toMatchObject({ dialect: 'jsonl', options: { keyAt: '/id' } });
    expect((await folder.json('recover', '--yes', '--plan', 'p.json')).exitCode).toBe(0);
    expect(await folder.state(...byId, '--value-at', '/v', 'e.jsonl')).toEqual([
      '{"key":"a","value":3}',
      '{"key":"b","value":2}',
    ]);
  });

  it('leaves them in the receipt: undo names the keys that it would lose', async () => {
    folder.write('e.jsonl', damaged);
    await folder.json('recover', '--yes', ...salvage, ...byId, 'e.jsonl');
    folder.write('e.jsonl', `${folder.read('e.jsonl')}{"id":"later","v":9}\n`);
    const receipt = folder.names().find((name) => name.includes('.receipt.'))!;
    const undone = await folder.json('recover', '--undo', receipt);
    expect(undone.exitCode).toBe(21);
    expect(undone.error!.message).toContain('1 entry (later)');
  });
});
