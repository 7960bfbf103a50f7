// The kernel's rows: where lines lie, what they are, and what of them is captured, byte for byte.
//
// Lines are judged by an oracle that parses them. Each tricky file is fed whole (fast path), byte
// by byte (machine) and with a border at every place: the rows must not know the difference.
import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { progressive } from '../src/engine/dialects/progressive/progressive.js';
import { PROBLEM } from '../src/engine/scan/kernel.js';
import { Utf8Watch } from '../src/engine/scan/utf8-watch.js';
import { log, numbered, remove, set } from './helpers/bot-log.js';
import { KernelRun, type Row } from './helpers/kernel-run.js';
import { judgeLine, linesOf } from './helpers/line-judge.js';
import { randomFrom } from './helpers/crash-states.js';
import { announcedSeed } from './helpers/seed.js';
import { bytesOf, trickyFiles } from './helpers/tricky-lines.js';

const codec = progressive.codec('segment');
const run = new KernelRun(codec);
const follower = set('next', 1, 9);

describe.each(trickyFiles)('%s', (_, line) => {
  const file = bytesOf([...line], `\n${follower}\n`);
  const rows = run.rows(file);

  it('is the same rows with a chunk border at every place and at every chunk size', () => {
    for (let cut = 1; cut < file.length; cut++) expect(run.rowsCutAt(file, [cut])).toEqual(rows);
    for (let size = 1; size <= 80; size++) expect(run.rows(file, size)).toEqual(rows);
  });

  it('has its lines where the line feeds are, and each is what parsing it says', () => {
    const lines = linesOf(file);
    expect(rows.map((row) => [row.offset, row.length])).toEqual(
      lines.map((one) => [one.byteOffset - lines[0].byteOffset, one.length]),
    );
    rows.forEach((row, i) => checkRow(row, lines[i], i === 0));
  });
});

function checkRow(row: Row, line: Uint8Array, isFirst: boolean): void {
  const judged = judgeLine(line, isFirst);
  expect((row.problem & PROBLEM.utf8) !== 0).toBe(!isUtf8(line));
  if ((row.problem & PROBLEM.crc) !== 0) return expect(row.kind).toBe('bad');
  expect(row.kind).toBe(judged.is);
  if (judged.is === 'put' || judged.is === 'delete') expect(row.key).toBe(judged.key);
  if (judged.is !== 'put') return;
  const from = row.value.offset - row.offset;
  const text = Buffer.from(line.subarray(from, from + row.value.length)).toString();
  expect(text).toBe(text.trim());
  expect(JSON.parse(text)).toEqual(judged.value);
}

describe('captures', () => {
  it('are the bytes of the last value, key and time of their name', () => {
    const values = [
      '9007199254740993',
      '-0',
      '1.0',
      '1E400',
      '"\\u0061"',
      '{"a":1,"a":2}',
      '[ 1 ]',
    ];
    for (const value of values) {
      const head = '{"timestamp":"2026-11-19T09:00:00.123Z","op":"SET","key":"k"';
      const line = `${head},"value":${value} ,"seq":7}`;
      const file = Buffer.from(`${line}\n`);
      for (let size = 1; size <= file.length; size++) {
        const [row] = run.rows(file, size);
        const { offset, length } = row.value;
        expect(file.subarray(offset, offset + length).toString()).toBe(value);
        expect(row).toMatchObject({ key: 'k', seq: 7, time: Date.UTC(2026, 10, 19, 9, 0, 0, 123) });
      }
    }
  });

  it('of a state are its members, each with the bytes of its value', () => {
    const file = Buffer.from(
      '{"op":"CHECKPOINT","state":{"a":1.0, "\\u0062" : [ 2 ] ,"a":{"c":-0},"":null}}\n',
    );
    for (let size = 1; size <= file.length; size++) {
      run.rows(file, size);
      const { keydir } = run;
      const members = [...keydir.order('documented')].map((index) => {
        const { offset, length } = keydir.at(index);
        const key = Buffer.from(keydir.key(index)).toString();
        return [key, file.subarray(offset, offset + length).toString()];
      });
      expect(members).toEqual([
        ['a', '{"c":-0}'],
        ['b', '[ 2 ]'],
        ['', 'null'],
      ]);
    }
  });

  it('say where the grammar broke', () => {
    const file = Buffer.from('{"op":"SET","key":"a","value":01}\n{"op"\n');
    for (let size = 1; size <= file.length; size++) {
      expect(run.rows(file, size).map(({ errorAt }) => errorAt)).toEqual([31, file.length - 1]);
    }
  });

  it('hold keys and values far longer than a chunk', () => {
    const key = 'k€'.repeat(5_000);
    const file = Buffer.from(
      log(set(key, 'v'.repeat(50_000), 1), remove(key, 2), set('b', key, 3)),
    );
    const rows = run.rows(file, 512);
    expect(rows.map((row) => row.key)).toEqual([key, key, 'b']);
    expect(rows.map((row) => row.value.length)).toEqual([50_002, 0, Buffer.byteLength(key) + 2]);
    expect(run.keydir.count).toBe(1);
  });
});

describe('a text too long to be of any use', () => {
  it('is not taken for a short one that begins and ends like it', () => {
    const [before, behind] = ['{"key":"a","value":1,"op":"S', 'ET"}\n'];
    const middle = 'x'.repeat(2 << 20);
    const file = bytesOf(before, middle, behind);
    const roomy = new KernelRun(codec, 3 << 20);
    const cuts = [before.length, before.length + middle.length];
    expect(roomy.rowsCutAt(file, cuts)[0]).toMatchObject({ kind: 'meta' });
  });
});

