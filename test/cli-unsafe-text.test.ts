// Text of a log that could harm a terminal, or break a layout, in every place a command shows it.
//
// The store is poisoned on purpose: keys, values, operations, times, file names and arguments hold
// escape sequences, C1 controls, bidi and zero-width characters, and are as long as they like.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { log, remove, set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { schemaErrors } from './helpers/schema.js';
import { expectToFit, unsafeOnTerminals } from './helpers/screens.js';

const poison =
  'p\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eevil\u2066\u200b\u2028\u2029\ufeff\u{e0041}\r\b';
const root = mkdtempSync(join(tmpdir(), 'logctl-unsafe-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A store whose every name and text is `word`, damaged, with a backup and another mirror. */
function storeOf(word: string): { data: string; path: string } {
  const data = join(root, `data-${word.length}`);
  mkdirSync(join(data, 'logs'), { recursive: true });
  // A slash or a NUL no file name can hold; long names have a limit.
  const name = `${word.slice(0, 60).replaceAll(/[/\0]/g, '')}.log`;
  const path = join(data, 'logs', name);
  const backup = log(set(word, { [word]: word }, 1));
  const odd = `{"timestamp":"x","op":${JSON.stringify(word)},"key":${JSON.stringify(word)}}`;
  const lines = [set(word, { [word]: word }, 1), set(`${word}2`, [word], 2), remove(`${word}3`, 3)];
  const glued = set(`${word}4`, word, 4).slice(0, -9) + set(word, 5, 5);
  writeFileSync(
    path,
    log(...lines, odd, `not JSON ${word}`, glued) + set(word, word, 6).slice(0, -2),
  );
  writeFileSync(`${path}.backup.1795082399995`, backup);
  writeFileSync(
    join(data, name.replace(/log$/, 'json')),
    JSON.stringify({ [word]: 0, [`${word}9`]: 1 }),
  );
  return { data, path };
}

const { data, path } = storeOf(poison);
const commands: [name: string, args: string[]][] = [
  ['inspect of a directory', ['inspect', data]],
  ['inspect', ['inspect', path]],
  ['inspect --entries', ['inspect', '--entries', '--values', '--raw', path]],
  ['inspect --history', ['inspect', '--history', poison, '--values', path]],
  ['verify', ['verify', '-vv', path]],
  ['verify of several', ['verify', path, `${path}${poison}`]],
  ['replay', ['replay', '--on-error', 'skip', path]],
  ['replay that fails', ['replay', path]],
  [
    'replay --diff',
    ['replay', '--on-error', 'skip', '--diff', `${path}.backup.1795082399995`, path],
  ],
  ['a path that is not there', ['verify', poison]],
  ['an unknown command', [poison]],
  ['an unknown option', ['verify', `--${poison}`]],
  ['a wrong value', ['replay', '--at', poison, path]],
  ['an unknown dialect', ['verify', '--dialect', poison, path]],
];

describe('what could harm a terminal', () => {
  it.each(commands)('%s shows it as code points, in colour too', async (_name, args) => {
    for (const color of ['never', 'always']) {
      const tty = { out: true, err: true };
      const { out, err } = await cli(['--color', color, ...args], { tty, columns: 80 });
      const text = (out + err).replace(/\u001b\[\d+m/g, '');
      expect(text.length).toBeGreaterThan(0);
      expect(text).not.toMatch(unsafeOnTerminals);
    }
  });

  it.each(commands)('%s with --json escapes it and loses nothing', async (_name, args) => {
    const { out, err } = await cli(['--json', ...args]);
    // Behind --json there is still talk: -vv was asked for.
    expect(out + err).not.toMatch(unsafeOnTerminals);
    const report = JSON.parse(out);
    expect(schemaErrors(report)).toEqual([]);
    if (report.report === 'inspect') expect(report.logs[0].path).toBe(path);
  });

  it('streams of records escape it and lose nothing', async () => {
    const args = ['inspect', '--entries', '--format', 'jsonl', '--values', path];
    const { out } = await cli(args, { tty: { out: true } });
    expect(out).not.toMatch(unsafeOnTerminals);
    const [first] = out.split('\n').map((line) => line && JSON.parse(line));
    expect(first).toMatchObject({ key: poison, value: { [poison]: poison } });
  });
});

describe('what is too long', () => {
  const long = storeOf('long'.repeat(60));

  it.each([
    ['inspect of a directory', ['inspect', 'data-240']],
    ['inspect', ['inspect', '--top', '9', 'data-240']],
    ['inspect --entries', ['inspect', '--entries', 'data-240']],
    ['inspect --history', ['inspect', '--history', 'long'.repeat(60), 'data-240']],
    ['verify', ['verify', 'data-240']],
    ['replay that fails', ['replay', 'data-240']],
    ['an unknown command', ['long'.repeat(60)]],
    ['a wrong value', ['replay', '--at', 'long'.repeat(60), 'data-240']],
  ])('%s fits 80 columns but for paths that are to be copied', async (_name, args) => {
    const { out, err } = await cli(args, { cwd: root, columns: 80 });
    const text = (out + err)
      .split('\n')
      .filter((line) => !line.includes(`${long.path.slice(root.length + 1)}`));
    expectToFit(text.join('\n'));
  });
});
