// Reports as people and programs see them: the same facts, at most 80 columns, nothing dangerous.
import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import type { EntryRow, FailureReport, Report, VerifyReport } from '../src/engine/index.js';
import { lookOf } from '../src/cli/human/look.js';
import { entryJson, toJson, toText } from '../src/cli/present.js';
import * as reports from './helpers/reports.js';
import { schemaErrors } from './helpers/schema.js';

const plain = (report: Report, columns = 80) => toText(report, lookOf(columns));
const esc = '\u001b';

/** Expects the facts to stand in the text in this order. */
function expectInOrder(text: string, facts: string[]): void {
  let from = 0;
  for (const fact of facts) {
    const at = text.indexOf(fact, from);
    expect(at, `${fact}\nmissing, or too early, in\n${text}`).toBeGreaterThanOrEqual(0);
    from = at + fact.length;
  }
}

describe('every report', () => {
  const all = Object.entries(reports.allReports);

  it.each(all)('%s fits its columns and is plain ASCII', (_name, report) => {
    for (const columns of [80, 132]) {
      for (const line of plain(report, columns).split('\n')) {
        expect(line.length, line).toBeLessThanOrEqual(columns);
        expect(line).toMatch(/^[\x20-\x7e]*$/);
        expect(line).not.toMatch(/ $/);
      }
    }
  });

  it.each(all)('%s follows its schema, and breaks it with a wrong type', (_name, report) => {
    const json = JSON.parse(toJson(report));
    expect(schemaErrors(json)).toEqual([]);
    expect(schemaErrors({ ...json, exitCode: 5 })).not.toEqual([]);
    expect(schemaErrors({ ...json, logs: [{ ...json.logs[0], bytes: '1' }] })).not.toEqual([]);
    expect(schemaErrors({ ...json, schema: 'logctl/other@1' })).not.toEqual([]);
    const { findings: _, ...withoutFindings } = json;
    expect(schemaErrors(withoutFindings)).not.toEqual([]);
  });

  it.each(all)('%s says the same with and without colour', (_name, report) => {
    const coloured = toText(report, lookOf(80, new Chalk({ level: 1 })));
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(plain(report));
  });

  it.each(all)('%s shows no control character of its log', (_name, report) => {
    const poison = `a${esc}[2J\u202e\r\nb`;
    const poisoned = JSON.parse(
      JSON.stringify(report).replaceAll('348571290334887937', JSON.stringify(poison).slice(1, -1)),
    );
    const text = plain(poisoned);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(toJson(poisoned)).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

describe('inspect', () => {
  it('says of one log what an operator asks', () => {
    expectInOrder(plain(reports.inspectOne), [
      'data/logs/players.log   progressive   ok\n\n',
      '  size       2,418,112 bytes (2.31 MiB), 4,672 lines\n',
      '  entries    1 CHECKPOINT, 4,671 SET, 0 DELETE\n',
      '  time       2026-11-03T02:17:03Z to 2026-11-20T08:59:41Z (19 s ago)\n',
      '  keys       1,204 live, 0 deleted\n',
      '  bytes      517,812 live, 1,900,300 reclaimable (79 %)\n',
      '  tail       whole, ends with a newline\n',
      '  writer     nobody has it open now; last append 19 s ago\n',
      '  mirror     data/players.json agrees, 1,204 keys\n\n',
      '  BACKUP         MADE              SIZE      VERDICT  HOLDS ENTRIES SINCE\n',
      '  1793672223118  2026-11-03 02:17  1.37 MiB  ok       2026-10-21T02:17:03Z\n',
      '  restore    every entry since 2026-09-28T18:00:07Z, no gaps\n\n',
      '  LARGEST KEYS        BYTES  VERSIONS\n',
      '  348571290334887937  6,802        61\n',
      '\nNext: logctl compact --dry-run data/logs/players.log\n',
      '      79 % can be reclaimed; this only shows what it would do\n',
    ]);
  });

  it('shows a directory as a table, the findings below it', () => {
    expectInOrder(plain(reports.inspectMany), [
      'data: 3 logs, 1 damaged\n\n',
      '  LOG                  SIZE       LINES  KEYS  LAST ENTRY        VERDICT\n',
      '  logs/game_state.log   47.1 KiB    180     9  2026-11-20 03:39  ok\n',
      '  logs/players.log         0          0     0  -                 damaged\n',
      '  logs/tokens.log      207.5 KiB',
      '41.7 GiB free',
      '  truncated-log  logs/players.log  0 bytes, but players.log.backup.1795146082417\n',
      'holds 1,061,204 bytes: a compaction was killed',
      '  mirror-torn    players.json  JSON ends early at byte 262144\n',
      '  Do not start the bot now',
      'Next: logctl recover --dry-run --mirror data\n',
    ]);
  });

  it('shortens long names in the middle so that tables fit', () => {
    const long = 'k'.repeat(100) + '-end';
    const many = JSON.parse(
      JSON.stringify(reports.inspectMany).replaceAll('logs/tokens.log', `logs/${long}.log`),
    );
    expect(plain(many)).toMatch(/^  logs\/k+\.\.\.k*-end\.log +207\.5 KiB/m);
    const [log] = reports.inspectOne.logs;
    const largest = [{ key: long, bytes: 1, versions: 1 }];
    const texts = [plain(many), plain({ ...reports.inspectOne, logs: [{ ...log, largest }] })];
    for (const line of texts.join('').split('\n'))
      expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('never claims that nobody writes where that cannot be known', () => {
    const [log] = reports.inspectOne.logs;
    const unknown = { ...reports.inspectOne, logs: [{ ...log, writers: null }] };
    expect(plain(unknown)).toContain('cannot be told here');
    const some = { ...reports.inspectOne, logs: [{ ...log, hiddenProcesses: 214 }] };
    expect(plain(some).replace(/\s+/g, ' ')).toContain(
      "nobody has it open now (214 other users' processes not looked into); last append",
    );
    const writers = [{ pid: 2291, command: 'node index.js', writes: true, append: true }];
    expect(plain({ ...reports.inspectOne, logs: [{ ...log, writers }] })).toContain(
      'pid 2291 (node index.js) appends; last append 19 s ago',
    );
  });

  it('names the holes of the restore window', () => {
    const [log] = reports.inspectOne.logs;
    const gaps = [{ after: '2026-10-01T00:00:00Z', before: '2026-10-09T00:00:00Z' }];
    const restore = { since: '2026-09-28T18:00:07Z', gaps };
    expect(plain({ ...reports.inspectOne, logs: [{ ...log, restore }] })).toMatch(
      /none between\s+2026-10-01T00:00:00Z and\s+2026-10-09T00:00:00Z/,
    );
  });
});

describe('entries', () => {
  it('lists the versions of a key, and how to see more', () => {
    expectInOrder(plain(reports.history), [
      '348571290334887937: 143 versions, the newest 4\n\n',
      '  TIME                      OP   BYTES  FILE         LINE   OFFSET\n',
      '  2026-11-20T08:59:41.207Z  SET  6,802  players.log  4672  2411222\n',
      '  2026-11-19T21:58:02.664Z  SET  6,690  players.log  4577  2331047\n',
      'Add --values to see them, -n 0 for all.\n',
    ]);
  });

  it('prints a value whole below its row, for whoever asked', () => {
    const value = `{"text":"${'long '.repeat(40)}"}`;
    const entries = reports.history.entries.map((row) => ({ ...row, value }));
    expect(plain({ ...reports.history, entries })).toContain(`4672  2411222\n    ${value}\n`);
  });

  it('puts the bytes of a value into JSON, not a string, and not a parsed number', () => {
    const row: EntryRow = {
      ...reports.history.entries[0],
      value: '{"n":9007199254740993,"x":1.0}',
    };
    expect(entryJson(row)).toMatch(/,"value":\{"n":9007199254740993,"x":1\.0\}\}$/);
    const json = toJson({ ...reports.history, entries: [row] });
    expect(json).toContain('"value":{"n":9007199254740993,"x":1.0}}]}');
    expect(schemaErrors(JSON.parse(json))).toEqual([]);
  });
});

describe('verify', () => {
  it('says of a sound log what was and what was not checked', () => {
    expect(plain(reports.verifySound)).toBe(
      `data/logs/players.log   progressive   no problems found

  read         4,672 lines, 2,418,112 bytes, 0.1 s
  checked      UTF-8, JSON, entry rules, 1 checkpoint, 3 backups, the mirror
  not checked  per-entry checksum: this log has none, about 1 in 4 single bit
               flips would go unseen
`,
    );
  });

  it('says where a torn tail is, what it changes, what the bot would do', () => {
    expectInOrder(plain(reports.verifyTorn), [
      'data/logs/players.log   progressive   attention\n\n',
      '  torn-tail  line 4673, byte 2418112, 187 bytes: the last entry stops early\n',
      'key 348571290334887937, changed: line 4672 stays in force\n\n',
      "  The bot's own reader refuses this file as it is (JSON error, line 4673).\n",
      '  Repair it before the bot starts: its next append would be glued to line 4673\n',
      '  read         4,673 lines, 2,418,299 bytes, 0.1 s\n',
      '  not checked  per-entry checksum',
      '\nNext: logctl recover --dry-run data/logs/players.log\n',
    ]);
  });

  it('puts errors before what only needs attention', () => {
    expectInOrder(plain(reports.verifyGlued), [
      'progressive   damaged\n',
      '  glued-lines     line 4673, byte 2418112, 618 bytes:',
      '187 bytes of a torn entry,',
      'key 771203345590081024, changed',
      '  mirror-differs  data/players.json  1 key: 771203345590081024\n',
      'Next: logctl recover --dry-run --policy salvage data/logs/players.log\n',
    ]);
  });

  it('stays readable with ten thousand findings of one kind', () => {
    const findings = Array.from({ length: 10_000 }, (_, at) => ({
      ...reports.glued(at + 1, at * 600),
      consequence: `The reader refuses line ${at + 1}.`,
    }));
    const flood: VerifyReport = { ...reports.verifyGlued, findings, findingsCut: 90_000 };
    const text = plain(flood);
    expect(text.split('\n').length).toBeLessThan(40);
    expect(text).toContain('and 9,995 more, the last at line 10000 (--json has them)');
    expect(text).toContain('90,000 more findings not listed');
    expect(text).toMatch(/The reader\s+refuses\s+line\s+3\./);
    expect(text).not.toMatch(/refuses\s+line\s+4\./);
  });

  it('gives each of several logs one line, and keeps going where one failed', () => {
    const [log] = reports.verifySound.logs;
    const error = { code: 'io', message: 'b.log: input/output error (EIO)', hint: 'look at dmesg' };
    const failed = { ...log, path: 'b.log', verdict: 'no verdict' as const, error };
    const text = plain({ ...reports.verifySound, logs: [log, failed] });
    expectInOrder(text, [
      'data/logs/players.log   progressive   no problems found\n',
      'b.log                   progressive   no verdict\n',
      '  b.log: input/output error (EIO)\n  look at dmesg\n',
    ]);
  });
});

describe('replay', () => {
  it('names the point of the state and the entry behind it', () => {
    expect(plain(reports.replayAt)).toBe(
      'state at 2026-11-19T21:56:48.020Z (line 4571), the next entry is 21:58:02.664Z\n' +
        '1 of 1,203 keys, asked for 2026-11-19T21:57:00Z\n',
    );
  });

  it('shows a hash that is not the expected one, and what differs', () => {
    const [log] = reports.replayAt.logs;
    const diff = { against: 'old.json', added: ['a'], removed: [], changed: ['b', 'c'] };
    const hashes = { stateHash: '7c'.repeat(32), expectedHash: 'd2'.repeat(32) };
    expectInOrder(plain({ ...reports.replayAt, logs: [{ ...log, ...hashes, diff }] }), [
      `sha256   ${hashes.stateHash}\nexpected ${hashes.expectedHash}\n`,
      'compared with old.json:\n',
      '  only here   1 key: a\n',
      '  differ      2 keys: b, c\n',
    ]);
  });

  it('speaks of no state where damage kept it from being written', () => {
    const [log] = reports.replayAt.logs;
    const damaged = { ...log, verdict: 'damaged' as const, exitCode: 4 as const };
    const text = plain({ ...reports.replayAt, verdict: 'damaged', exitCode: 4, logs: [damaged] });
    expect(text).toContain('no state was written');
    expect(text).not.toContain('state at');
  });
});

describe('a failure', () => {
  const failure: FailureReport = {
    schema: 'logctl/error@1',
    report: 'error',
    version: '1.0.0',
    verdict: 'not found',
    exitCode: 10,
    durationMs: 1,
    ...{ logs: [], findings: [], notChecked: [] },
    error: {
      code: 'not-found',
      message: 'data/log/players.log: no such file',
      hint: 'data/logs holds 3 logs: game_state.log, players.log, tokens.log',
    },
    next: [{ argv: ['logctl', 'inspect', 'data/logs'], why: '', writes: false }],
  };

  it('is three lines: what, what is there, what to type', () => {
    expect(plain(failure)).toBe(
      'logctl: data/log/players.log: no such file\n' +
        'data/logs holds 3 logs: game_state.log, players.log, tokens.log\n' +
        'Next: logctl inspect data/logs\n',
    );
    expect(schemaErrors(JSON.parse(toJson(failure)))).toEqual([]);
  });

  it('breaks a long command behind a backslash and calls further ones then', () => {
    const argv = ['logctl', 'recover', '--dry-run', '--policy', 'salvage', '--max-lost', '12'];
    const next = [
      { argv: [...argv, 'data/logs/game_state.log'], why: '', writes: false },
      { argv: ['logctl', 'recover', '--yes', 'it is'], why: 'writes', writes: true },
    ];
    expect(plain({ ...failure, next })).toContain(
      'Next: logctl recover --dry-run --policy salvage --max-lost 12 \\\n' +
        '        data/logs/game_state.log\n' +
        "then: logctl recover --yes 'it is'\n      writes\n",
    );
  });
});
