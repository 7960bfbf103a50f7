// A whole entry is never taken for a fragment: whatever lies between, before and after entries,
// salvage keeps each, or counts it as lost. All dialects, both kernels.
import { describe, expect, it } from 'vitest';
import type { KernelName } from '../src/engine/scan/choose-kernel.js';
import { openLog, type Log } from '../src/engine/log.js';
import { openParts } from '../src/engine/recovery/part-source.js';
import type { LogPlan } from '../src/engine/recovery/plan.js';
import { planLog } from '../src/engine/recovery/recover-plan.js';
import { set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';
import { newSeed } from './helpers/seed.js';
import { randomFrom } from './helpers/crash-states.js';

/** How entry number `n` of a format is written. */
const formats: [dialect: string, path: string, entry: (n: number) => string][] = [
  ['progressive', '/data/logs/p.log', (n) => set(`k${n}`, { n }, n)],
  ['jsonl', '/d/a.jsonl', (n) => JSON.stringify({ seq: n, kind: 'task', note: `n${n}` })],
  ['jsonldb', '/d/a.jsonl', (n) => JSON.stringify({ k: `k${n}`, v: { n } })],
  ['nedb', '/d/a.db', (n) => JSON.stringify({ _id: `k${n}`, n })],
];
const separators = ['', ',', ';', ', ', '\\n', '\u001e', '\u2028', '\ufeff', '\t', ' | ', ' ; ,'];
const junk = ['xx', 'text between', '---', 'en"]', 'null pointer at 0x7f', '!', 'ok: done'];

async function salvage(dialect: string, path: string, text: string, kernel: KernelName) {
  const disk = memoryDisk({ [path]: text });
  const context = { ...contextOf(disk), kernel };
  const log = await openLog(context, path, { dialect });
  const plan = await planLog(context, log, { policy: 'salvage', maxLost: 1e9 });
  const bytes = plan.action === 'recover' ? await written(plan, log, disk) : text;
  return { plan, lines: bytes.split('\n').map((line) => line.trim()) };
}

async function written(plan: LogPlan, log: Log, disk: RecordingDisk): Promise<string> {
  const source = openParts(contextOf(disk), log, plan.parts);
  const bytes = Buffer.alloc(source.stat().size);
  await source.read(bytes, 0);
  source.close();
  return bytes.toString('utf8');
}

describe.each(['reference', 'simd'] as const)('with the kernel %s', (kernel) => {
  describe.each(formats)('%s', (dialect, path, entry) => {
    const around = (line: string) => `${entry(0)}\n${line}\n${entry(9)}\n`;
    const cases: [name: string, line: string, whole: number[]][] = [
      ...separators.map((one): [string, string, number[]] => {
        return [`${JSON.stringify(one)} between`, entry(1) + one + entry(2), [1, 2]];
      }),
      ['text after', `${entry(1)} trailing`, [1]],
      ['a comma after', `${entry(1)},`, [1]],
      ['text between two', `${entry(1)} xx ${entry(2)}`, [1, 2]],
      ['text around', `x ${entry(1)} y`, [1]],
      ['text between three', `${entry(1)} xx ${entry(2)} yy ${entry(3)}`, [1, 2, 3]],
      ['the rest of another after', `${entry(1)}en"]}`, [1]],
      ['a BOM before', `\ufeff${entry(1)},`, [1]],
      ['an array on one line', `[${entry(1)},${entry(2)}]`, []],
    ];
    it.each(cases)('%s: every whole entry comes back', async (_name, line, whole) => {
      const { plan, lines } = await salvage(dialect, path, around(line), kernel);
      expect(lines).toEqual(expect.arrayContaining([0, ...whole, 9].map(entry)));
      if (whole.length > 0) expect(plan.entriesLost).toBe(0);
    });

    it('random lines of entries, separators and junk: kept + lost covers all', async () => {
      const seed = newSeed();
      const random = randomFrom(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
      for (let round = 0; round < 60; round++) {
        const wanted: string[] = [];
        let line = '';
        for (let i = 1 + Math.floor(random() * 6); i > 0; i--) {
          if (random() < 0.5) {
            const one = entry(10 + round * 10 + i);
            wanted.push(one);
            line += one;
          } else line += random() < 0.5 ? pick(separators) : ` ${pick(junk)} `;
        }
        const { plan, lines } = await salvage(dialect, path, around(line), kernel);
        const kept = wanted.filter((one) => lines.includes(one)).length;
        const words = `seed ${seed}, round ${round}: ${line}`;
        expect(kept + plan.entriesLost, words).toBeGreaterThanOrEqual(wanted.length);
        expect(lines, words).toEqual(expect.arrayContaining([entry(0), entry(9)]));
      }
    });
  });
});

describe('what counts as lost', () => {
  const path = '/data/logs/p.log';
  const lines = [1, 2, 3, 4].map((n) => set(`k${n}`, { n }, n));
  const free = ['<<<<<<< HEAD', '=======', '>>>>>>> theirs', 'Segmentation fault', '}', '[', '])'];
  it.each(free)('%j is no entry, and its loss none', async (text) => {
    const log = [lines[0], text, ...lines.slice(1), ''].join('\n');
    const { plan } = await salvage('progressive', path, log, 'reference');
    expect(plan).toMatchObject({ action: 'recover', entriesLost: 0 });
  });

  it('nor is a write that stopped early and was tried again on the next line', async () => {
    const log = [lines[0], lines[1].slice(0, 50), ...lines.slice(1), ''].join('\n');
    const { plan } = await salvage('progressive', path, log, 'reference');
    expect(plan).toMatchObject({ action: 'recover', entriesLost: 0 });
    // The same fragment before another entry is one that is gone.
    const other = [lines[0], lines[1].slice(0, 60), lines[2], lines[3], ''].join('\n');
    expect((await salvage('progressive', path, other, 'reference')).plan.entriesLost).toBe(1);
  });

  it('an object in a fragment that cannot be told from an entry counts as one', async () => {
    const doubtful = `{"timestamp":"20${lines[1]}]}]}`;
    const log = [lines[0], doubtful, lines[3], ''].join('\n');
    const { plan } = await salvage('progressive', path, log, 'reference');
    expect(plan.entriesLost).toBeGreaterThanOrEqual(1);
  });
});
