// Memory of the SIMD module grows at any time, and then every view of it is empty. So it is let
// grow between any two calls: whatever is asked then has to be what the reference kernel says.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Keydir } from '../src/engine/keydir/keydir.js';
import { keyToString, stringToKey } from '../src/engine/keydir/key-bytes.js';
import { SimdKeydir } from '../src/engine/keydir/simd-keydir.js';
import { progressive } from '../src/engine/dialects/progressive/progressive.js';
import type { Kernel } from '../src/engine/scan/kernel.js';
import { simdKernel } from '../src/engine/scan/simd-kernel.js';
import { loadSimdModule, openSimd, type SimdExports } from '../src/engine/scan/simd-module.js';
import { checkpoint, log, set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { randomFrom } from './helpers/crash-states.js';
import { HostileLines } from './helpers/hostile-lines.js';
import { difference, feed, referenceAnswers } from './helpers/kernel-pair.js';
import { announcedSeed } from './helpers/seed.js';
import { bytesOf, trickyFiles } from './helpers/tricky-lines.js';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await loadSimdModule();
});

/** Leaves every view of the memory empty, as growth does. */
const grow = ({ memory }: SimdExports) =>
  (memory as unknown as { grow(pages: number): number }).grow(0);

/** `target`, before each member of which something is asked the memory grows. */
function growing<T extends object>(target: T, exports: SimdExports): T {
  return new Proxy(target, {
    get(_, name) {
      grow(exports);
      const member = Reflect.get(target, name, target) as unknown;
      if (name === 'keydir') return growing(member as Keydir, exports);
      if (typeof member !== 'function') return member;
      return member.bind(target) as unknown;
    },
  });
}

/** What is said of bytes while the memory grows at every chance. */
function growingAnswers(
  bytes: Uint8Array,
  chunkBytes: number,
  holdStates?: 'replacing' | 'all',
): ReturnType<typeof feed> {
  const keydir = new SimdKeydir(openSimd(module, chunkBytes));
  const codec = progressive.codec('segment');
  const kernel: Kernel = simdKernel(module)({ codec, keydir, chunkBytes, fold: true, holdStates });
  return feed(growing(kernel, keydir.module), bytes);
}

const touch = '{"timestamp":"2026-11-29T12:00:00.000Z","op":"TOUCH","key":"a"}';
const nameless = '{"timestamp":"2026-11-29T12:00:00.000Z","op":"SET","key":"","value":1}';
const many = Object.fromEntries(Array.from({ length: 300 }, (_, k) => [`key ${k}`, k]));

/** No key is seen before a whole state is: its table is the first that wants memory. */
const keyless: [string, string][] = [
  ['an operation nobody knows, then a checkpoint', log(touch, checkpoint({}), set('a', 1))],
  ['an empty key, then a checkpoint', log(nameless, checkpoint(many), set('a', 1))],
  ['a line that is no JSON, then a checkpoint', log('{"op"', checkpoint(many), touch, set('a', 1))],
  ['both, many times', log(touch, checkpoint(many), touch, checkpoint({}), nameless, touch)],
];

