// Every kind of damage at every place of a log: the exact finding, and what it costs.
// Method: a log of six entries over three keys, one line of it damaged; positions are computed
// from the bytes that were written, never copied from an answer.
import { describe, expect, it } from 'vitest';
import { replay, verify, type Finding } from '../src/engine/index.js';
import { log, numbered, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { diskWith, logPath } from './helpers/recovery.js';

/** Keys of the lines: each line's key is set again later, except those of lines 4 to 6. */
const keys = ['a', 'b', 'c', 'a', 'b', 'c'];
const lines = keys.map((key, i) => set(key, { n: i, text: `value ${i}` }, i));
const places = [
  { place: 'at the start', line: 1, impact: 'harmless' },
  { place: 'in the middle', line: 3, impact: 'harmless' },
  { place: 'in the middle, nothing sets the key again', line: 5, impact: 'changed', liveLine: 2 },
] as const;

/** A line of bytes, and what it is found to be. `n`: its place in the log, from 0. */
interface Damage {
  name: string;
  bytes(line: string): Buffer;
  code: string;
  /** The key can still be read. */
  readable?: boolean;
}

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

const damages: Damage[] = [
  {
    name: 'a line cut behind its key',
    bytes: (line) => cut(line, '"value":{'),
    code: 'bad-json',
    readable: true,
  },
  {
    name: 'a line cut inside its time',
    bytes: (line) => cut(line, '"timestamp":"20'),
    code: 'bad-json',
  },
  { name: 'garbage', bytes: () => bytes('#!garbage'), code: 'bad-json' },
  { name: 'a NUL run instead of the line', bytes: () => Buffer.alloc(64), code: 'nul-run' },
  {
    name: 'NULs inside the value',
    bytes: (line) => bytes(line.slice(0, -12), [0, 0, 0], line.slice(-9)),
    code: 'nul-run',
    readable: true,
  },
  {
    name: 'JSON that is no entry',
    bytes: () => bytes('{"level":"info","msg":"started"}'),
    code: 'bad-entry',
  },
  { name: 'a number', bytes: () => bytes('42'), code: 'bad-entry' },
  {
    name: 'invalid UTF-8 outside of strings',
    bytes: (line) => bytes(cut(line, '"value":').toString(), [0xff, 0xfe], '1}'),
    code: 'bad-json',
    readable: true,
  },
];

describe.each(damages)('$name', ({ bytes: damaged, code, readable = false }) => {
  it.each(places)('$place is one finding with its position and impact', async (expected) => {
    const { line, impact } = expected;
    const bad = damaged(lines[line - 1]);
    const report = await verified(withLine(line, bad));
    const offset = offsetOf(line);
    expect(report.exitCode).toBe(4);
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0]).toMatchObject({
      code,
      severity: 'error',
      line,
      offset,
      length: bad.length,
    });
    const { key, impact: seen, liveLine } = report.findings[0];
    expect({ key, seen }).toEqual(
      readable
        ? { key: keys[line - 1], seen: impact }
        : { key: undefined, seen: expect.anything() },
    );
    if (readable && 'liveLine' in expected) expect(liveLine).toBe(expected.liveLine);
  });

  it('at the end of the file is damage too while the line has its newline', async () => {
    const bad = damaged(lines[5]);
    const [finding, ...others] = (await verified(withLine(6, bad))).findings;
    expect(others).toEqual([]);
    const endCode = code === 'nul-run' && bad.every((byte) => byte === 0) ? 'nul-tail' : code;
    expect(finding).toMatchObject({
      code: endCode,
      line: 6,
      offset: offsetOf(6),
      length: bad.length,
    });
  });
});

