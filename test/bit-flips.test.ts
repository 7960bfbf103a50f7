// Every single bit of a small log turned over: what verify sees, and what nobody could.
//
// With checksums every flip is found. Without them a flip may turn an entry into another whole
// entry; these flips, and no others, are called clean. Which they are says an oracle that parses.
import { describe, expect, it } from 'vitest';
import { verify } from '../src/engine/verify.js';
import { log, numbered, remove, set, setAll } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { withBitFlipped } from './helpers/damage.js';
import { isCleanLog } from './helpers/line-judge.js';
import { memoryDisk } from './helpers/recording-disk.js';

const path = '/data/logs/players.log';

const entries = [
  set('user:1', { score: 12, name: 'é' }, 1),
  setAll({ token: 'abc', n: -1.5 }, 2),
  remove('user:1', 3),
  set('b', [true, null, 'x\\"'], 4),
];

async function exitCodeOf(bytes: Uint8Array): Promise<number> {
  const context = contextOf(memoryDisk({ [path]: bytes }), { chunkBytes: 512 });
  const report = await verify(context, [path], { dialect: 'progressive' });
  const isAtFault = report.findings.some(({ severity }) => severity !== 'notice');
  expect(isAtFault).toBe(report.exitCode !== 0);
  return report.exitCode;
}

/** Bits whose flip verify calls clean. */
async function cleanFlips(bytes: Uint8Array): Promise<number[]> {
  const clean: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    if ((await exitCodeOf(withBitFlipped(bytes, bit))) === 0) clean.push(bit);
  }
  return clean;
}

/** A flip in words: where, and the log after it. */
function storyOf(bytes: Uint8Array, bit: number): string {
  const flipped = Buffer.from(withBitFlipped(bytes, bit)).toString('latin1');
  return `byte ${bit >> 3}, bit ${bit & 7}: ${JSON.stringify(flipped)}`;
}

describe('every bit of a log turned over', () => {
  it('is found where the entries carry checksums', async () => {
    const bytes = Buffer.from(log(...entries.map((entry, i) => numbered(entry, i + 1))));
    expect(await exitCodeOf(bytes)).toBe(0);
    const unseen = (await cleanFlips(bytes)).map((bit) => storyOf(bytes, bit));
    expect(unseen).toEqual([]);
  });

  it('is found without checksums exactly where a line is no entry any more', async () => {
    const bytes = Buffer.from(log(...entries));
    expect(await exitCodeOf(bytes)).toBe(0);
    const expected: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      if (isCleanLog(withBitFlipped(bytes, bit))) expected.push(bit);
    }
    expect(await cleanFlips(bytes)).toEqual(expected);
    // Why checksums are worth their 18 bytes: this many flips no reader of the format can see.
    const unseen = expected.length / (bytes.length * 8);
    expect(unseen).toBeGreaterThan(0.3);
    expect(unseen).toBeLessThan(0.6);
  });
});
