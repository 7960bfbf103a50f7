/**
 * The writer nobody can change: open by path, append, fsync, close, for every entry.
 *
 * Arguments: path, number of the writer, entries per burst (0: keeps its descriptor open for ever),
 * pause between bursts in ms (0: none), a file that always holds the last number acknowledged (may
 * be left out). Runs until its standard input ends, then prints what was acknowledged, and how long
 * opens took that had to wait.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const [path, writer, burst, pauseMs, acksTo = ''] = process.argv.slice(2);
const acks = acksTo === '' ? undefined : openSync(acksTo, 'w');
const keptOpen = Number(burst) === 0 ? openSync(path, 'a') : undefined;
const waitedMsMin = 1;
const waitedMs: number[] = [];
let acknowledged = 0;
let isOver = false;
process.stdin.resume().on('end', () => (isOver = true));
process.stdout.write('ready\n');

try {
  while (!isOver) {
    for (let i = 0; i < Math.max(1, Number(burst)); i += 1) append(acknowledged + 1);
    await wait(Number(pauseMs));
  }
} catch (error) {
  // The disk is gone: what was acknowledged before counts.
  if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
}
waitedMs.sort((a, b) => a - b);
process.stdout.write(`${JSON.stringify({ acknowledged, waitedMs })}\n`);

function append(n: number): void {
  const before = performance.now();
  const fd = keptOpen ?? openSync(path, 'a');
  const openedMs = performance.now() - before;
  if (openedMs > waitedMsMin) waitedMs.push(openedMs);
  const key = `w${writer}k${n % 40}`;
  const time = new Date().toISOString();
  const value = { w: Number(writer), n };
  writeSync(fd, `${JSON.stringify({ timestamp: time, op: 'SET', key, value })}\n`);
  fsyncSync(fd);
  if (keptOpen === undefined) closeSync(fd);
  acknowledged = n;
  if (acks !== undefined) writeSync(acks, String(n).padEnd(12), 0);
}
