// The keydir holds what a Map would hold, in both semantics, in little memory.
import { describe, expect, it } from 'vitest';
import { keyToString, stringToKey } from '../src/engine/keydir/key-bytes.js';
import { hashKey } from '../src/engine/keydir/key-hash.js';
import { Keydir, type Semantics } from '../src/engine/keydir/keydir.js';
import { randomFrom } from './helpers/crash-states.js';
import { oddKeys } from './helpers/odd-keys.js';
import { announcedSeed } from './helpers/seed.js';

const rangeAt = (offset: number, length: number) => ({
  file: 0,
  offset,
  length,
  line: 1,
  versions: 1,
});

function put(keydir: Keydir, key: string, offset: number, length: number): void {
  const bytes = stringToKey(key);
  keydir.put(bytes, 0, bytes.length, rangeAt(offset, length));
}

function remove(keydir: Keydir, key: string): boolean {
  const bytes = stringToKey(key);
  return keydir.delete(bytes, 0, bytes.length);
}

/** Keys and offsets of the live values, in order. */
const contents = (keydir: Keydir, semantics: Semantics) =>
  [...keydir.order(semantics)].map((index) => [
    keyToString(keydir.key(index)),
    keydir.valueOffset(index),
  ]);

const jsonBytes = (key: string) => Buffer.byteLength(JSON.stringify(key));

/** The same operations on two Maps. Values are `[offset, length]`. */
class MapOracle {
  documented = new Map<string, [number, number]>();
  upstream = new Map<string, [number, number]>();

  put(key: string, offset: number, length: number): void {
    this.documented.set(key, [offset, length]);
    this.upstream.set(key, [offset, length]);
  }

  remove(key: string): boolean {
    this.documented.delete(key);
    return this.upstream.delete(key);
  }

  replace(members: Map<string, [number, number]>): void {
    this.documented = new Map(members);
    for (const [key, range] of members) this.upstream.set(key, range);
  }

  liveBytes(): number {
    let bytes = 0;
    for (const [key, [, length]] of this.documented) bytes += jsonBytes(key) + length;
    return bytes;
  }
}

function expectSame(keydir: Keydir, oracle: MapOracle): void {
  for (const semantics of ['documented', 'upstream'] as const) {
    const wanted = [...oracle[semantics]].map(([key, [offset]]) => [key, offset]);
    expect(contents(keydir, semantics)).toEqual(wanted);
  }
  expect(keydir.count).toBe(oracle.documented.size);
  expect(keydir.upstreamCount).toBe(oracle.upstream.size);
  expect(keydir.liveBytes).toBe(oracle.liveBytes());
}

describe('against a Map', () => {
  it('puts, deletes and whole states leave the same keys, order and live bytes', () => {
    const seed = announcedSeed('keydir, random operations');
    const random = randomFrom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < 30; round++) {
      const keydir = new Keydir();
      const oracle = new MapOracle();
      const keys = [...oddKeys, ...Array.from({ length: below(300) }, (_, i) => `user:${i}`)];
      const anyKey = () => keys[below(keys.length)];
      for (let step = 0; step < 600; step++) {
        const dice = random();
        const length = below(50);
        if (dice < 0.6) {
          const key = anyKey();
          put(keydir, key, step, length);
          oracle.put(key, step, length);
        } else if (dice < 0.97) {
          const key = anyKey();
          expect(remove(keydir, key)).toBe(oracle.remove(key));
        } else {
          const members = new Keydir();
          const wanted = new Map<string, [number, number]>();
          for (let k = below(40); k > 0; k--) {
            const key = anyKey();
            put(members, key, step + k, length);
            wanted.set(key, [step + k, length]);
          }
          keydir.replaceState(members);
          oracle.replace(wanted);
        }
        if (step % 50 === 0) expectSame(keydir, oracle);
      }
      expectSame(keydir, oracle);
      for (const key of keys) {
        const index = keydir.find(stringToKey(key));
        expect(index < 0 ? undefined : keydir.valueOffset(index)).toBe(
          oracle.documented.get(key)?.[0],
        );
      }
    }
  });

  it('grows over many rehashes and shrinks to nothing', () => {
    const keydir = new Keydir();
    const keys = 50_000;
    for (let i = 0; i < keys; i++) put(keydir, `k${i}`, i, 1);
    expect(keydir.count).toBe(keys);
    for (let i = 0; i < keys; i++)
      expect(keydir.valueOffset(keydir.find(stringToKey(`k${i}`)))).toBe(i);
    for (let i = 0; i < keys; i++) if (!remove(keydir, `k${i}`)) throw new Error(`k${i} is gone`);
    expect([keydir.count, keydir.upstreamCount, keydir.liveBytes]).toEqual([0, 0, 0]);
    expect(keydir.removals).toBe(keys);
  });

  it('finds every key where all of them want the same slot', () => {
    // With a known seed keys can be chosen that share the ten low bits of their hash.
    const seed = Uint32Array.of(1, 2);
    const keys: string[] = [];
    for (let i = 0; keys.length < 100; i++) {
      const bytes = stringToKey(`${i}`);
      if ((hashKey(bytes, 0, bytes.length, seed) & 1_023) === 7) keys.push(`${i}`);
    }
    const keydir = new Keydir(seed);
    const oracle = new MapOracle();
    for (const [i, key] of keys.entries()) {
      put(keydir, key, i, 0);
      oracle.put(key, i, 0);
    }
    for (let i = 0; i < keys.length; i += 3) {
      remove(keydir, keys[i]);
      oracle.remove(keys[i]);
      expectSame(keydir, oracle);
      for (const key of keys) {
        expect(keydir.find(stringToKey(key)) >= 0).toBe(oracle.documented.has(key));
      }
    }
  });
});

