/** The program: answers what needs no command, runs the command where there is one. */
import { programHelp, shortHelp } from './help.js';
import type { Io } from './io.js';

/** All that help does without. */
export type Commands = typeof import('./arguments.js');

/**
 * Runs logctl with `args` (without node and script) and gives the exit code.
 * Throws nothing: what goes wrong is printed. `load` is called where help is not all.
 */
export async function runCli(
  args: string[],
  io: Io,
  load: () => Promise<Commands>,
): Promise<number> {
  const help = helpFor(args);
  if (help === undefined) {
    const { runArguments } = await load();
    return runArguments(args, io);
  }
  await io.out.write(help);
  return 0;
}

/** The plain ways to ask for help: they load no parser, no engine and no view. */
function helpFor(args: string[]): string | undefined {
  if (args.length === 0) return shortHelp();
  const [first, ...others] = args;
  const asks = others.length === 0 && ['--help', '-h', 'help'].includes(first);
  return asks ? programHelp() : undefined;
}
