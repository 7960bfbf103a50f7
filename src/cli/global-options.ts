/** The options every command takes, as data: help and parser are made from it. */

/** What the argument of --color may be. */
export const colorWords = ['always', 'never', 'auto'];

/** `choices`: the only values it takes. `counts`: its value is how often it was given. */
export interface GlobalOption {
  flags: string;
  description: string;
  choices?: string[];
  counts?: boolean;
}

/** In the order the help lists them. */
export const globalOptions: readonly GlobalOption[] = [
  { flags: '--json', description: 'print one JSON document, also on failure' },
  { flags: '-q, --quiet', description: 'print nothing when the exit code is 0' },
  {
    flags: '-v, --verbose',
    description: 'say what is decided; -vv: timings too',
    counts: true,
  },
  {
    flags: '--color [when]',
    description: 'colour: always, never or auto; alone: always',
    choices: colorWords,
  },
  { flags: '--no-color', description: 'no colour' },
  {
    flags: '--progress <how>',
    description: 'progress on stderr: auto, json or none',
    choices: ['auto', 'json', 'none'],
  },
  {
    flags: '--dialect <name>',
    description: "the format, instead of finding it from the log's content",
  },
  {
    flags: '--backup-dir <dir>',
    description: 'where backups lie besides the directory of the log',
  },
  { flags: '--mirror <file>', description: 'the main JSON file, where it is not ../NAME.json' },
  { flags: '--version', description: 'print the version' },
];
