// The conformance points of nedb, one after the other: what is seen, what is kept, what is said.
import { expect, it } from 'vitest';
import { LogctlError } from '../src/engine/index.js';
import { openedByLibrary } from './helpers/nedb-library.js';
import { documents, lines, NedbStore } from './helpers/nedb-store.js';

const many = documents(12);
const removed = '{"$$deleted":true,"_id":"f0"}';
const ids = async (store: NedbStore, semantics?: 'upstream') =>
  Object.keys((await store.state(semantics)).entries);

it.each([
  ['U+2028', '\u2028', '\\u2028'],
  ['U+2029', '\u2029', '\\u2029'],
  ['U+0085', '\u0085', '\\u0085'],
])('N1: a string with %s is one value, and is written so that nedb reads it', async (...row) => {
  const [, raw, escape] = row;
  const others = documents(30);
  const store = new NedbStore(lines(...others, `{"_id":"x","t":"a${raw}{}${raw}b"}`));
  expect((await store.state()).entries['"x"']).toBe(`{"_id":"x","t":"a${raw}{}${raw}b"}`);
  expect(await ids(store, 'upstream')).not.toContain('"x"');
  expect(await store.codes()).toEqual(['opening-destroys', 'reader-differs']);
  expect((await store.recover()).exitCode).toBe(0);
  expect(store.read()).toBe(lines(...others, `{"_id":"x","t":"a${escape}{}${escape}b"}`));
  expect(await store.codes()).toEqual([]);
  expect((await openedByLibrary(store.path)).documents).toHaveLength(31);
});

it('N2: a tenth of the lines may be corrupt, and one more makes nedb refuse', async () => {
  const allowed = new NedbStore(lines(...documents(9), '#'));
  expect((await allowed.state('upstream')).exitCode).toBe(3);
  expect((await allowed.verify()).findings[0]).toMatchObject({
    code: 'opening-destroys',
    message:
      'its next start erases 1 line that nedb cannot read (10 % of 10 lines, it allows 10 %)',
  });
  const refused = new NedbStore(lines(...documents(8), '', '#'));
  expect((await refused.state('upstream')).exitCode).toBe(4);
  expect((await refused.verify()).findings.map(({ message }) => message)).toContainEqual(
    expect.stringContaining('(1 of 9 lines): 11% of the data file is corrupt'),
  );
});

it('N3: a null line is corrupt; other values and objects without _id are passed over', async () => {
  const odd = ['5', '"x"', '[]', 'true', '{"x":1}', '{}'];
  const passed = new NedbStore(lines(...documents(9), ...odd));
  expect(await ids(passed, 'upstream')).toHaveLength(9);
  const corrupt = new NedbStore(lines(...documents(9), ...odd, 'null', 'null'));
  expect((await corrupt.state('upstream')).exitCode).toBe(4);
});

it('N3: an object without _id is kept by recover and compact, and is no document', async () => {
  const store = new NedbStore(lines('{"_id":"a"}', '{"x":1}', '{"_id":"a","v":2}'));
  expect(await store.codes()).toEqual(['ignored-entry']);
  await store.compact();
  expect(store.read()).toBe(lines('{"_id":"a","v":2}', '{"x":1}'));
});

it('N3: an _id of many millions of characters is a key, whatever its spacing', async () => {
  const text = 'x'.repeat(16 << 20);
  const store = new NedbStore(lines('{"_id":"a"}', `{"_id": { "b" : "${text}\\" 1 " } }`));
  const [, key] = await ids(store);
  expect(key === `{"b":"${text}\\" 1 "}`).toBe(true);
});

it.each(['""', '0', 'false', 'null', '"__proto__"'])(
  'N4: _id %s is a key here, and what nedb will lose is said first',
  async (id) => {
    const store = new NedbStore(lines('{"_id":"a"}', `{"_id":${id},"v":1}`));
    expect((await ids(store)).sort()).toEqual(['"a"', id].sort());
    expect(await ids(store, 'upstream')).toEqual(['"a"']);
    expect(await store.codes()).toEqual(['opening-destroys', 'reader-differs']);
    expect((await store.verify()).exitCode).toBe(3);
  },
);

