/** The argument every reading command takes. */
import { Argument, Option, type Command } from 'commander';
import { parseTime } from '../values.js';
import type { Io } from '../io.js';

/** Adds `[target...]`: none means the logs of the working directory. */
export function addTargets(command: Command): Command {
  return command.addArgument(
    new Argument('[target...]', 'log, store, directory or quoted glob; - is standard input'),
  );
}

/** An option whose value is an instant; an age counts from now. */
export function timeOption(flags: string, description: string, io: Io): Option {
  return new Option(flags, description).argParser((text: string) => parseTime(text, io.now()));
}
