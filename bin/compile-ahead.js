// Keeps the compiled form of what usual commands run, for this version of Node: see load.js.
const { join } = require('node:path');
const { commandsScript, keep, run } = require('./load.js');

const log = join(__dirname, '..', 'fixtures', 'quickstart', 'data', 'logs', 'players.log');
/** What V8 keeps is what ran: code that did not is compiled when it first does. */
const usual = ['inspect', 'replay', 'verify'];

const script = commandsScript();
const { runArguments, nodeDisk } = run(script);
void runUsual().then(() => keep(script));

async function runUsual() {
  for (const kernel of ['reference', 'simd']) {
    for (const command of usual) await runArguments([command, log], silentIo(kernel));
  }
}

/** A world without a screen: see src/cli/io.ts. */
function silentIo(kernel) {
  const stream = { isTTY: false, columns: undefined, write() {} };
  return {
    out: stream,
    err: stream,
    env: { LOGCTL_TEST_KERNEL: kernel },
    now: Date.now,
    disk: () => nodeDisk,
    interruption: new AbortController().signal,
  };
}
