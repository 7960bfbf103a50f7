/** The example bot in a directory of its own, with the package it imports built from the source. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildScript } from './engine-build.js';

export interface ExampleBot {
  /** Holds the bot's files, and `data` once it has run. */
  directory: string;
  remove(): void;
}

/** Copies `examples/bot` beside a `node_modules/logctl` made from `src/append-log.ts`. */
export function exampleBot(): ExampleBot {
  const directory = mkdtempSync(join(tmpdir(), 'logctl-example-bot-'));
  cpSync('examples/bot', directory, { recursive: true });
  const built = buildScript('src/append-log.ts');
  const manifest = { type: 'module', exports: { './append-log': './src/append-log.js' } };
  writeFileSync(join(built.directory, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  mkdirSync(join(directory, 'node_modules'));
  symlinkSync(built.directory, join(directory, 'node_modules/logctl'), 'junction');
  return {
    directory,
    remove() {
      rmSync(directory, { recursive: true, force: true });
      rmSync(built.directory, { recursive: true, force: true });
    },
  };
}