describe('a last line without newline', () => {
  it.each([
    ['inside its time', '"timestamp":"2026', undefined, 'unknown'],
    ['inside its key', '"key":"c', undefined, 'unknown'],
    ['behind its key', '"key":"c"', 'c', 'changed'],
    ['inside its value', '"value":{"n":5,"te', 'c', 'changed'],
  ])('that stops %s is a torn tail', async (_where, until, key, impact) => {
    const torn = cut(lines[5], until);
    const { exitCode, findings, logs } = await verified(withLine(6, torn, ''));
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([
      { code: 'torn-tail', line: 6, offset: offsetOf(6), length: torn.length, impact },
    ]);
    expect(findings[0].key).toBe(key);
    expect(findings[0].consequence).toMatch(/refuses this file.*line 6.*next append.*glued/);
    expect(logs[0].tail).toBe('torn');
  });

  it('that is whole is an unended line, and its entry counts', async () => {
    const { exitCode, findings, logs } = await verified(withLine(6, bytes(lines[5]), ''));
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([
      { code: 'unended-line', line: 6, offset: offsetOf(6), length: lines[5].length },
    ]);
    expect(findings[0].consequence).toMatch(/next append would be glued/);
    expect(logs[0]).toMatchObject({ tail: 'unended', entries: { SET: 6 } });
  });

  it('that is lost to zero bytes is a NUL tail', async () => {
    const { exitCode, findings, logs } = await verified(withLine(6, Buffer.alloc(512), ''));
    expect(exitCode).toBe(3);
    expect(findings).toMatchObject([
      { code: 'nul-tail', line: 6, offset: offsetOf(6), length: 512 },
    ]);
    expect(logs[0].tail).toBe('nul');
  });

  it('that ends a new key is lost, one that deletes an unknown key harms nothing', async () => {
    const fresh = log(...lines) + set('new', 1).slice(0, -1);
    expect((await verified(fresh)).findings).toMatchObject([{ key: 'new', impact: 'lost' }]);
    const gone = log(...lines) + remove('new').slice(0, -1);
    expect((await verified(gone)).findings).toMatchObject([{ key: 'new', impact: 'harmless' }]);
    const kept = log(...lines) + remove('a').slice(0, -1);
    expect((await verified(kept)).findings).toMatchObject([{ key: 'a', impact: 'changed' }]);
  });
});

describe('an entry whose checksum does not match', () => {
  it.each([1, 3, 6])('on line %i is a crc-mismatch and is not replayed', async (line) => {
    const checked = lines.map((text, i) => numbered(text, i + 1));
    const bad = checked[line - 1].replace('value', 'vAlue');
    checked[line - 1] = bad;
    const { exitCode, findings } = await verified(log(...checked));
    const offset = checked.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    expect(exitCode).toBe(4);
    const mismatch = findings.filter(({ code }) => code === 'crc-mismatch');
    expect(mismatch).toMatchObject([{ line, offset, length: bad.length, key: keys[line - 1] }]);
    expect(mismatch[0].impact).toBe(line === 6 ? 'changed' : 'harmless');
    expect(await stateAfter(log(...checked))).not.toContain('vAlue');
  });
});

describe('invalid UTF-8 inside a string', () => {
  it.each([
    [1, 'harmless'],
    [5, 'changed'],
    [6, 'changed'],
  ])('of line %i is bad-utf8, replayed with U+FFFD: %s', async (line, impact) => {
    const at = lines[line - 1].indexOf('value ');
    const text = Buffer.from(lines[line - 1]);
    text[at] = 0xff;
    const { findings, exitCode } = await verified(withLine(line, text));
    expect(exitCode).toBe(4);
    expect(findings).toMatchObject([
      {
        code: 'bad-utf8',
        line,
        offset: offsetOf(line),
        length: text.length,
        key: keys[line - 1],
        impact,
      },
    ]);
    const state = await stateAfter(withLine(line, text), { onError: 'skip' });
    expect(state.includes('\ufffdalue')).toBe(impact === 'changed');
  });
});

function cut(line: string, until: string): Buffer {
  return Buffer.from(line.slice(0, line.indexOf(until) + until.length));
}

/** The log with one line replaced. */
function withLine(line: number, bad: Buffer, end = '\n'): Buffer {
  const before = log(...lines.slice(0, line - 1));
  return bytes(before, [...bad], end, log(...lines.slice(line)));
}

const offsetOf = (line: number): number => log(...lines.slice(0, line - 1)).length;

async function verified(text: string | Buffer) {
  const report = await verify(contextOf(diskWith(text)), [logPath]);
  const problems = report.findings.filter(({ severity }: Finding) => severity !== 'notice');
  return { ...report, findings: problems };
}

async function stateAfter(text: string | Buffer, options = { onError: 'skip' } as const) {
  const parts: Uint8Array[] = [];
  const sink = (part: Uint8Array) => void parts.push(part.slice());
  await replay(contextOf(diskWith(text)), [logPath], options, sink);
  return Buffer.concat(parts).toString();
}
