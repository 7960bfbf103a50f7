// The keydir in the SIMD module holds what the plain one holds, in less memory, and says when it
// is full.
import { beforeAll, describe, expect, it } from 'vitest';
import { LogctlError } from '../src/engine/errors.js';
import { keyToString, stringToKey } from '../src/engine/keydir/key-bytes.js';
import { Keydir, type Semantics } from '../src/engine/keydir/keydir.js';
import { SimdKeydir } from '../src/engine/keydir/simd-keydir.js';
import { KIND } from '../src/engine/scan/kernel.js';
import { emptyBatch } from '../src/engine/scan/line-batch.js';
import { RowFold } from '../src/engine/scan/row-fold.js';
import { loadSimdModule, openSimd } from '../src/engine/scan/simd-module.js';
import { log, remove, set } from './helpers/bot-log.js';
import { randomFrom } from './helpers/crash-states.js';
import { answersOf, difference, openSimdKernels, referenceAnswers } from './helpers/kernel-pair.js';
import { oddKeys } from './helpers/odd-keys.js';
import { announcedSeed } from './helpers/seed.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await loadSimdModule();
});

const openKeydir = (): SimdKeydir => new SimdKeydir(openSimd(module, 4096));

function put(keydir: Keydir, key: string, offset: number, length: number): void {
  const bytes = stringToKey(key);
  const range = { file: offset % 7, offset: offset * 2 ** 20, length, line: offset, versions: 1 };
  keydir.put(bytes, 0, bytes.length, range);
}

function forget(keydir: Keydir, key: string): boolean {
  const bytes = stringToKey(key);
  return keydir.delete(bytes, 0, bytes.length);
}

/** Folds rows a batch at a time, as those of another kernel are. */
function foldAll(keydir: Keydir, rows: readonly { kind: number; key: string }[]): void {
  const batch = emptyBatch(4096);
  for (let first = 0; first < rows.length; first += 100) {
    const part = rows.slice(first, first + 100);
    const keys = part.map(({ key }) => stringToKey(key));
    batch.keys = Buffer.concat(keys);
    batch.count = part.length;
    for (let row = 0, at = 0; row < part.length; at += keys[row++].length) {
      batch.kind[row] = part[row].kind;
      batch.keyStart[row] = at;
      batch.keyLength[row] = keys[row].length;
      batch.valueOffset[row] = (first + row) * 2 ** 20;
      batch.valueLength[row] = first % 1_000;
    }
    if (!keydir.foldForeign(batch, 1, first + 1)) new RowFold(keydir, batch).fold(0, 1, first + 1);
  }
}

const contents = (keydir: Keydir, semantics: Semantics): unknown[] =>
  [...keydir.order(semantics)].map((index) => ({
    key: keyToString(keydir.key(index)),
    ...keydir.at(index),
    ...{ from: keydir.valueOffset(index), bytes: keydir.valueLength(index) },
    in: keydir.valueFile(index),
  }));

function expectSame(found: Keydir, wanted: Keydir): void {
  expect(contents(found, 'documented')).toEqual(contents(wanted, 'documented'));
  expect(contents(found, 'upstream')).toEqual(contents(wanted, 'upstream'));
  const { count, upstreamCount, liveBytes, removals } = wanted;
  expect(found).toMatchObject({ count, upstreamCount, liveBytes, removals });
}

