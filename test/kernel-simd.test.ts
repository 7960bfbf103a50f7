// The SIMD kernel answers what the reference kernel answers, byte for byte, on every input.
//
// `npm run torture -- kernel` does the same with a million lines, and with mistakes in each mask.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultChunkBytes } from '../src/engine/scan/choose-kernel.js';
import { progressive } from '../src/engine/dialects/progressive/progressive.js';
import type { LineCodec } from '../src/engine/scan/kernel.js';
import { loadSimdModule } from '../src/engine/scan/simd-module.js';
import { log, remove, set } from './helpers/bot-log.js';
import { hostileRounds } from './helpers/hostile-rounds.js';
import {
  answersOf,
  difference,
  openSimdKernels,
  referenceAnswers,
  type OpenKernel,
} from './helpers/kernel-pair.js';
import { announcedSeed } from './helpers/seed.js';
import { bytesOf, trickyFiles } from './helpers/tricky-lines.js';
import { compile, moduleText } from './helpers/compile-wasm.mjs';

let simd: OpenKernel;
beforeAll(async () => {
  simd = openSimdKernels(await loadSimdModule());
});

describe('the committed module', () => {
  it('is what its sources compile to', async () => {
    const committed = readFileSync('src/engine/scan/simd.wasm.ts', 'utf8');
    expect(moduleText(await compile())).toBe(committed);
  });
});

/** What differs between the kernels for `bytes` at one of these chunk sizes. */
function differences(bytes: Uint8Array, sizes: readonly number[]): string[] {
  const wanted = referenceAnswers(bytes);
  return sizes.flatMap((size) => {
    const found = difference(wanted, answersOf(simd, bytes, size));
    return found === undefined ? [] : [`chunks of ${size}: ${found}\n${bytes.toString()}`];
  });
}

/** All around a block and two; the torture has every size. */
const sizes = [1, 2, 3, 7, 31, 62, 63, 64, 65, 66, 71, 72, 73, 80, 127, 128, 129, 130];
const follower = set('next', 1, 9);

describe.each(trickyFiles)('%s', (_, line) => {
  it('is read the same with chunks of many sizes, wherever it stands in a block', () => {
    const file = bytesOf([...line], `\n${follower}\n`);
    expect(differences(file, sizes)).toEqual([]);
    // Chunks as large as they really are: their batches have room for the rows of other kernels.
    const behind = bytesOf(`${follower}\n`, [...line], `\n${follower}\n`);
    expect(differences(behind, [defaultChunkBytes])).toEqual([]);
    for (let before = 0; before < 128; before += 9) {
      const filler = set('x'.repeat(before), 1);
      const moved = bytesOf(`${filler}\n`, [...line], `\n${follower}\n`);
      expect(differences(moved, [4096])).toEqual([]);
    }
  });

  it('is read the same with a bit of any byte flipped', () => {
    const file = bytesOf(`${follower}\n`, [...line], `\n${follower}\n${follower}\n`);
    const wrong: string[] = [];
    for (let at = 0; at < line.length; at++) {
      const flipped = Buffer.from(file);
      flipped[follower.length + 1 + at] ^= 1 << ((at * 5) % 8);
      wrong.push(...differences(flipped, [4096]));
    }
    expect(wrong).toEqual([]);
  });
});

describe('plain lines', () => {
  const values = ['1', '-1.5e+7', '"é\\n"', 'true', '[{"a":[]},{}]', '{"b":null,"c":"x"}'];
  const asked: LineCodec = {
    ...progressive.codec('segment'),
    decode: () => expect.fail('the codec was asked'),
  };

  /** A log of them, each line moved by one byte. */
  const plain = (space: string): Buffer => {
    const lines = Array.from({ length: 600 }, (_, i) => {
      const value = values[i % values.length];
      const line =
        i % 9 === 8 ? remove(`k${i % 50}`, i) : set('x', 0, i).replace('0}', `${value}}`);
      const named = line.replace('"x"', `"${'x'.repeat(i % 67)}y"`);
      return named.replaceAll('":', `":${space}`).replaceAll(',"', `,${space}"`);
    });
    return Buffer.from(log(...lines));
  };

  it('never need the codec, compact or with spaces, wherever they stand in a block', () => {
    for (const space of ['', ' ', '  ']) {
      const { rows } = answersOf(simd, plain(space), 1 << 16, { codec: asked });
      expect(rows.filter(({ problem }) => problem !== 0)).toEqual([]);
      expect(rows.length).toBe(600);
    }
  });
});

describe('whole states', () => {
  it('are read the same where a kernel that folds nothing has read such lines before', () => {
    const codec = progressive.codec('segment');
    const state = (n: number): string => `{"op":"SET","data":{"k${n}":${n}}}`;
    const lines = Array.from({ length: 400 }, (_, n) => (n % 25 === 24 ? state(n) : set('x', n)));
    const bytes = Buffer.from(log(...lines));
    answersOf(simd, bytes, 65536, { codec, fold: false });
    const found = answersOf(simd, bytes, 65536, { codec });
    expect(difference(referenceAnswers(bytes, { codec }), found)).toBe(undefined);
  });
});

describe('random lines', () => {
  it('are read the same, whole ones and those with mistakes', () => {
    const seed = announcedSeed('SIMD kernel, random lines');
    expect(hostileRounds(simd, { seed, rounds: 300 }).wrong).toEqual([]);
  });
});
