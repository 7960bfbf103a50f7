// The real library on what compact and recover wrote: it loads it, sees the same, and goes on.
import { describe, expect, it } from 'vitest';
import { openStore, serialize } from './helpers/nedb-library.js';
import { documents, lines, NedbStore } from './helpers/nedb-store.js';
import { randomFrom } from './helpers/crash-states.js';
import { announcedSeed } from './helpers/seed.js';

/** Documents by their text, as the library has them in memory and as they stand in the file. */
const held = (library: { getAllData(): unknown[] }) => library.getAllData().map(serialize).sort();
const stored = async (store: NedbStore) => Object.values((await store.state()).entries).sort();

/** Changes of every kind, as a program makes them. */
async function work(library: Awaited<ReturnType<typeof openStore>>, seed: number, changes: number) {
  const random = randomFrom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let change = 0; change < changes; change++) {
    const _id = `k${below(40)}`;
    const document = { _id, n: below(1000), at: new Date(below(2 ** 40)), t: 'a"\\b\u0007' };
    const move = below(10);
    if (move < 6) await library.updateAsync({ _id }, document, { upsert: true });
    else if (move < 8) await library.removeAsync({ _id });
    else await library.insertAsync([{ n: change }, { n: change, deep: [{ _id: 1 }] }]);
  }
}

describe('the library', () => {
  it('sees the same after compact, goes on writing, and is read again', async () => {
    const seed = announcedSeed('nedb and its library');
    const store = new NedbStore();
    const first = await openStore(store.path);
    await first.ensureIndexAsync({ fieldName: 'n' });
    await first.ensureIndexAsync({ fieldName: 'u', unique: true, sparse: true });
    await work(first, seed, 300);
    const before = held(first);
    const [part] = (await store.compact()).logs;
    expect(part).toMatchObject({ result: 'compacted', keys: before.length });
    expect(part.bytesAfter).toBeLessThan(part.bytesBefore);
    expect(await stored(store)).toEqual(before);

    const compacted = store.read();
    const second = await openStore(store.path);
    // What compact leaves is what the library itself leaves, but for defaults of indexes.
    expect(store.read().split('\n').slice(0, before.length)).toEqual(
      compacted.split('\n').slice(0, before.length),
    );
    expect(held(second)).toEqual(before);
    await second.insertAsync({ _id: 'x', u: 1 });
    await expect(second.insertAsync({ _id: 'y', u: 1 })).rejects.toThrow(/unique/);
    await work(second, seed + 1, 100);
    expect(await stored(store)).toEqual(held(second));
    expect((await store.verify()).findings).toEqual([]);
  });

  it('loads what recover made of a store that it refuses, and goes on', async () => {
    const whole = documents(9);
    const broken = [
      '{"name":"n","_id":"half","t":"x',
      '{"_id":"u","t":"a\u2028b\u0085c"}',
      '\0\0\0',
    ];
    const store = new NedbStore(lines(...whole, broken[0] + whole[1], broken[1], broken[2]));
    await expect(openStore(store.path)).rejects.toThrow(/corrupt/);
    await store.recover();
    const library = await openStore(store.path);
    expect(held(library)).toEqual([...whole, '{"_id":"u","t":"a\u2028b\u0085c"}'].sort());
    await library.insertAsync({ _id: 'more', v: 1 });
    expect(await stored(store)).toEqual(held(library));
  });

  it('erases at its next start what verify said it would', async () => {
    const kept = documents(12);
    const store = new NedbStore(lines(...kept, '{"_id":1}', '{"_id":"1"}', '{"_id":""}', '#'));
    const [first] = (await store.verify()).findings;
    expect(first.message).toContain('erases 1 line');
    expect(first.message).toContain('2 whole documents');
    expect(await stored(store)).toHaveLength(15);
    const library = await openStore(store.path);
    expect(held(library)).toEqual([...kept, '{"_id":"1"}'].sort());
    expect(await stored(store)).toHaveLength(13);
  });

  it('writes behind a compaction into the new file', async () => {
    const store = new NedbStore();
    const library = await openStore(store.path);
    await work(library, 7, 50);
    const [part] = (await store.compact()).logs;
    expect(part.result).toBe('compacted');
    // The library appends by path, each time: what it writes now is in the new file.
    await library.insertAsync({ _id: 'later' });
    expect(await stored(store)).toEqual(held(library));
  });
});
