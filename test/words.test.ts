// The small words of the human views: quoting, numbers, sizes, ages, widths, progress.
import { describe, expect, it } from 'vitest';
import { shellQuote } from '../src/engine/reading.js';
import { table, type Column } from '../src/cli/human/table.js';
import { shorten, widthOf, wrap } from '../src/cli/human/text.js';
import { age, briefBytes, columnBytes, seconds, thousands } from '../src/cli/human/units.js';
import type { Io } from '../src/cli/io.js';
import { openProgress, paceOf, progressText } from '../src/cli/progress.js';

describe('shell quoting', () => {
  it.each([
    ['data/logs/players.log', 'data/logs/players.log'],
    ['two words', "'two words'"],
    ["it's", `'it'\\''s'`],
    ['$HOME;`x`', "'$HOME;`x`'"],
    ['', "''"],
    ["a\u001b'\\\u202e", "$'a\\u001b\\'\\\\\\u202e'"],
    ['\u{e0041}', "$'\\U000e0041'"],
  ])('%j', (word, quoted) => {
    expect(shellQuote(word)).toBe(quoted);
  });
});

describe('words and numbers', () => {
  it('counts, scales and dates as people do', () => {
    expect([0, 999, 1_000, 2_418_112].map(thousands)).toEqual(['0', '999', '1,000', '2,418,112']);
    expect([0, 1, 187, 12_186, 1_048_575, 1_048_576, 44_774_287_770].map(briefBytes)).toEqual([
      '0 bytes',
      '1 byte',
      '187 bytes',
      '11.9 KiB',
      '1.00 MiB',
      '1.00 MiB',
      '41.7 GiB',
    ]);
    expect([0, 187, 48_211].map(columnBytes)).toEqual(['0    ', '187 B  ', '47.1 KiB']);
    expect([97, 9_949, 9_950, 119_499, 200_000].map(seconds)).toEqual([
      '0.1 s',
      '9.9 s',
      '10 s',
      '119 s',
      '3 min 20 s',
    ]);
    const ages = [0, 19_300, 660_000, 7_200_000, 259_200_000, -300_000].map(age);
    expect(ages).toEqual([
      '0 s ago',
      '19 s ago',
      '11 min ago',
      '2 h ago',
      '3 d ago',
      '5 min ahead of this clock',
    ]);
  });

  it('shortens in the middle and wraps at spaces, by columns and not by code units', () => {
    expect(shorten('348571290334887937', 11)).toBe('3485...7937');
    expect(shorten('short', 11)).toBe('short');
    expect(widthOf(shorten('鍵'.repeat(30), 20))).toBeLessThanOrEqual(20);
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
    expect(wrap('😀😀😀', 4)).toEqual(['😀😀', '😀']);
  });
});

describe('progress', () => {
  const at = { phase: 'read', path: 'data/logs/players.log', done: 3_145_728, total: 6_291_456 };

  it('says bytes done, rate and time to go', () => {
    expect(progressText(at, 1_000, 80)).toBe(
      'read data/logs/players.log  3.00 MiB of 6.00 MiB, 3.00 MiB/s, 1.0 s left',
    );
    expect(progressText({ ...at, path: 'x'.repeat(200) }, 1_000, 80).length).toBe(80);
  });

  it('knows no time to go where the total is not known', () => {
    expect(paceOf({ ...at, total: 0 }, 1_000)).toEqual({ bytesPerSecond: 3_145_728, etaMs: null });
    expect(paceOf(at, 0)).toEqual({ bytesPerSecond: null, etaMs: null });
  });

  it('as JSON is one line on stderr for each step, and silent where nobody looks', () => {
    let nowMs = 0;
    let written = '';
    const err = {
      isTTY: false,
      columns: undefined,
      write: (text: string) => void (written += text),
    };
    const io = { err, env: {}, now: () => nowMs } as unknown as Io;
    const silent = openProgress(io);
    const lines = openProgress(io, 'json');
    for (const done of [0, 1_048_576]) {
      silent.show({ ...at, done });
      lines.show({ ...at, path: 'a\u202e', done });
      nowMs += 2_000;
    }
    const [first, second, rest] = written.split('\n');
    expect(JSON.parse(first)).toMatchObject({ done: 0, bytesPerSecond: null, etaMs: null });
    expect(JSON.parse(second)).toMatchObject({ bytesPerSecond: 524_288, etaMs: 10_000 });
    expect({ rest, hidden: written.includes('\u202e') }).toEqual({ rest: '', hidden: false });
  });

  it('as JSON has the first and the last of each file, and a few lines a second between', () => {
    let nowMs = 0;
    const done: number[] = [];
    const write = (line: string) => void done.push((JSON.parse(line) as { done: number }).done);
    const io = { err: { isTTY: false, write }, env: {}, now: () => nowMs } as unknown as Io;
    const lines = openProgress(io, 'json');
    for (const path of ['a', 'b']) {
      for (let at = 0; at <= 1_000; at++, nowMs++) {
        lines.show({ phase: 'read', path, done: at, total: 1_000 });
      }
    }
    expect(done).toEqual([0, 200, 400, 600, 800, 1_000, 0, 200, 400, 600, 800, 1_000]);
  });
});

describe('a table that is too wide', () => {
  const columns: Column[] = [
    { head: 'LOG', kind: 'text', flexible: true },
    { head: 'KEYS', kind: 'number' },
    { head: 'LAST', kind: 'text', expendable: true },
  ];
  const rows = ['jsonldb/basic', 'jsonldb/crash'].map((name) => [
    ...[`stores/of/${name}/store/db.jsonl`, '3', '2026-11-20 10:10'],
  ]);

  it('keeps names apart by leaving out what it can do without', () => {
    expect(table(columns, rows, 80)[0]).toMatch(/LAST$/);
    const narrow = table(columns, rows, 46);
    expect(narrow).toHaveLength(3);
    expect(narrow[0]).toMatch(/^  LOG +KEYS$/);
    expect(narrow[1]).toContain('stores/of/jsonldb/basic/store/db.jsonl');
  });

  it('cuts the widest of what it can cut, until all fits', () => {
    const two: Column[] = [
      { head: 'KEY', kind: 'text', flexible: true },
      { head: 'FILE', kind: 'text', flexible: true },
    ];
    const [, row] = table(two, [['k'.repeat(90), 'f'.repeat(30)]], 60);
    expect(row).toMatch(/^  k+\.\.\.k+  f+\.\.\.f+$/);
    expect(row).toHaveLength(60);
  });
});
