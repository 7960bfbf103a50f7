// A program that keeps a store of nedb until it is killed, and says what it did: argv: path, seed.
import { writeSync } from 'node:fs';
import Datastore from '@seald-io/nedb';

const [path, seedText] = process.argv.slice(2);
let state = Number(seedText) >>> 0;

/** mulberry32: the same moves for the same seed. */
function random(below) {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

// Synchronous, so that what was acknowledged is in the pipe when the kill comes.
const say = (value) => writeSync(1, `${JSON.stringify(value)}\n`);
const texts = ['plain', 'a"quoted\\one', 'line\u2028separator', 'next\u0085line', '😀'];
const documentOf = (id) => ({ _id: id, n: random(1000), t: texts[random(texts.length)] });

const store = new Datastore({ filename: path });
await store.loadDatabaseAsync();
say({ opened: store.getAllData() });

/** One change: first what is tried, then that it was acknowledged. */
async function change(tried, work) {
  say({ tried });
  await work();
  say({ done: true });
}

for (let next = 0; ; next++) {
  const id = `k${random(60)}`;
  const move = random(20);
  if (move < 13) {
    const document = documentOf(id);
    await change([[id, document]], () =>
      store.updateAsync({ _id: id }, document, { upsert: true }),
    );
  } else if (move < 16) {
    await change([[id, null]], () => store.removeAsync({ _id: id }));
  } else if (move < 19) {
    const many = [0, 1, 2, 3].map((place) => documentOf(`m${process.pid}-${next}-${place}`));
    await change(
      many.map((document) => [document._id, document]),
      () => store.insertAsync(many),
    );
  } else {
    await change([], () => store.compactDatafileAsync());
  }
}
