// --decode holds a file in memory: what does not fit is refused, and no failure leaves it open.
import { existsSync, readdirSync, readlinkSync, truncateSync } from 'node:fs';
import { expect, it } from 'vitest';
import { documents, lines, NedbStore } from './helpers/nedb-store.js';

const decoded = (decode: string) => ({ decode, dialect: 'nedb' });

/** What this process has open, by path. */
const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    const link = `/proc/self/fd/${fd}`;
    return existsSync(link) ? [readlinkSync(link)] : [];
  });

it.runIf(existsSync('/proc/self/fd'))('a decoder that fails leaves no file open', async () => {
  const store = new NedbStore(lines(...documents(3)));
  await expect(store.verify(decoded('exit 3'))).rejects.toMatchObject({ code: 'io' });
  expect(openFiles()).not.toContain(store.path);
});

it('a file that memory cannot hold is refused before it is read', async () => {
  const store = new NedbStore(lines(...documents(3)));
  truncateSync(store.path, 2 ** 31);
  await expect(store.verify(decoded('cat'))).rejects.toMatchObject({
    code: 'too-large',
    exitCode: 8,
    message: expect.stringContaining('2,147,483,648 bytes'),
  });
});
