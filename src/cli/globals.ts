/** The options every command takes, before and after its name. */
import { CommanderError, Option, type Command } from 'commander';
import type { TargetOptions } from '../engine/index.js';
import type { ColorFlag } from './color.js';
import { COMMANDS } from './commands/index.js';
import { colorWords, globalOptions } from './global-options.js';

/** What the global options said; a member that was not given is absent. */
export interface Globals extends TargetOptions {
  json?: boolean;
  quiet?: boolean;
  /** How often -v was given. */
  verbose?: number;
  color?: ColorFlag;
  progress?: 'auto' | 'json' | 'none';
  threads?: number;
}

/** Thrown, as a CommanderError with this code, when --version was given. */
export const versionAsked = 'logctl.version';

/** Adds the global options, except those that the command has defined in its own way. */
export function addGlobals(command: Command): Command {
  for (const { flags, description, choices, counts } of globalOptions) {
    const option = new Option(flags, description).helpGroup('Global options:');
    if (choices !== undefined) option.choices(choices);
    if (counts) option.argParser((_, before: number = 0) => before + 1);
    const taken = command.options.some(({ long }) => long === option.long);
    if (!taken) command.addOption(option);
  }
  return command.on('option:version', () => {
    throw new CommanderError(0, versionAsked, '');
  });
}

/** Joins what was given before the command's name with what was given after it, which wins. */
export function globalsOf(program: Command, command: Command): Globals {
  const before = program.opts<Globals>();
  const after = command.opts<Globals>();
  const verbose = (before.verbose ?? 0) + (after.verbose ?? 0);
  // The command may take the option in its own way: then what stands there need be no file.
  const isOwn = command.options.some(({ long, optional }) => long === '--mirror' && optional);
  const { mirror } = isOwn ? before : { ...before, ...after };
  return { ...before, ...after, verbose, mirror };
}

/** What an option means that stands alone; only `=` gives it another value. */
const aloneMeans: Record<string, string> = { '--gzip-backups': '1d' };

/**
 * Rewrites what commander would misread: a bare `--color` means always and must not take the word
 * behind it as its value, and `help NAME` is `NAME --help`, which loads the command's options.
 * Behind `--`, `-x.log` becomes `./-x.log`: commands that are suggested for it can be typed.
 */
export function normalise(args: string[]): string[] {
  if (args[0] === 'help') return helpArguments(args[1]);
  const end = args.indexOf('--');
  return args.map((arg, at) => {
    if (end !== -1 && at > end) return /^-./.test(arg) ? `./${arg}` : arg;
    if (Object.hasOwn(aloneMeans, arg)) return `${arg}=${aloneMeans[arg]}`;
    return arg === '--color' && !colorWords.includes(args[at + 1]) ? '--color=always' : arg;
  });
}

/** A name that is no command stands alone: then it is said to be unknown. */
function helpArguments(name: string | undefined): string[] {
  if (name === undefined) return ['--help'];
  return COMMANDS.some((command) => command.name === name) ? [name, '--help'] : [name];
}

/** Whether the raw arguments ask for JSON: needed when they cannot be parsed. */
export function asksForJson(args: string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}
