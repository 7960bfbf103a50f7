// The main JSON file as recover writes it, against what JSON.stringify would write.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLog } from '../src/engine/log.js';
import { mirrorBytes, writeMirror } from '../src/engine/recovery/mirror-writer.js';
import { scanLog } from '../src/engine/checks/scan-log.js';
import { clock, log, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { diskWith, logPath } from './helpers/recovery.js';

/** The file for a log with these lines. */
async function mirrorOf(...lines: string[]): Promise<string> {
  const context = contextOf(diskWith(log(...lines)));
  const scan = await scanLog(context, await openLog(context, logPath));
  const parts: Uint8Array[] = [];
  await writeMirror(scan, (bytes) => void parts.push(bytes));
  expect(await mirrorBytes(scan)).toBe(Buffer.concat(parts).length);
  scan.close();
  return Buffer.concat(parts).toString('utf8');
}

const raw = (key: string, value: string) =>
  `{"timestamp":"${clock(1)}","op":"SET","key":${JSON.stringify(key)},"value":${value}}`;

describe('writeMirror', () => {
  it('lays values out as JSON.stringify with two spaces does', async () => {
    const values = fc.array(fc.jsonValue({ maxDepth: 5 }), { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(values, async (all) => {
      // JSON.stringify writes -0 as 0; what stands in a line stays as it stands there.
      const state = Object.fromEntries(all.map((value, i) => [`k${i}`, value]));
      const lines = Object.entries(state).map(([key, value], i) => set(key, value, i));
      expect(await mirrorOf(...lines)).toBe(JSON.stringify(state, null, 2));
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it('keeps the bytes of numbers and strings, whatever spacing stood between them', async () => {
    const text = await mirrorOf(
      raw('n', ' [ 9007199254740993 , 1.0,-0 ,1E400, "a\\u0041 { , : " ] '),
    );
    expect(text).toBe(
      '{\n  "n": [\n    9007199254740993,\n    1.0,\n    -0,\n    1E400,\n' +
        '    "a\\u0041 { , : "\n  ]\n}',
    );
  });

  it('keeps the order in which keys were created, and leaves out what was removed', async () => {
    const text = await mirrorOf(
      set('b', 1, 1),
      set('2', 2, 2),
      set('a', 3, 3),
      remove('b', 4),
      set('b', 5, 5),
    );
    expect(text).toBe('{\n  "2": 2,\n  "a": 3,\n  "b": 5\n}');
    expect(await mirrorOf(set('a', 1, 1), remove('a', 2))).toBe('{}');
  });

  it('leaves out a key that the format’s own program cannot hold', async () => {
    expect(await mirrorOf(set('__proto__', { x: 1 }, 1), set('a', 1, 2))).toBe('{\n  "a": 1\n}');
  });

  it('writes a value that comes in many parts as one', async () => {
    const value = {
      list: Array.from({ length: 60_000 }, (_, i) => ({ i, text: 'x'.repeat(i % 50) })),
    };
    expect(await mirrorOf(set('big', value, 1))).toBe(JSON.stringify({ big: value }, null, 2));
  });
});
