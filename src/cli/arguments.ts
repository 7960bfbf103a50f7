/** The arguments become a command, which is run; help and version are answered. */
import { Command, CommanderError } from 'commander';
import type { CommandModule } from './commands/command.js';
import { COMMANDS, type CommandName } from './commands/index.js';
import { loadModule } from './commands/modules.js';
import { addGlobals, asksForJson, globalsOf, normalise, versionAsked } from './globals.js';
import type { Globals } from './globals.js';
import { programHelp } from './help.js';
import type { Io } from './io.js';
import { execute, fail } from './run.js';
import { versionLine } from './version.js';

export { nodeDisk } from '../engine/reading.js';

/** A parsed command line. */
export interface Invocation {
  command: Command;
  module: CommandModule;
  globals: Globals;
}

/**
 * Runs the command that `args` (without node and script) name, and gives the exit code.
 * Throws nothing: what goes wrong is printed.
 */
export async function runArguments(args: string[], io: Io): Promise<number> {
  const json = asksForJson(args);
  let commandName: string | undefined;
  try {
    const invocation = await parse(normalise(args), io, (name) => (commandName = name));
    return await execute(io, invocation);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      if (error.code === versionAsked) await io.out.write(`${await versionOf(io)}\n`);
      return 0;
    }
    return await fail(io, { json }, error, commandName);
  }
}

/** How locks are reached is the engine's to say: only here it is loaded for no command. */
async function versionOf(io: Io): Promise<string> {
  const { loadKernelLocks } = await import('../engine/index.js');
  const { via } = await loadKernelLocks(io.disk());
  return versionLine(via);
}

/** Throws CommanderError: for wrong arguments, and with exit code 0 where help was asked for. */
async function parse(
  args: string[],
  io: Io,
  named: (command: string) => void,
): Promise<Invocation> {
  const program = newProgram(io);
  let module: CommandModule | undefined;
  let command: Command | undefined;
  program.hook('preSubcommand', async (_, subcommand) => {
    named(subcommand.name());
    module = await loadModule[subcommand.name() as CommandName]();
    module.define(subcommand, io);
    addGlobals(subcommand).action(() => {
      command = subcommand;
    });
  });
  await program.parseAsync(args, { from: 'user' });
  // Commander has thrown for every other outcome: help, no command, an unknown one.
  return { command: command!, module: module!, globals: globalsOf(program, command!) };
}

function newProgram(io: Io): Command {
  const program = new Command('logctl')
    .usage('<command> [options] <target...>')
    .helpCommand(false)
    .helpOption('-h, --help', 'print this help')
    // Options before the command are the program's, options behind it the command's own.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out.write(text),
      // Errors come as CommanderError too, and are printed like all others.
      writeErr: () => {},
      getOutHelpWidth: () => io.out.columns ?? 80,
      getOutHasColors: () => false,
    });
  program.helpInformation = programHelp;
  for (const { name, summary } of COMMANDS) program.command(name).description(summary);
  return addGlobals(program);
}