it.each([
  ['1', '"1"'],
  ['true', '"true"'],
  ['{"a":1}', '{"a":2}'],
  ['["x"]', '"x"'],
])('N4: _id %s and %s stay two, where nedb has one', async (first, second) => {
  const store = new NedbStore(lines(`{"_id":${first}}`, `{"_id":${second}}`));
  expect(await ids(store)).toEqual([first, second]);
  expect(await ids(store, 'upstream')).toEqual([second]);
  expect(await store.codes()).toEqual(['opening-destroys', 'reader-differs']);
});

it('N5: $$deleted removes where it is true and nothing else', async () => {
  const store = new NedbStore(lines(...many, removed, '{"_id":"f1","$$deleted":1}'));
  const state = await ids(store);
  expect(state).not.toContain('"f0"');
  expect(state).toContain('"f1"');
});

it('N6: index lines keep their order through compaction, and none is a document', async () => {
  const created = '{"$$indexCreated":{"fieldName":"e","unique":true}}';
  const gone = '{"$$indexCreated":{"fieldName":"g"}}';
  const dropped = '{"$$indexRemoved":"g"}';
  const document = '{"_id":"w","$$indexCreated":{"fieldName":"evil"}}';
  const store = new NedbStore(lines(created, '{"_id":"a","e":1}', gone, dropped, document));
  expect(await ids(store)).toEqual(['"a"', '"w"']);
  await store.compact();
  expect(store.read()).toBe(lines('{"_id":"a","e":1}', document, created, gone, dropped));
  expect((await openedByLibrary(store.path)).documents).toHaveLength(2);
  expect(store.read()).toContain(
    '{"$$indexCreated":{"fieldName":"e","unique":true,"sparse":false}}',
  );
});

it.each([
  ['one field', '"fieldName":"e"', '"e":1', '"e":1'],
  ['an array of values', '"fieldName":"e"', '"e":[1,2]', '"e":2'],
  ['two fields', '"fieldName":"e,f"', '"e":1,"f":2', '"f":2,"e":1'],
  ['no field at all', '"fieldName":"g"', '"e":1', '"e":2'],
])('N7: a unique index over %s that is violated is said before nedb throws', async (...row) => {
  const [, index, first, second] = row;
  const options = `{"$$indexCreated":{${index},"unique":true}}`;
  const store = new NedbStore(lines(options, `{"_id":"a",${first}}`, `{"_id":"b",${second}}`));
  const [finding] = (await store.verify()).findings;
  expect(finding).toMatchObject({ code: 'reader-refuses', key: 'b', line: 3 });
  expect(finding.message).toContain((await openedByLibrary(store.path)).refusal);
});

it.each(['"a.b":1', '"$x":1', '"$$deleted":1', '"n":{"\\u0024x":1}', '"n":[{"a.b":1}]'])(
  'N8: a member %s can be read by nedb and not written',
  async (member) => {
    const store = new NedbStore(lines(...many, `{"_id":"x",${member}}`));
    const [finding] = (await store.verify()).findings;
    expect(finding).toMatchObject({ code: 'reader-refuses', key: 'x', line: 13 });
    expect(finding.message).toContain((await openedByLibrary(store.path)).refusal);
    expect(await ids(store)).toContain('"x"');
  },
);

it('N8: values with a dollar or a dot in them are no names', async () => {
  const plain = '{"_id":"x","p":"$5.00","q":1.5}';
  const store = new NedbStore(lines(plain, '{"_id":"d","at":{"$$date":1700000000000}}', removed));
  expect(await store.codes()).toEqual([]);
});

it.each([
  ['{"$$date":5}', '{"$$date":5}'],
  ['{"$$date":null}', '{"$$date":0}'],
  ['{"$$date":"1970-01-01T00:00:01Z"}', '{"$$date":1000}'],
  ['{"$$date":7,"more":1}', '{"$$date":7}'],
  ['{"$$date":"never"}', 'null'],
])('N9: a date %s is loaded as %s, and stays in the file as it is', async (date, loaded) => {
  const store = new NedbStore(lines(...many, `{"_id":"x","at":${date}}`));
  expect((await store.state()).entries['"x"']).toBe(`{"_id":"x","at":${date}}`);
  expect((await store.state('upstream')).entries['"x"']).toBe(`{"_id":"x","at":${loaded}}`);
});

