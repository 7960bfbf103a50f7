// A log cut off at any byte: the whole entries that remain are the state, the rest is a torn tail.
import { describe, expect, it } from 'vitest';
import { LogctlError } from '../src/engine/errors.js';
import { openLog } from '../src/engine/log.js';
import { replay } from '../src/engine/replay.js';
import { scanLog } from '../src/engine/checks/scan-log.js';
import { verify } from '../src/engine/verify.js';
import { checkpoint, log, numbered, remove, set, setAll } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { prefixesOf } from './helpers/damage.js';
import { judgeLine, linesOf, statesOf } from './helpers/line-judge.js';
import { memoryDisk } from './helpers/recording-disk.js';

const path = '/data/logs/players.log';

const entries = [
  set('a', { score: 1, name: 'é😀' }, 1),
  set('b', [1, { c: '"}' }], 2),
  remove('a', 3),
  checkpoint({ b: [1, { c: '"}' }] }, 4),
  set('c', 'x', 5),
  setAll({ d: 1, e: 2 }, 6),
  set('d', -0.5, 7),
];
const plain = Buffer.from(log(...entries));
const stamped = Buffer.from(log(...entries.map((entry, i) => numbered(entry, i + 1))));

function contextWith(bytes: Uint8Array) {
  return contextOf(memoryDisk({ [path]: bytes }), { chunkBytes: 64 });
}

/** The whole entries of a prefix: its lines, without a last one that is no JSON. */
function wholeLines(bytes: Uint8Array): Uint8Array[] {
  const lines = linesOf(bytes);
  const last = lines.at(-1);
  return last !== undefined && judgeLine(last).is === 'bad' ? lines.slice(0, -1) : lines;
}

/** How the tail of a prefix looks from its bytes alone. */
function tailOf(bytes: Uint8Array): 'whole' | 'unended' | 'torn' | 'empty' {
  if (bytes.length === 0) return 'empty';
  if (bytes[bytes.length - 1] === 0x0a) return 'whole';
  return wholeLines(bytes).length === linesOf(bytes).length ? 'unended' : 'torn';
}

describe.each([
  ['a log as the bot writes it', plain],
  ['a log with numbers and checksums', stamped],
])('%s, cut at every byte', (_, whole) => {
  it('keeps the state of the whole entries that remain, in both semantics', async () => {
    for (const bytes of prefixesOf(whole)) {
      const states = statesOf(wholeLines(bytes));
      for (const semantics of ['documented', 'upstream'] as const) {
        const parts: Uint8Array[] = [];
        const options = { semantics, onError: 'skip', dialect: 'progressive' } as const;
        const take = (part: Uint8Array) => void parts.push(part);
        const report = await replay(contextWith(bytes), [path], options, take);
        // The bot refuses a torn file; the documents say what its entries mean all the same.
        const refused = semantics === 'upstream' && tailOf(bytes) === 'torn';
        expect(report.exitCode).toBe(
          refused ? 4 : ['whole', 'empty'].includes(tailOf(bytes)) ? 0 : 3,
        );
        if (refused) continue;
        const state = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
        expect(Object.entries(state)).toEqual([...states[semantics]]);
      }
    }
  });

  it('is clean, unended or torn, with the position of what is torn', async () => {
    for (const bytes of prefixesOf(whole)) {
      const report = await verify(contextWith(bytes), [path], { dialect: 'progressive' });
      const tail = tailOf(bytes);
      const [part] = report.logs;
      expect({ length: bytes.length, tail: part.tail }).toEqual({ length: bytes.length, tail });
      expect(part.exitCode).toBe(tail === 'whole' || tail === 'empty' ? 0 : 3);
      const lines = linesOf(bytes);
      expect(part.lines).toBe(lines.length);
      const codes = { whole: [], empty: [], unended: ['unended-line'], torn: ['torn-tail'] };
      const acting = report.findings.filter(({ severity }) => severity !== 'notice');
      expect(acting.map(({ code }) => code)).toEqual(codes[tail]);
      if (tail !== 'torn') continue;
      const length = lines.at(-1)!.length;
      expect(acting[0]).toMatchObject({
        line: lines.length,
        offset: bytes.length - length,
        length,
      });
    }
  });

  it('has the live bytes and counts of the whole entries that remain', async () => {
    for (const bytes of prefixesOf(whole)) {
      const context = contextWith(bytes);
      const scan = await scanLog(context, await openLog(context, path, { dialect: 'progressive' }));
      const { documented, upstream } = statesOf(wholeLines(bytes));
      let liveBytes = 0;
      for (const [key, value] of documented) {
        liveBytes += Buffer.byteLength(JSON.stringify(key) + JSON.stringify(value));
      }
      const { keydir, counter } = scan;
      expect([keydir.count, keydir.upstreamCount]).toEqual([documented.size, upstream.size]);
      expect(keydir.liveBytes).toBe(liveBytes);
      expect(counter.ops.reduce((sum, count) => sum + count)).toBe(wholeLines(bytes).length);
      scan.close();
    }
  });
});

describe('a log cut inside its first line', () => {
  it('is still taken for a log where logs lie, and nowhere else guessed at', async () => {
    for (const bytes of prefixesOf(plain.subarray(0, 60))) {
      const report = await verify(contextWith(bytes), [path]);
      expect(report.logs[0].dialect).toBe('progressive');
    }
    const elsewhere = contextOf(memoryDisk({ '/tmp/notes': '{"na' }));
    await expect(verify(elsewhere, ['/tmp/notes'])).rejects.toThrow(LogctlError);
  });
});
