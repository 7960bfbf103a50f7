// The JSON machine says of every text what JSON.parse says, whatever the chunks it comes in.
//
// The grammar stands in three places: the resumable machine, and the fast paths over whole lines
// and over whole values. Texts are read at the top (machine), as a member of a compact line (whole
// line) and deep inside one (skipped value), whole and with chunk borders at every byte.
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { depthMax } from '../src/engine/scan/json-machine.js';
import { PROBLEM } from '../src/engine/scan/kernel.js';
import { grammarCodec, KernelRun, type Row } from './helpers/kernel-run.js';
import { announcedSeed } from './helpers/seed.js';

const run = new KernelRun(grammarCodec, 1 << 16, false);
const chunkSizes = Array.from({ length: 80 }, (_, i) => i + 1);

const accepted = [
  ...['0', '-0', '1', '-1', '10', '1.0', '-0.5', '0e0', '1E400', '1e-7', '1E+2', '12.50e+03'],
  ...['9007199254740993', '-123456789012345678901234567890', '0.1e1', '1.7976931348623157e308'],
  ...['true', 'false', 'null', '""', '"a"', '"abc"', '"abcd"', '"abcdefgh"', '[]', '{}', ' {} '],
  ...[
    '"\\""',
    '"\\\\"',
    '"\\/"',
    '"\\b\\f\\n\\r\\t"',
    '"\\u0041"',
    '"\\u0000"',
    '"\\uD83D\\uDE00"',
  ],
  ...['"\\uD800"', '"\\uDC00\\uD800"', '"\\ud83dx"', '"\\uaBcD"', '"é"', '"😀"', '"\u2028\u2029"'],
  ...['"\u0085"', '"\ufeff"', '"\u007f"', '"\\\\\\""', '"a\\\\"', '"//"', '"[{]}"'],
  ...['[1]', '[1,2]', '[[]]', '[{}]', '[ ]', '{ }', '[ 1 , 2 ]', '[\t1\r,\t2\r]', '[[],{},[[]]]'],
  ...[
    '{"a":1}',
    '{"a":1,"a":2}',
    '{"":0}',
    '{ "a" : { "b" : [ ] } , "c" : null }',
    '{"\\u0061":1}',
  ],
  ...['[true,false,null]', '[-0.0e-0]', '{"a":"b","c":[{"d":-1}]}', '{"__proto__":[]}', '\t"x"\r'],
];

const rejected = [
  ...['01', '-01', '00', '-', '+1', '.5', '1.', '1.e1', '1e', '1e+', '1e1.5', '0x1', '1_0', '--1'],
  ...['Infinity', 'NaN', '-Infinity', '1 2', '1a', '0 0', '1e5e5', '1.2.3', '-a', '١'],
  ...['tru', 'truee', 'TRUE', 'nul', 'nulll', 'fals', 'falsy', 'true false', 'n', 't', 'f', 'nan'],
  ...[
    '"',
    '"a',
    '"\\"',
    '"\\x"',
    '"\\u"',
    '"\\u12"',
    '"\\u123g"',
    '"\\U0041"',
    '"\\',
    '"a"b',
    "'a'",
  ],
  ...['"\t"', '"\u0000"', '"\u0001"', '"\u001f"', '"\r"', '"a" "b"', '"\\u00"41"', '"\\ u0041"'],
  ...['[', ']', '[1', '[1,', '[1,]', '[,1]', '[,]', '[1 2]', '[1,,2]', '[1}', '[]]', '[][]', '[ '],
  ...[
    '{',
    '}',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,}',
    '{1:1}',
    '{a:1}',
    '{"a" 1}',
  ],
  ...['{"a":}', '{"a":1 "b":2}', '{"a":1]', '{}}', '{}{}', '{"a"::1}', '{"a",1}', '{"a":1,"b"}'],
  ...["{'a':1}", '{"a":1}x', '[1]//', '/**/1', '#', '\u00a01', '1\u00a0', '\u20281', '[\u000b]'],
  ...['[\u000c]', '\u0000', '1\u0000', '[\u0000]', '{"a":1}\u0000', '\ufeff\ufeff1', '[\ufeff1]'],
];

/** Places where a value may stand; each takes another way through the code. */
const places: ((text: string) => string)[] = [
  (text) => text,
  (text) => `{"a":${text}}`,
  (text) => `{"a":${text},"b":1}`,
  (text) => `{"a":[${text},{"b":${text}}]}`,
  (text) => `[${text}]`,
];

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** True for one row that is JSON, false for one that is none. Blank and several rows: undefined. */
function verdict(rows: Row[]): boolean | undefined {
  return rows.length === 1 && rows[0].kind !== 'blank' ? rows[0].kind === 'meta' : undefined;
}

/** Chunk sizes at which the verdict on one line is not `expected`. */
function wrongAt(text: string, expected: boolean): number[] {
  const bytes = Buffer.from(`${text}\n`);
  return [bytes.length, ...chunkSizes].filter(
    (size) => verdict(run.rows(bytes, size)) !== expected,
  );
}

