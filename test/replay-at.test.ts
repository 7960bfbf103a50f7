// A state at a point: by time, line or byte, backups included, damage in the way or not.
import { describe, expect, it } from 'vitest';
import { replay, type ReplayOptions } from '../src/engine/index.js';
import { checkpoint, clock, log, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk, type FileSeed } from './helpers/recording-disk.js';
import { logPath } from './helpers/recovery.js';

const lines = [set('a', 1, 10), set('b', 2, 20), set('a', 3, 30), remove('b', 40), set('c', 5, 50)];
const text = log(...lines);
const states = [{ a: 1 }, { a: 1, b: 2 }, { b: 2, a: 3 }, { a: 3 }, { a: 3, c: 5 }];
const offsets = lines.map((_, i) => log(...lines.slice(0, i)).length);
const time = (second: number) => Date.parse(clock(second));

describe('a point inside the log', () => {
  it.each([1, 2, 3, 4, 5])(
    '--line %i takes that line in, and names its neighbours',
    async (line) => {
      const { state, part } = await replayed({ line });
      expect(state).toEqual(states[line - 1]);
      expect(part.at).toMatchObject({ line, offset: offsets[line - 1], time: clock(line * 10) });
      expect(part.next?.line).toBe(line < 5 ? line + 1 : undefined);
    },
  );

  it('--offset takes in the line of that byte: its first, its last, its newline', async () => {
    for (const [i, offset] of offsets.entries()) {
      for (const inside of [offset, offset + lines[i].length - 1, offset + lines[i].length]) {
        const { state, part } = await replayed({ offset: inside });
        expect({ inside, state }).toEqual({ inside, state: states[i] });
        expect(part.at?.offset).toBe(offset);
      }
    }
  });

  it.each([
    [30, 3],
    [39, 3],
    [40, 4],
    [1000, 5],
  ])('--at the instant %i s is the prefix up to line %i', async (second, line) => {
    const { state, part } = await replayed({ at: time(second) });
    expect(state).toEqual(states[line - 1]);
    expect(part.at).toMatchObject({ line });
  });

  it('--at ends with the last entry that is not after it, wherever the clock jumped', async () => {
    const jumping = log(set('a', 1, 10), set('a', 2, 90), set('a', 3, 20), set('a', 4, 95));
    const { state, part } = await replayed({ at: time(50) }, { [logPath]: jumping });
    expect(state).toEqual({ a: 3 });
    expect(part.next).toMatchObject({ line: 4 });
  });
});

describe('a point that is not there', () => {
  it.each<[ReplayOptions, RegExp]>([
    [{ line: 6 }, /has lines 1 to 5/],
    [{ offset: text.length }, new RegExp(`has bytes 0 to ${text.length - 1}`)],
    [{ at: time(9) }, /the log begins at 2026-11-19T09:00:10.000Z/],
  ])('%j is refused with the range: exit 21, nothing printed', async (options, message) => {
    const failure = await failureOf(options);
    expect(failure).toMatchObject({ code: 'out-of-range', exitCode: 21 });
    expect(failure.message).toMatch(message);
  });

  it('is named as such where there are no lines, or one', async () => {
    for (const [options, bytes, message] of [
      [{ line: 1 }, '', /is empty/],
      [{ offset: 0 }, '', /is empty/],
      [{ line: 2 }, log(set('a', 1, 1)), /has line 1 only/],
    ] as const) {
      const failure = await failureOf(options, { [logPath]: bytes });
      expect(failure).toMatchObject({ exitCode: 21, message: expect.stringMatching(message) });
    }
  });

  it('in a log without times is refused as such', async () => {
    const failure = await failureOf({ at: 0 }, { [logPath]: '{"op":"SET","key":"a","value":1}\n' });
    expect(failure).toMatchObject({ exitCode: 21, message: expect.stringMatching(/has no times/) });
  });
});

