// What the library would load, against the library itself: on stores it left, and on random bytes.
import fc from 'fast-check';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { deserialized, serialized } from '../src/engine/dialects/nedb/nedb-documents.js';
import { loadAsLibrary } from '../src/engine/dialects/nedb/nedb-upstream.js';
import { readValues } from '../src/engine/keydir/values.js';
import { contextOf } from './helpers/context.js';
import { openedByLibrary, type LibrarySaw } from './helpers/nedb-library.js';
import { announcedSeed } from './helpers/seed.js';

const folder = mkdtempSync(join(tmpdir(), 'logctl-nedb-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The emulation's answer in the library's own terms. */
async function followed(path: string): Promise<LibrarySaw> {
  const load = await loadAsLibrary(contextOf(), path);
  const documents: string[] = [];
  try {
    if (load.refusal !== undefined) return { refusal: load.refusal.message, documents };
    const order = load.keydir.order('documented');
    await readValues(load.keydir, load.sources, order, (_index, bytes) => {
      documents.push(serialized(deserialized(bytes).value));
    });
    return { documents };
  } finally {
    for (const source of load.sources) source.close();
  }
}

let copies = 0;

/** Both answers about a store of these files. */
async function bothAnswers(fill: (path: string) => void) {
  const path = join(folder, `store-${copies++}.db`);
  fill(path);
  const ours = await followed(path);
  return { ours, theirs: await openedByLibrary(path) };
}

describe('the load is followed', () => {
  const corpus = 'fixtures/nedb';
  const cases = existsSync(corpus) ? readdirSync(corpus) : [];
  it.each(cases)('on %s', async (name) => {
    const { ours, theirs } = await bothAnswers((path) => {
      for (const suffix of ['', '~']) {
        const file = join(corpus, name, 'store', `db.db${suffix}`);
        if (existsSync(file)) cpSync(file, path + suffix);
      }
    });
    expect(ours).toEqual(theirs);
  });

  it.each([0, 1, 2, 3])('where a line breaker lies across two reads, %i', async (shift) => {
    const { ours, theirs } = await bothAnswers((path) => {
      const pad = 'x'.repeat(262_144 - shift - '{"_id":"pad","t":""}'.length);
      writeFileSync(path, `{"_id":"pad","t":"${pad}"}\u2028{"_id":"b"}\r\n{"_id":"c"}\u0085`);
    });
    expect(ours).toEqual(theirs);
    expect(ours.documents).toHaveLength(3);
  });

  it('to the document that it cannot write first: an array counts by its elements', async () => {
    const { ours, theirs } = await bothAnswers((path) => {
      writeFileSync(path, '{"_id":"b","$x":1}\n{"_id":["a"],"e":{"x.y":1}}\n');
    });
    expect(ours).toEqual(theirs);
    expect(ours.refusal).toContain('contain a .');
  });

  it('on random stores', async () => {
    const seed = announcedSeed('nedb stores');
    const property = fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async (pieces) => {
      const { ours, theirs } = await bothAnswers((path) => {
        writeFileSync(path, Buffer.concat(pieces.map((one) => Buffer.from(one, 'latin1'))));
      });
      expect(ours).toEqual(theirs);
    });
    await fc.assert(property, { numRuns: 400, seed });
  });
});

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

const id = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('"a"', '"b"', '"c"', '"\\u0061"', '"1"', '"10"') },
  fc.constantFrom('1', '10', '1.0', '-0', '0', '""', 'null', 'false', 'true', '"true"', '1e400'),
  fc.constantFrom('{}', '{"x":1}', '[]', '["a"]', '["a","b"]', '[[1]]', '"__proto__"', '"a,b"'),
  fc.constantFrom('{"$$date":5}', '{"toString":1}', '"\\ud800"', '"[object Object]"', '[null]'),
);
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '2', '"x"', 'null', '-0', 'true', '[1,2]', '{}') },
  fc.constantFrom('{"a":1}', '{"b":1}', '{"a":{"$$date":7}}', '[{"a":1},{"a":2}]', '["x","x"]'),
  fc.constantFrom('{"$$date":1700000000000}', '{"$$date":null}', '{"$$date":"x"}', '1e999'),
  fc.constantFrom('{"$$date":0,"z":1}', '{"$$date":"2020-01-01"}', '{"$$date":{}}', '"a.b"', '"$"'),
  fc.constantFrom('{"x.y":1}', '{"$x":1}', '{"\\u0024y":1}', '{"__proto__":{"a":1}}', '"\\u2028"'),
  fc.constantFrom(
    '"x\u2028y"',
    '"x\u0085y"',
    '"x\u2029{}"',
    '{"$$deleted":true}',
    '9007199254740993',
  ),
);
const field = fc.constantFrom(
  'e',
  'e',
  'f',
  'f.a',
  'e,f',
  '_id',
  '',
  'constructor',
  'e.length',
  'f.0',
);
const member = fc.tuple(fc.constantFrom('e', 'f', 'e', 'g', '$$deleted'), value);
const document = fc
  .tuple(id, fc.array(member, { maxLength: 3 }))
  .map(([_id, members]) => `{${[['_id', _id], ...members].map(([k, v]) => `"${k}":${v}`).join()}}`);
const removal = id.map((_id) => `{"$$deleted":true,"_id":${_id}}`);
const options = fc.constantFrom(
  '',
  ',"unique":true',
  ',"unique":true,"sparse":true',
  ',"sparse":1',
);
const index = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(field, options).map(indexLine) },
  field.map((name) => `{"$$indexRemoved":"${name}"}`),
  fc.constantFrom('{"$$indexCreated":{"fieldName":5}}', '{"$$indexCreated":{"fieldName":null}}'),
  fc.constantFrom('{"$$indexCreated":7,"$$indexRemoved":"e"}', '{"$$indexRemoved":5}'),
);
const oddLine = fc.constantFrom(
  'null',
  '5',
  '[]',
  '{}',
  '{"x":1}',
  '{"_id":',
  ' ',
  '\0\0',
  '{"$$date":3}',
);
const line = fc.oneof(
  { weight: 14, arbitrary: document },
  { weight: 4, arbitrary: removal },
  { weight: 2, arbitrary: index },
  { weight: 1, arbitrary: oddLine },
);
const ending = fc.oneof(
  { weight: 12, arbitrary: fc.constant('\n') },
  fc.constantFrom('\r\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029', '', '\n\n', '\xff\n'),
);
/** Bytes, as a string of them: a line and what ends it. */
const piece = fc
  .tuple(line, ending)
  .map(([text, end]) => utf8(text) + (end === '\xff\n' ? end : utf8(end)));

function indexLine([name, more]: [string, string]): string {
  return `{"$$indexCreated":{"fieldName":"${name}"${more}}}`;
}
