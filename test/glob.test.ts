// Globs in key filters and in paths, through the command line: every character stands for itself,
// sets are as shells have them, and no key makes a glob slow.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { globMatcher } from '../src/engine/glob.js';
import { log, set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { randomFrom } from './helpers/crash-states.js';
import { announcedSeed } from './helpers/seed.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'logctl-glob-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const printable = Array.from({ length: 0x7f - 0x20 }, (_, at) => String.fromCharCode(0x20 + at));
const odd = ['\u00e9', '\u2028', '\u{1f600}', '\u{10ffff}', '\u0001', '\n', '\t'];
/** A character as a glob that means it alone. */
const literally = (char: string) => ('*?['.includes(char) ? `[${char}]` : char);

/** The keys that `replay --key` shows. */
async function keysOf(glob: string, path: string): Promise<string[]> {
  const { out, err, exitCode } = await cli(['replay', '--format', 'jsonl', '--key', glob, path]);
  expect([exitCode, err.includes('mistake')], `${JSON.stringify(glob)}: ${err}`).toEqual([
    0,
    false,
  ]);
  const lines = out.split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { key: string }).key);
}

describe('a character of a glob', () => {
  const keys = [...printable, ...odd, '\ud800', '\udc00'].map((char) => `user${char}1`);
  const write = () => {
    const path = join(folder, 'p.log');
    writeFileSync(path, log(...keys.map((key, at) => set(key, at))));
    return path;
  };

  it('stands for itself in a key filter, next to a *, in a set and as its bounds', async () => {
    const path = write();
    for (const char of [...printable, ...odd, '\ud800', '\udc00']) {
      const own = [`user${char}1`];
      const isMark = char === '!' || char === '^';
      const set = isMark ? `[${char}${char}]` : `[${char}]`;
      // A `]` is itself as the first of a set, and ends a range nowhere else.
      const all = [`*${literally(char)}1`, `us*${literally(char)}?`];
      if (!isMark) all.push(`u*r${set}1`, `user${set}*`);
      if (char !== ']' && !isMark) all.push(`user[${char}-${char}]*`);
      for (const glob of all) {
        const found = await keysOf(glob, path);
        const wanted = char === '1' && !glob.includes('[') ? found : own;
        expect(found, JSON.stringify(glob)).toEqual(wanted);
        expect(found).toContain(own[0]);
      }
    }
  });

  it('stands for itself in a path', async () => {
    // A path holds no slash in a name, and none of a name that ends the directory above.
    for (const char of [...printable, ...odd].filter((one) => one !== '/')) {
      const at = join(folder, 'logs');
      mkdirSync(at);
      writeFileSync(join(at, `game${char}state.log`), log(set('a', 1)));
      writeFileSync(join(at, 'game.log'), log(set('b', 1)));
      const glob = join(at, `game${literally(char)}s*.log`);
      const { out, exitCode } = await cli(['verify', '--json', glob]);
      const { logs } = JSON.parse(out) as { logs: { path: string }[] };
      const wanted = [join(at, `game${char}state.log`)];
      expect([exitCode, logs.map(({ path }) => path)], JSON.stringify(glob)).toEqual([0, wanted]);
      rmSync(at, { recursive: true });
    }
  });
});

