/**
 * A process that keeps a store with the real library until it is killed or told to stop, on a disk
 * so slow that a write is seen half done. It says what it is about to do and what is synced.
 *
 * Arguments: path, seed, first round, rounds (0: without end), pause between sessions of ten rounds
 * in ms (0: one session).
 */
import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { JsonlDB } from '@alcalzone/jsonl-db';
import { roundOf } from './jsonldb-rounds.js';

const [path, seed, first, rounds, pauseMs] = process.argv.slice(2);
const say = (words: string) => writeSync(1, `${words}\n`);
const sessionRounds = 10;

/** Writes in two halves, and counts the syncs that are over. */
let synced = 0;
const handle = await open(process.execPath, 'r');
const prototype = Object.getPrototypeOf(handle) as typeof handle;
await handle.close();
const { appendFile, sync } = prototype;
prototype.appendFile = async function (data, options) {
  const text = String(data);
  const half = Math.floor(text.length / 2);
  await appendFile.call(this, text.slice(0, half), options);
  await wait(4);
  await appendFile.call(this, text.slice(half), options);
};
prototype.sync = async function () {
  await sync.call(this);
  synced++;
};

const end = Number(rounds) === 0 ? Infinity : Number(first) + Number(rounds);
for (let round = Number(first); round < end;) {
  const db = await opened();
  const last = Number(pauseMs) === 0 ? end : Math.min(end, round + sessionRounds);
  for (; round < last; round++) await play(db, round);
  await db.close();
  if (Number(pauseMs) > 0) await wait(Number(pauseMs));
}
say('done');

/** Opens as soon as nobody has the store, as a service does that is started again and again. */
async function opened(): Promise<JsonlDB<unknown>> {
  for (;;) {
    const db = new JsonlDB<unknown>(path, { ignoreReadErrors: true });
    try {
      await db.open();
      return db;
    } catch (error) {
      if (!(error as Error).message.includes('Failed to lock')) throw error;
      say('refused');
      await wait(20);
    }
  }
}

async function play(db: JsonlDB<unknown>, round: number): Promise<void> {
  const { clears, compresses, changes } = roundOf(Number(seed), round);
  say(`try ${round}`);
  const before = synced;
  if (clears) db.clear();
  for (const { key, value } of changes) {
    if (value === undefined) db.delete(key);
    else db.set(key, value);
  }
  // A change that is none (a key deleted that was not there) is never written.
  const { length } = (db as unknown as { _journal: unknown[] })._journal;
  if (length > 0) while (synced === before) await wait(1);
  if (compresses) await db.compress();
  say(`ack ${round}`);
}
