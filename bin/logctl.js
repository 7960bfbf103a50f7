#!/usr/bin/env node
// Starts the built command line, and says how to build it where that was not done.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../dist/cli.js', import.meta.url);
if (existsSync(built)) {
  keepCompiled();
  await import(built.href);
} else {
  process.stderr.write('logctl: not built yet\nNext: npm ci && npm run build\n');
  process.exitCode = 1;
}

/**
 * Lets Node keep what it compiles, where it can (from 22.1): the next start takes less time.
 * Inside the package and not in the system's folder for temporary files: there another user could
 * lay code for us to run. Where the package cannot be written to, Node goes on without.
 */
function keepCompiled() {
  const { enableCompileCache } = process.getBuiltinModule?.('node:module') ?? {};
  enableCompileCache?.(fileURLToPath(new URL('../dist/compiled', import.meta.url)));
}
