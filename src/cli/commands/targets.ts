/** The argument every reading command takes. */
import { Argument, Option, type Command } from 'commander';
import { parseTime, wholeNumber } from '../values.js';
import type { Io } from '../io.js';

/** Adds `[target...]`: none means the logs of the working directory. */
export function addTargets(command: Command, more = '; - is standard input'): Command {
  command.addOption(
    new Option('--threads <n>', 'threads that read a large file').argParser(wholeNumber(1)),
  );
  for (const option of formatOptions()) {
    command.addOption(option.helpGroup('Options of single formats:'));
  }
  return command.addArgument(
    new Argument('[target...]', `log, store, directory or quoted glob${more}`),
  );
}

/** Where a format has choices of its own. Pointers are JSON Pointers (RFC 6901), as `/name`. */
function formatOptions(): Option[] {
  return [
    new Option('--key-at <pointer>', 'lines of any JSON: where the key stands'),
    new Option('--value-at <pointer>', 'where the value stands; without it the line is the value'),
    new Option('--time-at <pointer>', 'where the time stands'),
    new Option('--delete-at <pointer[=value]>', 'what makes a line the deletion of its key'),
    new Option('--decode <command>', 'lines of a serialization hook: turns each into JSON'),
    new Option('--archive <segment>', 'read this archive segment of a store'),
    new Option('--include-archived', 'records that were moved to archives count as well'),
  ];
}

/** An option whose value is an instant; an age counts from now. */
export function timeOption(flags: string, description: string, io: Io): Option {
  return new Option(flags, description).argParser((text: string) => parseTime(text, io.now()));
}