const base64 = (text: string) => `${Buffer.from(text).toString('base64')}\n`;
const unhook = `node -e 'require("readline").createInterface({input:process.stdin})
  .on("line", (line) => console.log(Buffer.from(line, "base64").toString()))'`;

it('N10: lines of a hook are named as such, and read through the other half of it', async () => {
  const store = new NedbStore([...documents(3), removed].map(base64).join(''));
  const before = store.read();
  const refusal = await store.verify().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'not-a-log', hint: expect.stringMatching(/--decode/) });
  expect((await store.verify({ decode: unhook })).findings).toEqual([]);
  for (const semantics of ['documented', 'upstream'] as const) {
    const { entries } = await store.state(semantics, { decode: unhook });
    expect(Object.keys(entries)).toEqual(['"f1"', '"f2"']);
  }
  const writing = await store.recover({ decode: unhook }).catch((error: unknown) => error);
  expect(writing).toMatchObject({ code: 'refused' });
  expect(store.read()).toBe(before);
});

it.each(['exit 3', 'head -1', 'no-such-command-here'])(
  'N10: a decoder that fails (%s) is named, and nothing is concluded',
  async (decode) => {
    const store = new NedbStore(documents(3).map(base64).join(''));
    const failure = await store
      .verify({ decode, dialect: 'nedb' })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LogctlError);
    expect(failure).toMatchObject({ code: 'io', message: expect.stringContaining(decode) });
  },
);

it('N11: an empty store beside a whole copy is that copy, before anybody opens it', async () => {
  const store = new NedbStore('');
  store.write(lines(...many), '~');
  expect((await store.codes()).slice(0, 1)).toEqual(['opening-destroys']);
  expect((await store.recover({})).exitCode).toBe(0);
  expect(store.read()).toBe(lines(...many));
  expect(store.read('~')).toBe(lines(...many));
});

it('N11: zeros beside a whole copy are that copy; one beside a whole store is none', async () => {
  const store = new NedbStore(Buffer.alloc(300));
  store.write(lines(...many), '~');
  expect((await store.recover({})).exitCode).toBe(0);
  expect(store.read()).toBe(lines(...many));
  const whole = new NedbStore(lines(...many));
  whole.write(lines('{"_id":"other"}'), '~');
  expect(await whole.codes()).toEqual([]);
});

it('N11: a store that is gone is what is whole of its copy', async () => {
  const store = new NedbStore();
  store.write(lines(...many) + '{"_id":"f1', '~');
  expect((await store.recover()).exitCode).toBe(0);
  expect(store.read()).toBe(lines(...many));
});

it('N12: zero bytes are an empty store, and that is said', async () => {
  const store = new NedbStore('');
  const { exitCode, findings } = await store.verify();
  expect({ exitCode, codes: findings.map(({ code }) => code) }).toEqual({
    exitCode: 0,
    codes: ['truncated-log'],
  });
});

it('N13: reading changes nothing, and a recovery keeps the bytes it replaced', async () => {
  const text = lines(...many, '{"_id":"torn","t":"x') + '{"_id":"last"}';
  const store = new NedbStore(text);
  await store.verify();
  await store.state('upstream');
  expect(store.read()).toBe(text);
  const { logs } = await store.recover();
  expect(store.read(logs[0].original!.slice(store.path.length))).toBe(text);
});

it('N14: a document that stands many times counts once, as it stood last', async () => {
  const store = new NedbStore(lines('{"_id":"a","v":1}', '{"_id":"a","v":1}', '{"_id":"a","v":2}'));
  expect((await store.state()).entries).toEqual({ '"a"': '{"_id":"a","v":2}' });
  expect((await store.verify()).exitCode).toBe(0);
});

