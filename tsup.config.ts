// What the build makes in dist/: the library as modules, the command line as scripts.
import { defineConfig, type Options } from 'tsup';

const common: Options = { target: 'node20', external: ['koffi'] };

/** One file each, without blanks, but with all names: they are what a stack shows. */
const scripts: Options = {
  ...common,
  format: ['cjs'],
  splitting: false,
  minifyWhitespace: true,
  minifySyntax: true,
  define: { 'import.meta.url': 'ownUrl' },
};
const first = "'use strict'; const ownUrl = require('node:url').pathToFileURL(__filename).href;";

export default defineConfig([
  {
    ...common,
    entry: { index: 'src/engine/index.ts', 'append-log': 'src/append-log.ts' },
    format: ['esm'],
    splitting: true,
    dts: true,
    clean: ['!*.cjs'],
  },
  {
    ...scripts,
    entry: { main: 'src/cli/main.ts', 'segment-worker': 'src/engine/scan/segment-worker.ts' },
    banner: { js: first },
  },
  {
    ...scripts,
    entry: { commands: 'src/cli/arguments.ts' },
    // As Node wraps a module before it runs: bin/load.js runs it, and keeps it compiled.
    banner: { js: `(function (exports, require, module, __filename, __dirname) {${first}` },
    footer: { js: '})' },
  },
]);
