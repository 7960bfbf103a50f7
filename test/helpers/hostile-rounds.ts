/** Rounds of random files through both kernels. */
import { randomFrom } from './crash-states.js';
import { HostileLines } from './hostile-lines.js';
import { answersOf, difference, referenceAnswers, type OpenKernel } from './kernel-pair.js';

export interface RoundsOptions {
  seed: number;
  rounds: number;
  /** Files of plain lines, one of which has a mistake; else of any lines; by default in turn. */
  of?: 'plain' | 'any';
  /** Stops after so many files with a difference. */
  wrongMax?: number;
}

/** Gives what differed, and how many lines were read. */
export function hostileRounds(open: OpenKernel, options: RoundsOptions) {
  const { seed, rounds, of, wrongMax = 3 } = options;
  const random = randomFrom(seed);
  const lines = new HostileLines(random);
  const done = { lines: 0, mutated: 0, wrong: [] as string[] };
  for (let round = 0; round < rounds && done.wrong.length < wrongMax; round++) {
    const isPlain = of === undefined ? round % 2 === 1 : of === 'plain';
    const texts = isPlain ? plainGroup(lines) : anyGroup(lines);
    const end = random() < 0.9 ? '\n' : '';
    const bytes = Buffer.from(texts.join('\n') + end, random() < 0.95 ? 'utf8' : 'latin1');
    const chunkBytes = random() < 0.5 ? 1 + lines.below(200) : 1 << (6 + lines.below(8));
    const holdStates = ([undefined, 'replacing', 'all'] as const)[lines.below(3)];
    const wanted = referenceAnswers(bytes, { holdStates });
    const found = difference(wanted, answersOf(open, bytes, chunkBytes, { holdStates }));
    const where = `seed ${seed}, round ${round}, chunks of ${chunkBytes}`;
    if (found !== undefined) done.wrong.push(`${where}: ${found}`);
    done.lines += texts.length;
    if (isPlain) done.mutated++;
  }
  return done;
}

function anyGroup(lines: HostileLines): string[] {
  return Array.from({ length: 1 + lines.below(60) }, () => lines.line());
}

function plainGroup(lines: HostileLines): string[] {
  const space = [' ', '', '', ''][lines.below(4)];
  const plain = () =>
    lines.plainLine().replaceAll('":', `":${space}`).replaceAll(',"', `,${space}"`);
  const texts = Array.from({ length: 3 + lines.below(20) }, plain);
  const which = lines.below(texts.length);
  texts[which] = lines.withMistake(texts[which]);
  return texts;
}
