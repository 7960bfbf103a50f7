// What the words of a command line name: logs, directories, globs, lost logs, nothing at all.
import { describe, expect, it } from 'vitest';
import { inspect, verify, type Context, type LogctlError } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type FileSeed } from './helpers/recording-disk.js';

const entries = log(set('a', 1));
const store: Record<string, FileSeed> = {
  '/bot/data/players.json': '{"a":1}',
  '/bot/data/logs/players.log': entries,
  '/bot/data/logs/tokens.log': entries,
  '/bot/data/logs/notes.txt': 'buy milk\n',
  '/bot/data/logs/players.log.backup.1795146082417': entries,
  '/bot/data/logs/players.log.backup.1795146082418.gz': 'not read here',
  '/bot/data/logs/players.log.original.1795146082419': entries,
  '/bot/data/logs/players.log.quarantine.1795146082419.jsonl': entries,
  '/bot/data/logs/players.log.receipt.1795146082419.json': entries,
  '/bot/data/logs/.players.log.lock': entries,
  '/bot/data/logs/.players.log.compact.lock': '',
  '/bot/data/logs/.players.log.tmp-c0ffee': entries,
};
const both = ['/bot/data/logs/players.log', '/bot/data/logs/tokens.log'];

describe('targets', () => {
  it.each<[string, string[], string[]]>([
    ['a log', [both[0]], [both[0]]],
    ['a directory of logs', ['/bot/data/logs'], both],
    ['the directory above it', ['/bot/data'], both],
    ['a glob of logs', ['/bot/data/logs/*.log'], both],
    ['a glob of everything', ['/bot/data/logs/p*'], [both[0]]],
    ['a glob over directories', ['/bot/*/logs/[pt]*.log'], both],
    ['a log named twice', [both[0], '/bot/data/logs', both[0]], both],
    [
      'a backup, by its own name',
      ['/bot/data/logs/players.log.backup.1795146082417'],
      ['/bot/data/logs/players.log.backup.1795146082417'],
    ],
  ])('%s: side files are never taken for logs', async (_what, words, found) => {
    expect(await logsOf(words)).toEqual(found);
  });

  it('of a log that is gone are its siblings, in a directory and by name', async () => {
    const { [both[0]]: _gone, ...rest } = store;
    expect(await logsOf(['/bot/data'], rest)).toEqual(both);
    expect(await logsOf([both[0]], rest)).toEqual([both[0]]);
  });

  it.each(['', '\0'.repeat(512)])(
    'are empty and NUL-filled logs beside their backups: %j',
    async (text) => {
      const files = { '/d/x.log': text, '/d/x.log.backup.1795146082417': entries };
      expect(await logsOf(['/d'], files)).toEqual(['/d/x.log']);
      expect(await logsOf(['/d/x.log'], files)).toEqual(['/d/x.log']);
    },
  );

  it('are found by content, whatever the name', async () => {
    expect(await logsOf(['/d'], { '/d/events.jsonl': entries, '/d/b.log': 'text' })).toEqual([
      '/d/events.jsonl',
    ]);
  });

  it('may be standard input, read to its end', async () => {
    const file = memoryDisk({ '/-': entries }).open('/-');
    const stdin: Context['stdin'] = () => Object.assign(file, { path: '-' });
    const report = await verify(contextOf(memoryDisk({}), { stdin }), ['-']);
    expect(report.logs).toMatchObject([{ path: '-', lines: 1, exitCode: 0 }]);
    expect(report.notChecked.join()).toMatch(/standard input has none/);
  });
});

describe('nothing named', () => {
  it.each([
    ['data/logs', { 'data/logs/a.log': entries, 'data/b.log': entries }, ['data/logs/a.log']],
    ['data', { 'data/b.log': entries, 'data/c.txt': 'x' }, ['data/b.log']],
  ])('takes %s and says so', async (word, files, found) => {
    const said: string[] = [];
    const say: Context['say'] = (level, text) => void (level === 0 && said.push(text));
    const report = await verify(contextOf(memoryDisk(files), { say }), []);
    expect(report.logs.map(({ path }) => path)).toEqual(found);
    expect(said).toEqual([`no target named: taking ${word}`]);
  });

  it('and nothing here is wrong usage: exit 2', async () => {
    await expect(verify(contextOf(memoryDisk({})), [])).rejects.toMatchObject({
      code: 'usage',
      exitCode: 2,
    });
  });
});

describe('nothing there', () => {
  it.each([
    ['a missing log', '/bot/data/logs/player.log'],
    ['a missing log one directory up', '/bot/data/players.log'],
    ['a glob without a match', '/bot/data/logs/x*.log'],
  ])('%s is not-found, exit 10, naming the logs nearby', async (_what, word) => {
    const failure = await failureOf(word);
    expect(failure).toMatchObject({ code: 'not-found', exitCode: 10 });
    expect(failure.hint).toContain('/bot/data/logs holds 2 logs: players.log, tokens.log');
  });

  it('a directory without logs is not-found', async () => {
    const files = { '/empty/readme.txt': 'hello' };
    expect(await failureOf('/empty', files)).toMatchObject({ code: 'not-found', exitCode: 10 });
  });

  it('a directory of files that are logs by name alone names them, not itself', async () => {
    const files = { '/d/logs/a.db': 'c2VjcmV0\n', '/d/logs/b.log': 'text', '/d/x.txt': '' };
    for (const word of ['/d', '/d/logs']) {
      const { hint, details } = await failureOf(word, files);
      expect([word, hint, details.next]).toEqual([
        word,
        'of no known format: /d/logs/a.db, /d/logs/b.log',
        [['logctl', 'inspect', '/d/logs/a.db']],
      ]);
    }
  });

  it('a file that is no log is not-a-log, and says what a log looks like', async () => {
    const failure = await failureOf('/bot/data/logs/notes.txt');
    expect(failure).toMatchObject({ code: 'not-a-log', exitCode: 10 });
    expect(failure.hint).toMatch(/progressive/);
  });

  it('among several targets ends that one alone', async () => {
    const report = await inspect(contextOf(memoryDisk(store)), [both[0], '/bot/none.log']);
    expect(report.exitCode).toBe(10);
    expect(report.logs).toMatchObject([
      { exitCode: 3 },
      { exitCode: 10, error: { code: 'not-found' } },
    ]);
  });
});

describe('a dialect', () => {
  it('may be named where the content does not tell, and must be known', async () => {
    const files = { '/d/odd.txt': '{"x":1}\n' };
    const context = contextOf(memoryDisk(files));
    await expect(verify(context, ['/d/odd.txt'])).rejects.toMatchObject({ code: 'not-a-log' });
    const named = await verify(context, ['/d/odd.txt'], { dialect: 'progressive' });
    expect(named.findings).toMatchObject([{ code: 'bad-entry' }]);
    await expect(verify(context, ['/d/odd.txt'], { dialect: 'x' })).rejects.toMatchObject({
      code: 'usage',
    });
  });
});

async function logsOf(words: string[], files = store): Promise<string[]> {
  const report = await verify(contextOf(memoryDisk(files)), words);
  return report.logs.map(({ path }) => path);
}

async function failureOf(word: string, files = store) {
  const failure: unknown = await logsOf([word], files).catch((error: unknown) => error);
  return failure as LogctlError;
}