describe('a set', () => {
  it.each([
    ['[abc]', 'b', 'd'],
    ['[a-c]', 'b', 'd'],
    ['[!a-c]', 'd', 'b'],
    ['[^a-c]', 'd', 'b'],
    ['[]a]', ']', 'b'],
    ['[!]a]', 'b', ']'],
    ['[-a]', '-', 'b'],
    ['[a-]', '-', 'b'],
    ['[a^]', '^', 'b'],
    ['[a!]', '!', 'b'],
    ['[\\]', '\\', '\\\\'],
    ['\\*', '\\x', '*'],
    ['[\u{1f600}-\u{1f610}]', '\u{1f605}', '\u{1f611}'],
    ['[a', '[a', 'a'],
    ['[]', '[]', ']'],
    ['[!]', '[!]', 'a'],
    ['a-c', 'a-c', 'b'],
    ['?', '\u{1f600}', 'ab'],
    ['?', '\ud800', '\ud800\ud800'],
    ['', '', 'a'],
    ['**', '', undefined],
    ['*a*', 'bab', 'bb'],
    ['a*/b', 'a/x/b', 'a/x'],
  ])('%j matches %j and not %j', (glob, matching, other) => {
    const matches = globMatcher(glob);
    expect(matches(matching)).toBe(true);
    if (other !== undefined) expect(matches(other)).toBe(false);
  });

  it.each([
    ['replay', '--key', 'x[z-a]*'],
    ['inspect', '--entries', '--key', '[b-a]'],
    ['inspect', '-f', '--key', '[9-0]'],
  ])(
    'that runs backwards is a usage error, before anything is opened: %s %s %s',
    async (...args) => {
      const { exitCode, err } = await cli([...args, join(folder, 'not-there.log')]);
      expect(exitCode).toBe(2);
      expect(err).toContain('runs backwards');
    },
  );

  it('that runs backwards in a path is a usage error; other paths are looked at', async () => {
    writeFileSync(join(folder, 'p.log'), log(set('a', 1)));
    const bad = join(folder, '[z-a].log');
    const alone = await cli(['verify', bad]);
    expect([alone.exitCode, alone.err]).toEqual([2, expect.stringContaining('runs backwards')]);
    const { out, exitCode } = await cli(['verify', '--json', bad, join(folder, 'p.log')]);
    const { logs } = JSON.parse(out) as { logs: { path: string; exitCode: number }[] };
    expect(exitCode).toBe(2);
    expect(logs.map((one) => [one.path, one.exitCode])).toEqual([
      [join(folder, 'p.log'), 0],
      [bad, 2],
    ]);
  });
});

/** Says the same by the definition alone: a `*` is any number of characters, all are tried. */
function slowly(glob: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text.length === 0;
  if (first === '*') {
    return Array.from({ length: text.length + 1 }, (_, at) => text.slice(at)).some((end) => {
      return slowly(rest, end);
    });
  }
  return text.length > 0 && isOne(first, text[0]) && slowly(rest, text.slice(1));
}

function isOne(piece: string, char: string): boolean {
  if (piece === '?') return true;
  if (piece.length < 3 || !piece.startsWith('[')) return piece === char;
  const body = piece.slice(1, -1);
  const isNegated = body.startsWith('!');
  const chars = Array.from(isNegated ? body.slice(1) : body);
  const isRange = chars.length === 3 && chars[1] === '-';
  const isIn = isRange ? chars[0] <= char && char <= chars[2] : chars.includes(char);
  return isIn !== isNegated;
}

it('matches what trying everything matches', () => {
  const random = randomFrom(announcedSeed('globs'));
  const pick = <T>(among: readonly T[]) => among[Math.floor(random() * among.length)];
  const pieces = [
    '*',
    '*',
    '?',
    'a',
    'b',
    '@',
    '\u{1f600}',
    '[ab]',
    '[!a]',
    '[a-b]',
    '\ud83d',
    '-',
  ];
  const chars = ['a', 'b', '@', '\u{1f600}', '\ud83d', 'c', '-'];
  let matched = 0;
  for (let round = 0; round < 20_000; round++) {
    const glob = Array.from({ length: Math.floor(random() * 7) }, () => pick(pieces));
    const text = Array.from({ length: Math.floor(random() * 8) }, () => pick(chars)).join('');
    const wanted = slowly(glob, Array.from(text));
    if (wanted) matched++;
    const where = `${JSON.stringify(glob)} and ${JSON.stringify(text)}`;
    expect(globMatcher(glob.join(''))(text), where).toBe(wanted);
  }
  expect(matched).toBeGreaterThan(1_000);
});

it('ends whatever the key is: a RegExp would take the age of the universe', async () => {
  const path = join(folder, 'p.log');
  writeFileSync(path, log(set('@'.repeat(60_000), 1)));
  expect(await keysOf('*@*@*.com', path)).toEqual([]);
  expect(await keysOf('*@*@*@*@*@*@*@*@*@*[.]com', path)).toEqual([]);
  expect(await keysOf('*@*@*', path)).toEqual(['@'.repeat(60_000)]);
});
