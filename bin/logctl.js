#!/usr/bin/env node
// Starts the built command line, and says how to build it where that was not done.
const { isBuilt, loadCommands, loadMain } = require('./load.js');

if (isBuilt()) {
  void loadMain().main(process.argv.slice(2), loadCommands);
} else {
  process.stderr.write('logctl: not built yet\nNext: npm ci && npm run build\n');
  process.exitCode = 1;
}