describe('the grammar', () => {
  it.each(places.map((place) => [place('_'), place]))('of RFC 8259 holds in %s', (_, place) => {
    for (const text of accepted) {
      expect(isJson(place(text)), `JSON.parse takes ${place(text)}`).toBe(true);
      expect({ text, wrong: wrongAt(place(text), true) }).toEqual({ text, wrong: [] });
    }
    for (const text of rejected) {
      const line = place(text);
      // An empty hole, or two texts that make one: JSON.parse decides what the line is.
      expect({ line, wrong: wrongAt(line, isJson(line)) }).toEqual({ line, wrong: [] });
    }
  });

  it('refuses every text of the list of refusals', () => {
    for (const text of rejected)
      expect({ text, json: isJson(text) }).toEqual({ text, json: false });
  });

  it('takes or refuses each byte in each place as JSON.parse does', () => {
    const hosts = ['{"a":1,"b":[true,"x",-1.5e3,{}],"c":"\\u00e9\\n"}', '[{"a":[]},null]'];
    const wrong: string[] = [];
    for (const host of hosts) {
      for (let at = 0; at <= host.length; at++) {
        for (let byte = 0; byte < 128; byte++) {
          if (byte === 0x0a) continue;
          const char = String.fromCharCode(byte);
          const put = host.slice(0, at) + char + host.slice(at + 1);
          const added = host.slice(0, at) + char + host.slice(at);
          for (const text of [put, added]) {
            if (verdict(run.rows(Buffer.from(`${text}\n`))) !== isJson(text)) wrong.push(text);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('has no opinion on a line feed: it ends the line in whatever state', () => {
    for (const text of [...accepted, ...rejected]) {
      for (let at = 0; at <= text.length; at++) {
        const parts = [text.slice(0, at), text.slice(at)];
        const rows = run.rows(Buffer.from(`${parts.join('\n')}\n[]\n`));
        const seen = rows.map(({ kind }) => kind === 'meta');
        expect({ parts, seen }).toEqual({ parts, seen: [...parts.map(isJson), true] });
      }
    }
  });
});

describe('random texts', () => {
  const bytesOfJson = fc
    .tuple(fc.json({ maxDepth: 5, stringUnit: 'binary' }), fc.nat(), fc.nat(255), fc.nat(3))
    .map(([json, place, byte, how]) => {
      const bytes = Buffer.from(json);
      const at = place % bytes.length;
      if (how === 0) return bytes;
      if (how === 1) bytes[at] ^= 1 << (byte % 8);
      if (how === 2) bytes[at] = byte;
      return how === 3 ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]) : bytes;
    });

  it('damaged or not, are what JSON.parse says, at every chunk size', () => {
    const seed = announcedSeed('json-machine, random texts');
    const property = fc.property(bytesOfJson, fc.integer({ min: 1, max: 80 }), (json, size) => {
      // A line feed would make two lines of it, a byte order mark is the file's and not the text's.
      const text = Buffer.from(json.map((byte) => (byte === 0x0a || byte === 0xef ? 0x20 : byte)));
      const rows = run.rows(Buffer.concat([text, Buffer.from('\n')]), size);
      if (text.length > 0) expect(verdict(rows)).toBe(isJson(text.toString()));
      if (text.length > 0 && !isUtf8(text)) expect(rows[0].problem & PROBLEM.utf8).not.toBe(0);
      expect(run.rows(Buffer.concat([text, Buffer.from('\n')]))).toEqual(rows);
    });
    fc.assert(property, { numRuns: 4_000, seed });
  });
});

describe('what is large', () => {
  const million = 1_000_000;
  const nested = (open: string, inner: string, close: string) =>
    Buffer.from(`${open.repeat(million)}${inner}${close.repeat(million)}\n`);

  it('nests a million levels deep in arrays and in objects', () => {
    const arrays = nested('[', '', ']');
    const objects = nested('{"a":', '1', '}');
    for (const text of [arrays, objects]) {
      expect(verdict(run.rows(text))).toBe(true);
      expect(verdict(run.rows(text.subarray(0, -2)))).toBe(false);
    }
    const crossed = Buffer.from(arrays);
    crossed[million + 1] = 0x7d;
    expect(run.rows(crossed)[0].errorAt).toBe(million + 1);
  });

  it('is a bad line where it opens more than anybody means', () => {
    const openers = Buffer.alloc(depthMax + 1_000, 0x5b);
    const rows = run.rows(Buffer.concat([openers, Buffer.from('\n{}\n')]));
    expect(rows.map(({ kind }) => kind)).toEqual(['bad', 'meta']);
    expect(rows[0].errorAt).toBe(depthMax);
  });

  it('may be a string, a number, a name or whitespace far longer than a chunk', () => {
    const long = 3 * 4_096 + 5;
    for (const text of [
      `"${'x'.repeat(long)}"`,
      `"${'\\u00e9'.repeat(long)}"`,
      `"${'é'.repeat(long)}"`,
      `-${'1'.repeat(long)}.${'0'.repeat(long)}e-${'9'.repeat(long)}`,
      `{"${'n'.repeat(long)}":[${'{"a":1},'.repeat(long)}0]}`,
      `${' '.repeat(long)}1${'\t'.repeat(long)}`,
    ]) {
      const bytes = Buffer.from(`${text}\n`);
      expect(verdict(run.rows(bytes, 4_096))).toBe(true);
      expect(verdict(run.rows(bytes.subarray(0, -3), 4_096))).toBe(isJson(text.slice(0, -2)));
    }
  });
});
