// Names that nedb cannot write are noticed wherever they stand; plain stores are never suspected.
import { describe, expect, it } from 'vitest';
import { hasOddNames } from '../src/engine/dialects/nedb/nedb-odd-names.js';
import { memoryDisk } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { documents, lines } from './helpers/nedb-store.js';

const isOdd = (text: string) => {
  const disk = memoryDisk({ '/db': text });
  return hasOddNames(contextOf(disk), disk.open('/db'));
};
/** Where one window ends and the next begins. */
const seam = (1 << 18) - (1 << 10);
const paddedTo = (length: number) => `{"_id":"pad","t":"${'x'.repeat(length - 21)}"}\n`;

describe('a name', () => {
  const shifts = Array.from({ length: 16 }, (_, i) => i - 12);
  it.each(['{"$x":1}', '{"a.b":1}', '{"a.b" :1}', '{"a\\".b":1}'])('%s is seen', async (text) => {
    for (const shift of shifts) {
      expect(await isOdd(paddedTo(seam + shift) + text), String(shift)).toBe(true);
    }
  });

  it('is seen in a store that is large enough for the fast search', async () => {
    const some = lines(...documents(2_000));
    const large = some.repeat(Math.ceil((4 << 20) / some.length));
    expect(await isOdd(large + lines('{"t":"a.b\\"c: d","n":1.5}'))).toBe(false);
    for (const odd of ['{"$x":1}', '{"a.b":1}', '{"n":1.5,"t":"x.y","abcdefghi.jklmnopqr" : 1}']) {
      for (let shift = 0; shift < 24; shift++) {
        const moved = `${' '.repeat(shift)}${odd}\n`;
        expect(await isOdd(large + moved + lines(...documents(3))), moved).toBe(true);
        expect(await isOdd(large + moved.trimEnd()), moved).toBe(true);
      }
    }
  });

  it.each(['{"\\u0024x":1}', '{"$$deleted":1}', '{"$$date":"x"}', '{"$$date":1e3}'])(
    '%s is suspected',
    async (text) => expect(await isOdd(text)).toBe(true),
  );
});

describe('what is plain', () => {
  const plain = '{"_id":"a","t":"a.b: $","n":-1.5,"at":{"$$date":-1},"p":"$5.00"}';
  it('is no reason to read a store twice', async () => {
    expect(await isOdd(lines(...documents(20_000), plain))).toBe(false);
    expect(await isOdd(lines('{"$$deleted":true,"_id":"a"}', plain))).toBe(false);
    expect(await isOdd('{"$$indexCreated":{"fieldName":"a.b"}}\n')).toBe(false);
    expect(await isOdd('')).toBe(false);
  });

  it('stays plain where a long text with dots lies across two windows', async () => {
    const long = `{"_id":"long","t":"${'many. dots. '.repeat(9_000)}"}`;
    expect(await isOdd(paddedTo(seam - 50_000) + lines(long, plain))).toBe(false);
  });
});
