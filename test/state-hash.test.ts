// The state hash is a property of the state: compaction, chunking and spelling leave it alone.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { replay } from '../src/engine/replay.js';
import { randomFrom } from './helpers/crash-states.js';
import { checkpoint, log, remove, set, setAll } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { memoryDisk } from './helpers/recording-disk.js';
import { announcedSeed } from './helpers/seed.js';

const path = '/data/logs/players.log';

async function hashOf(text: string, semantics: 'documented' | 'upstream', chunkBytes?: number) {
  const context = contextOf(memoryDisk({ [path]: text }), { chunkBytes });
  const report = await replay(context, [path], { semantics, hash: true, quiet: true }, () => {});
  return report.logs[0].stateHash;
}

/** The definition: sha-256 over key, colon, value, line feed, keys in order of UTF-16 units. */
function definedHash(state: Record<string, string> | Map<string, string>): string {
  const entries = state instanceof Map ? [...state] : Object.entries(state);
  const hash = createHash('sha256');
  for (const [key, value] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${JSON.stringify(key)}:${value}\n`);
  }
  return hash.digest('hex');
}

describe('the state hash', () => {
  it('of no keys is that of no bytes', async () => {
    const nothing = createHash('sha256').digest('hex');
    expect(await hashOf(log(set('a', 1), remove('a')), 'documented')).toBe(nothing);
  });

  it('is sha-256 over keys in UTF-16 order and the values as they stand', async () => {
    const text = [
      '{"op":"SET","key":"\\ue000","value":1.0}',
      '{"op":"SET","key":"😀","value":[ 1 ]}',
      '{"op":"SET","key":"\\ud800","value":-0}',
      '{"op":"SET","key":"10","value":9007199254740993}',
      '{"op":"SET","key":"9","value":"\\u0041"}',
      '{"op":"SET","key":"a\\"\\n","value":1E400}\n',
    ].join('\n');
    const state = { '\ue000': '1.0', '😀': '[ 1 ]', '\ud800': '-0', 10: '9007199254740993' };
    const wanted = definedHash({ ...state, 9: '"\\u0041"', 'a"\n': '1E400' });
    for (const chunkBytes of [1, 5, 64, 1 << 18]) {
      expect(await hashOf(text, 'documented', chunkBytes)).toBe(wanted);
    }
  });

  it('of a log is that of the one checkpoint that stands for it', async () => {
    const seed = announcedSeed('state-hash, random logs');
    const random = randomFrom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < 30; round++) {
      const lines: string[] = [];
      const state = new Map<string, string>();
      for (let k = 0; k < 80; k++) {
        const key = `key:${below(25)}`;
        if (random() < 0.25) {
          lines.push(remove(key, k));
          state.delete(key);
        } else {
          lines.push(set(key, { score: k }, k));
          state.set(key, JSON.stringify({ score: k }));
        }
      }
      const wanted = definedHash(state);
      const text = [...state].map(([key, value]) => `"${key}":${value}`).join(',');
      const compacted = `{"op":"CHECKPOINT","state":{${text}}}\n`;
      expect(await hashOf(log(...lines), 'documented', 1 + below(200))).toBe(wanted);
      expect(await hashOf(compacted, 'documented', 1 + below(200))).toBe(wanted);
      expect(await hashOf(compacted, 'upstream')).toBe(wanted);
    }
  });

  it('differs between the semantics exactly where the states differ', async () => {
    const merged = log(set('a', 1), setAll({ b: 2 }, 1));
    expect(await hashOf(merged, 'documented')).toBe(definedHash({ b: '2' }));
    expect(await hashOf(merged, 'upstream')).toBe(definedHash({ a: '1', b: '2' }));
    const restated = log(set('a', 1), checkpoint({ a: 1 }, 1));
    expect(await hashOf(restated, 'documented')).toBe(await hashOf(restated, 'upstream'));
  });

  it('of the upstream state leaves out the key that its reader cannot hold', async () => {
    const text = log(set('a', 1), '{"op":"SET","key":"__proto__","value":1}');
    expect(await hashOf(text, 'upstream')).toBe(definedHash({ a: '1' }));
    const own = new Map([
      ['a', '1'],
      ['__proto__', '1'],
    ]);
    expect(await hashOf(text, 'documented')).toBe(definedHash(own));
  });
});
