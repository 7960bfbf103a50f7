/**
 * Writers in Node of several kinds, for the torture of nine kinds of writers.
 *
 * Arguments: kind, path, the directory of acknowledgements, number of the first writer. Runs until
 * the file `go` is gone from that directory; appends each number that was acknowledged to a file of
 * the writer's own there.
 */
import { appendFileSync, closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openLog } from '../../src/engine/index.js';

const [kind, path, acks, first] = process.argv.slice(2);
const lanes = 4;
const batchEntries = 5;
const isOver = () => !existsSync(join(acks, 'go'));
const acknowledge = (w: number, n: number) => appendFileSync(join(acks, String(w)), `${n}\n`);
const keyOf = (w: number, n: number) => `w${w}k${n % 40}`;

function line(w: number, n: number): string {
  const timestamp = new Date().toISOString();
  const entry = { timestamp, op: 'SET', key: keyOf(w, n), value: { w, n } };
  return `${JSON.stringify(entry)}\n`;
}

/** appendFile opens, writes and closes by itself; the event loop mixes the lanes. */
async function lane(w: number): Promise<void> {
  for (let n = 1; !isOver(); n++) {
    await appendFile(path, line(w, n));
    acknowledge(w, n);
    await wait(Math.random() * 4);
  }
}

/** Between the open and the write anything may happen to the file's name. */
async function slow(w: number): Promise<void> {
  for (let n = 1; !isOver(); n++) {
    const fd = openSync(path, 'a');
    await wait(Math.random() * 5);
    writeSync(fd, line(w, n));
    closeSync(fd);
    acknowledge(w, n);
    await wait(1);
  }
}

async function library(w: number): Promise<void> {
  const log = await openLog<{ w: number; n: number }>(path);
  for (let n = 0; !isOver(); n += batchEntries) {
    await log.batch((batch) => {
      for (let i = 1; i <= batchEntries; i++) batch.set(keyOf(w, n + i), { w, n: n + i });
    });
    acknowledge(w, n + batchEntries);
    await wait(2);
  }
  await log.close();
}

const w = Number(first);
if (kind === 'lanes') await Promise.all(Array.from({ length: lanes }, (_, i) => lane(w + i)));
else if (kind === 'library') await library(w);
else if (kind === 'slow') await slow(w);
else await lane(w);
