// A torn fragment and what was appended behind it share a line: every whole entry in it is found.
// An object inside a value that only looks like an entry never is one.
import { describe, expect, it } from 'vitest';
import { verify } from '../src/engine/index.js';
import { log, remove, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { diskWith, logPath } from './helpers/recovery.js';

const first = set('a', { n: 1 }, 1);
const last = set('z', 1, 2);
const appended = set('new', { n: 7 }, 5);
const lookalike = set('inner', { fake: true }, 3);

const torn = set('torn', { name: 'some text', n: 123, in: { x: [1, 2] } }, 4);
const fragmentsOf: [where: string, fragment: string][] = [
  ['inside a string', until(torn, '"some te')],
  ['inside a string, behind a backslash', `${until(torn, '"some te')}\\`],
  ['inside a number', until(torn, '"n":12')],
  ['inside a key', until(torn, '"na')],
  ['where a value is expected', until(torn, '"n":')],
  ['behind a comma', until(torn, '"n":123,')],
  ['inside a nested object', until(torn, '"x":[1,')],
  ['inside its first member', '{"timest'],
  ['behind one brace', '{'],
  ['where only the newline is missing', torn],
];

describe.each(fragmentsOf)('a fragment that ends %s', (_where, fragment) => {
  const glued = fragment + appended;
  it.each([
    ['at the start', log(glued, first, last), 1],
    ['in the middle', log(first, glued, last), 2],
    ['at the end', log(first, last, glued), 3],
  ])('hides the entry appended behind it: %s', async (_place, text, line) => {
    const { exitCode, findings } = await verified(text);
    expect(exitCode).toBe(4);
    const offset = text.indexOf(glued);
    const position = { line, offset, length: glued.length };
    expect(findings).toMatchObject([{ code: 'glued-lines', ...position, impact: 'lost' }]);
    const whole = fragment === torn ? `2 whole entries of ${glued.length}` : '1 whole entry of ';
    expect(findings[0].message).toContain(whole);
    const before = fragment.length === 1 ? '1 byte' : `${fragment.length} bytes`;
    if (fragment !== torn) expect(findings[0].message).toContain(`${before} of a torn`);
  });
});

describe('several entries behind one fragment', () => {
  it('are all found, and later entries of their keys make them harmless', async () => {
    const glued = until(torn, '"some te') + appended + set('b', 2, 6) + remove('a', 7);
    const all = await verified(log(first, glued, last));
    expect(all.findings[0].message).toContain('3 whole entries');
    const later = log(set('new', 1, 8), set('b', 1, 8), set('a', 1, 8), set('torn', 1, 8));
    const { findings } = await verified(log(first, glued) + later);
    expect(findings).toMatchObject([{ code: 'glued-lines', impact: 'harmless' }]);
  });

  it('with a second fragment between them are found on both sides of it', async () => {
    const glued = until(torn, '"n":12') + appended + until(torn, '"n":12') + set('b', 2, 6);
    const { findings } = await verified(log(first, glued, last));
    expect(findings).toMatchObject([{ code: 'glued-lines' }]);
    // The entry in the middle ends where a fragment begins.
    expect(findings[0].message).toContain('2 whole entries');
  });
});

describe('an object inside a value that looks like an entry', () => {
  const carrier = set('carrier', { note: 'x', inner: JSON.parse(lookalike) as unknown }, 4);

  it('is no finding in a sound line', async () => {
    expect(await verified(log(first, carrier, last))).toMatchObject({ exitCode: 0, findings: [] });
  });

  it('is no entry where its line is torn behind it', async () => {
    const cut = carrier.slice(0, -2);
    const inTheMiddle = await verified(log(first, cut, last));
    expect(inTheMiddle.findings).toMatchObject([{ code: 'bad-json', key: 'carrier' }]);
    const atTheEnd = await verified(log(first, last) + cut);
    expect(atTheEnd.findings).toMatchObject([{ code: 'torn-tail', key: 'carrier' }]);
  });

  it('is no entry where its line is damaged before it', async () => {
    const damaged = carrier.replace('"note":"x"', '"note":x');
    const { findings } = await verified(log(first, damaged, last));
    expect(findings).toMatchObject([{ code: 'bad-json', line: 2, key: 'carrier' }]);
  });

  it('is no entry as text inside a string either', async () => {
    const quoted = set('carrier', `some ${lookalike}`, 4);
    const cut = quoted.slice(0, -3);
    const { findings } = await verified(log(first, cut, last));
    expect(findings).toMatchObject([{ code: 'bad-json', line: 2, key: 'carrier' }]);
  });

  it('is no second entry where its carrier is what was appended', async () => {
    const { findings } = await verified(log(first, until(torn, '"n":12') + carrier, last));
    expect(findings).toMatchObject([{ code: 'glued-lines', key: 'carrier', impact: 'lost' }]);
    expect(findings[0].message).toContain('1 whole entry');
  });
});

describe('a duplicated block', () => {
  it.each(['start', 'end'])('at the %s is told as a notice, nothing is lost', async (place) => {
    const block = [first, appended, last];
    const rest = [set('q', 1, 10), set('r', 2, 11)];
    const text =
      place === 'end' ? log(...rest, ...block, ...block) : log(...block, ...block, ...rest);
    const report = await verify(contextOf(diskWith(text)), [logPath]);
    expect(report.exitCode).toBe(0);
    expect(report.logs[0].keys.live).toBe(5);
  });
});

function until(line: string, text: string): string {
  return line.slice(0, line.indexOf(text) + text.length);
}

async function verified(text: string) {
  const report = await verify(contextOf(diskWith(text)), [logPath]);
  return { ...report, findings: report.findings.filter(({ severity }) => severity !== 'notice') };
}
