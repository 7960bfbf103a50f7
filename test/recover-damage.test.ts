// Goal: whatever a disk does to a log, salvage invents nothing, keeps every whole entry, and its
// ledger lists every byte that goes. Method: small logs in memory, each damage at every place.
import { describe, expect, it } from 'vitest';
import { openLog } from '../src/engine/log.js';
import { partitionFault } from '../src/engine/recovery/part-list.js';
import { scanLog } from '../src/engine/checks/scan-log.js';
import { checkpoint, clock, log, numbered, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { backupPath, diskWith, logPath, planFor, planned } from './helpers/recovery.js';

const salvage = { policy: 'salvage', maxLost: 1e9 } as const;

/** Entries whose values look like entries, in every way JSON allows. */
function lookalikes(from: number): string[] {
  const inner = (second: number) => ({
    timestamp: clock(second),
    op: 'SET',
    key: 'evil',
    value: 1,
  });
  return [
    set('object', inner(from + 1), from),
    set('deep', [{ a: [inner(from + 2)] }], from + 1),
    set('text', `${set('evil', 2, from + 3)}\n${set('evil', 3, from + 3)}`, from + 2),
    set('tail', { x: 'ends like one"}', y: { op: 'CHECKPOINT', state: { evil: 4 } } }, from + 3),
  ];
}

/** What salvage makes of a damaged log, checked against what every result must be. */
async function check(
  damaged: Buffer,
  truth: readonly string[],
  more: Record<string, string> = {},
): Promise<string> {
  const disk = diskWith(damaged, more);
  const plan = await planFor(disk, salvage);
  expect(plan.action).not.toBe('refused');
  const bytes = await planned(disk, plan.parts);
  const fault = partitionFault(logPath, damaged.length, plan.parts, plan.quarantine);
  expect(fault, 'a byte is neither kept nor in the ledger').toBe(undefined);
  const text = bytes.toString('utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  const given = [...Object.values(more), damaged.toString('utf8')].join('\n');
  const known = new Set([...truth, ...given.split('\n')]);
  const invented = lines.filter((line) => {
    const isRaw = damaged.includes(line) && !line.includes('"SET","key":"evil"');
    return !known.has(line) && !isRaw && !line.includes('"RECOVERED"');
  });
  expect(invented, 'invented').toEqual([]);
  const survivors = truth.filter((line) => survives(line, damaged));
  expect(lines, 'a whole entry is gone').toEqual(expect.arrayContaining(survivors));
  const result = diskWith(bytes);
  const scan = await scanLog(contextOf(result), await openLog(contextOf(result), logPath));
  scan.close();
  expect([scan.damages.length, scan.tail === 'unended']).toEqual([0, false]);
  return text;
}

/** True where a line stands whole in the bytes, as a line or where the line before stops early. */
function survives(line: string, damaged: Buffer): boolean {
  const bytes = Buffer.from(line);
  for (let at = damaged.indexOf(bytes); at >= 0; at = damaged.indexOf(bytes, at + 1)) {
    const startsLine = at === 0 || damaged[at - 1] === 0x0a;
    const behind = damaged[at + bytes.length];
    if (startsLine && (behind === undefined || behind === 0x0a || behind === 0x7b)) return true;
  }
  return false;
}

describe('a log with a checkpoint, cut at every byte', () => {
  const entries = [set('a', { n: 1.5 }, 10), remove('b', 11), ...lookalikes(12)];
  const head = checkpoint({ a: 1, b: 2, c: { d: 'é' } }, 9);
  const whole = Buffer.from(log(head, ...entries));
  const old = log(set('a', 1, 1), set('b', 2, 2), set('c', { d: 'é' }, 3));

  /** The whole entries in front of the cut. */
  const kept = (cut: number) => {
    const lines = [head, ...entries];
    let end = 0;
    return log(...lines.filter((line) => (end += Buffer.byteLength(line) + 1) <= cut + 1));
  };

  it('keeps exactly the whole entries, or is left alone where its checkpoint is torn', async () => {
    for (let cut = 1; cut <= whole.length; cut++) {
      const damaged = whole.subarray(0, cut);
      const isHeadTorn = cut > 2 && cut < Buffer.byteLength(head);
      if (!isHeadTorn) expect(await check(damaged, [head, ...entries])).toBe(kept(cut));
      else expect((await planFor(diskWith(damaged), salvage)).action, `${cut}`).toBe('refused');
    }
  });

  it('loses nothing that its backup holds', async () => {
    for (let cut = 0; cut <= whole.length; cut++) {
      const text = await check(whole.subarray(0, cut), [head, ...entries], { [backupPath]: old });
      const isHeadTorn = cut < Buffer.byteLength(head);
      expect(text, `cut at ${cut}`).toBe(isHeadTorn ? old : kept(cut));
    }
  });

  it('gets back what a whole copy beside it has, also in the line that is torn', async () => {
    const plain = Buffer.from(log(...entries));
    for (let cut = 0; cut <= plain.length; cut++) {
      const copy = { [backupPath]: plain.toString() };
      const text = await check(plain.subarray(0, cut), entries, copy);
      expect(text, `cut at ${cut}`).toBe(plain.toString());
    }
  });
});

describe('a torn entry, glued to the next one at every tear point', () => {
  const before = set('a', 0, 1);
  const next = set('b', { n: 9007199254740993 }, 30);
  const last = set('c', 3, 31);

  it('gives the whole entries back and nothing of the torn one', async () => {
    for (const entry of [
      ...lookalikes(10),
      checkpoint({ k: 1 }, 20),
      numbered(set('d', 1, 5), 7),
    ]) {
      for (let tear = 1; tear <= entry.length; tear++) {
        const fragment = Buffer.from(entry).subarray(0, tear);
        const isWhole = tear === Buffer.byteLength(entry);
        // Where a value is expected next, the entry behind may just as well be that value: then
        // only the line's end tells, and there is one end for one entry.
        const isOpen = /[:[,]$/.test(fragment.toString());
        const glued = tear % 2 === 0 ? `${next}${last}\n` : `${next}${last}`;
        const ends = [`${next}\n${last}\n`, ...(isOpen ? [] : [glued])];
        for (const end of ends) {
          const damaged = Buffer.concat([Buffer.from(log(before)), fragment, Buffer.from(end)]);
          const wanted = log(before, ...(isWhole ? [entry] : []), next, last);
          expect(await check(damaged, [before, next, last, entry]), `${fragment}`).toBe(wanted);
        }
      }
    }
  });
});

describe('a flipped bit', () => {
  it('at any place costs at most the entries it touches', async () => {
    const truth = [set('a', 'é', 1), lookalikes(2)[0], remove('a', 5), set('b', [1, {}], 6)];
    const whole = Buffer.from(log(...truth));
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const text = await check(damaged, truth);
      const gone = truth.filter((line) => !text.includes(line)).length;
      expect(gone, `bit ${bit}`).toBeLessThanOrEqual(1);
    }
  });

  it('in a numbered entry is always seen', async () => {
    const truth = [1, 2, 3].map((seq) => numbered(set(`k${seq}`, { seq }, seq), seq));
    const whole = Buffer.from(log(...truth));
    const from = truth[0].length + 1;
    for (let bit = from * 8; bit < (from + truth[1].length) * 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const lines = (await check(damaged, truth)).split('\n');
      const known = lines.filter((line) => line !== '' && !line.includes('RECOVERED'));
      // Bits of the checksum's own form hide it, and nothing else.
      const line = damaged.subarray(from, from + truth[1].length).toString('latin1');
      const hidden = /,"crc":"[0-9a-f]{8}"}$/.test(line) ? 0 : 1;
      expect(known.filter((line) => !truth.includes(line)).length).toBeLessThanOrEqual(hidden);
    }
  });
});

describe('blocks of a log', () => {
  const truth = Array.from({ length: 40 }, (_, i) => lookalikes(i * 10)[i % 4]);
  for (let i = 0; i < 60; i++) truth.push(set(`k${i % 7}`, 'x'.repeat(i), 400 + i));
  const whole = Buffer.from(log(...truth));

  for (const size of [512, 4096]) {
    const starts = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => i * size);

    it(`of ${size} bytes, filled with zeros, cost no whole entry, with a copy none`, async () => {
      for (const start of starts) {
        const damaged = Buffer.from(whole);
        damaged.fill(0, start, Math.min(start + size, whole.length));
        await check(damaged, truth);
        const text = await check(damaged, truth, { [backupPath]: whole.toString() });
        expect(text, `block at ${start}`).toBe(whole.toString());
      }
    });

    it(`of ${size} bytes, swapped, cost no whole entry`, async () => {
      for (const first of starts) {
        for (const second of starts.filter((start) => start > first)) {
          const damaged = Buffer.from(whole);
          whole.copy(damaged, first, second, Math.min(second + size, whole.length));
          whole.copy(damaged, second, first, first + Math.min(size, whole.length - second));
          await check(damaged, truth);
        }
      }
    });
  }
});
