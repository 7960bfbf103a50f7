// Each format's lines through both kernels: rules that pass a line by must say what its codec does.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { jsonldbCodec } from '../src/engine/dialects/jsonldb/jsonldb-codec.js';
import { jsonlCodec } from '../src/engine/dialects/jsonl/jsonl-codec.js';
import { placesOf } from '../src/engine/dialects/jsonl/jsonl-places.js';
import { nedbCodec } from '../src/engine/dialects/nedb/nedb-codec.js';
import { opsCodec } from '../src/engine/dialects/opslog/opslog-ops.js';
import { snapshotCodec } from '../src/engine/dialects/opslog/opslog-snapshot.js';
import type { LineCodec } from '../src/engine/scan/kernel.js';
import { loadSimdModule } from '../src/engine/scan/simd-module.js';
import {
  answersOf,
  difference,
  openSimdKernels,
  referenceAnswers,
  type OpenKernel,
} from './helpers/kernel-pair.js';
import { announcedSeed } from './helpers/seed.js';

let simd: OpenKernel;
beforeAll(async () => {
  simd = openSimdKernels(await loadSimdModule());
});

const values = ['1', '-0', '"x"', '""', 'null', 'true', '{"a":[1]}', '{}', '[]', '"a\\u0041"'];
const times = ['"2026-01-01T00:00:00.000Z"', '"soon"', '1767225600', '""', 'null'];

/** A format, and what its lines are made of: members and the values each may have. */
const formats: [name: string, codec: LineCodec, members: [string, string[]][]][] = [
  [
    'jsonldb',
    jsonldbCodec,
    [
      ['k', ['"a"', '""', '"é"', '"\\u0061"', '"aaaaaaaaaaaaaaaaaaaa"', '5']],
      ['v', values],
      ['ts', ['17', '"\u2028"']],
    ],
  ],
  [
    'nedb',
    nedbCodec,
    [
      ['_id', ['"a"', '""', '1', '0', '{"x":1}', '"\u0085"']],
      ['$$deleted', ['true', 'false', '1']],
      ['n', values],
    ],
  ],
  [
    'operations of opslog',
    opsCodec,
    [
      ['ts', times],
      ['op', ['"set"', '"delete"', '"other"', '"s\\u0065t"', '1']],
      ['id', ['"a"', '""', '7', '"é"']],
      ['prev', ['null', '{}', '1']],
      ['data', values],
      ['clock', ['1', '-1', '1.5']],
    ],
  ],
  [
    'records of opslog',
    snapshotCodec,
    [
      ['id', ['"a"', '""', '7', 'null']],
      ['data', values],
      ['records', ['{"a":1}']],
      ['version', ['1']],
    ],
  ],
  ...(
    [
      ['jsonl, key', { keyAt: '/id' }],
      ['jsonl, key and time', { keyAt: '/id', timeAt: '/at' }],
      ['jsonl, all', { keyAt: '/id', valueAt: '/v', timeAt: '/at', deleteAt: '/gone' }],
    ] as const
  ).map(([name, options]): [string, LineCodec, [string, string[]][]] => [
    name,
    jsonlCodec(placesOf(options)),
    [
      ['id', ['"a"', '""', '7', 'null', '[1]', '"2026-01-01T00:00:00.000Z"']],
      ['at', times],
      ['v', values],
      ['gone', ['true', 'false', 'null']],
    ],
  ]),
];

/** Lines of these members, mostly as programs write them; and what is no such line. */
function lineOf(members: [string, string[]][]): fc.Arbitrary<string> {
  const member = ([name, texts]: [string, string[]]) =>
    fc.constantFrom(...texts).map((text) => [name, text] as const);
  const inOrder = fc.tuple(...members.map(member)).chain((all) => fc.subarray(all));
  const anyOrder = fc.array(fc.oneof(...members.map(member)), { maxLength: 5 });
  const gap = fc.constantFrom('', '', '', ' ');
  const object = fc
    .tuple(fc.oneof({ weight: 3, arbitrary: inOrder }, anyOrder), gap, gap)
    .map(([all, before, behind]) => {
      const texts = all.map(([name, text]) => `"${name}":${before}${text}`);
      return `{${behind}${texts.join(`,${behind}`)}${before}}${behind}`;
    });
  const other = fc.constantFrom('', ' ', '[]', 'null', '7', '{"k":"a","v":1', '{}{}', '\ufeff{}');
  return fc.oneof({ weight: 9, arbitrary: object }, other);
}

const lineEnd = fc.constantFrom('\n', '\n', '\n', '\n', '\r\n', '\r', '\n\n');

describe.each(formats)('lines of %s', (_, codec, members) => {
  it('are the same to both kernels, whatever the chunks', () => {
    const file = fc
      .array(fc.tuple(lineOf(members), lineEnd), { minLength: 1, maxLength: 12 })
      .map((parts) => parts.flat().join(''));
    const sizes = fc.constantFrom(2, 3, 7, 63, 64, 65, 200, 1 << 16);
    const seed = announcedSeed('lines of both kernels');
    fc.assert(
      fc.property(file, sizes, fc.boolean(), (text, size, isCut) => {
        const bytes = Buffer.from(isCut ? text.slice(0, -1) : text);
        const wanted = referenceAnswers(bytes, { codec });
        const found = answersOf(simd, bytes, size, { codec });
        expect(difference(wanted, found), JSON.stringify(bytes.toString())).toBeUndefined();
      }),
      { seed, numRuns: 400 },
    );
  });
});
