// Replay of random logs leaves what two oracles say.
//
// The log is made together with its state: a Map of keys and value texts, so that order and bytes
// are known to the byte. A second Map is made by parsing the finished lines, as the bot's own
// program does, so that an error in the making of the log cannot hide one in the engine.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLog } from '../src/engine/log.js';
import { replay } from '../src/engine/replay.js';
import { scanLog } from '../src/engine/checks/scan-log.js';
import { contextOf } from './helpers/context.js';
import { linesOf, statesOf } from './helpers/line-judge.js';
import { expectedStates, logBytes, logLine } from './helpers/random-log.js';
import { memoryDisk } from './helpers/recording-disk.js';
import { announcedSeed } from './helpers/seed.js';

const path = '/data/logs/players.log';
const semanticses = ['documented', 'upstream'] as const;

function contextWith(bytes: Uint8Array, chunkBytes?: number) {
  return contextOf(memoryDisk({ [path]: bytes }), { chunkBytes });
}

/** What replay gives: its report, and the state as JSON lines. */
async function replayed(
  bytes: Uint8Array,
  semantics: 'documented' | 'upstream',
  chunkBytes?: number,
) {
  const parts: Uint8Array[] = [];
  const options = { semantics, format: 'jsonl', hash: true, dialect: 'progressive' } as const;
  const take = (part: Uint8Array) => void parts.push(part.slice());
  const report = await replay(contextWith(bytes, chunkBytes), [path], options, take);
  return { report, text: Buffer.concat(parts).toString('utf8') };
}

const jsonlOf = (state: Map<string, string>) =>
  [...state].map(([key, value]) => `{"key":${JSON.stringify(key)},"value":${value}}\n`).join('');

/** The state hash by its definition, from keys and value texts. */
function hashOf(state: Map<string, string>): string {
  const hash = createHash('sha256');
  for (const key of [...state.keys()].sort()) {
    hash.update(`${JSON.stringify(key)}:${state.get(key)}\n`);
  }
  return hash.digest('hex');
}

function liveBytesOf(state: Map<string, string>): number {
  let bytes = 0;
  for (const [key, value] of state) bytes += Buffer.byteLength(JSON.stringify(key) + value);
  return bytes;
}

const parsed = (state: Map<string, string>) =>
  new Map([...state].map(([key, value]) => [key, JSON.parse(value) as unknown]));

describe('random logs', () => {
  const logs = 48;
  const linesMin = 210;
  const random = fc.record({
    lines: fc.array(logLine, { minLength: linesMin, maxLength: linesMin + 60, size: 'max' }),
    withNumbers: fc.boolean(),
    chunkBytes: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(1_000, 4_096, 1 << 18)),
    ended: fc.boolean(),
  });

  it('replay to the state that was made with them, byte for byte, in both semantics', async () => {
    const seed = announcedSeed('replay-oracle, random logs');
    let linesRead = 0;
    const property = fc.asyncProperty(random, async ({ lines, withNumbers, chunkBytes, ended }) => {
      const whole = logBytes(lines, withNumbers);
      const lastHasBytes = lines.at(-1)?.text !== '';
      const bytes = ended || !lastHasBytes ? whole : whole.subarray(0, -1);
      linesRead += lines.length;
      const states = expectedStates(lines);
      const reparsed = statesOf(linesOf(bytes));
      for (const semantics of semanticses) {
        const state = states[semantics];
        expect(parsed(state)).toEqual(reparsed[semantics]);
        // The bot's reader cannot hold this key: it becomes the prototype of its state.
        if (semantics === 'upstream') state.delete('__proto__');
        const { report, text } = await replayed(bytes, semantics, chunkBytes);
        expect(text).toBe(jsonlOf(state));
        expect(report.exitCode).toBe(bytes === whole ? 0 : 3);
        const part = { keys: state.size, stateHash: hashOf(state), lines: linesOf(bytes).length };
        expect(report.logs[0]).toMatchObject(part);
        expect(report.logs[0].outputBytes).toBe(Buffer.byteLength(text));
      }
      const liveBytes = liveBytesOf(expectedStates(lines).documented);
      const scan = await scanLog(contextWith(bytes, chunkBytes), await logAt(bytes));
      expect(scan.keydir.liveBytes).toBe(liveBytes);
      scan.close();
    });
    await fc.assert(property, { numRuns: logs, seed });
    expect(linesRead).toBeGreaterThanOrEqual(10_000);
  });
});

const logAt = (bytes: Uint8Array) => openLog(contextWith(bytes), path, { dialect: 'progressive' });

describe('what goes in', () => {
  it('comes out as the same bytes, however it is chunked', async () => {
    const values = [
      '9007199254740993',
      '-0',
      '1.0',
      '1E400',
      '1e-7',
      '{"a":1,"a":2}',
      '[ 1 ,\t2 ]',
    ];
    values.push('"\\u0061\\/"', '{"10":1,"9":2,"__proto__":{}}', '-123456789012345678901234567890');
    const lines = values.map((value, i) => `{"op":"SET","key":"${9 - i}","value":${value}}\n`);
    const wanted = values.map((value, i) => `{"key":"${9 - i}","value":${value}}\n`).join('');
    const asState = values.map((value, i) => `"${9 - i}": ${value}`).join(' , ');
    const logs = [lines.join(''), `{"op":"CHECKPOINT","state":{${asState}}}\n`];
    for (const log of logs) {
      for (const chunkBytes of [1, 2, 3, 7, 64, 1 << 18]) {
        const { text } = await replayed(Buffer.from(log), 'documented', chunkBytes);
        expect(text).toBe(wanted);
      }
    }
  });

  it('comes out whole where values exceed what is held at once, in any order', async () => {
    // Values are read in windows of 8 MiB and parts of 1 MiB: some are longer than either.
    const lengths = [9 << 20, 3 << 20, 1 << 20, (1 << 20) + 1, 600_000, 600_000, 600_000];
    const values = new Map(lengths.map((length, i) => [`long:${i}`, `"${'x'.repeat(length)}"`]));
    for (let i = 0; i < 3_000; i++) values.set(`k${i}`, `${i * 1_234_567}`);
    const put = (key: string) => `{"op":"SET","key":"${key}","value":${values.get(key)}}\n`;
    // Set again behind a delete, every seventh key goes to the end of the order, and of the file.
    const keys = [...values.keys()];
    const moved = keys.filter((_, i) => i % 7 === 3);
    const again = moved.map((key) => `{"op":"DELETE","key":"${key}"}\n${put(key)}`);
    const order = [...keys.filter((key) => !moved.includes(key)).reverse(), ...moved.reverse()];
    const restated = [...keys].reverse().map(put);
    const log = Buffer.from([...restated, ...again.reverse()].join(''));
    const { report, text } = await replayed(log, 'documented');
    const state = new Map(order.map((key) => [key, values.get(key)!]));
    expect(text === jsonlOf(state)).toBe(true);
    expect(report.logs[0].stateHash).toBe(hashOf(state));
  });
});
