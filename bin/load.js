// Loads the built command line, compiled ahead where that was done for this Node.
//
// Half of a short run would be the compiling of its own code. So what V8 has compiled is kept: by
// the build (compile-ahead.js), or by the first run with another version. It lies inside the
// package and not in the system's folder for temporary files: there another user could lay code
// for us to run.
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const built = join(__dirname, '..', 'dist');
const main = join(built, 'main.cjs');
const commands = join(built, 'commands.cjs');
const keptFolder = join(built, 'compiled');
/** Good for one version of V8 and one kind of processor; V8 itself looks at the rest. */
const kept = join(keptFolder, `commands-${process.versions.v8}-${process.arch}`);

const isBuilt = () => existsSync(main);

/** The part that answers what needs no command: see src/cli/main.ts. */
const loadMain = () => require(main);

/** All the rest: see src/cli/arguments.ts. */
function loadCommands() {
  if (existsSync(kept)) return run(commandsScript(readFileSync(kept)));
  const script = commandsScript();
  process.once('exit', () => keep(script));
  return run(script);
}

/** The commands as a script. `cachedData`: what was kept of it, unless nothing was. */
function commandsScript(cachedData) {
  // All of it is ASCII; decoded as UTF-8 it would take 2 MB more for a while.
  return new Script(readFileSync(commands, 'latin1'), { filename: commands, cachedData });
}

/** Runs the script, which is a CommonJS module as Node wraps them; gives what it exports. */
function run(script) {
  const module = { exports: {} };
  const inside = createRequire(commands);
  script.runInThisContext()(module.exports, inside, module, commands, built);
  return module.exports;
}

/** Keeps what was compiled because it ran. Where the package cannot be written to, nothing is. */
function keep(script) {
  try {
    mkdirSync(keptFolder, { recursive: true });
    const fresh = `${kept}.${process.pid}`;
    writeFileSync(fresh, script.createCachedData());
    renameSync(fresh, kept);
  } catch {
    // The next run is as slow as this one was.
  }
}

module.exports = { commandsScript, isBuilt, keep, kept, loadCommands, loadMain, run };
