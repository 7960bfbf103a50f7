// Sets one key every 5 ms and answers each line on standard input with the waits since the last.
// Usage: node bench/writers/paced.mjs LOG
import { createInterface } from 'node:readline';
import { openLog } from '../../dist/index.js';
import { makeEntries } from './entries.mjs';

const everyMs = 5;
const entry = makeEntries();
const log = await openLog(process.argv[2], { lockWaitMs: 60_000 });
let waits = [];
let isOver = false;

createInterface({ input: process.stdin })
  .on('line', () => {
    const told = waits;
    waits = [];
    console.log(JSON.stringify(told.map((wait) => Number(wait.toFixed(3)))));
  })
  .on('close', () => void (isOver = true));

const started = performance.now();
for (let i = 0; !isOver; i++) {
  // A wait counts from when its turn was, so that a long one shows in all that were due in it.
  const due = started + i * everyMs;
  const early = due - performance.now();
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
  await log.set(...entry(i));
  waits.push(performance.now() - Math.max(due, started));
}
await log.close();
