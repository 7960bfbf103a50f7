#!/usr/bin/env node
// Starts the built command line, and says how to build it where that was not done.
import { existsSync } from 'node:fs';

const built = new URL('../dist/cli.js', import.meta.url);
if (existsSync(built)) {
  await import(built.href);
} else {
  process.stderr.write('logctl: not built yet\nNext: npm ci && npm run build\n');
  process.exitCode = 1;
}
