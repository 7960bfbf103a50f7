/**
 * A program that keeps a store of opslog, for tests that kill it: it says what it is about to do,
 * does it through the library, and says that it was acknowledged.
 *
 * Arguments: folder, agent (`-`: a single writer), file of acknowledgements, round, how it works:
 * `refreshes`: agents do before they compact; `sessions`: it closes the store now and then. Runs
 * until it is killed, or its standard input ends.
 */
import { Store } from '@backloghq/opslog';
import { openSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const [folder, agent, acksTo, round, how] = process.argv.slice(2);
const acks = openSync(acksTo, 'a');
const say = (words: object): void => void writeSync(acks, `${JSON.stringify(words)}\n`);
let isOver = false;
process.stdin.resume().on('end', () => (isOver = true));
process.stdout.write('begun\n');

const isAgent = agent !== '-';
let store = await opened();
process.stdout.write('ready\n');

for (let number = 0; !isOver; number++) {
  const key = `${agent}-${number % 9}`;
  const isDelete = number % 7 === 6 && store.has(key);
  const n = isDelete ? null : `${round}.${number}`;
  say({ key, n });
  if (isDelete) await store.delete(key);
  else await store.set(key, { n: n!, text: 'ä'.repeat(number % 50) });
  say({ done: true });
  if (isAgent && number % 40 === 39) {
    if (how === 'refreshes') await store.refresh();
    await store.compact();
  }
  if (how === 'sessions' && number % 25 === 24) {
    await store.close();
    await wait(40);
    store = await opened();
  }
  if (number % 5 === 4) await new Promise((resolve) => setImmediate(resolve));
}
await store.close();

/** Opens the store as soon as nobody has it, as a service does that is started again and again. */
async function opened() {
  for (;;) {
    const store = new Store<{ n: string; text: string }>();
    try {
      await store.open(folder, {
        checkpointThreshold: isAgent ? 10_000 : 17,
        checkpointOnClose: false,
        ...(isAgent ? { agentId: agent } : {}),
      });
      return store;
    } catch (error) {
      if (!(error as Error).message.includes('locked by process')) throw error;
      await wait(5);
    }
  }
}
