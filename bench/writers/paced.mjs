// Sets a key every 5 ms; answers each line on standard input with the waits since the line before:
// `called` counts from the call, `due` from when its turn was, both in milliseconds.
// Usage: node bench/writers/paced.mjs LOG
import { createInterface } from 'node:readline';
import { openLog } from '../../dist/index.js';
import { makeEntries } from './entries.mjs';

const everyMs = 5;
const entry = makeEntries();
const log = await openLog(process.argv[2], { lockWaitMs: 60_000 });
let waits = { called: [], due: [] };
let isOver = false;

createInterface({ input: process.stdin })
  .on('line', () => {
    const told = waits;
    waits = { called: [], due: [] };
    console.log(JSON.stringify(told));
  })
  .on('close', () => void (isOver = true));

const started = performance.now();
for (let i = 0; !isOver; i++) {
  const due = started + i * everyMs;
  const early = due - performance.now();
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
  const called = performance.now();
  await log.set(...entry(i));
  const answered = performance.now();
  waits.called.push(answered - called);
  // One long wait shows in all that were due in it.
  waits.due.push(answered - due);
}
await log.close();
