// Keys as canonical bytes: one form for every spelling, and back to the same string.
import { describe, expect, it } from 'vitest';
import {
  canonicalKey,
  compareKeys,
  jsonKeyLength,
  keyToString,
  stringToKey,
} from '../src/engine/keydir/key-bytes.js';
import { oddKeys } from './helpers/odd-keys.js';

describe('keys as bytes', () => {
  it('are one key however JSON spells them', () => {
    const spellings = ['"a"', '"\\u0061"'];
    spellings.push('"\\/"', '"/"', '"\\ud83d\\ude00"', '"😀"', '"\\n"', '"\\u000A"', '"\\ud800"');
    spellings.push(
      '"\\u0000"',
      '"\\"\\\\"',
      '"é\\u00e9"',
      '"\\udc00\\ud800"',
      '"\\ufeffx"',
      '"\ufeffx"',
    );
    for (const json of spellings) {
      const inside = Buffer.from(json.slice(1, -1));
      const key = JSON.parse(json) as string;
      expect(keyToString(canonicalKey(inside))).toBe(key);
      expect(Buffer.compare(canonicalKey(inside), stringToKey(key))).toBe(0);
    }
  });

  it('with invalid UTF-8 are what a decoder makes of them', () => {
    for (const bytes of [
      [0xff],
      [0xef, 0xbb, 0xbf, 0xff],
      [0x61, 0xe2, 0x82],
      [0xed, 0xa0, 0x80],
    ]) {
      const decoded = Buffer.from(bytes).toString('utf8');
      expect(keyToString(canonicalKey(Uint8Array.from(bytes)))).toBe(decoded);
      const escaped = Uint8Array.from([...bytes, 0x5c, 0x6e]);
      expect(keyToString(canonicalKey(escaped))).toBe(`${decoded}\n`);
    }
  });

  it('come back as the same string, and know the length of their JSON', () => {
    for (const key of [
      ...oddKeys,
      '\ud800\ud800',
      'a\ud800b\udc00',
      '\b\f\n\r\t\u0001\u001f\u007f',
    ]) {
      const bytes = stringToKey(key);
      expect(keyToString(bytes)).toBe(key);
      expect(jsonKeyLength(bytes, 0, bytes.length)).toBe(Buffer.byteLength(JSON.stringify(key)));
    }
  });

  it('sort by their UTF-16 units, as JavaScript strings do', () => {
    const keys = [
      ...oddKeys,
      'a',
      'aa',
      'é',
      '\ud7ff',
      '\ud800\udc00',
      '\udbff\udfff',
      '\ud800\ud800',
    ];
    const sign = (number: number) => Math.sign(number);
    for (const a of keys) {
      for (const b of keys) {
        const wanted = a < b ? -1 : a > b ? 1 : 0;
        expect({ a, b, order: sign(compareKeys(stringToKey(a), stringToKey(b))) }).toEqual({
          ...{ a, b },
          order: wanted,
        });
      }
    }
  });
});