describe('a point older than the log', () => {
  const compacted = log(checkpoint({ a: 3 }, 45), set('c', 5, 50));
  const backup = `${logPath}.backup.${time(45)}`;
  const older = `${logPath}.backup.${time(25)}`;
  const files = { [logPath]: compacted, [backup]: log(...lines.slice(0, 4)), [older]: 'damaged' };

  it('is taken from the newest backup that had begun by then', async () => {
    const { state, part, exitCode } = await replayed({ at: time(35) }, files);
    expect(state).toEqual(states[2]);
    expect(part.at).toMatchObject({ path: backup, line: 3 });
    expect(exitCode).toBe(0);
  });

  it('before log and backups is refused, naming where they begin', async () => {
    const failure = await failureOf({ at: time(1) }, files);
    expect(failure.message).toMatch(/log and its backups begin at 2026-11-19T09:00:10/);
  });
});

describe('damage on the way', () => {
  const damaged = log(lines[0], '{"broken', lines[1], lines[2]);
  const seed = { [logPath]: damaged };

  it('stops replay by default: exit 4, nothing printed', async () => {
    expect(await replayed({}, seed)).toMatchObject({ exitCode: 4, output: '' });
  });

  it('is passed over with skip, and ends the state with stop', async () => {
    expect(await replayed({ onError: 'skip' }, seed)).toMatchObject({
      state: states[2],
      exitCode: 3,
    });
    expect(await replayed({ onError: 'stop' }, seed)).toMatchObject({ state: states[0] });
  });

  it('behind the point does not matter', async () => {
    expect(await replayed({ line: 1 }, seed)).toMatchObject({ state: states[0], exitCode: 0 });
  });

  it('at the tail does not stop replay: state and exit 3', async () => {
    const torn = { [logPath]: text + lines[0].slice(0, 30) };
    expect(await replayed({}, torn)).toMatchObject({ state: states[4], exitCode: 3 });
  });

  it('is refused by the upstream reader: exit 4, nothing printed', async () => {
    const torn = { [logPath]: text + lines[0].slice(0, 30) };
    const options = { semantics: 'upstream', onError: 'skip' } as const;
    expect(await replayed(options, torn)).toMatchObject({ exitCode: 4, output: '' });
  });
});

describe('comparing', () => {
  it("--expect-hash is 0 for the state's own hash, in either case, and 3 for another", async () => {
    const { part } = await replayed({ hash: true });
    const hash = part.stateHash!;
    expect(await replayed({ expectHash: hash.toUpperCase() })).toMatchObject({ exitCode: 0 });
    expect(await replayed({ expectHash: '0'.repeat(64) })).toMatchObject({ exitCode: 3 });
  });

  it('the hash is that of the state: compaction does not change it, a change does', async () => {
    const { part } = await replayed({ hash: true });
    const compacted = { [logPath]: log(checkpoint({ c: 5, a: 3 }, 60)) };
    expect((await replayed({ hash: true }, compacted)).part.stateHash).toBe(part.stateHash);
    expect((await replayed({ hash: true, line: 4 })).part.stateHash).not.toBe(part.stateHash);
  });

  it('--diff names what was added, removed and changed, and prints no state', async () => {
    const other = { '/old.json': '{"a":1,"gone":true}', [logPath]: text };
    const { part, exitCode, output } = await replayed({ diff: '/old.json' }, other);
    expect(part.diff).toEqual({
      against: '/old.json',
      added: ['c'],
      removed: ['gone'],
      changed: ['a'],
    });
    expect({ exitCode, output }).toEqual({ exitCode: 3, output: '' });
    const same = { '/same.json': '{ "c": 5, "a": 3 }', [logPath]: text };
    expect((await replayed({ diff: '/same.json' }, same)).exitCode).toBe(0);
  });
});

async function replayed(options: ReplayOptions, files: Record<string, FileSeed> = {}) {
  const parts: Uint8Array[] = [];
  const sink = (part: Uint8Array) => void parts.push(part.slice());
  const context = contextOf(memoryDisk({ [logPath]: text, ...files }));
  const report = await replay(context, [logPath], options, sink);
  const output = Buffer.concat(parts).toString();
  const state: unknown = output === '' ? undefined : JSON.parse(output);
  return { state, output, part: report.logs[0], exitCode: report.logs[0].exitCode };
}

async function failureOf(options: ReplayOptions, files: Record<string, FileSeed> = {}) {
  const failure: unknown = await replayed(options, files).catch((error: unknown) => error);
  return failure as { code: string; exitCode: number; message: string };
}
