// Screens of the first days: each holds the facts an operator needs, in the order they are asked.
//
// Every screen is made by the real commands on real files: the shipped example, and stores that a
// bot left behind well, after a pulled plug, after a killed compaction, with a hole in the middle.
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { botStore, cut, lookedAt, playerKeys, type BotStore } from './helpers/bot-store.js';
import { log } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { expectFacts, expectToFit, unsafeOnTerminals } from './helpers/screens.js';

const [best, second, third] = playerKeys;

/** Runs a command as somebody at 80 columns sees it; stdout and stderr in one. */
async function screen(args: string[], cwd?: string) {
  const result = await cli(args, { cwd, columns: 80, now: () => lookedAt });
  const text = result.out + result.err;
  // A state is data, as wide as its values.
  expectToFit(args[0] === 'replay' ? result.err : text);
  expect(text).not.toMatch(unsafeOnTerminals);
  return { ...result, text };
}

describe('the shipped example', () => {
  const data = 'fixtures/quickstart/data';

  it('shows three logs, what is wrong with two, and a command to copy', async () => {
    const { text, exitCode, err } = await screen(['inspect', data]);
    expectFacts(text, [
      `${data}: 3 logs, 2 need attention`,
      'LOG SIZE LINES KEYS LAST ENTRY VERDICT',
      'logs/game_state.log 11.9 KiB 61 4 2026-11-19 21:40 ok',
      'logs/players.log 96.5 KiB 241 38 2026-11-19 21:44 attention',
      'logs/tokens.log 40.2 KiB 3 4 2026-11-19 09:00 attention',
      '3 logs 148.6 KiB, 1 backup 25.0 KiB, 3 mirrors',
      'torn-tail logs/players.log line 241, byte 98714, 133 bytes',
      'key 218845771093442561, changed: line 236 stays in force',
      'mirror-differs tokens.json 1 key: lastUpdated',
      `Next: logctl verify ${data}`,
    ]);
    expect({ exitCode, err }).toEqual({ exitCode: 3, err: '' });
  });

  it('is told by verify with what was not checked, and a plan to look at', async () => {
    const { text, exitCode } = await screen(['verify', data]);
    expectFacts(text, [
      'logs/game_state.log progressive no problems found',
      'logs/players.log progressive attention',
      'logs/tokens.log progressive attention',
      'torn-tail',
      'mirror-differs',
      "The bot's own reader refuses this file as it is (JSON error, line 241).",
      'read 305 lines, 152,126 bytes',
      'not checked per-entry checksum: this log has none, about 1 in 4 single bit flips',
      'Next: logctl recover --dry-run',
    ]);
    expect(exitCode).toBe(3);
  });
});

