// How long this disk takes to make one appended entry durable, without any store around it.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../columns.mjs';

const appends = 200;
const bytes = Buffer.alloc(420, 'x');

/** Returns the median milliseconds of append + fsync in this folder. */
export function fsyncMs(folder) {
  const file = openSync(join(folder, 'fsync'), 'a');
  try {
    return median(
      Array.from({ length: appends }, () => {
        const started = performance.now();
        writeSync(file, bytes);
        fsyncSync(file);
        return performance.now() - started;
      }),
    );
  } finally {
    closeSync(file);
  }
}
