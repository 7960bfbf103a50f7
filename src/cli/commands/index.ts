/** The list of commands, as data: help prints it, and loads none of their modules. */

export interface CommandEntry {
  name: string;
  summary: string;
  /** What it does to files, for the short help. */
  effect: string;
}

/** In the order the help lists them. */
export const COMMANDS = [
  {
    name: 'inspect',
    summary: 'what is in here, and should I care?',
    effect: 'reads only',
  },
  {
    name: 'verify',
    summary: 'is it sound? and what could not be checked?',
    effect: 'reads only',
  },
  {
    name: 'replay',
    summary: 'the state now, or at any earlier moment',
    effect: 'reads only',
  },
  {
    name: 'compact',
    summary: 'small again, beside whoever writes',
    effect: 'writes, keeps backups',
  },
  {
    name: 'recover',
    summary: 'plan, apply, prove, undo',
    effect: 'writes after a yes',
  },
  {
    name: 'bench-fsync',
    summary: 'can this disk keep my promises?',
    effect: 'scratch file only',
  },
] as const satisfies readonly CommandEntry[];

export type CommandName = (typeof COMMANDS)[number]['name'];
