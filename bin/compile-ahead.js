// Keeps the compiled form of what usual commands run, for this version of Node: see load.js.
const { mkdirSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { ahead, commandsScript, loadScript } = require('./load.js');

const log = join(__dirname, '..', 'fixtures', 'quickstart', 'data', 'logs', 'players.log');
/** What V8 keeps is what ran: code that did not is compiled when it first does. */
const usual = ['inspect', 'replay', 'verify'];

const script = commandsScript();
const { runArguments, nodeDisk } = loadScript(script);
void keepCompiled();

async function keepCompiled() {
  for (const kernel of ['reference', 'simd']) {
    for (const command of usual) await runArguments([command, log], silentIo(kernel));
  }
  mkdirSync(dirname(ahead), { recursive: true });
  writeFileSync(ahead, script.createCachedData());
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
