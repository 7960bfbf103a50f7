// Who writes: how each store is opened, what `set` is called there, what its answer is worth.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { appendLogEntry } from './bot.mjs';

const many = 64;

/** The row that all others are compared with. */
export const yardstick = 'logctl group, 64';

/** The other programs' packages; the benchmark does without those that are not installed. */
const peerPackages = ['@backloghq/opslog', '@alcalzone/jsonl-db'];

const logctl = 'logctl';
const [opslog, jsonldb] = peerPackages;

/**
 * The rows of the table: { name, store, mode, callers, answers } each.
 *
 * `callers`: how many wait for an answer of their own at a time. `answers`: what is on the disk
 * when `set` has answered, from the store's source: `fsynced`, `page cache` (written, and lost in
 * a power cut) or `nothing` (in the program's memory, and lost with it).
 */
export const contestants = [
  row(logctl, 'immediate', 1, 'fsynced'),
  row(logctl, 'immediate', many, 'fsynced'),
  row(logctl, 'group', many, 'fsynced'),
  row(logctl, 'async', 1, 'nothing'),
  row(logctl, 'async', many, 'nothing'),
  row(logctl, 'none', 1, 'page cache'),
  row(logctl, 'none', many, 'page cache'),
  row(opslog, 'immediate', 1, 'page cache'),
  row(opslog, 'immediate', many, 'page cache'),
  row(opslog, 'group', 1, 'nothing'),
  row(opslog, 'group', many, 'nothing'),
  row(jsonldb, 'default', many, 'nothing'),
  row('bot', 'own way', 1, 'fsynced'),
  row('bot', 'own way', many, 'fsynced'),
];

/** What a reader of the table has to know of the rows. */
export const remarks = [
  'logctl async, opslog group, jsonl-db: the last write, and the fsync where the store makes one,' +
    ' count in ENTRIES/S',
  `${opslog}: no fsync in any mode; its checkpoint after every 100 entries is switched off;` +
    ' group: 49 of 50 calls answer from memory',
  `${jsonldb}: set is synchronous, the answer a promise already kept; of the entries of one write` +
    ' only the last of each key is written; then fsync',
];

function row(store, mode, callers, answers) {
  const name = `${store.replace(/^@\w+\//, '')} ${mode}, ${callers}`;
  return { name, store, mode, callers, answers };
}

/** Opens a new store in `folder`: { set(key, value), finish() }; `finish` closes it. */
export async function openStore({ store, mode }, folder) {
  mkdirSync(folder, { recursive: true });
  switch (store) {
    case logctl:
      return openLogctl(mode, folder);
    case opslog:
      return openOpslog(mode, folder);
    case jsonldb:
      return openJsonlDb(folder);
    default: {
      const path = join(folder, 'players.log');
      const set = (key, value) => appendLogEntry(path, { op: 'SET', key, value });
      return { set, finish: async () => undefined };
    }
  }
}

async function openLogctl(writeMode, folder) {
  const { openLog } = await import('../../dist/index.js');
  const log = await openLog(join(folder, 'players.log'), { writeMode });
  return { set: (key, value) => log.set(key, value), finish: () => log.close() };
}

async function openOpslog(writeMode, folder) {
  const { Store } = await import(opslog);
  const store = new Store();
  const options = { writeMode, checkpointThreshold: Infinity, checkpointOnClose: false };
  await store.open(folder, options);
  return { set: (key, value) => store.set(key, value), finish: () => store.close() };
}

async function openJsonlDb(folder) {
  const { JsonlDB } = await import(jsonldb);
  const store = new JsonlDB(join(folder, 'players.jsonl'));
  await store.open();
  return { set: (key, value) => store.set(key, value), finish: () => store.close() };
}

/** Returns the packages among the peers that are not installed beside this benchmark. */
export function missingPeers() {
  const folder = new URL('../node_modules/', import.meta.url);
  return peerPackages.filter((name) => !existsSync(new URL(`${name}/package.json`, folder)));
}
