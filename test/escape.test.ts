// Nothing that comes from a log or a path can act on a terminal, and JSON keeps its meaning.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escape, escapeAll, safeJson } from '../src/cli/escape.js';

const dangerous: [name: string, text: string, escaped: string][] = [
  ['C0 and ANSI', '\u001b[31mred\u0007\n\t', '\\u{1b}[31mred\\u{7}\\u{a}\\u{9}'],
  ['DEL and C1', '\u007f\u009b2J', '\\u{7f}\\u{9b}2J'],
  ['bidi controls', 'a\u202eb\u2066c\u061c', 'a\\u{202e}b\\u{2066}c\\u{61c}'],
  ['zero-width characters', 'a\u200bb\u200dc\u2060', 'a\\u{200b}b\\u{200d}c\\u{2060}'],
  ['line separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
  ['a byte order mark', '\ufeffa', '\\u{feff}a'],
  ['lone surrogates', 'a\ud800b\udc00', 'a\\u{d800}b\\u{dc00}'],
  ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
];
// Written out a second time, by ranges, so that the classes of the regular expression are judged.
const unsafeRanges: [first: number, last: number][] = [
  [0x7f, 0x9f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2064],
  [0x2066, 0x206f],
  [0xfeff, 0xfeff],
  [0xd800, 0xdfff],
];

function unsafeIn(text: string): string[] {
  return [...text].filter((char) => {
    const code = char.codePointAt(0)!;
    return unsafeRanges.some(([first, last]) => code >= first && code <= last);
  });
}

describe('text for people', () => {
  it.each(dangerous)('shows %s as code points', (_name, text, escaped) => {
    expect(escape(text)).toBe(escaped);
  });

  it('leaves letters of any script, emoji and backslashes alone', () => {
    for (const text of ['Ключ', '鍵', '😀', 'C:\\x', "it's", 'café'])
      expect(escape(text)).toBe(text);
  });

  it('escapes every string of a report, member names too', () => {
    const report = {
      entries: { 'S\u001bET': 1 },
      logs: [{ path: 'a\u202e', lines: 3, none: null }],
    };
    expect(escapeAll(report)).toEqual({
      entries: { 'S\\u{1b}ET': 1 },
      logs: [{ path: 'a\\u{202e}', lines: 3, none: null }],
    });
  });

  it('keeps a member called __proto__ a member', () => {
    const escaped = escapeAll(JSON.parse('{"__proto__":{"a":"\\u001b"}}'));
    expect(JSON.stringify(escaped)).toBe('{"__proto__":{"a":"\\\\u{1b}"}}');
  });
});

describe('JSON', () => {
  it.each(dangerous)('holds %s without showing it, and means the same', (_name, text) => {
    const json = safeJson(JSON.stringify({ [text]: text }));
    expect(unsafeIn(json)).toEqual([]);
    expect(JSON.parse(json)).toEqual({ [text]: text });
  });

  it('writes the \\uXXXX escapes of JSON', () => {
    expect(safeJson('"\u202e\u009b\u{e0041}"')).toBe('"\\u202e\\u009b\\udb40\\udc41"');
  });

  it('lets no carriage return between two tokens overwrite the line', () => {
    expect(safeJson('{"a":1,\r"b":2}')).toBe('{"a":1, "b":2}');
  });

  it('means the same for any value', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
        expect(JSON.parse(safeJson(json))).toEqual(JSON.parse(json));
        expect(unsafeIn(safeJson(json))).toEqual([]);
      }),
    );
  });
});
