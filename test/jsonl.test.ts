// Any lines of JSON, without keys: what is sound, what is found, what recover brings back.
import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { LinesFolder } from './helpers/lines-folder.js';

const fixtures = 'fixtures/jsonl';
let folder = new LinesFolder();
afterEach(() => {
  folder.remove();
  folder = new LinesFolder();
});

interface Expected {
  exitCode: number;
  codes: string[];
  lines: number;
  entries?: Record<string, number>;
  options?: string[];
  state?: [key: string, value: string][];
}

const cases = readdirSync(fixtures).map((name) => {
  const expected = readFileSync(`${fixtures}/${name}/expected.json`, 'utf8');
  const [file] = readdirSync(`${fixtures}/${name}/store`);
  return { name, file, ...(JSON.parse(expected) as Expected) };
});

/** Entries as an agent appends them to its session: a type, a time, objects inside. */
const entry = (n: number) =>
  `{"timestamp":"2026-11-20T10:00:0${n}.000Z","type":"${n % 2 ? 'assistant' : 'user'}",` +
  `"payload":{"content":[{"type":"text","text":"part ${n} of it, \\"quoted\\" {"}]}}`;
const entries = [0, 1, 2, 3, 4, 5].map(entry);
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

describe('a stored file', () => {
  it.each(cases)('$name is what its case says', async (one) => {
    const { name, file, exitCode, codes, lines, options = [] } = one;
    const path = `${process.cwd()}/${fixtures}/${name}/store/${file}`;
    const said = await folder.json('verify', ...options, path);
    expect(said.logs[0]).toMatchObject({ dialect: 'jsonl', lines });
    expect(said.logs[0]).toMatchObject({ about: 'no format of its own: lines of JSON' });
    expect({ exitCode: said.exitCode, codes: said.findings.map(({ code }) => code) }).toEqual({
      exitCode,
      codes,
    });
    if (one.entries !== undefined) expect(said.logs[0]).toMatchObject({ entries: one.entries });
    if (one.state === undefined) return;
    const rows = one.state.map(([key, value]) => `{"key":${JSON.stringify(key)},"value":${value}}`);
    expect(await folder.state(...options, path)).toEqual(rows);
  });

  it.each(cases.filter(({ exitCode }) => exitCode !== 0))(
    '$name is recovered without the loss of a whole line, and can be undone',
    async ({ name, file, codes }) => {
      const damaged = readFileSync(`${fixtures}/${name}/store/${file}`);
      folder.write(file, damaged);
      const done = await folder.json(...recoverAll, file);
      // A hole swallows what stood in it: only there something is given up.
      expect(done.exitCode).toBe(codes.includes('nul-run') ? 20 : 0);
      expect((await folder.json('verify', file)).findings).toEqual([]);
      const kept = folder.read(file).split('\n');
      for (const line of wholeLinesOf(damaged.toString('utf8'))) expect(kept).toContain(line);
      const receipt = folder.names().find((other) => other.includes('.receipt.'))!;
      expect((await folder.run('recover', '--undo', receipt)).exitCode).toBe(0);
      expect(readFileSync(folder.path(file))).toEqual(damaged);
    },
  );
});

const recoverAll = ['recover', '--yes', '--policy', 'salvage', '--max-lost', '9'];

