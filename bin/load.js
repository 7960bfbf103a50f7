// Loads the built command line, compiled ahead where it was built with this Node.
//
// Half of a short run would be the compiling of its own code. So the build keeps what V8 has
// compiled (compile-ahead.js): only the build, for commands that read leave no file behind. V8
// trusts what it is given, and dies of a flipped bit or worse: so a checksum of it and of the
// script stands behind it.
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

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
const loadCommands = () => run(commandsScript());

/** The commands as a script: with what was kept of it, where that is whole. */
function commandsScript() {
  const source = readFileSync(commands);
  const cachedData = existsSync(kept) ? whole(readFileSync(kept), source) : undefined;
  // All of it is ASCII; decoded as UTF-8 it would take 2 MB more for a while.
  return new Script(source.toString('latin1'), { filename: commands, cachedData });
}

/** What is before the checksum of it and of the script; undefined where that is another. */
function whole(bytes, source) {
  if (bytes.length <= sumBytes) return undefined;
  const compiled = bytes.subarray(0, -sumBytes);
  return bytes.readUInt32LE(compiled.length) === sumOf(compiled, source) ? compiled : undefined;
}

const sumBytes = 4;
const sumOf = (compiled, source) => crc32(compiled, crc32(source));

/** Runs the script, which is a CommonJS module as Node wraps them; gives what it exports. */
function run(script) {
  const module = { exports: {} };
  const inside = createRequire(commands);
  script.runInThisContext()(module.exports, inside, module, commands, built);
  return module.exports;
}

/** Keeps what was compiled because it ran. */
function keep(script) {
  const compiled = script.createCachedData();
  const sum = Buffer.alloc(sumBytes);
  sum.writeUInt32LE(sumOf(compiled, readFileSync(commands)));
  mkdirSync(keptFolder, { recursive: true });
  writeFileSync(kept, Buffer.concat([compiled, sum]));
}

module.exports = { commandsScript, isBuilt, keep, kept, loadCommands, loadMain, run };