describe('a store', () => {
  let store: BotStore;
  beforeEach(() => (store = botStore()));
  afterEach(() => store.remove());

  it('that is well: everything an operator asks of one log', async () => {
    const { text, exitCode } = await screen(['inspect', store.players], store.root);
    expectFacts(text, [
      'data/logs/players.log progressive ok',
      `size ${store.bytes.toLocaleString('en-US')} bytes`,
      '61 lines',
      'entries 1 CHECKPOINT, 60 SET, 0 DELETE',
      'time 2026-11-19T10:00:00Z to 2026-11-19T11:00:00Z (19 s ago)',
      'keys 3 live, 0 deleted',
      'live,',
      'reclaimable (',
      'tail whole, ends with a newline',
      'writer nobody has it open now',
      'last append 19 s ago',
      'mirror data/players.json agrees, 3 keys',
      'BACKUP MADE SIZE VERDICT HOLDS ENTRIES SINCE',
      '2026-11-19 09:59',
      'ok 2026-11-19T09:00:00Z',
      'restore every entry since 2026-11-19T09:00:00Z, no gaps',
      'LARGEST KEYS BYTES VERSIONS',
    ]);
    expect(text).not.toContain('RECOVERED');
    expect(exitCode).toBe(0);
  });

  it('with a broken line in the middle: no entry of that line is promised', async () => {
    store.write(store.players, store.text.replace('"op":"SET"', '"op":"SET'));
    const { text, exitCode } = await screen(['inspect', store.players], store.root);
    expectFacts(text, ['restore every entry since', 'except what is damaged', 'bad-json line 2']);
    expect(exitCode).toBe(4);
  });

  it('that is well: the versions of a key, across the backup, values hidden', async () => {
    const args = ['inspect', store.players, '--history', best, '-n', '2'];
    const { text } = await screen(args, store.root);
    expectFacts(text, [
      `${best}: 27 versions, the newest 2`,
      'TIME OP BYTES FILE LINE OFFSET',
      '2026-11-19T10:58:00.000Z SET',
      'players.log 59',
      '2026-11-19T10:55:00.000Z SET',
      'Add --values to see them, -n 0 for all.',
    ]);
    expect(text).not.toContain('games');
  });

  it('that is well: verify says so, and what it did not check', async () => {
    const { text, exitCode } = await screen(['verify', store.players], store.root);
    expectFacts(text, [
      'data/logs/players.log progressive no problems found',
      'read 61 lines',
      'checked UTF-8, JSON, entry rules, 1 checkpoint, 1 backup, the mirror',
      'not checked per-entry checksum',
    ]);
    expect(exitCode).toBe(0);
  });

  it('with a torn tail: where, what it changes, what the bot would do', async () => {
    store.write(store.players, store.text + store.torn(second));
    const { text, exitCode } = await screen(['verify', store.players], store.root);
    expectFacts(text, [
      'data/logs/players.log progressive attention',
      `torn-tail line 62, byte ${store.bytes}, 90 bytes: the last entry stops early`,
      `key ${second}, changed: line 60 stays in force`,
      "The bot's own reader refuses this file as it is (JSON error, line 62).",
      'Repair it before the bot starts: its next append would be glued to line 62',
      'read 62 lines',
      'not checked',
      'Next: logctl recover --dry-run data/logs/players.log',
    ]);
    expect(exitCode).toBe(3);
  });

  it('with a torn tail and an append behind it: the entry that no reader sees', async () => {
    const glued = `${store.torn(best)}${store.whole(third)}\n`;
    store.write(store.players, store.text + glued + log(store.whole(second)));
    const { text, exitCode } = await screen(['verify', store.players], store.root);
    const bytes = Buffer.byteLength(glued) - 1;
    expectFacts(text, [
      'data/logs/players.log progressive damaged',
      `glued-lines line 62, byte ${store.bytes}, ${bytes} bytes: 90 bytes of a torn entry,`,
      `then 1 whole entry of ${bytes - 90} bytes`,
      `key ${third}, changed: no reader of the format sees this entry, line 61 is in force instead`,
      'mirror-differs data/players.json',
      'read 63 lines',
      'Next: logctl recover --dry-run --policy salvage data/logs/players.log',
    ]);
    expect(exitCode).toBe(4);
  });

  it('whose compaction was killed: the backup that holds the data, and not to start', async () => {
    store.write(store.players, '');
    cut(store, store.mirror, 40);
    const { text, exitCode } = await screen(['inspect', 'data'], store.root);
    expectFacts(text, [
      'data/logs/players.log progressive damaged',
      'tail empty, 0 bytes',
      'mirror data/players.json cannot be read',
      'total 1 log 0 bytes, 1 backup',
      'free',
      'truncated-log',
      '0 bytes, but players.log.backup.',
      'holds',
      'bytes: a compaction was killed; lost for readers of the log: 3 keys',
      'mirror-torn',
      'JSON ends early at byte 40',
      'Do not start the bot now: it fails with players.json like this',
      'Next: logctl recover --dry-run --mirror data',
    ]);
    expect(exitCode).toBe(4);
  });

  it('whose log is gone is still that store', async () => {
    const { mirror, players, root } = store;
    rmSync(join(root, players));
    const { text, exitCode } = await screen(['verify', players], root);
    expectFacts(text, ['log-missing', 'holds', 'lost for readers of the log: 3 keys', mirror]);
    expect(exitCode).toBe(4);
  });

  it('with a torn tail, where only damage counts: no damage, and the tail', async () => {
    store.write(store.players, store.text + store.torn(second));
    const args = ['verify', '--fail-on', 'damage', store.players];
    const { text, exitCode } = await screen(args, store.root);
    expectFacts(text, ['data/logs/players.log progressive no damage found', 'torn-tail line 62']);
    expect(exitCode).toBe(0);
  });

  it('with one byte of a torn entry, and a long line: as one counts', async () => {
    const [first] = store.text.split('\n', 1);
    store.write(store.players, log(first, `{${first}`));
    const { text } = await screen(['verify', store.players], store.root);
    expectFacts(text, ['glued-lines line 2', '1 byte of a torn entry, then 1 whole entry of']);
    const bytes = Buffer.from(store.text + `${'x'.repeat(2_000)}\n${first}\n`);
    store.write(store.players, bytes.fill(0, store.bytes + 500, store.bytes + 600));
    const nul = await screen(['verify', store.players], store.root);
    expectFacts(nul.text, ['nul-run', '100 zero bytes in a line of 2,000']);
  });

  it('with zero bytes in the middle: how many, and in which line', async () => {
    const bytes = Buffer.from(store.text).fill(0, 2_000, 2_300);
    store.write(store.players, bytes);
    const { text, exitCode } = await screen(['verify', store.players], store.root);
    expectFacts(text, [
      'data/logs/players.log progressive damaged',
      'nul-run line',
      '300 zero bytes in a line of',
      'Next: logctl recover --dry-run --policy salvage data/logs/players.log',
    ]);
    expect(exitCode).toBe(4);
  });

  it.skipIf(!existsSync('/proc/self/fd'))('that somebody keeps open: who, and how', async () => {
    const writer = openSync(join(store.root, store.players), 'a');
    try {
      const { text, exitCode } = await screen(['inspect', store.players], store.root);
      expectFacts(text, [
        `writer pid ${process.pid} (`,
        ') appends; last append',
        `live-writer pid ${process.pid} (`,
        ') has it open for appending',
      ]);
      expect(exitCode).toBe(0);
    } finally {
      closeSync(writer);
    }
  });

  it('gives yesterday back: one key at one moment, and the moment behind it', async () => {
    const at = '2026-11-19T10:30:30Z';
    const args = ['replay', store.players, '--at', at, '--key', best, '--format', 'jsonl'];
    const { out, err, exitCode } = await screen(args, store.root);
    expect(JSON.parse(out)).toMatchObject({ key: best, value: { stats: { games: 127 } } });
    expectFacts(err, [
      'state at 2026-11-19T10:30:00.000Z (line 31), the next entry is 10:31:00.000Z',
      '1 of 3 keys, asked for 2026-11-19T10:30:30Z',
    ]);
    expect(exitCode).toBe(0);
  });

  it('knows nothing older than its backups, and says from where on it does', async () => {
    const args = ['replay', store.players, '--at', '2026-08-01T00:00:00Z'];
    const { out, err, exitCode } = await screen(args, store.root);
    expectFacts(err, [
      'logctl: the log and its backups begin at 2026-11-19T09:00:00.000Z',
      'Next: logctl replay data/logs/players.log --at 2026-11-19T09:00:00.000Z',
    ]);
    expect({ out, exitCode }).toEqual({ out: '', exitCode: 21 });
  });

  it('answers a script with the same facts', async () => {
    const glued = `${store.torn(best)}${store.whole(third)}\n`;
    store.write(store.players, store.text + glued);
    const { out } = await cli(['verify', '--json', store.players], { cwd: store.root });
    const { exitCode, findings, next } = JSON.parse(out);
    expect({ exitCode, code: findings[0].code, offset: findings[0].offset }).toEqual({
      ...{ exitCode: 4, code: 'glued-lines', offset: store.bytes },
    });
    expect(next[0].argv).toEqual([
      ...['logctl', 'recover', '--dry-run', '--policy', 'salvage', store.players],
    ]);
  });
});

describe('a wrong path', () => {
  it('names the logs that are near, and the command to see them', async () => {
    const store = botStore();
    try {
      const { out, err, exitCode } = await screen(['inspect', 'data/log/x.log'], store.root);
      expectFacts(err, [
        'logctl: data/log/x.log: no such file',
        'data/logs holds 1 log: players.log',
        'Next: logctl inspect data/logs',
      ]);
      expect({ out, exitCode }).toEqual({ out: '', exitCode: 10 });
    } finally {
      store.remove();
    }
  });

  it('far from everything names the nearest directory that is there', async () => {
    const { err } = await screen(['inspect', '/nowhere/at/all.log'], '/');
    expect(err).toBe(
      'logctl: /nowhere/at/all.log: no such file\nthe nearest directory that is there: /\n',
    );
  });
});