/** Lines that JSON.parse takes, and whole entries glued to others: an oracle of its own. */
function wholeLinesOf(content: string): string[] {
  return content.split('\n').flatMap((line) => {
    const starts = [...line.matchAll(/\{"timestamp"/g)].map(({ index }) => index);
    return starts.map((start, at) => line.slice(start, starts[at + 1])).filter(isJson);
  });
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

describe('damage of lines without a format', () => {
  const [a, b, c, d, e, f] = entries;
  it.each<[string, string, string, string[]]>([
    ['a torn end', text([a, b]) + c.slice(0, 50), 'torn-tail', [a, b]],
    ['no newline at the end', text([a]) + b, 'unended-line', [a, b]],
    ['two entries on a line', text([a, b + c, d]), 'glued-lines', [a, b, c, d]],
    ['a fragment before one', text([a, b.slice(0, 70) + c, d]), 'glued-lines', [a, c, d]],
    ['a fragment cut in a string', text([a, b.slice(0, 99) + c]), 'glued-lines', [a, c]],
    ['a fragment cut behind a colon', text([a, `{"type":${c}`, d]), 'glued-lines', [a, c, d]],
    ['three of them', text([a + b + c, d]), 'glued-lines', [a, b, c, d]],
    ['arrays', text(['[1,[2]]', '["a"][{"b":1}]', '[]']), 'glued-lines', ['["a"]', '[{"b":1}]']],
    ['zero bytes behind the end', text([a, b]) + '\0'.repeat(99), 'nul-tail', [a, b]],
    ['zero bytes inside', text([a, '\0'.repeat(64) + b, c]), 'nul-run', [a, b, c]],
    ['prose', text([a, 'Error: no space left', b]), 'bad-json', [a, b]],
    ['the lot', text([a, b + c, d.slice(0, 9)]) + e + f, 'glued-lines', [a, b, c, e, f]],
  ])('%s is found, recovered, and goes on', async (_what, content, code, kept) => {
    folder.write('s.jsonl', content);
    const before = await folder.json('verify', 's.jsonl');
    expect(before.findings.map((finding) => finding.code)).toContain(code);
    await folder.json(...recoverAll, 's.jsonl');
    const lines = folder.read('s.jsonl').split('\n');
    for (const line of kept) expect(lines.filter((other) => other === line)).toEqual([line]);
    folder.write('s.jsonl', `${folder.read('s.jsonl')}${a}\n`);
    expect((await folder.json('verify', 's.jsonl')).exitCode).toBe(0);
  });

  it('with invalid UTF-8 in a string is mended, and the original line is kept', async () => {
    const bytes = Buffer.from(text([a, b]));
    bytes[bytes.indexOf('part 1')] = 0xff;
    folder.write('s.jsonl', bytes);
    const { findings } = await folder.json('verify', 's.jsonl');
    expect(findings.map(({ code }) => code)).toEqual(['bad-utf8']);
    await folder.json(...recoverAll, 's.jsonl');
    expect(folder.read('s.jsonl')).toBe(text([a, b.replace('part 1', '\ufffdart 1')]));
  });

  it('that stands twice is said where times show it, and kept', async () => {
    folder.write('s.jsonl', text([a, b, c, d, a, b, c, d]) + e.slice(0, 9));
    const args = ['recover', '--dry-run', '--time-at', '/timestamp', 's.jsonl'];
    const { out } = await folder.run(...args);
    expect(out).toContain('line 5');
    expect(out).toContain('the same bytes stand at byte 0');
    // Without keys there is no state to tell of.
    expect(out).not.toMatch(/^ *state /m);
  });
});

describe('an agent session', () => {
  it('is inspected by its types; times only where somebody says where they stand', async () => {
    folder.write('session.jsonl', text(entries));
    const { out } = await folder.run('inspect', 'session.jsonl');
    expect(out).toContain('3 user, 3 assistant');
    expect(out).toContain('no format of its own: lines of JSON');
    expect(out).toContain('no entry has a time');
    const timed = await folder.json('inspect', '--time-at', '/timestamp', 'session.jsonl');
    expect(timed.logs[0]).toMatchObject({
      firstTime: '2026-11-20T10:00:00.000Z',
      lastTime: '2026-11-20T10:00:05.000Z',
      reclaimableBytes: 0,
    });
  });

  it('lists its entries by type, values whole', async () => {
    folder.write('session.jsonl', text(entries));
    const args = ['inspect', '--entries', '--op', 'assistant', '--format', 'jsonl', '--values'];
    const { out } = await folder.run(...args, 'session.jsonl');
    const values = out.split('\n').slice(0, -1);
    expect(values.map((row) => (JSON.parse(row) as { value: unknown }).value)).toEqual(
      entries.filter((_, n) => n % 2 === 1).map((line) => JSON.parse(line) as unknown),
    );
  });

  it('has no state, no history and nothing to compact until a key is named', async () => {
    folder.write('session.jsonl', text(entries));
    for (const command of [['replay'], ['compact'], ['inspect', '--history', 'x']]) {
      const said = await folder.json(...command, 'session.jsonl');
      expect(said.exitCode).toBe(2);
      expect(JSON.stringify(said)).toContain('--key-at POINTER');
    }
    expect(folder.read('session.jsonl')).toBe(text(entries));
    // Cron names a directory: there it is passed over.
    expect((await folder.run('compact', '--force', '.')).exitCode).toBe(0);
  });
});
