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

/**
 * V8 for runs of a second: its baseline compiler left out and its optimizer later. They cost a
 * twentieth of the memory, and win no time. Flags change with V8: these are for that of Node 20.
 */
function tuneCompilers() {
  if (!process.versions.v8.startsWith('11.3.')) return;
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--no-sparkplug');
  setFlagsFromString('--interrupt-budget=264000');
}

/** The commands as a script: with what was kept of it, where that is whole. */
function commandsScript() {
  // First of all, since what was kept is good for the same flags only.
  tuneCompilers();
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
  const load = createRequire(commands);
  const inside = (name) => (seldom.has(name) ? whenUsed(() => load(name)) : load(name));
  script.runInThisContext()(module.exports, inside, module, commands, built);
  return module.exports;
}

/** Built-in modules that few runs use, and that take their time and memory to load. */
const seldom = new Set(['child_process', 'crypto']);

/** Stands for a module until one of its members is read, as the script reads all of them. */
const whenUsed = (load) => new Proxy({}, { get: (_, member) => load()[member] });

/** Keeps what was compiled because it ran. */
function keep(script) {
  const compiled = script.createCachedData();
  const sum = Buffer.alloc(sumBytes);
  sum.writeUInt32LE(sumOf(compiled, readFileSync(commands)));
  mkdirSync(keptFolder, { recursive: true });
  writeFileSync(kept, Buffer.concat([compiled, sum]));
}

module.exports = { commandsScript, isBuilt, keep, kept, loadCommands, loadMain, run };
