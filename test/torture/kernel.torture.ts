// A million random lines and 200,000 groups of plain lines with a mistake through both kernels;
// and a kernel with a mistake in any of its masks is found out.
import { beforeAll, describe, expect, it } from 'vitest';
import { loadSimdModule } from '../../src/engine/scan/simd-module.js';
import { compile } from '../helpers/compile-wasm.mjs';
import { set } from '../helpers/bot-log.js';
import { hostileRounds } from '../helpers/hostile-rounds.js';
import { kernelMutants, type KernelMutant } from '../helpers/kernel-mutants.js';
import {
  answersOf,
  difference,
  openSimdKernels,
  referenceAnswers,
  type OpenKernel,
} from '../helpers/kernel-pair.js';
import { announcedSeed } from '../helpers/seed.js';
import { bytesOf, trickyFiles } from '../helpers/tricky-lines.js';

const linesWanted = Number(process.env.LOGCTL_LINES ?? 1_000_000);
const groupsWanted = Number(process.env.LOGCTL_GROUPS ?? 200_000);
const roundsAtATime = 2_000;

let simd: OpenKernel;
beforeAll(async () => {
  simd = openSimdKernels(await loadSimdModule());
});

it(`reads ${linesWanted} random lines as the reference does`, () => {
  let seed = announcedSeed('kernel torture, lines');
  for (let lines = 0; lines < linesWanted; seed++) {
    const done = hostileRounds(simd, { seed, rounds: roundsAtATime, of: 'any' });
    expect(done.wrong).toEqual([]);
    lines += done.lines;
    console.log(`${lines} lines, no difference`);
  }
});

it(`reads ${groupsWanted} plain groups with a mistake as the reference does`, () => {
  let seed = announcedSeed('kernel torture, groups');
  for (let groups = 0; groups < groupsWanted; groups += roundsAtATime, seed++) {
    const done = hostileRounds(simd, { seed, rounds: roundsAtATime, of: 'plain' });
    expect(done.wrong).toEqual([]);
    console.log(`${groups + roundsAtATime} groups, no difference`);
  }
});

it('reads every tricky file the same at every place in two blocks and every chunk size', () => {
  expect(trickyDifferences(simd, everySize)).toEqual([]);
});

/** What differs with tricky files at all places in two blocks; at the first with these chunks. */
function trickyDifferences(open: OpenKernel, chunkSizes: readonly number[]): string[] {
  const wrong: string[] = [];
  for (const [name, line] of trickyFiles) {
    for (let before = 0; before < 128; before++) {
      const filler = set('x'.repeat(before), 1);
      const bytes = bytesOf(`${filler}\n`, [...line], `\n${filler}\n`);
      const wanted = referenceAnswers(bytes);
      for (const size of before === 0 ? chunkSizes : [64, 4096]) {
        const found = difference(wanted, answersOf(open, bytes, size));
        if (found !== undefined)
          wrong.push(`${name}, ${before} before, chunks of ${size}: ${found}`);
      }
    }
  }
  return wrong;
}

const everySize = Array.from({ length: 200 }, (_, i) => i + 1);

describe('a mistake in the kernel is found', () => {
  it.each(kernelMutants)('$file without $from', async (mutant) => {
    const open = openSimdKernels(await WebAssembly.compile(await compile(change(mutant))));
    const isFound = () =>
      ['any', 'plain'].some((of) => {
        const how = { seed: 1, rounds: 3_000, of: of as 'any', wrongMax: 1 };
        return hostileRounds(open, how).wrong.length > 0;
      });
    expect(trickyDifferences(open, [64]).length > 0 || isFound()).toBe(true);
  });
});

function change({ file, from, to }: KernelMutant): (name: string, text: string) => string {
  return (name, text) => {
    if (name !== file) return text;
    expect(text.split(from).length).toBe(2);
    return text.replace(from, () => to);
  };
}