describe('checksums', () => {
  const line = numbered(set('a', { b: 'x' }, 1), 7);

  /** The verdict on one line, the same at every border. */
  function verdictOn(text: string): 'absent' | 'matches' | 'differs' {
    const bytes = Buffer.from(`${text}\n`);
    const seen = new Set<string>();
    for (let cut = 1; cut <= bytes.length; cut++) {
      const before = run.kernel.checksummed;
      const [row] = run.rowsCutAt(bytes, cut === bytes.length ? [] : [cut]);
      const matches = run.kernel.checksummed > before;
      seen.add(matches ? 'matches' : (row.problem & PROBLEM.crc) !== 0 ? 'differs' : 'absent');
    }
    expect(seen.size).toBe(1);
    return [...seen][0] as 'absent';
  }

  it('match, differ or are absent, wherever the chunks end', () => {
    expect(verdictOn(line)).toBe('matches');
    expect(verdictOn(line.replace('"x"', '"y"'))).toBe('differs');
    expect(verdictOn(set('a', 1))).toBe('absent');
  });

  it('count where their own name or digits are damaged', () => {
    const digits = line.slice(-10, -2);
    expect(verdictOn(line.replace('"crc"', '"crb"'))).toBe('differs');
    for (let k = 0; k < 8; k++) {
      const wrong = `${digits.slice(0, k)}x${digits.slice(k + 1)}`;
      expect(verdictOn(line.replace(digits, wrong))).toBe('differs');
    }
    expect(verdictOn(line.replace(digits, '01234567'))).toBe('differs');
  });

  it('of other programs are members like others', () => {
    expect(verdictOn(line.replace(/"crc":".*"/, '"crc":"q83vAA=="'))).toBe('absent');
    expect(verdictOn(line.replace(/"crc":".*"/, '"crc":12345678'))).toBe('absent');
    expect(verdictOn(line.replace('"crc"', '"sum"').replace(/.{10}$/, 'deadbeef"}'))).toBe(
      'absent',
    );
    expect(verdictOn(line.replace(/\}$/, ',"crc":"x"}'))).toBe('absent');
  });
});

describe('batches', () => {
  it('end when they are full and lose no line', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => set(`k${i % 3_000}`, i, i));
    const file = Buffer.from(log(...lines));
    const big = new KernelRun(codec, file.length);
    const rows = big.rows(file);
    expect(rows.map(({ key }) => key)).toEqual(lines.map((_, i) => `k${i % 3_000}`));
    expect(big.keydir.count).toBe(3_000);
    expect(big.keydir.at(big.keydir.find(Buffer.from('k5'))).line).toBe(18_006);
  });

  it('mark the last line where its line feed is missing, at every border', () => {
    const file = Buffer.from(log(set('a', 1), set('b', 'é')).slice(0, -1));
    for (let cut = 1; cut < file.length; cut++) {
      const problems = run.rowsCutAt(file, [cut, file.length]).map(({ problem }) => problem);
      expect(problems).toEqual([0, PROBLEM.unended]);
    }
  });
});

describe('UTF-8', () => {
  /** Bytes at the edges of the ranges of Unicode's table 3-7, and the line feed. */
  const edges = [0x0a, 0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1];
  edges.push(0xed, 0xee, 0xf0, 0xf3, 0xf4, 0xf5);

  /** Indices of the lines of `bytes`, cut there, in which something invalid was noticed. */
  function badLines(bytes: Uint8Array, cut: number): Set<number> {
    const watch = new Utf8Watch();
    const bad: number[] = [];
    watch.check(bytes.subarray(0, cut), cut, cut === bytes.length);
    bad.push(...watch.bad);
    if (cut < bytes.length) {
      watch.check(bytes.subarray(cut), bytes.length - cut, true);
      bad.push(...watch.bad.map((at) => at + cut));
    }
    // A line feed at `at` ends the line it stands in, so only those before it count.
    return new Set(bad.map((at) => bytes.subarray(0, at).filter((byte) => byte === 0x0a).length));
  }

  it('is judged as the decoder judges it, line by line, at every border of four bytes', () => {
    const wrong: string[] = [];
    const four = new Uint8Array(4);
    for (let code = 0; code < edges.length ** 4; code++) {
      for (let k = 0, rest = code; k < 4; k++) {
        four[k] = edges[rest % edges.length];
        rest = Math.floor(rest / edges.length);
      }
      const lines = linesOf(four);
      const expected = lines.flatMap((line, i) => (isUtf8(line) ? [] : [i])).join();
      // All borders for a fraction of them; the rest whole: the automaton is the same.
      for (let cut = code % 7 === 0 ? 1 : 4; cut <= 4; cut++) {
        if ([...badLines(four, cut)].join() !== expected) wrong.push(`${four} at ${cut}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is judged so in random bytes at random borders', () => {
    const seed = announcedSeed('kernel, random bytes');
    const random = randomFrom(seed);
    for (let round = 0; round < 5_000; round++) {
      const draw = () => edges[Math.floor(random() * edges.length)];
      const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 24) }, draw);
      const lines = linesOf(bytes);
      const expected = lines.flatMap((line, i) => (isUtf8(line) ? [] : [i]));
      const cut = 1 + Math.floor(random() * bytes.length);
      expect([...badLines(bytes, cut)]).toEqual(expected);
      expect(run.rows(bytes, cut).flatMap((r, i) => (r.problem & PROBLEM.utf8 ? [i] : []))).toEqual(
        expected,
      );
    }
  });
});