it('N15: compaction leaves documents in the order of their _id, then index lines', async () => {
  const index = '{"$$indexCreated":{"fieldName":"v"}}';
  const mixed = ['"b"', '10', '"a"', '2', 'true', '"10a"'].map((id) => `{"_id":${id},"v":1}`);
  const store = new NedbStore(lines(index, ...mixed));
  await store.compact();
  const order = ['2', '10', '"10a"', '"a"', '"b"', 'true'].map((id) => `{"_id":${id},"v":1}`);
  expect(store.read()).toBe(lines(...order, index));
  expect((await openedByLibrary(store.path)).documents).toEqual(order);
});

it('N16: when a document expires is not in the file: none is taken for expired', async () => {
  const index = '{"$$indexCreated":{"fieldName":"at","expireAfterSeconds":1}}';
  const store = new NedbStore(lines(index, '{"_id":"old","at":{"$$date":0}}'));
  expect(await ids(store)).toEqual(['"old"']);
  await store.compact();
  expect(store.read()).toBe(lines('{"_id":"old","at":{"$$date":0}}', index));
});

it('N17: the first documents of an insert that a crash cut are documents', async () => {
  const store = new NedbStore(lines(...documents(3)) + '{"_id":"f3","i"');
  expect(await ids(store)).toEqual(['"f0"', '"f1"', '"f2"']);
  await store.recover({});
  expect(store.read()).toBe(lines(...documents(3)));
});

it.each([
  ['{"name":"x","n":{"_id":"inner"},"_id":"z"}', '{"a":1,"_id":"q","sub":{"b":2'],
  ['{"_id":"z","t":"}{"}', '{"_id":"half","t":"x'],
  ['{"$$deleted":true,"_id":"f1"}', '{"$$del'],
])('N18: %s is found behind a torn line, whatever member comes first', async (whole, torn) => {
  const store = new NedbStore(lines(...many, torn + whole, '{"_id":"next"}'));
  expect(await store.codes()).toContain('glued-lines');
  await store.recover();
  expect(store.read()).toBe(lines(...many, whole, '{"_id":"next"}'));
});

it('N18: two whole documents on one line become two', async () => {
  const store = new NedbStore(lines('{"_id":"a"}{"x":{"_id":"no"},"_id":"b"}'));
  await store.recover();
  expect(store.read()).toBe(lines('{"_id":"a"}', '{"x":{"_id":"no"},"_id":"b"}'));
});

it('N19: CRLF is no damage; CR alone is read by nedb, and recover adds the LF', async () => {
  const crlf = new NedbStore(many.map((line) => `${line}\r\n`).join(''));
  expect(await crlf.codes()).toEqual([]);
  expect(await ids(crlf, 'upstream')).toHaveLength(12);
  const cr = new NedbStore(`${many.join('\r')}\r`);
  expect(await ids(cr, 'upstream')).toHaveLength(12);
  expect((await cr.verify()).findings).toMatchObject([{ code: 'glued-lines', impact: 'unknown' }]);
  await cr.recover();
  expect(cr.read().replaceAll('\r', '')).toBe(lines(...many));
  expect((await openedByLibrary(cr.path)).documents).toHaveLength(12);
  const inside = new NedbStore(lines(...many, '{"_id":"x",\r"v":1}'));
  await inside.recover();
  expect(inside.read()).toBe(lines(...many, '{"_id":"x", "v":1}'));
});

it('N20: numbers are never parsed and written again', async () => {
  const document = '{"_id":"n","big":9007199254740993,"zero":-0,"far":1E400,"one":1.0}';
  const store = new NedbStore(lines('{"_id":"n"}', document));
  expect((await store.state()).entries['"n"']).toBe(document);
  await store.compact();
  expect(store.read()).toBe(lines(document));
});

it('N21: no lock shows that a program holds the store in its memory', async () => {
  const store = new NedbStore(lines(...many));
  expect((await openedByLibrary(store.path)).documents).toHaveLength(12);
  const { findings, notChecked } = await store.verify();
  expect(findings).toEqual([]);
  expect(notChecked).toContainEqual(expect.stringContaining('nedb takes no lock'));
});
