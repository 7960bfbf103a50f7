// One run of one writer, in a process of its own; prints its figures as JSON.
// Usage: node bench/writers/one.mjs '{"store":"logctl","mode":"group","callers":64,...}'
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { quantile } from '../columns.mjs';
import { openStore } from './contestants.mjs';
import { makeEntries } from './entries.mjs';

const warmUpShare = 0.25;
const run = JSON.parse(process.argv[2]);
const entry = makeEntries();

const found = await probe();
await drive(join(run.folder, 'warm'), run.seconds * warmUpShare);
console.log(JSON.stringify({ ...(await drive(join(run.folder, 'timed'), run.seconds)), found }));

/** Calls `set` from all callers until the time is up: entries, milliseconds, quantiles in ms. */
async function drive(folder, seconds) {
  const { set, finish } = await openStore(run, folder);
  const waits = [];
  const started = performance.now();
  const end = started + seconds * 1_000;
  let next = 0;
  const call = async () => {
    for (let now = started; now < end;) {
      const [key, value] = entry(next++);
      const asked = performance.now();
      await set(key, value);
      now = performance.now();
      waits.push(now - asked);
    }
  };
  await Promise.all(Array.from({ length: run.callers }, call));
  await finish();
  const ms = performance.now() - started;
  return { entries: next, ms, p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) };
}

/** True where an entry is in a file by the time its `set` has answered. */
async function probe() {
  const folder = join(run.folder, 'probe');
  const { set, finish } = await openStore(run, folder);
  await set('the-first-entry', { note: 'where is it?' });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const isInFile = files.some((file) => {
    return file.isFile() && readFileSync(join(file.parentPath, file.name)).includes('the-first');
  });
  await finish();
  return isInFile;
}