describe('against the plain keydir', () => {
  it('all changes leave the same keys, values, orders and counts', () => {
    const random = randomFrom(announcedSeed('SIMD keydir, random operations'));
    const below = (limit: number): number => Math.floor(random() * limit);
    for (let round = 0; round < 30; round++) {
      const [found, wanted] = [openKeydir(), new Keydir()];
      const long = round % 3 === 0 ? 'x'.repeat(below(3_000)) : '';
      const keys = [...oddKeys, ...Array.from({ length: below(300) }, (_, i) => `${long}${i}`)];
      for (let step = 1; step <= 600; step++) {
        const key = keys[below(keys.length)];
        const dice = random();
        const length = below(2) * 2 ** 33;
        if (dice < 0.6) for (const one of [found, wanted]) put(one, key, step, length);
        else if (dice < 0.97) expect(forget(found, key)).toBe(forget(wanted, key));
        else {
          const members = [new Keydir(), new Keydir()];
          for (let k = below(40); k > 0; k--) {
            const member = keys[below(keys.length)];
            for (const one of members) put(one, member, step + k, 5);
          }
          found.replaceState(members[0]);
          wanted.replaceState(members[1]);
        }
        expect(found.find(stringToKey(key)) < 0).toBe(wanted.find(stringToKey(key)) < 0);
      }
      expectSame(found, wanted);
    }
  });

  it('rows that set, remove and set the same keys again leave what they leave there', () => {
    const random = randomFrom(announcedSeed('SIMD keydir, rows of few keys'));
    const lines = Array.from({ length: 4_000 }, (_, i) => {
      const key = `key ${Math.floor(random() * 50)}`;
      return random() < 0.6 ? set(key, i) : remove(key);
    });
    const bytes = Buffer.from(log(...lines));
    const wanted = referenceAnswers(bytes);
    for (const chunkBytes of [700, 5_000, 100_000]) {
      const found = answersOf(openSimdKernels(module), bytes, chunkBytes);
      expect(difference(wanted, found)).toBeUndefined();
    }
  });

  it('rows that set keys while forgotten entries are packed set what lies elsewhere then', () => {
    const [found, wanted] = [openKeydir(), new Keydir()];
    const name = (i: number): string => `key ${i} ${'x'.repeat(100)}`;
    const all = Array.from({ length: 4_000 }, (_, i) => ({ kind: KIND.put, key: name(i) }));
    // Each removal may be the one after which the entries of the puts behind it are moved.
    const mixed = all.flatMap(({ key }, i) => [{ kind: KIND.delete, key }, all[(i + 9) % 4_000]]);
    for (const rows of [all, mixed, all]) {
      foldAll(found, rows);
      foldAll(wanted, rows);
      expectSame(found, wanted);
    }
  });

  it.each(['#', '8 bytes #', '# 8 bytes', 'sixteen or more: #', '# and sixteen more'])(
    'keys with the same hash are told apart by their bytes: %s',
    (shape) => {
      const keydir = openKeydir();
      // About ten pairs of so many have the same hash of 32 bits.
      const count = 300_000;
      const keys = Array.from({ length: count }, (_, i) => shape.replace('#', `${100_000 + i}`));
      foldAll(
        keydir,
        keys.map((key) => ({ kind: KIND.put, key })),
      );
      expect(keydir.count).toBe(count);
    },
  );

  it('a table of many pages has each key where it is looked for, whatever came and went', () => {
    const random = randomFrom(announcedSeed('SIMD keydir, keys that come and go'));
    const keydir = openKeydir();
    const live = new Map<number, number>();
    // Pages of slots are full at 24,000 keys and more: the keys pass that often, up and down.
    for (let wave = 1; wave <= 6; wave++) {
      for (let step = 0; step < 60_000; step++) {
        const key = Math.floor(random() * 60_000);
        if (random() < (wave % 2 === 1 ? 0.9 : 0.2)) {
          put(keydir, `k${key}`, step, wave);
          live.set(key, step);
        } else {
          expect(forget(keydir, `k${key}`)).toBe(live.delete(key));
        }
      }
      expect(keydir.count).toBe(live.size);
      const wrong: number[] = [];
      for (let key = 0; key < 60_000; key++) {
        const index = keydir.find(stringToKey(`k${key}`));
        const line = index < 0 ? undefined : keydir.at(index).line;
        if (line !== live.get(key)) wrong.push(key);
      }
      expect(wrong).toEqual([]);
    }
  });

  it('keys longer than a page of memory are kept whole', () => {
    const [found, wanted] = [openKeydir(), new Keydir()];
    for (const bytes of [200_000, 262_144, 262_119, 262_100, 3, 900_000, 254, 255, 256]) {
      for (const one of [found, wanted]) put(one, 'é'.repeat(bytes / 2) + bytes, bytes, bytes);
    }
    expectSame(found, wanted);
    expect(forget(found, 'é'.repeat(100_000) + '200000')).toBe(true);
    expect(forget(wanted, 'é'.repeat(100_000) + '200000')).toBe(true);
    expectSame(found, wanted);
  });
});

describe('memory', () => {
  it('is at most 56 bytes a key of 14 bytes with a million of them', () => {
    const keydir = openKeydir();
    const before = keydir.module.memory.buffer.byteLength;
    const keys = 1_000_000;
    for (let i = 0; i < keys; i++) put(keydir, `sensor.${1_000_000 + i}`, i, 100);
    const bytes = keydir.module.memory.buffer.byteLength - before;
    expect(keydir.count).toBe(keys);
    expect(bytes / keys).toBeLessThan(56);
  });

  it('is used again for keys that come and go', () => {
    const keydir = openKeydir();
    const name = (i: number): string => `session:${i}:${'x'.repeat(100)}`;
    const live = 10_000;
    for (let i = 0; i < 20 * live; i++) {
      put(keydir, name(i), i, 100);
      if (i >= live) forget(keydir, name(i - live));
    }
    expect(keydir.count).toBe(live);
    expect(keydir.module.memory.buffer.byteLength).toBeLessThan(16 << 20);
    expect(keydir.find(stringToKey(name(20 * live - 1)))).toBeGreaterThan(0);
    expect(keydir.find(stringToKey(name(19 * live - 1)))).toBe(-1);
  });

  it('is used again after whole states that replace each other', () => {
    const keydir = openKeydir();
    for (let round = 0; round < 200; round++) {
      const members = new Keydir();
      for (let i = 0; i < 2_000; i++) put(members, `key ${i}`, i, round);
      keydir.replaceState(members);
    }
    expect(keydir.count).toBe(2_000);
    expect(keydir.module.memory.buffer.byteLength).toBeLessThan(16 << 20);
  });

  it('that is used up is an error with what to do, not a crash', () => {
    const keydir = openKeydir();
    keydir.module.setMemoryLimit(keydir.module.memory.buffer.byteLength / 65_536 + 20);
    const fill = (): void => {
      for (let i = 0; ; i++) put(keydir, `key ${i}`, i, 1);
    };
    expect(fill).toThrow(LogctlError);
    expect(fill).toThrow(expect.objectContaining({ code: 'too-large', exitCode: 8 }));
  });
});
