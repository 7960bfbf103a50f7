/** The list of commands. A module is loaded when its command runs, so that help stays fast. */
import type { CommandModule } from './command.js';

export interface CommandEntry {
  name: string;
  summary: string;
  /** What it does to files, for the short help. */
  effect: string;
  load(): Promise<CommandModule>;
}

/** In the order the help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'inspect',
    summary: 'what is in here, and should I care?',
    effect: 'reads only',
    load: () => import('./inspect.js'),
  },
  {
    name: 'verify',
    summary: 'is it sound? and what could not be checked?',
    effect: 'reads only',
    load: () => import('./verify.js'),
  },
  {
    name: 'replay',
    summary: 'the state now, or at any earlier moment',
    effect: 'reads only',
    load: () => import('./replay.js'),
  },
  {
    name: 'compact',
    summary: 'small again, beside whoever writes',
    effect: 'writes, keeps backups',
    load: () => import('./compact.js'),
  },
  {
    name: 'recover',
    summary: 'plan, apply, prove, undo',
    effect: 'writes after a yes',
    load: () => import('./recover.js'),
  },
  {
    name: 'bench-fsync',
    summary: 'can this disk keep my promises?',
    effect: 'scratch file only',
    load: () => import('./bench-fsync.js'),
  },
];
