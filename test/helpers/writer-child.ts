/** A process that writes a log through the library until it is killed or done, and says so. */
import { writeSync } from 'node:fs';
import { openLog } from '../../src/engine/index.js';
import type { WriteMode } from '../../src/engine/index.js';

/** What the child is told, as JSON in its first argument. */
export interface WriterTask {
  path: string;
  /** Begins its keys: `<name>-<number>`. */
  name: string;
  /** The first number; it counts on from there. */
  from: number;
  /** How many it writes; forever where it is missing. */
  count?: number;
  /** Calls at a time. */
  callers: number;
  writeMode: WriteMode;
  mirror?: string;
}

const task = JSON.parse(process.argv[2]) as WriterTask;
const { path, name, callers, count = Infinity, writeMode, mirror } = task;
const log = await openLog<number>(path, { writeMode, mirror, lockWaitMs: 60_000 });
// Synchronous, so that what was acknowledged is in the pipe when the kill comes.
const say = (line: string) => writeSync(1, `${line}\n`);
say(`open ${JSON.stringify(log.recovered)}`);
let next = task.from;
const end = task.from + count;

async function caller(): Promise<void> {
  while (next < end) {
    const number = next++;
    await log.set(`${name}-${number}`, number);
    say(`ack ${number}`);
  }
}

await Promise.all(Array.from({ length: callers }, caller));
await log.close();
say('closed');