describe('order', () => {
  it('is that of the last creation: deleted and set again goes to the end, set again stays', () => {
    const keydir = new Keydir();
    for (const key of ['b', '10', 'a', '9']) put(keydir, key, 1, 1);
    put(keydir, 'b', 2, 1);
    remove(keydir, '10');
    put(keydir, '10', 3, 1);
    const keys = contents(keydir, 'documented').map(([key]) => key);
    expect(keys).toEqual(['b', 'a', '9', '10']);
  });

  it('after a whole state is the state’s, and for readers that merge stays the old one', () => {
    const keydir = new Keydir();
    for (const key of ['a', 'b', 'c']) put(keydir, key, 1, 1);
    const members = new Keydir();
    for (const key of ['c', 'x', 'b']) put(members, key, 2, 1);
    keydir.replaceState(members);
    expect(contents(keydir, 'documented').map(([key]) => key)).toEqual(['c', 'x', 'b']);
    expect(contents(keydir, 'upstream').map(([key]) => key)).toEqual(['a', 'b', 'c', 'x']);
    put(keydir, 'a', 3, 1);
    expect(contents(keydir, 'documented').map(([key]) => key)).toEqual(['c', 'x', 'b', 'a']);
    expect(contents(keydir, 'upstream').map(([key]) => key)).toEqual(['a', 'b', 'c', 'x']);
  });
});

describe('the order by key', () => {
  it('is that of JavaScript strings, whatever the keys begin with and share', () => {
    const random = randomFrom(announcedSeed('keydir, sorted'));
    const below = (limit: number): number => Math.floor(random() * limit);
    const pieces = [...oddKeys, 'player:', 'player:1', 'ab', '\ud7ff', '\ue000', '\udbff\udfff'];
    const shared = 'x'.repeat(700);
    for (let round = 0; round < 30; round++) {
      const keydir = new Keydir();
      const keys = Array.from({ length: below(round % 10 === 0 ? 3_000 : 60) }, () => {
        const key = Array.from({ length: 1 + below(4) }, () => pieces[below(pieces.length)]);
        return `${below(4) === 0 ? shared : ''}${key.join('')}${below(3) === 0 ? below(500) : ''}`;
      });
      for (const key of keys) put(keydir, key, 0, 1);
      const found = [...keydir.sortedOrder('documented')];
      const names = found.map((index) => keyToString(keydir.key(index)));
      expect(names).toEqual([...new Set(keys)].sort());
    }
  });
});

describe('memory', () => {
  /** Bytes of every typed array and list the table holds, wherever it hangs. */
  function heldBytes(holder: object, seen = new Set<unknown>()): number {
    let bytes = 0;
    for (const part of Object.values(holder) as unknown[]) {
      if (typeof part !== 'object' || part === null || seen.has(part)) continue;
      seen.add(part);
      if (ArrayBuffer.isView(part)) {
        if (!seen.has(part.buffer)) bytes += part.buffer.byteLength;
        seen.add(part.buffer);
      } else if (Array.isArray(part)) bytes += part.length * 8;
      else bytes += heldBytes(part, seen);
    }
    return bytes;
  }

  /** Bytes beyond the keys' own, per live key. */
  function overhead(keydir: Keydir): number {
    let own = 0;
    for (const index of keydir.order('upstream')) own += keydir.key(index).length;
    return (heldBytes(keydir) - own) / keydir.upstreamCount;
  }

  it('is at most 150 bytes a key beyond the key itself, at every size', () => {
    const keydir = new Keydir();
    let worst = 0;
    for (let i = 0; i < 100_000; i++) {
      put(keydir, `user:${i}`, i, 100);
      if (i > 1_000 && i % 1_717 === 0) worst = Math.max(worst, overhead(keydir));
    }
    expect(worst).toBeGreaterThan(56);
    expect(worst).toBeLessThan(150);
  });

  it('stays so for long keys that come and go', () => {
    const keydir = new Keydir();
    const name = (i: number) => `session:${i}:${'x'.repeat(100)}`;
    const live = 10_000;
    let worst = 0;
    for (let i = 0; i < 10 * live; i++) {
      put(keydir, name(i), i, 100);
      if (i >= live) remove(keydir, name(i - live));
      if (i > live && i % 7_919 === 0) worst = Math.max(worst, overhead(keydir));
    }
    expect(keydir.count).toBe(live);
    expect(worst).toBeLessThan(150);
  });
});
