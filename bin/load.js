// Loads the built command line, compiled ahead where the build has done that for this Node.
//
// Half of a short run is the compiling of its own code. Node keeps what it has compiled from 22.1
// on; before that, and for the very first run, there is what compile-ahead.js left. Both lie
// inside the package and not in the system's folder for temporary files: there another user could
// lay code for us to run.
const { existsSync, readFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const built = join(__dirname, '..', 'dist');
const main = join(built, 'main.cjs');
const commands = join(built, 'commands.cjs');
/** Good for one version of V8 and one kind of processor; V8 itself looks at the rest. */
const ahead = join(built, 'compiled', `commands-${process.versions.v8}-${process.arch}`);

const isBuilt = () => existsSync(main);

/** The part that answers what needs no command: see src/cli/main.ts. */
const loadMain = () => require(main);

/** All the rest: see src/cli/arguments.ts. */
function loadCommands() {
  if (existsSync(ahead)) return loadScript(commandsScript(readFileSync(ahead)));
  Module.enableCompileCache?.(join(built, 'compiled'));
  return require(commands);
}

/** The commands as a script. `cachedData`: what was compiled of it, unless nothing was. */
function commandsScript(cachedData) {
  return new Script(Module.wrap(readFileSync(commands, 'utf8')), {
    filename: commands,
    cachedData,
  });
}

/** Runs the script of a CommonJS module, as `require` does; gives what it exports. */
function loadScript(script) {
  const module = { exports: {} };
  const inside = Module.createRequire(commands);
  script.runInThisContext()(module.exports, inside, module, commands, built);
  return module.exports;
}

module.exports = { ahead, commandsScript, isBuilt, loadCommands, loadMain, loadScript };