describe('memory that grows between any two calls', () => {
  it('is what emptied views come from', () => {
    const exports = openSimd(module, 64);
    const before = new Uint8Array(exports.memory.buffer);
    grow(exports);
    expect([before.length, exports.memory.buffer.byteLength > 0]).toEqual([0, true]);
  });

  const files: [string, Uint8Array][] = [
    ...keyless.map(([what, text]): [string, Uint8Array] => [what, Buffer.from(text)]),
    ...trickyFiles,
  ];
  it.each(files)('changes no answer: %s', (_, line) => {
    const bytes = bytesOf([...line], `\n${set('next', 1, 9)}\n`);
    for (const holdStates of [undefined, 'replacing', 'all'] as const) {
      const wanted = referenceAnswers(bytes, { holdStates });
      for (const size of [7, 64, 4096]) {
        expect(difference(wanted, growingAnswers(bytes, size, holdStates))).toBe(undefined);
      }
    }
  });

  it('changes no answer about hostile lines', () => {
    const random = randomFrom(announcedSeed('memory that grows'));
    const lines = new HostileLines(random);
    for (let round = 0; round < 150; round++) {
      const texts = Array.from({ length: 1 + lines.below(30) }, () => lines.line());
      const bytes = Buffer.from(texts.join('\n'));
      const holdStates = ([undefined, 'replacing', 'all'] as const)[lines.below(3)];
      const found = growingAnswers(bytes, 1 << (5 + lines.below(8)), holdStates);
      expect(difference(referenceAnswers(bytes, { holdStates }), found)).toBe(undefined);
    }
  });

  it('leaves a batch that is held whole, whatever the keydir is told meanwhile', () => {
    const keydir = new SimdKeydir(openSimd(module, 4096));
    const codec = progressive.codec('segment');
    const kernel = simdKernel(module)({ codec, keydir, chunkBytes: 4096, fold: true });
    const bytes = Buffer.from(log(set('a', 1), set('b', 22)));
    kernel.start({ file: 0, offset: 0 });
    kernel.chunk.set(bytes);
    kernel.scan(bytes.length, true);
    const { batch } = kernel;
    const [, second] = batch.offset;
    const size = keydir.module.memory.buffer.byteLength;
    for (let k = 0; keydir.module.memory.buffer.byteLength === size; k++) {
      const key = stringToKey(`${k}`.padStart(200));
      keydir.put(key, 0, key.length, { file: 0, offset: k, length: 1, line: 1, versions: 1 });
    }
    expect([...batch.offset.subarray(0, batch.count)]).toEqual([0, second]);
  });

  it('copies a key out of the same memory, though looking for room for it empties the view', () => {
    const exports = openSimd(module, 64);
    const keydir = new SimdKeydir(exports);
    const value = { file: 0, offset: 0, length: 1, line: 1, versions: 1 };
    const key = stringToKey('k'.repeat(300));
    keydir.put(key, 0, key.length, value);
    const { bytes, start, length } = keydir.keyBytes(keydir.order('documented')[0]);
    const size = exports.memory.buffer.byteLength;
    // Room for a longer key than any before is what the keydir asks the module for.
    const long = new Uint8Array(size);
    expect(keydir.find(long)).toBe(-1);
    expect(bytes.length).toBe(0);
    const again = keydir.keyBytes(keydir.order('documented')[0]);
    keydir.put(again.bytes, start, length, { ...value, line: 2 });
    expect([...keydir.order('documented')].map((at) => keyToString(keydir.key(at)))).toEqual([
      'k'.repeat(300),
    ]);
  });
});

describe('the SIMD kernel through the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'logctl-simd-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const commands = [
    ['verify', '--json'],
    ['inspect', '--json'],
    ['inspect', '--entries', '--format', 'jsonl'],
    ['replay', '--json', '--on-error', 'skip'],
    ['replay', '--json', '--on-error', 'skip', '--semantics', 'upstream'],
  ];

  /** What all commands say of a log, without how long they took. */
  async function said(text: Uint8Array, kernel: string): Promise<string[]> {
    const path = join(folder, 'p.log');
    writeFileSync(path, text);
    utimesSync(path, 1_795_000_000, 1_795_000_000);
    const env = { LOGCTL_TEST_KERNEL: kernel, LOGCTL_TEST_CHUNK_BYTES: '4096' };
    const all: string[] = [];
    for (const args of commands) {
      const command = [...args, '--dialect', 'progressive', path];
      const now = () => Date.parse('2026-12-01T00:00:00Z');
      const { exitCode, out, err } = await cli(command, { env, now });
      expect(exitCode, `${args.join(' ')}: ${out}${err}`).not.toBe(1);
      all.push(`${args.join(' ')}: ${exitCode}\n${out}\n${err}`);
    }
    return all;
  }

  it.each(keyless)('says what the reference says: %s', async (_, text) => {
    const bytes = Buffer.from(text + log(...Array.from({ length: 90 }, (_, k) => set(`k${k}`, k))));
    expect(await said(bytes, 'simd')).toEqual(await said(bytes, 'reference'));
  });

  it('says what the reference says of tricky and of hostile lines', async () => {
    const random = randomFrom(announcedSeed('hostile lines through the command line'));
    const lines = new HostileLines(random);
    const hostile = Array.from({ length: 12 }, () =>
      Buffer.from(Array.from({ length: 1 + lines.below(40) }, () => lines.line()).join('\n')),
    );
    for (const bytes of [...trickyFiles.map(([, line]) => line), ...hostile]) {
      expect(await said(bytes, 'simd')).toEqual(await said(bytes, 'reference'));
    }
  });
});
